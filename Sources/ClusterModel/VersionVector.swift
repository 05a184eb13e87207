/// What a replica of one table has incorporated: for each origin, every operation up to a sequence number (VER-006).
///
/// Entries are ordered by origin and unique. An entry whose sequence is `VersionVector.whole` is a floor: that incarnation of
/// the node and every earlier one are incorporated whole. A node has at most one floor, and no entry at or below it (VER-007).
public struct VersionVector: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        public var origin: Origin
        public var sequence: UInt64

        public init(origin: Origin, sequence: UInt64) {
            self.origin = origin
            self.sequence = sequence
        }
    }

    /// The sequence that says "this incarnation and all before it, whole".
    public static let whole = UInt64.max

    public private(set) var entries: [Entry] = []

    public init() {}

    /// - Returns: nil when the entries are not in canonical form (VER-007).
    public init?(canonical entries: [Entry]) {
        for (index, entry) in entries.enumerated() {
            guard entry.sequence > 0 else { return nil }
            guard index > 0 else { continue }
            let previous = entries[index - 1]
            guard previous.origin < entry.origin else { return nil }
            if entry.sequence == Self.whole, previous.origin.node == entry.origin.node { return nil }
        }
        self.entries = entries
    }

    public var isEmpty: Bool { entries.isEmpty }

    /// The highest sequence of `origin` that is incorporated; `whole` under a floor, 0 when nothing is.
    public func sequence(of origin: Origin) -> UInt64 {
        let index = firstIndex(notBelow: Origin(node: origin.node, incarnation: 0))
        for entry in entries[index...] {
            guard entry.origin.node == origin.node else { break }
            if entry.origin.incarnation == origin.incarnation { return entry.sequence }
            if entry.origin.incarnation > origin.incarnation {
                return entry.sequence == Self.whole ? Self.whole : 0
            }
        }
        return 0
    }

    public func covers(_ dot: Dot) -> Bool { sequence(of: dot.origin) >= dot.sequence }

    public func covers(_ other: VersionVector) -> Bool {
        other.entries.allSatisfy { sequence(of: $0.origin) >= $0.sequence }
    }

    /// Raises the entry of `origin` to `sequence`; never lowers it.
    public mutating func raise(_ origin: Origin, to sequence: UInt64) {
        guard sequence > 0, self.sequence(of: origin) < sequence else { return }
        if sequence == Self.whole {
            entries.removeAll { $0.origin.node == origin.node && $0.origin.incarnation <= origin.incarnation }
        }
        let index = firstIndex(notBelow: origin)
        if index < entries.count, entries[index].origin == origin {
            entries[index].sequence = sequence
        } else {
            entries.insert(Entry(origin: origin, sequence: sequence), at: index)
        }
    }

    /// The least vector that covers both.
    public mutating func merge(_ other: VersionVector) {
        for entry in other.entries { raise(entry.origin, to: entry.sequence) }
    }

    /// The greatest vector that both cover: what a copy assembled from two snapshots may claim (SNP-014).
    public func meet(_ other: VersionVector) -> VersionVector {
        var result = VersionVector()
        for entry in entries { result.raise(entry.origin, to: min(entry.sequence, other.sequence(of: entry.origin))) }
        for entry in other.entries { result.raise(entry.origin, to: min(entry.sequence, sequence(of: entry.origin))) }
        return result
    }

    /// Forgets what is known of one origin: used when its dots turn out to have been issued twice (MBR-021).
    public mutating func forget(_ origin: Origin) {
        entries.removeAll { $0.origin == origin }
    }

    private func firstIndex(notBelow origin: Origin) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].origin < origin { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
