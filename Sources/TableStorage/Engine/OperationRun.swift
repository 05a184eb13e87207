public import ClusterModel

/// Consecutive operations of one origin, encoded: what the log and the peers get.
public struct OperationRun: Hashable, Sendable {
    public var origin: Origin
    /// Sequences of the first and of the last operation.
    public var first: UInt64
    public var last: UInt64
    /// Whole encoded operation groups (REP-004).
    public var groups: [UInt8]

    public init(origin: Origin, first: UInt64, last: UInt64, groups: [UInt8]) {
        self.origin = origin
        self.first = first
        self.last = last
        self.groups = groups
    }

    public var count: UInt32 { UInt32(last - first + 1) }
}
