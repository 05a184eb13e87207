public import ClusterModel

/// Packs rows into the columns of a row block (SNP-022). One encoder makes any number of blocks and keeps its memory.
public struct RowBlockEncoder: ~Copyable, @unchecked Sendable {
    private var flags = ByteColumn()
    private var originIndexes = ByteColumn()
    private var sequences = ByteColumn()
    private var stamps = ByteColumn()
    private var keyShapes = ByteColumn()
    private var keyRests = ByteColumn()
    private var valueLengths = ByteColumn()
    private var values = ByteColumn()
    /// Origins in the order in which they came; `finish` puts them in their own order.
    private var origins: [Origin] = []
    private var indexes: [Origin: Int] = [:]
    private var previousKey = ByteColumn()
    private var previous = Previous()

    private struct Previous {
        var originIndex = 0
        var sequence: UInt64 = 0
        var stamp: UInt64 = 0
        var owner: NodeID?
        var valueCount = 0
    }

    /// The most that one row adds besides key and value: flags, origin index, two deltas, key shape, value length, origin.
    private static let rowOverhead = 1 + 10 + 10 + 10 + 6 + 4 + Origin.leastSize
    private static let fixedSize = 4 + 4 + RowBlock.columnCount * 4

    /// Rows in the block so far.
    public private(set) var count = 0

    public init() {}

    public var isEmpty: Bool { count == 0 }

    /// Bytes of the block if it were finished now; with more than 128 origins an upper bound.
    public var rawSize: Int {
        let indexSize = origins.count <= 128 ? originIndexes.count : count * LEB128.size(UInt64(origins.count - 1))
        return Self.fixedSize + origins.count * Origin.leastSize + flags.count + indexSize + sequences.count + stamps.count
            + keyShapes.count + keyRests.count + valueLengths.count + values.count
    }

    /// Whether one more row surely keeps the block within `Limits.chunkRaw` (LIM-009); always true of the first.
    public func fits(keyCount: Int, valueCount: Int) -> Bool {
        isEmpty || rawSize + Self.rowOverhead + keyCount + valueCount <= Limits.chunkRaw
    }

    /// Appends a row.
    /// - Parameter isOwned: whether the row belongs to the node of its version, as every row of an `owner` table does.
    /// - Precondition: the row stands behind the row before by (key, owner, value); its sequence is neither 0 nor the largest.
    public mutating func append(
        key: Span<UInt8>, value: Span<UInt8>, isTombstone: Bool, isOwned: Bool, version: RowVersion
    ) {
        precondition((1..<UInt64.max).contains(version.dot.sequence), "a row has a sequence")
        let owner = isOwned ? version.dot.origin.node : nil
        let shared = previousKey.withSpan { $0.commonPrefix(with: key) }
        precondition(isAscending(key, shared: shared, owner: owner, value: value), "rows of a block ascend")
        let originIndex = index(of: version.dot.origin)
        flags.append((isTombstone ? RowBlock.tombstone : 0) | (isOwned ? RowBlock.owned : 0))
        originIndexes.append(leb128: UInt64(truncatingIfNeeded: originIndex))
        sequences.append(leb128: LEB128.zigzag(version.dot.sequence &- previous.sequence))
        stamps.append(leb128: LEB128.zigzag(version.stamp.value &- previous.stamp))
        keyShapes.append(leb128: UInt64(truncatingIfNeeded: shared))
        keyShapes.append(leb128: UInt64(truncatingIfNeeded: key.count &- shared))
        let rest = key.extracting(droppingFirst: shared)
        keyRests.append(rest)
        valueLengths.append(leb128: UInt64(truncatingIfNeeded: value.count))
        values.append(value)
        previousKey.replace(after: shared, by: rest)
        previous = Previous(
            originIndex: originIndex, sequence: version.dot.sequence, stamp: version.stamp.value, owner: owner,
            valueCount: value.count)
        count &+= 1
    }

    /// The block; the encoder is empty again.
    /// - Precondition: at least one row was appended.
    public mutating func finish() -> [UInt8] {
        precondition(count > 0, "a block holds a row")
        sortOrigins()
        var block: [UInt8] = []
        block.reserveCapacity(rawSize)
        block.write(UInt32(count))
        block.write(UInt32(origins.count))
        for origin in origins { origin.write(to: &block) }
        flags.write(to: &block)
        originIndexes.write(to: &block)
        sequences.write(to: &block)
        stamps.write(to: &block)
        keyShapes.write(to: &block)
        keyRests.write(to: &block)
        valueLengths.write(to: &block)
        values.write(to: &block)
        removeAll()
        return block
    }

    /// Drops all rows and keeps the memory.
    public mutating func removeAll() {
        flags.removeAll()
        originIndexes.removeAll()
        sequences.removeAll()
        stamps.removeAll()
        keyShapes.removeAll()
        keyRests.removeAll()
        valueLengths.removeAll()
        values.removeAll()
        previousKey.removeAll()
        origins.removeAll(keepingCapacity: true)
        indexes.removeAll(keepingCapacity: true)
        previous = Previous()
        count = 0
    }

    /// `shared` is what the key has in common with the key before, so one byte decides unless the keys are equal.
    private func isAscending(_ key: Span<UInt8>, shared: Int, owner: NodeID?, value: Span<UInt8>) -> Bool {
        if count == 0 { return true }
        if shared < key.count {
            return shared == previousKey.count || previousKey.withSpan { $0[shared] } < key[shared]
        }
        guard shared == previousKey.count else { return false }
        guard owner == previous.owner else { return RowBlock.precedes(previous.owner, owner) }
        return values.withSpan { $0.extracting(last: previous.valueCount).precedes(value) }
    }

    private mutating func index(of origin: Origin) -> Int {
        if count > 0, origins[previous.originIndex] == origin { return previous.originIndex }
        if let index = indexes[origin] { return index }
        origins.append(origin)
        indexes[origin] = origins.count - 1
        return origins.count - 1
    }

    /// Numbers the origins in ascending order; nothing to do for a block of one origin, the usual case.
    private mutating func sortOrigins() {
        let order = origins.indices.sorted { origins[$0] < origins[$1] }
        guard order != Array(origins.indices) else { return }
        var place = [Int](repeating: 0, count: order.count)
        for (index, old) in order.enumerated() { place[old] = index }
        var renumbered = ByteColumn(capacity: originIndexes.count)
        originIndexes.withSpan { old in
            var cursor = 0
            while case .value(let index) = LEB128.read(old, &cursor, end: old.count) {
                renumbered.append(leb128: UInt64(place[Int(index)]))
            }
        }
        originIndexes = renumbered
        origins = order.map { origins[$0] }
    }
}
