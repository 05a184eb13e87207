internal import ClusterModel

/// The origins of a table's rows, numbered so that a record can name its origin in 21 bits.
struct OriginTable {
    struct Entry {
        var origin: Origin
        /// Records that name this origin; the number is free again when it is 0.
        var uses: Int
        var isHidden: Bool
    }

    private(set) var entries: [Entry] = []
    private var unused: [Int] = []
    private var indexes: [Origin: Int] = [:]
    private var latest = -1
    /// Rises when a number gets another meaning: what was computed per number is then stale.
    private(set) var generation = 0

    /// Owners whose rows are not shown.
    var hidden: Set<NodeID> = [] {
        didSet {
            for index in entries.indices { entries[index].isHidden = hidden.contains(entries[index].origin.node) }
        }
    }

    var isFull: Bool { entries.count - unused.count > Record.origins - Limits.chunkRaw }
    var memory: Int { entries.capacity * (MemoryLayout<Entry>.stride + MemoryLayout<Int>.stride) }

    subscript(index: Int) -> Origin { entries[index].origin }

    func isHidden(_ index: Int) -> Bool { entries[index].isHidden }

    /// The number of `origin`, with one more use.
    mutating func retain(_ origin: Origin) -> Int {
        if latest < 0 || entries[latest].origin != origin { latest = indexes[origin] ?? add(origin) }
        entries[latest].uses += 1
        return latest
    }

    mutating func release(_ index: Int) {
        entries[index].uses -= 1
        guard entries[index].uses == 0 else { return }
        indexes[entries[index].origin] = nil
        unused.append(index)
        latest = -1
    }

    /// Takes the place of another table: numbers that were valid there are not valid here.
    mutating func succeed(_ other: borrowing OriginTable) {
        hidden = other.hidden
        generation += other.generation + 1
    }

    private mutating func add(_ origin: Origin) -> Int {
        let entry = Entry(origin: origin, uses: 0, isHidden: hidden.contains(origin.node))
        generation += 1
        let index: Int
        if let free = unused.popLast() {
            index = free
            entries[index] = entry
        } else {
            index = entries.count
            entries.append(entry)
        }
        indexes[origin] = index
        return index
    }
}
