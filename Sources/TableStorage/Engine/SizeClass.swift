/// The sizes of blocks: each number of granules up to 256 (2 KiB), then eight steps for each doubling.
struct SizeClass: Equatable {
    static let count = exact + 8 * 10
    /// Granules of the smallest record.
    static let smallest = Record.smallest / 8
    private static let exact = 256

    let index: Int
    let granules: Int

    /// The smallest class that holds so many bytes.
    init(bytes: Int) {
        let needed = max((bytes + 7) >> 3, Self.smallest)
        if needed <= Self.exact {
            index = needed - 1
            granules = needed
        } else {
            // The three bits after the leading one, rounded up, name the step within the doubling.
            let shift = needed.bitWidth - 1 - (needed - 1).leadingZeroBitCount - 3
            let steps = ((needed - 1) >> shift) + 1
            granules = steps << shift
            index = Self.exact + (shift - 5) * 8 + steps - 9
        }
    }

    /// The largest class of at most so many granules.
    init(within limit: Int) {
        if limit <= Self.exact {
            self.init(bytes: limit * 8)
        } else {
            let shift = limit.bitWidth - 1 - limit.leadingZeroBitCount - 3
            let steps = limit >> shift
            self.init(bytes: (steps << shift) * 8)
        }
    }
}
