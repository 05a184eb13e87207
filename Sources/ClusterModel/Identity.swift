/// A cluster: 128 random bits, drawn when a node starts with an empty data directory (MBR-001).
public struct ClusterID: Hashable, Sendable {
    public var value: UInt128
    public init(_ value: UInt128) { self.value = value }
    /// What a client sends: "whatever cluster you are".
    public static let any = ClusterID(0)
}

/// A node: 128 random bits, kept in the data directory for as long as the directory lives (MBR-002).
/// Names and addresses may change; this does not.
public struct NodeID: Hashable, Sendable, Comparable {
    public var value: UInt128
    public init(_ value: UInt128) { self.value = value }
    public static func < (a: NodeID, b: NodeID) -> Bool { a.value < b.value }
}

/// Which life of a node: raised at each start, by one or to the clock in milliseconds, and durable before the node speaks (MBR-003).
public typealias Incarnation = UInt64

/// One life of one node: the writer of an operation (VER-002).
public struct Origin: Hashable, Sendable, Comparable {
    public var node: NodeID
    public var incarnation: Incarnation

    public init(node: NodeID, incarnation: Incarnation) {
        self.node = node
        self.incarnation = incarnation
    }

    public static func < (a: Origin, b: Origin) -> Bool {
        a.node == b.node ? a.incarnation < b.incarnation : a.node < b.node
    }
}

extension UInt128 {
    /// 32 lower-case hexadecimal digits, as ids are written everywhere.
    public var hexadecimal: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }
}

extension ClusterID: CustomStringConvertible {
    public var description: String { value.hexadecimal }
}

extension NodeID: CustomStringConvertible {
    public var description: String { value.hexadecimal }
}

extension Origin: CustomStringConvertible {
    public var description: String { "\(node)#\(incarnation)" }
}
