internal import CZlib
public import ClusterModel

/// Packs and unpacks the row block of a SNAP_CHUNK, each on its own (SNP-020).
public enum ChunkCodec {
    /// Deflate never does better than this: what declares more is refused before memory is taken (SNP-023).
    static let largestRatio = 1032

    /// How much work zlib does; the receiver cannot tell, and does not need to.
    public enum Effort: Hashable, Sendable {
        /// Level 1.
        case fast
        /// Level 4 for short records (Z_FILTERED: a match of a few digits costs more bits than the digits): a sixth less bytes
        /// than `fast` for half as much time again.
        case dense
    }

    /// The packed form: the bytes themselves, or a zlib stream.
    public static func pack(_ raw: [UInt8], codec: Codec, effort: Effort = .dense) -> [UInt8] {
        switch codec {
        case .none: raw
        case .zlib: deflate(raw, effort)
        }
    }

    /// A whole chunk: packed, with length, and with CRC where unpacking could go wrong (SNP-030).
    public static func chunk(
        number: UInt32, nextBucket: UInt16, codec: Codec, effort: Effort = .dense, raw: [UInt8]
    ) -> SnapChunk {
        SnapChunk(
            number: number, nextBucket: nextBucket, codec: codec, rawLength: UInt32(raw.count),
            rawCRC: codec == .none ? 0 : CRC32.checksum(raw.span), data: pack(raw, codec: codec, effort: effort))
    }

    /// The row block of a chunk, exactly `rawLength` bytes; of the codec `none` the chunk's own array, not a copy. The rows are
    /// not looked at.
    /// - Throws: MALFORMED with `wrongCompression`, `wrongChecksum` or what `check` finds; the offset is the field's in the
    ///   message body.
    public static func unpack(_ chunk: SnapChunk) throws(DecodingError) -> [UInt8] {
        try check(chunk)
        guard chunk.codec != .none else { return chunk.data }
        guard let raw = inflate(chunk.data, to: Int(chunk.rawLength)) else {
            throw DecodingError(.wrongCompression, offset: Offset.data, field: "snapChunk.data")
        }
        guard CRC32.checksum(raw.span) == chunk.rawCRC else {
            throw DecodingError(.wrongChecksum, offset: Offset.rawCRC, field: "snapChunk.rawCRC")
        }
        return raw
    }

    /// The body of a SNAP_CHUNK up to its data: number, next bucket, codec, raw length, raw CRC, length of the data.
    static let headSize = 20

    /// The first 20 bytes of the body of a SNAP_CHUNK; its data follow as they are. For a sender that writes one behind the
    /// other into a frame and so never joins them.
    public static func head(of chunk: SnapChunk) -> [UInt8] {
        var head: [UInt8] = []
        head.reserveCapacity(headSize)
        appendHead(of: chunk, to: &head)
        return head
    }

    static func appendHead(of chunk: SnapChunk, to output: inout [UInt8]) {
        output.write(chunk.number)
        output.write(chunk.nextBucket)
        output.write(chunk.codec)
        output.write(chunk.rawLength)
        output.write(chunk.rawCRC)
        output.write(UInt32(chunk.data.count))
    }

    /// Where fields stand in the body of SNAP_CHUNK.
    enum Offset {
        static let rawLength = 8
        static let rawCRC = 12
        static let data = 16
    }

    /// Checks everything but the data, as decoding the message does.
    static func check(_ chunk: SnapChunk) throws(DecodingError) {
        let rawLength = Int(chunk.rawLength)
        guard rawLength <= Limits.message else {
            throw DecodingError(.limitExceeded, offset: Offset.rawLength, field: "snapChunk.rawLength")
        }
        let isPossible =
            switch chunk.codec {
            case .none: rawLength == chunk.data.count
            case .zlib: rawLength > 0 && rawLength <= chunk.data.count * largestRatio
            }
        guard isPossible else {
            throw DecodingError(.contradiction, offset: Offset.rawLength, field: "snapChunk.rawLength")
        }
        guard chunk.codec != .none || chunk.rawCRC == 0 else {
            throw DecodingError(.reservedNotZero, offset: Offset.rawCRC, field: "snapChunk.rawCRC")
        }
    }

    private static func deflate(_ raw: [UInt8], _ effort: Effort) -> [UInt8] {
        var stream = unsafe z_stream()
        let status = unsafe deflateInit2_(
            &stream, effort == .fast ? 1 : 4, Z_DEFLATED, 15, 8, effort == .fast ? Z_DEFAULT_STRATEGY : Z_FILTERED, ZLIB_VERSION,
            CInt(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "no memory for zlib")
        defer { unsafe deflateEnd(&stream) }
        let bound = unsafe Int(deflateBound(&stream, UInt(raw.count)))
        return unsafe [UInt8](unsafeUninitializedCapacity: bound) { target, count in
            unsafe raw.withUnsafeBufferPointer { source in
                // zlib's interface knows no const; it only reads here.
                unsafe stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
                unsafe stream.avail_in = CUnsignedInt(source.count)
                unsafe stream.next_out = target.baseAddress
                unsafe stream.avail_out = CUnsignedInt(bound)
                let status = unsafe CZlib.deflate(&stream, Z_FINISH)
                // The only other outcome is a target that is too small, which the bound excludes.
                precondition(status == Z_STREAM_END, "zlib could not compress")
                count = unsafe Int(stream.total_out)
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
