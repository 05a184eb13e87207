internal import ClusterModel

/// Remembers which rows came in a complete snapshot, by row hash: 8 bytes a row until `Table.prune`.
public struct SnapshotTracker: Sendable {
    /// Of rows that were in the table once they were merged.
    private var present: [UInt64] = []
    /// Of rows that were not taken: covered and deleted here, or dropped.
    private var absent: Set<UInt64> = []

    public init() {}

    @inline(__always)
    mutating func insert(_ hash: UInt64) { present.append(hash) }

    mutating func insertAbsent(_ hash: UInt64) { absent.insert(hash) }

    func received(_ buckets: ClosedRange<Int>) -> Received { Received(buckets, present, absent) }

    /// What came, bucket by bucket.
    struct Received {
        private let first: Int
        /// Where each bucket's hashes begin, and the end.
        private var starts: [Int]
        private var hashes: [UInt64]
        private let absent: Set<UInt64>

        init(_ buckets: ClosedRange<Int>, _ present: [UInt64], _ absent: Set<UInt64>) {
            self.absent = absent
            first = buckets.lowerBound
            starts = [Int](repeating: 0, count: buckets.count + 1)
            for hash in present where buckets.contains(HashIndex.bucket(hash)) { starts[HashIndex.bucket(hash) - first + 1] += 1 }
            for bucket in 1..<starts.count { starts[bucket] += starts[bucket - 1] }
            hashes = [UInt64](repeating: 0, count: starts[starts.count - 1])
            var next = starts
            for hash in present where buckets.contains(HashIndex.bucket(hash)) {
                hashes[next[HashIndex.bucket(hash) - first]] = hash
                next[HashIndex.bucket(hash) - first] += 1
            }
        }

        /// Hashes of the rows of a bucket that were in the table.
        func present(_ bucket: Int) -> ArraySlice<UInt64> { hashes[starts[bucket - first]..<starts[bucket - first + 1]] }

        func isAbsent(_ hash: UInt64) -> Bool { absent.contains(hash) }
    }
}
