internal import ClusterModel

/// The incoming snapshots of one table: one at a time.
struct Fetch: Sendable {
    var running: Running?
    /// What earlier requests of the same copy have brought.
    var partial: Partial?
    /// Bucket ranges whose digests differ, with the peer that has the other version.
    var repairs: [Repair] = []
    /// Since when something is missing; nil when nothing is.
    var missingSince: Duration?

    /// A SNAP_REQUEST that has been sent.
    struct Running: Sendable {
        var peer: NodeID
        var stream: UInt32
        /// Only some buckets, whose digests differed: the vector is not raised at the end.
        var isRepair: Bool
        var buckets: ClosedRange<UInt16>
        /// The first bucket that is not complete yet.
        var next: UInt16
        var begin: SnapBegin?
        var chunks: UInt32 = 0
        var rows: UInt64 = 0
        var digest: UInt64 = 0
        /// When the peer was last heard on this stream.
        var heardAt: Duration

        init(peer: NodeID, stream: UInt32, isRepair: Bool, buckets: ClosedRange<UInt16>, elapsed: Duration) {
            self.peer = peer
            self.stream = stream
            self.isRepair = isRepair
            self.buckets = buckets
            next = buckets.lowerBound
            heardAt = elapsed
        }

        /// What came whole so far.
        var settlement: (ClosedRange<UInt16>, SnapBegin)? {
            guard let begin, next > buckets.lowerBound else { return nil }
            return (buckets.lowerBound...(next - 1), begin)
        }
    }

    struct Partial: Sendable {
        /// All buckets below this one have come.
        var next: UInt16
        /// The meet of the BEGIN vectors.
        var vector: VersionVector
        var rows: UInt64
    }

    struct Repair: Hashable, Sendable {
        var peer: NodeID
        var buckets: ClosedRange<UInt16>
    }
}
