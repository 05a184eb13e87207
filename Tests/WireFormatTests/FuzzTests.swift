import ClusterModel
import Testing
import WireFormat

/// No bytes crash a decoder; what one takes it writes back the same; what it refuses it refuses at an offset within the bytes.
@Suite struct FuzzTests {
    /// One thing to decode: a message body of a type, a row block, groups, or what a link brings.
    enum Target: Hashable, Sendable, CustomTestStringConvertible {
        case message(MessageType)
        case rowBlock
        case groups
        case header
        case preface
        case chunk

        static let all: [Target] = MessageType.allCases.map(Target.message) + [.rowBlock, .groups, .header, .preface, .chunk]
        var testDescription: String { "\(self)" }

        /// Correct bytes to start from.
        func sample(_ generator: inout SeededGenerator) -> [UInt8] {
            switch self {
            case .message(let type): MessageCodec.encode(generator.message(type))
            case .rowBlock: RowBlock.encode(generator.sortedRows(count: 1 + generator.below(12)))
            case .groups: OperationGroups.encode(generator.groups())
            case .header: FrameHeader(type: 8, lane: 0, bodyLength: 5, sequence: generator.number(), bodyCRC: 1).encode()
            case .preface: Preface().encode()
            case .chunk: MessageCodec.encode(generator.message(.snapChunk))
            }
        }

        /// Decodes and, when that works, encodes again.
        func recode(_ bytes: [UInt8]) throws(DecodingError) -> [UInt8] {
            switch self {
            case .message(let type): return MessageCodec.encode(try MessageCodec.decode(type: type, body: bytes.span))
            case .rowBlock: return RowBlock.encode(try RowBlock.rows(bytes.span))
            case .groups: return OperationGroups.encode(try OperationGroups.decode(bytes.span))
            case .header: return try FrameHeader(decoding: bytes.span).encode() + bytes.dropFirst(FrameHeader.size)
            case .preface: return try Preface(decoding: bytes.span).encode() + bytes.dropFirst(Preface.size)
            case .chunk:
                guard case .snapChunk(let chunk) = try MessageCodec.decode(type: .snapChunk, body: bytes.span) else { return [] }
                let raw = try ChunkCodec.unpack(chunk)
                _ = try RowBlock.validate(raw.span)
                return bytes
            }
        }
    }

    private func expectTotal(_ target: Target, _ bytes: [UInt8]) {
        do throws(DecodingError) {
            let again = try target.recode(bytes)
            // `Message` compares text by its characters, so bytes are what is compared. Not by #expect: it takes its time.
            if again != bytes { Issue.record("\(target) has a second encoding: \(hexadecimal(bytes))") }
        } catch {
            // Row blocks inside a chunk have offsets of their own, within what was unpacked.
            if error.offset < 0 || error.offset > bytes.count && target != .chunk || error.field.isEmpty || error.code == .none {
                Issue.record("\(target) gave \(error) for \(hexadecimal(bytes))")
            }
        }
    }

    @Test(arguments: Target.all) func randomBytes(_ target: Target) {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<1000 {
            let count = generator.below(120)
            let bytes = (0..<count).map { _ in generator.flag() ? UInt8(generator.below(3)) : generator.number(UInt8.self) }
            expectTotal(target, bytes)
        }
    }

    @Test(arguments: Target.all) func flippedBits(_ target: Target) {
        var generator = SeededGenerator(seed: 2)
        for _ in 0..<500 {
            var bytes = target.sample(&generator)
            guard !bytes.isEmpty else { continue }
            for _ in 0...generator.below(3) { bytes[generator.below(bytes.count)] ^= 1 << UInt8(generator.below(8)) }
            expectTotal(target, bytes)
        }
    }

    @Test(arguments: Target.all) func cutAndLengthened(_ target: Target) {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<20 {
            let bytes = target.sample(&generator)
            let step = max(1, bytes.count / 100)
            for count in stride(from: 0, to: bytes.count, by: step) { expectTotal(target, Array(bytes.prefix(count))) }
            expectTotal(target, bytes + [0])
        }
    }

    @Test(arguments: Target.all) func splicedFields(_ target: Target) {
        var generator = SeededGenerator(seed: 4)
        for _ in 0..<300 {
            var bytes = target.sample(&generator)
            let donor = target.sample(&generator)
            guard !bytes.isEmpty, !donor.isEmpty else { continue }
            let at = generator.below(bytes.count)
            let from = generator.below(donor.count)
            bytes.replaceSubrange(at..., with: donor[from...])
            expectTotal(target, bytes)
        }
    }

    /// A link that brings anything: it ends with an error or waits, within its bounds.
    @Test func randomLinks() {
        var generator = SeededGenerator(seed: 9)
        for _ in 0..<300 {
            var encoder = FrameEncoder(maximumBody: 64)
            var bytes: [UInt8] = []
            for _ in 0..<4 {
                let type = generator.pick(MessageType.allCases.filter { $0 != .digests })
                encoder.append(generator.message(type), stream: UInt32(generator.below(2)), to: &bytes)
            }
            for _ in 0..<generator.below(4) { bytes[generator.below(bytes.count)] ^= 1 << UInt8(generator.below(8)) }
            var assembler = FrameAssembler(bounds: .init(frameBody: 64, message: 4096))
            var start = 0
            do throws(DecodingError) {
                while start < bytes.count {
                    let piece = min(1 + generator.below(200), bytes.count - start)
                    let part = bytes.span.extracting(start..<(start + piece))
                    var offset = 0
                    start += piece
                    while let frame = try assembler.next(in: part, at: &offset) { #expect(frame.bodyBytes <= 4096) }
                }
            } catch {
                #expect(error.code != .none && error.offset >= 0 && error.offset <= 4096)
            }
        }
    }
}

/// Lower-case digits, two a byte.
func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
