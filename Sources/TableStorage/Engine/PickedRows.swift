internal import ClusterModel

/// The rows picked for one block, with the most bytes that the block can take whatever their order (SNP-022).
struct PickedRows {
    struct State {
        var count = 0
        /// Of keys and values, with their lengths.
        var bytes = 0
        var sequences = (low: UInt64.max, high: UInt64.min)
        var stamps = (low: UInt64.max, high: UInt64.min)
    }

    /// Counts and column lengths, and the first row's deltas, which count from 0.
    private static let fixed = 8 + 8 * 4 + 20
    private static let originSize = 24

    private(set) var references: [UInt32] = []
    private(set) var state = State()
    /// Origins in the table: as many may be in the block.
    private let origins: Int

    init(origins: Int) { self.origins = origins }

    /// Adds the record; when the block might then be too large, leaves it out and returns false. The first always fits.
    mutating func add(_ reference: UInt32, _ record: Record) -> Bool {
        var next = state
        next.count += 1
        next.sequences = (min(next.sequences.low, record.sequence), max(next.sequences.high, record.sequence))
        next.stamps = (min(next.stamps.low, record.stamp.value), max(next.stamps.high, record.stamp.value))
        next.bytes += record.keyLength + record.valueLength
        next.bytes += 2 * Self.length(UInt64(record.keyLength)) + Self.length(UInt64(record.valueLength))
        guard next.count == 1 || roughBound(next) <= Limits.chunkRaw || bound(next) <= Limits.chunkRaw else { return false }
        state = next
        references.append(reference)
        return true
    }

    mutating func restore(_ before: State) {
        state = before
        references.removeLast(references.count - before.count)
    }

    /// Never less than `bound`, and quickly said: it decides for all rows but the last ones of a block.
    private func roughBound(_ state: State) -> Int {
        Self.fixed + min(origins, state.count) * Self.originSize + state.bytes + state.count * (1 + 4 + 10 + 10)
    }

    private func bound(_ state: State) -> Int {
        let row = 1 + Self.length(UInt64(origins)) + Self.delta(state.sequences) + Self.delta(state.stamps)
        return Self.fixed + min(origins, state.count) * Self.originSize + state.bytes + state.count * row
    }

    /// Bytes of the longest zigzag delta between two of these.
    private static func delta(_ range: (low: UInt64, high: UInt64)) -> Int {
        let span = range.high - range.low
        return span >> 62 != 0 ? 10 : length(span << 1 | 1)
    }

    /// Bytes of a LEB128 number.
    private static func length(_ value: UInt64) -> Int { max(1, (70 - value.leadingZeroBitCount) / 7) }
}
