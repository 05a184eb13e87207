import CZlib

/// Unpacks gzip (RFC 1952), any number of members one after another, in constant memory: what a small file unpacks to costs
/// time, never room.
@safe final class GzipInflater {
    static let magic: [UInt8] = [0x1f, 0x8b]
    static let inputSize = 1 << 16

    enum Outcome {
        /// At least one byte was unpacked.
        case bytes(Int)
        /// Everything in `input` is used: fill it and call `supplied`.
        case needsInput
        case ended
        case damaged
    }

    /// Where packed bytes are to be put, `inputSize` of them.
    @unsafe let input: UnsafeMutablePointer<UInt8>
    /// Of its own, because zlib keeps a pointer to it.
    private let stream: UnsafeMutablePointer<z_stream>
    private var phase = Phase.betweenMembers
    private var hasMember = false
    private var inputEnded = false
    private(set) var endedEarly = false

    private enum Phase {
        case betweenMembers
        case inMember
        /// Zeros up to the end, as some tapes and block devices leave them.
        case padding
        case damaged
    }

    init() {
        unsafe input = .allocate(capacity: Self.inputSize)
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // 16 beyond the window: a gzip header and trailer, checked.
        let status = unsafe inflateInit2_(stream, MAX_WBITS + 16, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "no memory for zlib")
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
        unsafe input.deallocate()
    }

    /// Says that the first `count` bytes of `input` are new; 0 says that there are no more.
    func supplied(_ count: Int) {
        precondition(count >= 0 && count <= Self.inputSize)
        unsafe stream.pointee.next_in = input
        unsafe stream.pointee.avail_in = CUnsignedInt(count)
        inputEnded = count == 0
    }

    func inflate(into target: UnsafeMutablePointer<UInt8>, _ room: Int) -> Outcome {
        while true {
            switch phase {
            case .damaged: return .damaged
            case .betweenMembers:
                guard let next = firstInput() else { return inputEnded ? .ended : .needsInput }
                // Not a member: gzip(1) ignores zeros there and warns of anything else.
                phase = next == 0 && hasMember ? .padding : .inMember
            case .padding:
                guard let next = firstInput() else { return inputEnded ? .ended : .needsInput }
                guard next == 0 else { return fail() }
                unsafe stream.pointee.next_in += 1
                unsafe stream.pointee.avail_in -= 1
            case .inMember:
                if let outcome = unsafe inflateMember(into: target, room) { return outcome }
            }
        }
    }

    private func firstInput() -> UInt8? {
        unsafe stream.pointee.avail_in > 0 ? stream.pointee.next_in.pointee : nil
    }

    private func fail() -> Outcome {
        phase = .damaged
        return .damaged
    }

    /// - Returns: nil when a member ended without giving a byte.
    private func inflateMember(into target: UnsafeMutablePointer<UInt8>, _ room: Int) -> Outcome? {
        guard unsafe stream.pointee.avail_in > 0 || !inputEnded else {
            endedEarly = true
            return .ended
        }
        let limit = min(room, Int(CInt.max))
        unsafe stream.pointee.next_out = target
        unsafe stream.pointee.avail_out = CUnsignedInt(limit)
        let status = unsafe CZlib.inflate(stream, Z_NO_FLUSH)
        let count = unsafe limit - Int(stream.pointee.avail_out)
        switch status {
        case Z_STREAM_END:
            hasMember = true
            phase = .betweenMembers
            unsafe inflateReset(stream)
        case Z_OK, Z_BUF_ERROR: break
        default:
            // What came before the damage is still good; the next call tells of it.
            phase = .damaged
            return count > 0 ? .bytes(count) : .damaged
        }
        if count > 0 { return .bytes(count) }
        return status == Z_STREAM_END ? nil : .needsInput
    }
}
