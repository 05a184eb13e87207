/// Bytes that grow at the end, owned by one encoder. Raw memory, because appending to eight `[UInt8]` for every row costs
/// three times as much; nothing unsafe leaves this file.
@safe
struct ByteColumn: ~Copyable {
    private var base: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int = 64) {
        unsafe base = .allocate(capacity: capacity)
        self.capacity = capacity
    }

    deinit { unsafe base.deallocate() }

    /// Forgets the bytes and keeps the memory.
    mutating func removeAll() { count = 0 }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        if count == capacity { grow(by: 1) }
        unsafe base[count] = byte
        count &+= 1
    }

    @inline(__always)
    mutating func append(_ span: Span<UInt8>) {
        let length = span.count
        guard length > 0 else { return }
        if capacity &- count < length { grow(by: length) }
        unsafe span.withUnsafeBufferPointer { source in
            guard let start = source.baseAddress else { return }
            unsafe Self.copy(start, to: base + count, length)
        }
        count &+= length
    }

    /// Calling `memmove` takes longer than moving a key's rest: 8 to 32 bytes are moved as two halves that may overlap.
    @inline(__always)
    private static func copy(_ source: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>, _ length: Int) {
        let (from, to) = unsafe (UnsafeRawPointer(source), UnsafeMutableRawPointer(target))
        if length >= 16, length <= 32 {
            let first = unsafe from.loadUnaligned(as: SIMD2<UInt64>.self)
            let last = unsafe from.loadUnaligned(fromByteOffset: length &- 16, as: SIMD2<UInt64>.self)
            unsafe to.storeBytes(of: first, as: SIMD2<UInt64>.self)
            unsafe to.storeBytes(of: last, toByteOffset: length &- 16, as: SIMD2<UInt64>.self)
        } else if length >= 8, length < 16 {
            let first = unsafe from.loadUnaligned(as: UInt64.self)
            let last = unsafe from.loadUnaligned(fromByteOffset: length &- 8, as: UInt64.self)
            unsafe to.storeBytes(of: first, as: UInt64.self)
            unsafe to.storeBytes(of: last, toByteOffset: length &- 8, as: UInt64.self)
        } else {
            unsafe target.update(from: source, count: length)
        }
    }

    @inline(__always)
    mutating func append(leb128 value: UInt64) {
        if value < 0x80 { return append(UInt8(truncatingIfNeeded: value)) }
        appendLong(value)
    }

    /// Replaces what follows the first `kept` bytes by `span`.
    @inline(__always)
    mutating func replace(after kept: Int, by span: Span<UInt8>) {
        precondition(kept <= count)
        count = kept
        append(span)
    }

    @inline(__always)
    func withSpan<R, Failure: Error>(_ body: (Span<UInt8>) throws(Failure) -> R) throws(Failure) -> R {
        try unsafe body(UnsafeBufferPointer(start: base, count: count).span)
    }

    @inline(__always)
    subscript(_ index: Int) -> UInt8 {
        precondition(index >= 0 && index < count)
        return unsafe base[index]
    }

    /// Writes the length in four bytes, then the bytes.
    func write(to output: inout [UInt8]) {
        output.write(UInt32(count))
        withSpan { output.write(bytesOf: $0) }
    }

    private mutating func appendLong(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest &>>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    private mutating func grow(by size: Int) {
        let larger = max(capacity * 2, count + size)
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        unsafe memory.update(from: base, count: count)
        unsafe base.deallocate()
        unsafe base = memory
        capacity = larger
    }
}

extension Span<UInt8> {
    /// The number of bytes that both begin with, eight at a time.
    @inline(__always)
    func commonPrefix(with other: Span<UInt8>) -> Int {
        let limit = Swift.min(count, other.count)
        var index = 0
        while limit &- index >= 8 {
            let difference = (integer(at: index) as UInt64) ^ (other.integer(at: index) as UInt64)
            if difference != 0 { return index &+ difference.leadingZeroBitCount &>> 3 }
            index &+= 8
        }
        while index < limit, self[index] == other[index] { index &+= 1 }
        return index
    }

    /// Whether these bytes stand before `other`: bytewise, and a beginning before what it begins.
    @inline(__always)
    func precedes(_ other: Span<UInt8>) -> Bool {
        let shared = commonPrefix(with: other)
        guard shared < count, shared < other.count else { return count < other.count }
        return self[shared] < other[shared]
    }
}
