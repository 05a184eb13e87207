internal import ClusterModel

/// Remembers which rows came in a complete snapshot, by row hash: 8 bytes a row until `Table.prune`.
public struct SnapshotTracker: Sendable {
    private var buckets = [[UInt64]](repeating: [], count: Limits.buckets)

    public init() {}

    mutating func insert(_ hash: UInt64) { buckets[HashIndex.bucket(hash)].append(hash) }

    /// Hashes of the rows that came in a bucket.
    func received(_ bucket: Int) -> Received { Received(sorted: buckets[bucket].sorted()) }

    struct Received {
        let sorted: [UInt64]

        func contains(_ hash: UInt64) -> Bool {
            var low = 0
            var high = sorted.count
            while low < high {
                let middle = (low + high) / 2
                if sorted[middle] < hash { low = middle + 1 } else { high = middle }
            }
            return low < sorted.count && sorted[low] == hash
        }
    }
}
