public import ClusterModel

extension Preface {
    /// The 16 bytes (FRM-001).
    public func encode() -> [UInt8] {
        var bytes = Self.magic
        bytes.write(minimumVersion)
        bytes.write(maximumVersion)
        bytes.append(contentsOf: [0, 0, 0, 0])
        return bytes
    }

    /// - Parameter bytes: at least the 16 bytes; what follows is not looked at. Fewer are `truncated` once those that are there
    ///   begin like a preface, and `wrongMagic` at the first byte that does not.
    /// - Throws: BAD_HEADER.
    public init(decoding bytes: Span<UInt8>) throws(DecodingError) {
        for (index, byte) in Self.magic.prefix(bytes.count).enumerated() where bytes[index] != byte {
            throw Self.failure(.wrongMagic, index, "magic")
        }
        guard bytes.count >= Self.size else { throw Self.failure(.truncated, bytes.count, "magic") }
        let minimum: UInt16 = bytes.integer(at: 8)
        let maximum: UInt16 = bytes.integer(at: 10)
        guard minimum > 0 else { throw Self.failure(.outOfRange, 8, "minimumVersion") }
        guard minimum <= maximum else { throw Self.failure(.contradiction, 10, "maximumVersion") }
        let reserved: UInt32 = bytes.integer(at: 12)
        guard reserved == 0 else { throw Self.failure(.reservedNotZero, 12, "reserved") }
        self.init(minimumVersion: minimum, maximumVersion: maximum)
    }

    private static func failure(_ reason: DecodingError.Reason, _ offset: Int, _ field: StaticString) -> DecodingError {
        DecodingError(reason, code: .badHeader, offset: offset, field: "preface.\(field)")
    }
}

extension FrameHeader {
    /// The 32 bytes, the header's CRC included (FRM-005).
    public func encode() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.size)
        append(to: &bytes)
        return bytes
    }

    public func append(to bytes: inout [UInt8]) {
        let first = UInt64(Self.magic) << 48 | UInt64(type) << 32 | UInt64(flags) << 24 | UInt64(lane) << 16
        let second = UInt64(bodyLength) << 32 | UInt64(stream)
        var words: InlineArray<4, UInt64> = [
            first.bigEndian, second.bigEndian, sequence.bigEndian, (UInt64(bodyCRC) << 32).bigEndian,
        ]
        let checksum = unsafe words.span.withUnsafeBytes { bytes in
            unsafe CRC32.checksum(bytes.bindMemory(to: UInt8.self).span.extracting(first: Self.size - 4))
        }
        words[3] = (UInt64(bodyCRC) << 32 | UInt64(checksum)).bigEndian
        unsafe words.span.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    }

    /// Reads a header and checks what a header says of itself: magic, CRC, reserved bytes, flags (FRM-007). Lane, type, lengths and
    /// sequence depend on the link: see `FrameAssembler`.
    /// - Parameter bytes: at least the 32 bytes; what follows is not looked at.
    /// - Throws: BAD_HEADER.
    public init(decoding bytes: Span<UInt8>) throws(DecodingError) {
        guard bytes.count >= Self.size else { throw Self.failure(.truncated, bytes.count, "magic") }
        guard bytes.integer(at: 0) == Self.magic else { throw Self.failure(.wrongMagic, 0, "magic") }
        guard bytes.integer(at: 28) == CRC32.checksum(bytes.extracting(first: 28)) else {
            throw Self.failure(.wrongChecksum, 28, "headerCRC")
        }
        let reserved: UInt16 = bytes.integer(at: 6)
        guard reserved == 0 else { throw Self.failure(.reservedNotZero, 6, "reserved") }
        let flags = bytes[4]
        guard flags & ~Self.more == 0 else { throw Self.failure(.reservedNotZero, 4, "flags") }
        self.init(
            type: bytes.integer(at: 2), flags: flags, lane: bytes[5], bodyLength: bytes.integer(at: 8),
            stream: bytes.integer(at: 12), sequence: bytes.integer(at: 16), bodyCRC: bytes.integer(at: 24))
    }

    /// Whether the message goes on in the next frame of the lane (FRM-012).
    public var hasMore: Bool { flags & Self.more != 0 }

    static func failure(
        _ reason: DecodingError.Reason, _ offset: Int, _ field: StaticString, code: ErrorCode = .badHeader
    ) -> DecodingError {
        DecodingError(reason, code: code, offset: offset, field: "header.\(field)")
    }
}
