public import ClusterModel

/// What an operator may set of links, heartbeats and membership.
public struct NodeConfiguration: Hashable, Sendable {
    public var heartbeat: Heartbeat
    public var dial: Dial
    public var hello: HelloTemplate
    /// The coordinator removes members that have been down for longer than this; nil keeps them (MBR: autoclean). Counted from
    /// the recorded `downSince`, so that a restart of the coordinator does not start it again. Default: off.
    public var autoclean: Duration?

    public init(
        heartbeat: Heartbeat = .lan, dial: Dial = .defaults, hello: HelloTemplate = .defaults, autoclean: Duration? = nil
    ) {
        self.heartbeat = heartbeat
        self.dial = dial
        self.hello = hello
        self.autoclean = autoclean
    }

    public static let defaults = NodeConfiguration()

    /// Heartbeat times, announced in HELLO; a link uses the longer of both ends' (HRT-003).
    public struct Heartbeat: Hashable, Sendable {
        /// Between two PINGs; each is sent up to a quarter early, at random, so that nodes do not beat in step.
        public var interval: Duration
        /// Silence after which the peer is suspected, also when that many intervals' PONGs are missing.
        public var deadline: Duration

        public init(interval: Duration, deadline: Duration) {
            self.interval = interval
            self.deadline = deadline
        }

        /// 250 ms and 750 ms: a hung node is declared down within 1.5 s, a pause of 300 ms goes unnoticed.
        public static let lan = Heartbeat(interval: .milliseconds(250), deadline: .milliseconds(750))
        /// 1 s and 5 s, for links between sites.
        public static let wan = Heartbeat(interval: .seconds(1), deadline: .seconds(5))
    }

    /// How members without a link are dialed (LNK-050).
    public struct Dial: Hashable, Sendable {
        /// How long a connection may take to open.
        public var timeout: Duration
        /// The pause after the first failure; it doubles with each further one.
        public var firstPause: Duration
        /// The longest pause. Each pause is shortened by up to a half, at random.
        public var longestPause: Duration

        public init(timeout: Duration, firstPause: Duration, longestPause: Duration) {
            self.timeout = timeout
            self.firstPause = firstPause
            self.longestPause = longestPause
        }

        /// 1 s, 50 ms and 5 s.
        public static let defaults = Dial(timeout: .seconds(1), firstPause: .milliseconds(50), longestPause: .seconds(5))
    }

    /// The fields of HELLO that are neither identity nor heartbeat.
    public struct HelloTemplate: Hashable, Sendable {
        public var maximumFrameBody: UInt32
        public var replicationCredit: UInt32
        public var bulkCredit: UInt32
        public var features: [UInt16]
        public var codecs: [UInt16]
        public var extensions: [Extension]

        public init(
            maximumFrameBody: UInt32 = UInt32(Limits.frameBodyDefault), replicationCredit: UInt32 = UInt32(Limits.initialCredit),
            bulkCredit: UInt32 = UInt32(Limits.initialCredit), features: [UInt16] = [],
            codecs: [UInt16] = [Codec.none.rawValue, Codec.zlib.rawValue], extensions: [Extension] = []
        ) {
            self.maximumFrameBody = maximumFrameBody
            self.replicationCredit = replicationCredit
            self.bulkCredit = bulkCredit
            self.features = features
            self.codecs = codecs
            self.extensions = extensions
        }

        public static let defaults = HelloTemplate()
    }
}

/// Who this node is: read from the data directory before the node speaks.
public struct NodeIdentity: Hashable, Sendable {
    public var cluster: ClusterID
    public var node: NodeID
    /// Already persisted and raised for this start (MBR-003).
    public var incarnation: Incarnation
    public var name: NodeName
    /// Where peers reach this node.
    public var address: Address

    public init(cluster: ClusterID, node: NodeID, incarnation: Incarnation, name: NodeName, address: Address) {
        self.cluster = cluster
        self.node = node
        self.incarnation = incarnation
        self.name = name
        self.address = address
    }
}
