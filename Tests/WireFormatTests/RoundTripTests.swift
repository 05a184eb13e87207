import ClusterModel
import Testing
import WireFormat

/// Every message, with random contents, comes back as it went, and no other bytes give it (ENC-009).
@Suite struct RoundTripTests {
    @Test(arguments: MessageType.allCases) func message(_ type: MessageType) throws {
        var generator = SeededGenerator(seed: UInt64(type.rawValue))
        for _ in 0..<200 {
            let message = generator.message(type)
            let body = MessageCodec.encode(message)
            #expect(message.type == type)
            #expect(try MessageCodec.decode(type: type, body: body.span) == message)
        }
    }

    @Test(arguments: Call.Method.allCases) func call(_ method: Call.Method) throws {
        var generator = SeededGenerator(seed: UInt64(method.rawValue))
        for _ in 0..<50 {
            let call = generator.call(method)
            let body = MessageCodec.encode(.call(call))
            #expect(call.method == method)
            #expect(try MessageCodec.decode(type: .call, body: body.span) == .call(call))
        }
    }

    @Test(arguments: Reply.Result.Kind.allCases) func reply(_ kind: Reply.Result.Kind) throws {
        var generator = SeededGenerator(seed: UInt64(kind.rawValue))
        for _ in 0..<50 {
            let reply = generator.reply(kind)
            let body = MessageCodec.encode(.reply(reply))
            #expect(reply.result.kind == kind)
            #expect(try MessageCodec.decode(type: .reply, body: body.span) == .reply(reply))
        }
    }

    @Test func rowBlocks() throws {
        var generator = SeededGenerator(seed: 22)
        for _ in 0..<300 {
            let rows = generator.sortedRows(count: 1 + generator.below(40))
            let block = RowBlock.encode(rows)
            #expect(try RowBlock.rows(block.span) == rows)
        }
    }

    @Test func operationGroups() throws {
        var generator = SeededGenerator(seed: 4)
        for _ in 0..<300 {
            let groups = generator.groups()
            let bytes = OperationGroups.encode(groups)
            #expect(try OperationGroups.decode(bytes.span) == groups)
        }
    }

    @Test func chunks() throws {
        var generator = SeededGenerator(seed: 20)
        for codec in Codec.allCases {
            for round in 0..<50 {
                let raw = RowBlock.encode(generator.sortedRows(count: 1 + generator.below(40)))
                let chunk = ChunkCodec.chunk(
                    number: 0, nextBucket: 1024, codec: codec, effort: round % 2 == 0 ? .fast : .dense, raw: raw)
                #expect(chunk.rawCRC == (codec == .none ? 0 : CRC32.checksum(raw.span)))
                #expect(try ChunkCodec.unpack(chunk) == raw)
            }
        }
    }

    @Test func headersAndPrefaces() throws {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<200 {
            let header = FrameHeader(
                type: generator.number(), flags: generator.flag() ? FrameHeader.more : 0, lane: generator.number(),
                bodyLength: generator.number(), stream: generator.number(), sequence: generator.number(),
                bodyCRC: generator.number())
            let bytes = header.encode()
            #expect(bytes.count == FrameHeader.size)
            #expect(try FrameHeader(decoding: bytes.span) == header)
            let preface = Preface(minimumVersion: 1 + UInt16(generator.below(9)), maximumVersion: 10 + UInt16(generator.below(9)))
            let opening = preface.encode()
            #expect(opening.count == Preface.size)
            #expect(try Preface(decoding: opening.span) == preface)
        }
    }
}
