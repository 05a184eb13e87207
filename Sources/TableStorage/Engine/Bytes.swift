internal import CMemory

/// Borrowed bytes: somebody else's memory, valid only as long as the call that handed it out.
///
/// The engine compares, hashes and copies keys and values where they lie, in a record or in a message. A `Span` cannot be
/// stored in a struct, so this is the one place where a bare pointer travels; it never outlives a call into `Table`.
@safe
@usableFromInline
struct Bytes {
    @usableFromInline let start: UnsafeRawPointer?
    @usableFromInline let count: Int

    static var empty: Bytes { unsafe Bytes(nil, count: 0) }

    init(_ start: UnsafeRawPointer?, count: Int) {
        unsafe self.start = start
        self.count = count
    }

    /// Lends the bytes of a span for the length of `body`.
    @inline(__always)
    static func of<R, E: Error>(_ span: Span<UInt8>, _ body: (Bytes) throws(E) -> R) throws(E) -> R {
        unsafe try span.withUnsafeBufferPointer { (buffer) throws(E) -> R in
            unsafe try body(Bytes(UnsafeRawPointer(buffer.baseAddress), count: buffer.count))
        }
    }

    /// Lends these bytes as a span.
    @inlinable
    @inline(__always)
    func withSpan<R>(_ body: (Span<UInt8>) -> R) -> R {
        let buffer = unsafe UnsafeBufferPointer(start: start?.assumingMemoryBound(to: UInt8.self), count: count)
        return unsafe body(Span(_unsafeElements: buffer))
    }

    var array: [UInt8] {
        unsafe Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    func copy(to destination: UnsafeMutableRawPointer) {
        guard count > 0, let start = unsafe start else { return }
        unsafe destination.copyMemory(from: start, byteCount: count)
    }

    func prefix(_ length: Int) -> Bytes { unsafe Bytes(start, count: min(length, count)) }

    // MARK: Order

    @inline(__always)
    func isEqual(to other: Bytes) -> Bool {
        guard count == other.count else { return false }
        guard let start = unsafe other.start else { return true }
        return unsafe isEqual(toBytesAt: start)
    }

    /// Compares with as many bytes at `other`, eight at a time: keys are short, and most compared ones are equal.
    @inline(__always)
    func isEqual(toBytesAt other: UnsafeRawPointer) -> Bool {
        guard let start = unsafe start, count > 0 else { return true }
        guard count >= 8 else { return unsafe memcmp(start, other, count) == 0 }
        // The last eight first, some of which may be compared twice.
        let last = count &- 8
        var difference = unsafe Self.word(start, last) ^ Self.word(other, last)
        var offset = 0
        while offset < last, difference == 0 {
            unsafe difference = Self.word(start, offset) ^ Self.word(other, offset)
            offset &+= 8
        }
        return difference == 0
    }

    @inline(__always)
    private static func word(_ start: UnsafeRawPointer, _ offset: Int) -> UInt64 {
        unsafe start.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }

    func hasPrefix(_ other: Bytes) -> Bool {
        count >= other.count && comparePrefix(to: other, other.count) == 0
    }

    /// Negative, zero or positive: bytewise, a prefix before what it begins.
    func compare(to other: Bytes) -> Int {
        let order = comparePrefix(to: other, min(count, other.count))
        return order == 0 ? count - other.count : order
    }

    func commonPrefix(with other: Bytes) -> Int {
        let limit = min(count, other.count)
        guard let a = unsafe start, let b = unsafe other.start else { return 0 }
        var length = 0
        while length &+ 8 <= limit {
            let difference = unsafe UInt64(littleEndian: Self.word(a, length) ^ Self.word(b, length))
            if difference != 0 { return length &+ difference.trailingZeroBitCount &>> 3 }
            length &+= 8
        }
        while length < limit,
            unsafe a.load(fromByteOffset: length, as: UInt8.self) == b.load(fromByteOffset: length, as: UInt8.self)
        {
            length &+= 1
        }
        return length
    }

    /// The eight bytes after the first `skip` as a big-endian number, padded with zeros: ordered as the bytes are.
    func piece(after skip: Int) -> UInt64 {
        guard let start = unsafe start, count > skip else { return 0 }
        if count - skip >= 8 {
            return UInt64(bigEndian: unsafe start.loadUnaligned(fromByteOffset: skip, as: UInt64.self))
        }
        var piece: UInt64 = 0
        for offset in skip..<count {
            let byte = unsafe start.load(fromByteOffset: offset, as: UInt8.self)
            piece |= UInt64(byte) << UInt64(56 - 8 * (offset - skip))
        }
        return piece
    }

    private func comparePrefix(to other: Bytes, _ length: Int) -> Int {
        guard length > 0, let a = unsafe start, let b = unsafe other.start else { return 0 }
        return unsafe Int(memcmp(a, b, length))
    }
}
