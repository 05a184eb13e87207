/// Heads of the free lists, and which are not empty.
struct FreeLists {
    private var heads = [UInt32](repeating: 0, count: SizeClass.count)
    private var sizes = [Int](repeating: 0, count: SizeClass.count)
    private var filled = [UInt64](repeating: 0, count: (SizeClass.count + 63) / 64)
    private(set) var granules = 0

    func head(_ size: SizeClass) -> UInt32? {
        let head = heads[size.index]
        return head == 0 ? nil : head
    }

    mutating func push(_ reference: UInt32, _ size: SizeClass) {
        heads[size.index] = reference
        sizes[size.index] = size.granules
        filled[size.index >> 6] |= 1 << UInt64(size.index & 63)
        granules += size.granules
    }

    mutating func pop(_ size: SizeClass, next: UInt32) {
        heads[size.index] = next
        if next == 0 { filled[size.index >> 6] &= ~(1 << UInt64(size.index & 63)) }
        granules -= size.granules
    }

    /// The smallest class of at least so many granules that has a free block.
    func firstClass(holding granules: Int) -> SizeClass? {
        let first = SizeClass(bytes: granules * 8).index
        var word = first >> 6
        guard word < filled.count else { return nil }
        var bits = filled[word] & (~0 << UInt64(first & 63))
        while bits == 0 {
            word += 1
            guard word < filled.count else { return nil }
            bits = filled[word]
        }
        let index = word << 6 + bits.trailingZeroBitCount
        return SizeClass(bytes: sizes[index] * 8)
    }
}
