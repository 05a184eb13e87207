import ClusterModel
import TableStorage
import WireFormat

/// Feeds bytes to one of the decoders, which the first byte chooses. What decodes must encode to the same bytes again.
enum DecoderInput {
    static func run(_ input: [UInt8]) {
        guard let choice = input.first else { return }
        let bytes = Array(input.dropFirst())
        switch choice % 7 {
        case 0: message(bytes)
        case 1: link(bytes, frameBody: 64)
        case 2: recode(bytes) { (bytes) throws(DecodingError) in RowBlock.encode(try RowBlock.rows(bytes.span)) }
        case 3: chunk(bytes)
        case 4: recode(bytes) { (bytes) throws(DecodingError) in OperationGroups.encode(try OperationGroups.decode(bytes.span)) }
        case 5: log(LogInput.records(bytes))
        default: log(bytes)
        }
    }

    private static func recode(_ bytes: [UInt8], _ body: ([UInt8]) throws(DecodingError) -> [UInt8]) {
        do throws(DecodingError) {
            let again = try body(bytes)
            precondition(again == bytes, "two encodings of one value")
        } catch {
            precondition(error.offset >= 0 && error.offset <= bytes.count && !error.field.isEmpty, "an error at no place")
        }
    }

    /// The first byte chooses the type, the others are the body.
    private static func message(_ bytes: [UInt8]) {
        guard let first = bytes.first else { return }
        let type = MessageType.allCases[Int(first) % MessageType.allCases.count]
        recode(Array(bytes.dropFirst())) { (bytes) throws(DecodingError) in
            MessageCodec.encode(try MessageCodec.decode(type: type, body: bytes.span))
        }
    }

    /// What a link brings, in pieces of the size that the first byte says. Checksums are made right where a header stands, for no
    /// fuzzer guesses them.
    private static func link(_ bytes: [UInt8], frameBody: Int) {
        guard let first = bytes.first else { return }
        let stream = FrameInput.withChecksums(Array(bytes.dropFirst()))
        var assembler = FrameAssembler(bounds: .init(frameBody: frameBody, message: 1024))
        var start = 0
        while start < stream.count {
            let piece = Array(stream[start..<min(start + 1 + Int(first), stream.count)])
            start += piece.count
            var offset = 0
            do throws(DecodingError) {
                while let frame = try assembler.next(in: piece.span, at: &offset) {
                    precondition(frame.bodyBytes <= 1024, "more than the bound")
                }
                precondition(offset == piece.count, "bytes that nobody took")
            } catch {
                precondition(error.offset >= 0 && !error.field.isEmpty && offset <= piece.count, "an error at no place")
                assembler.resynchronise()
            }
        }
    }

    /// Once as a SNAP_CHUNK, once as what its data would be with right lengths.
    private static func chunk(_ bytes: [UInt8]) {
        if case .snapChunk(let chunk)? = try? MessageCodec.decode(type: .snapChunk, body: bytes.span) {
            if let raw = try? ChunkCodec.unpack(chunk) { _ = try? RowBlock.validate(raw.span) }
        }
        guard let first = bytes.first else { return }
        let data = Array(bytes.dropFirst())
        let chunk = SnapChunk(
            number: 0, nextBucket: 1, codec: .zlib, rawLength: UInt32(first) * 16, rawCRC: CRC32.checksum(data.span), data: data)
        _ = try? ChunkCodec.unpack(chunk)
        // No row block is empty.
        guard !data.isEmpty else { return }
        let packed = ChunkCodec.chunk(number: 0, nextBucket: 1, codec: first % 2 == 0 ? .zlib : .none, raw: data)
        precondition((try? ChunkCodec.unpack(packed)) == data, "a chunk that does not unpack to what was packed")
    }

    /// A data directory whose log holds these bytes: it opens, or the error names the place. What opened opens again.
    private static func log(_ bytes: [UInt8]) {
        let disk = FuzzDisk(LogInput.directory)
        let name = DiskName.log(1, segment: 1)
        disk.change(name) { $0 = LogInput.beginning + bytes }
        guard let rows = LogInput.open(disk) else { return }
        precondition(LogInput.open(disk) == rows, "opened once more, the directory holds something else")
    }
}
