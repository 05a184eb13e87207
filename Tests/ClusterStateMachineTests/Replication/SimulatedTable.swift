import ClusterModel
import ClusterStateMachine

/// A replica of a table as plain maps: what a shell keeps beside `Replication`.
struct SimulatedTable {
    struct Cell: Hashable {
        var version: RowVersion
        var isTombstone: Bool
    }

    struct Write: Hashable {
        var key: Int
        var version: RowVersion
        var isDelete: Bool
    }

    static let keys = 64
    var definition: TableDefinition
    var cells: [Int: Cell] = [:]
    var vector = VersionVector()
    /// Operations applied beyond a gap.
    var intervals: [Origin: [ClosedRange<UInt64>]] = [:]
    /// Dots of tombstones that are gone.
    var collected = VersionVector()
    /// Recent own operations, consecutive.
    var recent: [Write] = []
    var recentLimit: Int
    var last: UInt64 = 0

    var facts: LocalTable {
        LocalTable(
            definition: definition, vector: vector, vectorHash: Self.hash(vector), digest: sum,
            rows: UInt64(cells.count { !$0.value.isTombstone }), streamable: recent.first?.version.dot.sequence ?? last + 1,
            last: last)
    }

    // MARK: Writing and merging

    mutating func write(key: Int, isDelete: Bool, origin: Origin, stamp: Stamp) -> Write {
        last += 1
        let write = Write(
            key: key, version: RowVersion(stamp: stamp, dot: Dot(origin: origin, sequence: last)), isDelete: isDelete)
        merge(write.key, Cell(version: write.version, isTombstone: isDelete))
        vector.raise(origin, to: last)
        recent.append(write)
        if recent.count > recentLimit { recent.removeFirst() }
        return write
    }

    mutating func apply(_ writes: [Write], origin: Origin) {
        guard let first = writes.first?.version.dot.sequence, let last = writes.last?.version.dot.sequence else { return }
        for write in writes where !has(write.version.dot) {
            merge(write.key, Cell(version: write.version, isTombstone: write.isDelete))
        }
        intervals[origin, default: []].append(first...last)
        close(origin)
    }

    func has(_ dot: Dot) -> Bool {
        vector.covers(dot) || (intervals[dot.origin] ?? []).contains { $0.contains(dot.sequence) }
    }

    private mutating func merge(_ key: Int, _ cell: Cell) {
        if let old = cells[key], cell.version <= old.version { return }
        cells[key] = cell
    }

    private mutating func close(_ origin: Origin) {
        var open = intervals[origin] ?? []
        while let index = open.firstIndex(where: { $0.lowerBound - 1 <= vector.sequence(of: origin) }) {
            vector.raise(origin, to: open.remove(at: index).upperBound)
        }
        intervals[origin] = open.isEmpty ? nil : open
    }

    mutating func adopt(_ other: VersionVector) {
        vector.merge(other)
        for origin in Array(intervals.keys) { close(origin) }
    }

    var strays: [Origin] { cells.values.map(\.version.dot).filter { !vector.covers($0) }.map(\.origin) }

    // MARK: Snapshots

    static func bucket(_ key: Int) -> Int { (key &* 0x9E37) & 1023 }

    func isComplete(for have: VersionVector) -> Bool { have.isEmpty || !have.covers(collected) }

    func rows(_ buckets: Range<Int>, have: VersionVector, isComplete: Bool) -> [(Int, Cell)] {
        cells.filter { buckets.contains(Self.bucket($0.key)) && (isComplete || !have.covers($0.value.version.dot)) }
            .map { ($0.key, $0.value) }
    }

    /// A row that is covered and absent was deleted here, and so long ago that its tombstone is gone.
    mutating func mergeRow(_ key: Int, _ cell: Cell) {
        if cells[key] == nil, vector.covers(cell.version.dot) { return }
        merge(key, cell)
    }

    mutating func settle(_ settlement: Settlement, sent: Set<Int>) {
        guard settlement.isComplete, let buckets = settlement.buckets else { return }
        for (key, cell) in cells where buckets.contains(UInt16(Self.bucket(key))) && !sent.contains(key) {
            if settlement.vector.covers(cell.version.dot) { cells[key] = nil }
        }
    }

    mutating func collect(_ covered: VersionVector) {
        for (key, cell) in cells where cell.isTombstone && covered.covers(cell.version.dot) {
            cells[key] = nil
            collected.raise(cell.version.dot.origin, to: cell.version.dot.sequence)
        }
    }

    // MARK: Digests

    var live: [Int: RowVersion] { cells.compactMapValues { $0.isTombstone ? nil : $0.version } }

    private var sum: UInt64 {
        var sum: UInt64 = 0
        for (key, cell) in cells where !cell.isTombstone { sum &+= Self.digest(key, cell) }
        return sum
    }

    func buckets() -> [UInt64] {
        var sums = [UInt64](repeating: 0, count: Limits.buckets)
        for (key, cell) in cells where !cell.isTombstone {
            sums[Self.bucket(key)] &+= Self.digest(key, cell)
        }
        return sums
    }

    static func digest(_ key: Int, _ cell: Cell) -> UInt64 {
        let dot = cell.version.dot
        var sum = mix(0xCBF2_9CE4_8422_2325, UInt64(key))
        sum = mix(sum, cell.version.stamp.value)
        sum = mix(sum, UInt64(truncatingIfNeeded: dot.origin.node.value))
        sum = mix(sum, dot.origin.incarnation)
        return mix(sum, dot.sequence)
    }

    static func hash(_ vector: VersionVector) -> UInt64 {
        var sum: UInt64 = 0xCBF2_9CE4_8422_2325
        for entry in vector.entries {
            sum = mix(sum, UInt64(truncatingIfNeeded: entry.origin.node.value))
            sum = mix(mix(sum, entry.origin.incarnation), entry.sequence)
        }
        return sum
    }

    private static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = (a ^ b).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return product.high ^ product.low
    }
}

/// Random numbers from a seed: a failing run is repeated by its seed.
struct Dice: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: Int) { state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// True in `percent` of 100 throws.
    mutating func hits(_ percent: Double) -> Bool { Double.random(in: 0..<100, using: &self) < percent }
}
