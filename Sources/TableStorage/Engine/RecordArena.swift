internal import CMemory

/// Memory for records: slabs of 2 MiB, the first ones smaller, addressed by 32-bit numbers of 8-byte granules.
///
/// A reference is slab number (14 bits) and granule in the slab (18 bits); 0 refers to nothing. Freed blocks go to the free list
/// of their exact size, above 2 KiB of their size class. A record of more than half a slab gets a slab of its own size.
@safe
struct RecordArena: ~Copyable {
    static let slabBytes = 2 << 20
    private static let slabLimit = 1 << 14
    /// The first slab; each one after it is twice as large as the one before, up to `slabBytes`: small tables are cheap.
    private static let firstSlabBytes = 64 << 10
    private static let ownSlabBytes = slabBytes / 2
    /// Before this slab a table is so small that huge pages would waste much of it.
    private static let hugePagesFromSlab = 7
    /// Slabs kept back so that the work of one call always fits once `isFull` was asked.
    private static let reserve = 64

    private var slabs: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    /// What the slabs lie in, by number; a small one that was taken from the allocator has none.
    private var blocks: [PageBlock?] = []
    private var slabCapacity = 16
    private var slabCount = 0
    private var freeSlabs: [Int] = []
    /// The slab that new blocks are cut from, the first granule not yet used in it, and its granules.
    private var current = -1
    private var next = 0
    private var granules = 0
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
        for slab in 0..<slabCount { free(slab) }
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

    /// As `prefetch`, for a record of which every byte is needed: about a hundred lie in up to three cache lines.
    @inline(__always)
    func prefetchWhole(_ reference: UInt32) {
        prefetch(reference)
        unsafe cmemory_prefetch(address(reference) + 104)
    }

    @inline(__always)
    private func address(_ reference: UInt32) -> UnsafeMutableRawPointer {
        let slab = unsafe slabs[Int(reference >> 18)]
        guard let slab = unsafe slab else { preconditionFailure("a reference into a slab that was freed") }
        return unsafe slab + Int(reference & 0x3FFFF) << 3
    }

    /// A block for `bytes` bytes. The caller has asked `isFull` before.
    mutating func allocate(_ bytes: Int) -> UInt32 {
        if bytes > Self.ownSlabBytes {
            if current < 0 { startSlab(for: SizeClass(bytes: 0)) }  // so that slab 0 is none of these, and no reference 0
            return UInt32(openSlab(bytes: bytes)) << 18
        }
        let size = SizeClass(bytes: bytes)
        if let block = takeFree(size) { return block }
        if next + size.granules > granules {
            if let block = splitFree(size) { return block }
            startSlab(for: size)
        }
        let reference = UInt32(current) << 18 | UInt32(next)
        next += size.granules
        return reference
    }

    /// Gives a block back. `bytes` is what it was allocated with, or any number that needs the same block.
    mutating func release(_ reference: UInt32, bytes: Int) {
        if bytes > Self.ownSlabBytes {
            closeSlab(Int(reference >> 18))
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
        if slab == blocks.count { blocks.append(nil) }
        if bytes < Self.ownSlabBytes {
            unsafe slabs[slab] = .allocate(byteCount: bytes, alignment: 16)
            memory += bytes
        } else {
            let block = PageBlock(size: bytes, hugePages: bytes == Self.slabBytes && slab >= Self.hugePagesFromSlab)
            blocks[slab] = block
            unsafe slabs[slab] = block.start
            memory += block.size
        }
        return slab
    }

    private func free(_ slab: Int) {
        if let block = blocks[slab] { block.free() } else { unsafe slabs[slab]?.deallocate() }
    }

    private mutating func closeSlab(_ slab: Int) {
        free(slab)
        memory -= blocks[slab]?.size ?? 0
        blocks[slab] = nil
        unsafe slabs[slab] = nil
        freeSlabs.append(slab)
    }

    private mutating func startSlab(for size: SizeClass) {
        if current >= 0 { freeRange(UInt32(current) << 18 | UInt32(next), granules: granules - next) }
        var bytes = granules == 0 ? Self.firstSlabBytes : min(granules * 16, Self.slabBytes)
        while bytes < (size.granules + 1) * 8 { bytes *= 2 }
        current = openSlab(bytes: bytes)
        granules = bytes / 8
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
