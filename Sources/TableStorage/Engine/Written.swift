public import ClusterModel

/// A group of operations as it was applied: what the log and the peers get.
public struct Written: Hashable, Sendable {
    public var origin: Origin
    /// Sequences of the first and of the last operation.
    public var first: UInt64
    public var last: UInt64
    public var stamp: Stamp
    /// The encoded operation groups (REP-004).
    public var groups: [UInt8]

    public init(origin: Origin, first: UInt64, last: UInt64, stamp: Stamp, groups: [UInt8]) {
        self.origin = origin
        self.first = first
        self.last = last
        self.stamp = stamp
        self.groups = groups
    }

    public var count: UInt32 { UInt32(last - first + 1) }
}
