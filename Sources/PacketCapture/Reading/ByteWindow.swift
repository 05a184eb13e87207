/// The part of a source that is being looked at, in memory that is used over and over: a gigabyte is read with as little of it
/// as a kilobyte. Only `bytes` can be used wrongly.
@safe struct ByteWindow: ~Copyable {
    /// Large enough that a call of the system costs nothing a packet, small enough for the second cache.
    static let initialCapacity = 1 << 16

    private(set) var source: ByteSource
    private var memory: UnsafeMutablePointer<UInt8>
    private var capacity = initialCapacity
    private var start = 0
    private var end = 0

    init(_ source: consuming ByteSource) {
        self.source = source
        unsafe memory = .allocate(capacity: Self.initialCapacity)
    }

    deinit { unsafe memory.deallocate() }

    /// How many bytes are here.
    var count: Int { end - start }

    /// Where the first of them stands in the source.
    var offset: Int { source.offset - count }

    /// The bytes that are here: good until the next call that changes the window.
    @unsafe var bytes: UnsafeBufferPointer<UInt8> { unsafe UnsafeBufferPointer(start: memory + start, count: count) }

    /// Reads until at least `needed` bytes are here. The caller has checked that this is no absurd number.
    /// - Returns: false when the source ends before.
    @inline(__always)
    mutating func fill(_ needed: Int) throws(CaptureError) -> Bool {
        if count >= needed { return true }
        return try refill(needed)
    }

    /// Takes `length` bytes away that are here.
    @inline(__always)
    mutating func drop(_ length: Int) {
        precondition(length >= 0 && length <= count)
        start += length
    }

    /// Passes over bytes that need not be here.
    /// - Returns: false when the source ends before.
    mutating func skip(_ length: Int) throws(CaptureError) -> Bool {
        var rest = length
        while rest > count {
            rest -= count
            start = end
            guard try refill(1) else { return false }
        }
        drop(rest)
        return true
    }

    mutating func detectCompression() throws(CaptureError) {
        try source.detectCompression()
    }

    private mutating func refill(_ needed: Int) throws(CaptureError) -> Bool {
        if start > 0 {
            unsafe memory.update(from: memory + start, count: count)
            end -= start
            start = 0
        }
        if needed > capacity { grow(to: max(needed, capacity * 2)) }
        while count < needed {
            let read = try unsafe source.read(into: memory + end, capacity - end)
            guard read > 0 else { return false }
            end += read
        }
        return true
    }

    private mutating func grow(to newCapacity: Int) {
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: newCapacity)
        unsafe larger.initialize(from: memory + start, count: count)
        unsafe memory.deallocate()
        unsafe memory = larger
        capacity = newCapacity
    }
}
