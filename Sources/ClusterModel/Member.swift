/// What a node may do in a cluster, as its HELLO says (LNK-020).
public enum Role: UInt8, Hashable, Sendable, CaseIterable {
    /// A member that replicates tables.
    case core = 1
    /// Reserved: attaches to a core member, reads locally, forwards writes.
    case replica = 2
    /// Only calls.
    case client = 3
}

/// A member's state, in order of precedence within one incarnation and refutation (MBR-010).
public enum MemberState: UInt8, Hashable, Sendable, Comparable, CaseIterable {
    case joining = 1
    case up = 2
    case suspect = 3
    case down = 4
    case leaving = 5
    case left = 6
    case removed = 7

    public static func < (a: MemberState, b: MemberState) -> Bool { a.rawValue < b.rawValue }

    /// Left and removed members take no part in anything any more; only a new join brings the node back.
    public var isGone: Bool { self == .left || self == .removed }
    /// A live member is counted when a write asks for `majority` or `all` (REP-030).
    public var isLive: Bool { self == .up || self == .suspect }
}

/// What the cluster knows of one member (MBR-004).
public struct MemberRecord: Hashable, Sendable {
    public var node: NodeID
    /// When it joined: decides the join order and so the coordinator (MBR-030); a later join overrides `removed`.
    public var joined: Stamp
    public var incarnation: Incarnation
    /// Raised by the member itself to refute a suspicion within one incarnation (MBR-012).
    public var refutation: UInt32
    public var state: MemberState
    public var role: Role
    /// When it was declared down, milliseconds since 1970; 0 in any other state.
    public var downSince: UInt64
    public var name: NodeName
    /// Where it accepts links, `host:port`.
    public var address: Address

    public init(
        node: NodeID, joined: Stamp, incarnation: Incarnation, refutation: UInt32 = 0, state: MemberState, role: Role = .core,
        downSince: UInt64 = 0, name: NodeName, address: Address
    ) {
        self.node = node
        self.joined = joined
        self.incarnation = incarnation
        self.refutation = refutation
        self.state = state
        self.role = role
        self.downSince = downSince
        self.name = name
        self.address = address
    }

    /// Whether this record replaces `other` of the same node (MBR-010): the later join, then gone before not gone, then the
    /// higher incarnation, refutation and state. Records that differ in nothing else are decided by the earlier `downSince`
    /// (two nodes may declare a third down at once), then by name and address: a total order, so every node ends with one view.
    public func supersedes(_ other: MemberRecord) -> Bool {
        if precedence != other.precedence { return other.precedence < precedence }
        if downSince != other.downSince { return downSince < other.downSince }
        if name != other.name { return other.name < name }
        return other.address.description.utf8.lexicographicallyPrecedes(address.description.utf8)
    }

    private var precedence: (UInt64, Int, UInt64, UInt32, UInt8) {
        (joined.value, state.isGone ? 1 : 0, incarnation, refutation, state.rawValue)
    }
}

/// `name@host`, unique in a cluster; host is an IP address or a fully qualified name (MBR-005).
public struct NodeName: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let text: String

    /// - Returns: nil when the text is not `name@host` within `Limits.nodeName` bytes.
    public init?(_ text: String) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, text.utf8.count <= Limits.nodeName else { return nil }
        guard !parts[0].isEmpty, parts[0].utf8.allSatisfy(Self.isAllowedInName) else { return nil }
        guard !parts[1].isEmpty, parts[1].utf8.allSatisfy(Self.isAllowedInHost) else { return nil }
        self.text = text
    }

    public var description: String { text }
    public static func < (a: NodeName, b: NodeName) -> Bool { a.text.utf8.lexicographicallyPrecedes(b.text.utf8) }

    private static func isAllowedInName(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }

    private static func isAllowedInHost(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ":")
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}

/// `host:port`; an IPv6 host stands in brackets (MBR-006).
public struct Address: Hashable, Sendable, CustomStringConvertible {
    public let host: String
    public let port: UInt16

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// - Returns: nil when the text is not `host:port` with a port from 1 to 65535 within `Limits.address` bytes.
    public init?(_ text: String) {
        guard text.utf8.count <= Limits.address, let colon = text.lastIndex(of: ":") else { return nil }
        var host = text[..<colon]
        guard let port = UInt16(text[text.index(after: colon)...]), port > 0, !host.isEmpty else { return nil }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else { return nil }
        self.host = String(host)
        self.port = port
        guard description == text else { return nil }
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
