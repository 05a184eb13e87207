/// HELLO: who is at this end of the link (LNK-010).
public struct Hello: Hashable, Sendable {
    /// Why the link is opened (LNK-021).
    public enum Intent: UInt8, Hashable, Sendable, CaseIterable {
        /// A member of the cluster talks to a member, or a client calls.
        case member = 1
        /// A node of another cluster wants to join.
        case join = 2
    }

    public var role: Role
    public var intent: Intent
    /// `ClusterID.any` from a client.
    public var cluster: ClusterID
    public var node: NodeID
    public var incarnation: Incarnation
    /// System clock, milliseconds since 1970.
    public var clock: UInt64
    /// 32 random bytes, new for each link.
    public var nonce: [UInt8]
    /// Between two PINGs, milliseconds.
    public var heartbeatInterval: UInt32
    /// Silence after which the sender of this HELLO suspects the peer, milliseconds.
    public var heartbeatDeadline: UInt32
    /// The largest frame body that the sender of this HELLO takes, from `frameBodyDefault` up to `frameBodyMaximum`.
    public var maximumFrameBody: UInt32
    /// Bytes that the peer may send on lane 2 and on lane 3 before the first CREDIT.
    public var replicationCredit: UInt32
    public var bulkCredit: UInt32
    public var name: NodeName
    /// Where this node accepts links; nil from a client.
    public var address: Address?
    /// Feature codes, ascending and unique; odd ones may be ignored, an unknown even one closes the link (EXT-004).
    public var features: [UInt16]
    /// Codec codes, ascending and unique.
    public var codecs: [UInt16]
    /// Extensions in ascending order of type (EXT-003).
    public var extensions: [Extension]

    public init(
        role: Role, intent: Intent = .member, cluster: ClusterID, node: NodeID, incarnation: Incarnation, clock: UInt64,
        nonce: [UInt8], heartbeatInterval: UInt32, heartbeatDeadline: UInt32,
        maximumFrameBody: UInt32 = UInt32(Limits.frameBodyDefault), replicationCredit: UInt32 = UInt32(Limits.initialCredit),
        bulkCredit: UInt32 = UInt32(Limits.initialCredit), name: NodeName, address: Address?,
        features: [UInt16] = [], codecs: [UInt16] = [Codec.none.rawValue, Codec.zlib.rawValue], extensions: [Extension] = []
    ) {
        self.role = role
        self.intent = intent
        self.cluster = cluster
        self.node = node
        self.incarnation = incarnation
        self.clock = clock
        self.nonce = nonce
        self.heartbeatInterval = heartbeatInterval
        self.heartbeatDeadline = heartbeatDeadline
        self.maximumFrameBody = maximumFrameBody
        self.replicationCredit = replicationCredit
        self.bulkCredit = bulkCredit
        self.name = name
        self.address = address
        self.features = features
        self.codecs = codecs
        self.extensions = extensions
    }
}

/// One element of a TLV area (EXT-003).
public struct Extension: Hashable, Sendable {
    public var type: UInt16
    public var value: [UInt8]

    public init(type: UInt16, value: [UInt8]) {
        self.type = type
        self.value = value
    }
}

/// AUTH: proof of the secret over the transcript (LNK-030).
public struct Auth: Hashable, Sendable {
    /// Which of the cluster's keys.
    public var key: UInt32
    /// HMAC-SHA256, 32 bytes.
    public var mac: [UInt8]

    public init(key: UInt32, mac: [UInt8]) {
        self.key = key
        self.mac = mac
    }
}

/// CLOSE: why the link ends (LNK-040). Frozen for every future version.
public struct Close: Hashable, Sendable {
    /// Registered codes are in `ErrorCode`; an unknown one is carried as it came.
    public var code: UInt16
    /// Type and sequence of the frame that is the reason; 0 when there is none.
    public var offendingType: UInt16
    public var offendingSequence: UInt64
    /// Milliseconds after which it makes sense to try again; `Close.never` when it does not.
    public var retry: UInt32
    /// STALE_INCARNATION: the highest incarnation seen. CLOCK_SKEW: the sender's clock. REMOVED: the `joined` stamp of the
    /// removed record, so that a node that has joined again since knows that the sender is behind. Else 0.
    public var detail: UInt64
    /// For people; UTF-8, at most 256 bytes.
    public var text: String

    public static let never = UInt32.max

    public init(
        _ code: ErrorCode, offendingType: UInt16 = 0, offendingSequence: UInt64 = 0, retry: UInt32 = 0, detail: UInt64 = 0,
        text: String = ""
    ) {
        self.code = code.rawValue
        self.offendingType = offendingType
        self.offendingSequence = offendingSequence
        self.retry = retry
        self.detail = detail
        self.text = text
    }
}

/// PING: proves the link and reports progress (HRT-001).
public struct Ping: Hashable, Sendable {
    /// Counts the PINGs of one direction from 1.
    public var number: UInt64
    /// System clock of the sender, milliseconds since 1970.
    public var clock: UInt64
    /// Header sequence of the last frame received on each lane, plus one; 0 when none came. Index = lane.
    public var received: [UInt64]
    /// XXH64 over the member records and definitions (HRT-012).
    public var viewHash: UInt64
    /// Version-vector hash of tables that both replicate, ascending by name, at most 128 a PING, taking turns (HRT-011).
    public var tables: [TableHash]

    public struct TableHash: Hashable, Sendable {
        public var table: TableName
        public var vectorHash: UInt64

        public init(table: TableName, vectorHash: UInt64) {
            self.table = table
            self.vectorHash = vectorHash
        }
    }

    public init(number: UInt64, clock: UInt64, received: [UInt64] = [0, 0, 0, 0], viewHash: UInt64 = 0, tables: [TableHash] = [])
    {
        self.number = number
        self.clock = clock
        self.received = received
        self.viewHash = viewHash
        self.tables = tables
    }
}

/// PONG: the answer to one PING (HRT-002).
public struct Pong: Hashable, Sendable {
    /// The PING's number.
    public var number: UInt64
    /// The PING's clock, as it came.
    public var echo: UInt64
    /// System clock of the answering node.
    public var clock: UInt64

    public init(number: UInt64, echo: UInt64, clock: UInt64) {
        self.number = number
        self.echo = echo
        self.clock = clock
    }
}

/// CREDIT: body bytes that the peer may have sent on a lane since the link began (FRM-031). Never lowered.
public struct Credit: Hashable, Sendable {
    public var lane: Lane
    public var limit: UInt64

    public init(lane: Lane, limit: UInt64) {
        self.lane = lane
        self.limit = limit
    }
}
