internal import ClusterModel

/// The latest encoded groups of this node's own operations, for peers that fall behind: at most `Limits.recentOperations` bytes,
/// the oldest go first (REP-021). Kept in segments, so that a group costs neither an allocation nor a move when others go.
struct RecentOperations {
    private struct Segment {
        var groups: [Group] = []
        var bytes: [UInt8] = []
    }
    private struct Group {
        var first: UInt64
        var offset: Int
    }

    private static let segmentBytes = 64 * 1024
    private static let groupOverhead = MemoryLayout<Group>.stride

    private let limit: Int
    private(set) var origin: Origin?
    private var segments: [Segment] = []
    /// Segments before this one were dropped.
    private var oldest = 0
    private(set) var memory = 0
    private(set) var last: UInt64 = 0

    init(limit: Int = Limits.recentOperations) { self.limit = limit }

    /// The first sequence still here; last + 1 when there is none.
    var first: UInt64 { oldest < segments.count ? segments[oldest].groups[0].first : last + 1 }

    /// Appends a group that continues the sequence; of another origin, or after a gap, it starts anew.
    mutating func append(_ group: [UInt8], origin: Origin, first: UInt64, last: UInt64) {
        if origin != self.origin || first != self.last + 1 {
            removeAll()
            self.origin = origin
        }
        self.last = last
        if oldest == segments.count || segments[segments.count - 1].bytes.count + group.count > Self.segmentBytes {
            var segment = Segment()
            segment.bytes.reserveCapacity(max(group.count, segments.isEmpty ? 0 : Self.segmentBytes))
            segments.append(segment)
        }
        let end = segments.count - 1
        segments[end].groups.append(Group(first: first, offset: segments[end].bytes.count))
        segments[end].bytes.append(contentsOf: group)
        memory += group.count + Self.groupOverhead
        while memory > limit, oldest < segments.count { dropOldest() }
    }

    mutating func removeAll() { self = RecentOperations(limit: limit) }

    /// Whole groups from the one that holds `sequence` on.
    func run(from sequence: UInt64, byteLimit: Int) -> OperationRun? {
        guard let origin, sequence >= first, sequence <= last else { return nil }
        let at = lastIndex(oldest..<segments.count) { segments[$0].groups[0].first <= sequence }
        let groups = segments[at].groups
        let start = lastIndex(0..<groups.count) { groups[$0].first <= sequence }
        let from = groups[start].offset
        var end = start + 1
        while end < groups.count, self.end(of: end, in: segments[at]) - from <= byteLimit { end += 1 }
        let next = end < groups.count ? groups[end].first : at + 1 < segments.count ? segments[at + 1].groups[0].first : last + 1
        let bytes = segments[at].bytes[from..<self.end(of: end - 1, in: segments[at])]
        return OperationRun(origin: origin, first: groups[start].first, last: next - 1, groups: Array(bytes))
    }

    private func end(of group: Int, in segment: Segment) -> Int {
        group + 1 < segment.groups.count ? segment.groups[group + 1].offset : segment.bytes.count
    }

    /// The last index for which the condition, true at first and then false, holds.
    private func lastIndex(_ range: Range<Int>, _ holds: (Int) -> Bool) -> Int {
        var low = range.lowerBound
        var high = range.upperBound
        while high - low > 1 {
            let middle = (low + high) / 2
            if holds(middle) { low = middle } else { high = middle }
        }
        return low
    }

    private mutating func dropOldest() {
        memory -= segments[oldest].bytes.count + segments[oldest].groups.count * Self.groupOverhead
        segments[oldest] = Segment()
        oldest += 1
        if oldest > 64, oldest * 2 > segments.count {
            segments.removeFirst(oldest)
            oldest = 0
        }
    }
}
