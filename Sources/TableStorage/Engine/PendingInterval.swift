public import ClusterModel

/// Operations that were applied beyond a gap: not yet in the version vector.
public struct PendingInterval: Hashable, Sendable {
    public var origin: Origin
    public var first: UInt64
    public var last: UInt64

    public init(origin: Origin, first: UInt64, last: UInt64) {
        self.origin = origin
        self.first = first
        self.last = last
    }
}
