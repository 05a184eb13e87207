internal import CMemory

/// Memory for records: slabs of 2 MiB, addressed by 32-bit numbers of 8-byte granules.
///
/// A reference is slab number (14 bits) and granule in the slab (18 bits); 0 refers to nothing. Freed blocks go to the free list
/// of their exact size, above 2 KiB of their size class. A record of more than half a slab gets a slab of its own size.
@safe
struct RecordArena: ~Copyable {
    static let slabBytes = 2 << 20
    private static let slabLimit = 1 << 14
    private static let granulesPerSlab = slabBytes / 8
    private static let ownSlabBytes = slabBytes / 2
    /// Slabs kept back so that the work of one call always fits once `isFull` was asked.
    private static let reserve = 64
    /// Below this the slab's pages are not worth a huge page.
    private static let hugePagesFromSlab = 4

    private var slabs: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    private var slabCapacity = 16
    private var slabCount = 0
    private var freeSlabs: [Int] = []
    /// The slab that new blocks are cut from, and the first granule not yet used in it.
    private var current = -1
    private var next = RecordArena.granulesPerSlab
    private var free = FreeLists()
    /// Bytes taken from the system.
    private(set) var memory = 0
    /// Bytes in free lists.
    var freeBytes: Int { free.granules * 8 }

    init() {
        unsafe slabs = .allocate(capacity: slabCapacity)
        unsafe slabs.initialize(repeating: nil, count: slabCapacity)
    }

    deinit {
        for slab in 0..<slabCount { unsafe slabs[slab]?.deallocate() }
        unsafe slabs.deallocate()
    }

    var isFull: Bool { slabCount - freeSlabs.count > Self.slabLimit - Self.reserve }

    subscript(reference: UInt32) -> Record { unsafe Record(at: address(reference)) }

    /// Starts to load the record, so that it is there when it is read soon after.
    @inline(__always)
    func prefetch(_ reference: UInt32) {
        let pointer = unsafe address(reference)
        unsafe cmemory_prefetch(pointer)
        unsafe cmemory_prefetch(pointer + 64)
    }

    private func address(_ reference: UInt32) -> UnsafeMutableRawPointer {
        let slab = unsafe slabs[Int(reference >> 18)]
        guard let slab = unsafe slab else { preconditionFailure("a reference into a slab that was freed") }
        return unsafe slab + Int(reference & 0x3FFFF) << 3
    }

    /// A block for `bytes` bytes. The caller has asked `isFull` before.
    mutating func allocate(_ bytes: Int) -> UInt32 {
        if bytes > Self.ownSlabBytes {
            if current < 0 { startSlab() }  // so that slab 0 is none of these, and no reference 0
            return UInt32(openSlab(bytes: bytes)) << 18
        }
        let size = SizeClass(bytes: bytes)
        if let block = takeFree(size) { return block }
        if next + size.granules > Self.granulesPerSlab {
            if let block = splitFree(size) { return block }
            startSlab()
        }
        let reference = UInt32(current) << 18 | UInt32(next)
        next += size.granules
        return reference
    }

    /// Gives a block back. `bytes` is what it was allocated with, or any number that needs the same block.
    mutating func release(_ reference: UInt32, bytes: Int) {
        if bytes > Self.ownSlabBytes {
            closeSlab(Int(reference >> 18), bytes: bytes)
        } else {
            putFree(reference, SizeClass(bytes: bytes))
        }
    }

    /// Whether a block for `a` bytes serves for `b` bytes as it is.
    static func isSameBlock(_ a: Int, _ b: Int) -> Bool {
        if a > ownSlabBytes || b > ownSlabBytes { return a == b }
        return SizeClass(bytes: a) == SizeClass(bytes: b)
    }

    // MARK: Slabs

    private mutating func openSlab(bytes: Int) -> Int {
        let slab = freeSlabs.popLast() ?? slabCount
        precondition(slab < Self.slabLimit, "a table was written to although it is full")
        if slab == slabCapacity { growDirectory() }
        if slab == slabCount { slabCount += 1 }
        let size = (bytes + 7) & ~7
        let pointer = UnsafeMutableRawPointer.allocate(
            byteCount: size, alignment: size == Self.slabBytes ? Self.slabBytes : 16)
        if size == Self.slabBytes, slab >= Self.hugePagesFromSlab { unsafe cmemory_advise_huge_pages(pointer, size) }
        unsafe slabs[slab] = pointer
        memory += size
        return slab
    }

    private mutating func closeSlab(_ slab: Int, bytes: Int) {
        unsafe slabs[slab]?.deallocate()
        unsafe slabs[slab] = nil
        memory -= (bytes + 7) & ~7
        freeSlabs.append(slab)
    }

    private mutating func startSlab() {
        if current >= 0 { freeRange(UInt32(current) << 18 | UInt32(next), granules: Self.granulesPerSlab - next) }
        current = openSlab(bytes: Self.slabBytes)
        // Reference 0 means "none": the first granule of slab 0 stays unused.
        next = current == 0 ? 1 : 0
    }

    private mutating func growDirectory() {
        let capacity = slabCapacity * 2
        let moved = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: capacity)
        unsafe moved.initialize(repeating: nil, count: capacity)
        for slab in 0..<slabCount { unsafe moved[slab] = slabs[slab] }
        unsafe slabs.deallocate()
        unsafe slabs = moved
        slabCapacity = capacity
    }

    // MARK: Free lists: the first four bytes of a free block refer to the next one

    private mutating func takeFree(_ size: SizeClass) -> UInt32? {
        guard let head = free.head(size) else { return nil }
        unsafe free.pop(size, next: address(head).load(as: UInt32.self))
        return head
    }

    private mutating func putFree(_ reference: UInt32, _ size: SizeClass) {
        unsafe address(reference).storeBytes(of: free.head(size) ?? 0, as: UInt32.self)
        free.push(reference, size)
    }

    /// Cuts the block out of a larger free one.
    private mutating func splitFree(_ size: SizeClass) -> UInt32? {
        guard let larger = free.firstClass(holding: size.granules + SizeClass.smallest), let block = takeFree(larger) else {
            return nil
        }
        freeRange(block + UInt32(size.granules), granules: larger.granules - size.granules)
        return block
    }

    /// Puts a stretch of granules into the free lists, in as few blocks as the size classes allow.
    private mutating func freeRange(_ reference: UInt32, granules: Int) {
        var start = reference
        var rest = granules
        while rest >= SizeClass.smallest {
            let size = SizeClass(within: rest)
            putFree(start, size)
            start += UInt32(size.granules)
            rest -= size.granules
        }
    }
}

/// The sizes of blocks: each number of granules up to 256 (2 KiB), then eight steps for each doubling.
struct SizeClass: Equatable {
    static let count = exact + 8 * 10
    /// Granules of the smallest record.
    static let smallest = Record.headerSize / 8
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
