internal import CZlib
public import ClusterModel

/// Packs and unpacks the row block of a SNAP_CHUNK, each on its own (SNP-020).
public enum ChunkCodec {
    /// Deflate never does better than this: what declares more is refused before memory is taken (SNP-023).
    static let largestRatio = 1032

    /// The packed form: the bytes themselves, or a zlib stream at level 1.
    public static func pack(_ raw: [UInt8], codec: Codec) -> [UInt8] {
        switch codec {
        case .none: raw
        case .zlib: deflate(raw)
        }
    }

    /// A whole chunk: packed, with length and CRC.
    public static func chunk(number: UInt32, nextBucket: UInt16, codec: Codec, raw: [UInt8]) -> SnapChunk {
        SnapChunk(
            number: number, nextBucket: nextBucket, codec: codec, rawLength: UInt32(raw.count),
            rawCRC: CRC32.checksum(raw.span), data: pack(raw, codec: codec))
    }

    /// The row block of a chunk: exactly `rawLength` bytes with the CRC declared. The rows are not looked at.
    /// - Throws: MALFORMED with `wrongCompression` or `wrongChecksum`; the offset is the field's in the message body.
    public static func unpack(_ chunk: SnapChunk) throws(DecodingError) -> [UInt8] {
        try check(rawLength: Int(chunk.rawLength), packed: chunk.data.count, codec: chunk.codec)
        guard let raw = inflated(chunk) else {
            throw DecodingError(.wrongCompression, offset: Offset.data, field: "snapChunk.data")
        }
        guard CRC32.checksum(raw.span) == chunk.rawCRC else {
            throw DecodingError(.wrongChecksum, offset: Offset.rawCRC, field: "snapChunk.rawCRC")
        }
        return raw
    }

    /// Where fields stand in the body of SNAP_CHUNK.
    enum Offset {
        static let rawLength = 8
        static let rawCRC = 12
        static let data = 16
    }

    /// Checks lengths only, as decoding the message does.
    static func check(rawLength: Int, packed: Int, codec: Codec) throws(DecodingError) {
        guard rawLength <= Limits.message else {
            throw DecodingError(.limitExceeded, offset: Offset.rawLength, field: "snapChunk.rawLength")
        }
        let isPossible =
            switch codec {
            case .none: rawLength == packed
            case .zlib: rawLength > 0 && rawLength <= packed * largestRatio
            }
        guard isPossible else {
            throw DecodingError(.contradiction, offset: Offset.rawLength, field: "snapChunk.rawLength")
        }
    }

    private static func inflated(_ chunk: SnapChunk) -> [UInt8]? {
        switch chunk.codec {
        case .none: chunk.data
        case .zlib: inflate(chunk.data, to: Int(chunk.rawLength))
        }
    }

    private static func deflate(_ raw: [UInt8]) -> [UInt8] {
        let bound = Int(compressBound(UInt(raw.count)))
        return unsafe [UInt8](unsafeUninitializedCapacity: bound) { target, count in
            unsafe raw.withUnsafeBufferPointer { source in
                var length = UInt(bound)
                let status = unsafe compress2(target.baseAddress, &length, source.baseAddress, UInt(source.count), 1)
                // The only other outcomes are a target that is too small, which the bound excludes, and no memory.
                precondition(status == Z_OK, "zlib could not compress")
                count = Int(length)
            }
        }
    }

    /// - Returns: nil unless all of `packed` is one stream that inflates into exactly `length` bytes.
    private static func inflate(_ packed: [UInt8], to length: Int) -> [UInt8]? {
        var isExact = false
        let raw = unsafe [UInt8](unsafeUninitializedCapacity: length) { target, count in
            unsafe packed.withUnsafeBufferPointer { source in
                var written = UInt(length)
                var consumed = UInt(source.count)
                let status = unsafe uncompress2(target.baseAddress, &written, source.baseAddress, &consumed)
                isExact = status == Z_OK && Int(written) == length && Int(consumed) == source.count
                count = isExact ? length : 0
            }
        }
        return isExact ? raw : nil
    }
}
