import ClusterModel
import Testing
import WireFormat

/// FRM: bytes to messages, whatever way the bytes come in.
@Suite struct FrameAssemblerTests {
    private static let open = FrameAssembler.Bounds(frameBody: Limits.frameBodyMaximum)

    /// One link with messages of every type, over several frames where they are long.
    private static func link(seed: UInt64, maximumBody: Int) -> (bytes: [UInt8], messages: [Message]) {
        var generator = SeededGenerator(seed: seed)
        var encoder = FrameEncoder(maximumBody: maximumBody)
        var bytes: [UInt8] = []
        var messages: [Message] = []
        for type in MessageType.allCases {
            let message = generator.message(type)
            let hasStream = type.lane == .bulk || [.call, .reply, .cancel, .snapRequest].contains(type)
            encoder.append(message, stream: hasStream ? 7 : 0, to: &bytes)
            messages.append(message)
        }
        return (bytes, messages)
    }

    /// An assembler with the bytes that it is to read.
    private struct Feed {
        var assembler: FrameAssembler
        var bytes: [UInt8]
        var offset = 0

        init(_ bytes: [UInt8], bounds: FrameAssembler.Bounds = open) {
            self.bytes = bytes
            assembler = FrameAssembler(bounds: bounds)
        }

        mutating func next() throws(DecodingError) -> Frame? {
            let whole = bytes
            return try assembler.next(in: whole.span, at: &offset)
        }
    }

    private static func drain(_ feed: inout Feed) throws(DecodingError) -> [Message] {
        var messages: [Message] = []
        while let frame = try feed.next() {
            if case .message(let message) = frame.content { messages.append(message) }
        }
        return messages
    }

    @Test(arguments: [1, 3, 31, 32, 33, 1000, 1_000_000]) func anyPieces(_ piece: Int) throws {
        let (bytes, messages) = Self.link(seed: UInt64(piece), maximumBody: 100)
        var feed = Feed([], bounds: .init(frameBody: 100))
        var result: [Message] = []
        for start in stride(from: 0, to: bytes.count, by: piece) {
            feed.bytes = Array(bytes[start..<min(start + piece, bytes.count)])
            feed.offset = 0
            result += try Self.drain(&feed)
            #expect(feed.offset == feed.bytes.count)
        }
        #expect(result == messages)
    }

    /// One message a lane, cut into parts that take turns at random.
    @Test func lanesInterleave() throws {
        var generator = SeededGenerator(seed: 20)
        for _ in 0..<50 {
            let messages = [MessageType.ping, .joinAccept, .tableState, .snapBegin].map { generator.message($0) }
            var rest = messages.map { MessageCodec.encode($0)[...] }
            var encoder = FrameEncoder(maximumBody: 20)
            var bytes: [UInt8] = []
            while let lane = rest.indices.filter({ !rest[$0].isEmpty }).randomElement(using: &generator) {
                let part = Array(rest[lane].prefix(1 + generator.below(20)))
                rest[lane] = rest[lane].dropFirst(part.count)
                let type = messages[lane].type
                encoder.header(
                    type: type.rawValue, lane: type.lane.rawValue, stream: 0, part: part.span, hasMore: !rest[lane].isEmpty
                ).append(to: &bytes)
                bytes += part
            }
            var feed = Feed(bytes, bounds: .init(frameBody: 20))
            let result = try Self.drain(&feed)
            #expect(result.count == 4)
            #expect(messages.allSatisfy(result.contains))
        }
    }

    @Test func countsWhatCame() throws {
        var encoder = FrameEncoder(maximumBody: 16)
        var bytes: [UInt8] = []
        encoder.append(.pong(Pong(number: 1, echo: 2, clock: 3)), to: &bytes)
        encoder.append(.cancel, stream: 1, to: &bytes)
        encoder.append(.snapEnd(SnapEnd(chunks: 1, rows: 2, digest: 3)), stream: 1, to: &bytes)
        var feed = Feed(bytes, bounds: .init(frameBody: 16, message: 24))
        let first = try #require(try feed.next())
        #expect(first.bodyBytes == 24)
        #expect(first.header.sequence == 1)
        #expect(feed.assembler.received == [2, 0, 0, 0])
        #expect(try Self.drain(&feed).count == 2)
        #expect(feed.assembler.received == [2, 0, 3, 5])
        #expect(Lane.allCases.map { feed.assembler.bodyBytes(on: $0) } == [24, 0, 0, 20])
        #expect(feed.assembler.nextSequence == 5)
    }

    // MARK: Limits, on both sides

    @Test(arguments: [(1023, nil), (1024, nil), (1025, ErrorCode.frameTooLarge)] as [(UInt32, ErrorCode?)])
    func frameBodyBeforeAuthentication(_ length: UInt32, _ code: ErrorCode?) {
        let bytes = frame(type: 0xFA01, lane: 0, length: length, sequence: 0, body: [])
        var feed = Feed(bytes, bounds: .beforeAuthentication)
        // An error comes with the header alone, before any of the body.
        #expect(Self.code { try feed.next() } == code)
    }

    @Test(arguments: [(99, nil), (100, nil), (101, ErrorCode.messageTooLarge)] as [(Int, ErrorCode?)])
    func messageLimit(_ length: Int, _ code: ErrorCode?) {
        var encoder = FrameEncoder(maximumBody: 30)
        var bytes: [UInt8] = []
        let body = [UInt8](repeating: 7, count: length)
        encoder.append(type: 0xFA01, lane: 0, body: body.span, to: &bytes)
        var feed = Feed(bytes, bounds: .init(frameBody: 30, message: 100))
        #expect(Self.code { try feed.next() } == code)
    }

    @Test(arguments: [(24, ErrorCode.creditExceeded), (25, nil), (26, nil)] as [(UInt64, ErrorCode?)])
    func credit(_ limit: UInt64, _ code: ErrorCode?) throws {
        var encoder = FrameEncoder(maximumBody: 100)
        var bytes: [UInt8] = []
        for count in [20, 5] {
            let body = [UInt8](repeating: 0, count: count)
            encoder.append(type: 0xFA01, lane: 3, body: body.span, to: &bytes)
        }
        // Control has no credit to exceed.
        encoder.append(.pong(Pong(number: 1, echo: 2, clock: 3)), to: &bytes)
        var feed = Feed(bytes)
        feed.assembler.grant(limit, on: .bulk)
        #expect(Self.code { while try feed.next() != nil {} } == code)
    }

    // MARK: After an error

    @Test func frameWithABrokenBodyIsTaken() throws {
        let bytes =
            frame(type: 0x0A, lane: 0, sequence: 0, body: [1]) + frame(type: 0x0A, lane: 0, sequence: 1, body: VectorList.pong)
        var feed = Feed(bytes)
        #expect(throws: DecodingError(.truncated, offset: 0, field: "pong.number")) { try feed.next() }
        #expect(try feed.next()?.header.sequence == 1)
    }

    @Test func brokenHeaderStays() throws {
        let bytes = frame(type: 0x0A, lane: 0, sequence: 4, body: VectorList.pong)
        var feed = Feed(bytes)
        for _ in 0..<2 { #expect(Self.code { try feed.next() } == .sequenceGap) }
        feed.assembler.resynchronise()
        #expect(try feed.next()?.header.sequence == 4)
        #expect(feed.assembler.nextSequence == 5)
    }

    @Test func readingBeginsInTheMiddle() throws {
        let whole = frame(type: 0x0A, lane: 0, sequence: 8, body: VectorList.pong)
        let decoy: [UInt8] = [0xD4, 0x57] + [UInt8](repeating: 0, count: 40)
        let bytes = Array(whole.dropFirst(5)) + decoy + frame(type: 0x0A, lane: 0, sequence: 9, body: VectorList.pong)
        let start = whole.count - 5 + decoy.count
        var feed = Feed(bytes)
        feed.assembler.resynchronise()
        feed.offset = start
        #expect(try feed.next()?.header.sequence == 9)
        #expect(feed.offset == bytes.count)
    }

    /// A header and a body that were begun before are forgotten, and so are the parts of a message.
    @Test(arguments: [10, 31, 40]) func resynchronisingInTheMiddle(_ count: Int) throws {
        let pong = VectorList.pong
        let first = frame(type: 0x0A, flags: 1, lane: 0, sequence: 0, body: Array(pong.prefix(4)))
        let second = frame(type: 0x0A, lane: 0, sequence: 1, body: Array(pong.dropFirst(4)))
        var feed = Feed(first + second.prefix(count))
        #expect(try feed.next() == nil)
        feed.assembler.resynchronise()
        feed.bytes = frame(type: 0x0A, lane: 0, sequence: 7, body: pong)
        feed.offset = 0
        #expect(try feed.next()?.bodyBytes == pong.count)
    }

    /// SNAP_CHUNK is put together in another way than other messages; nobody may notice.
    @Test func chunksInPartsAreReadLikeChunksInOne() throws {
        var generator = SeededGenerator(seed: 21)
        var refused = 0
        for _ in 0..<400 {
            var body = MessageCodec.encode(generator.message(.snapChunk))
            if generator.flag() { body[generator.below(24)] ^= 1 << UInt8(generator.below(8)) }
            if generator.below(8) == 0 { body.removeLast(generator.below(body.count)) }
            var encoder = FrameEncoder(maximumBody: 1 + generator.below(60))
            var bytes: [UInt8] = []
            encoder.append(type: MessageType.snapChunk.rawValue, lane: 3, stream: 1, body: body.span, to: &bytes)
            var feed = Feed(bytes)
            do throws(DecodingError) {
                let expected = try MessageCodec.decode(type: .snapChunk, body: body.span)
                #expect(try feed.next()?.content == .message(expected))
            } catch {
                refused += 1
                #expect(throws: error) { try feed.next() }
            }
        }
        #expect((50..<350).contains(refused))
    }

    @Test func refusedCallKeepsItsHeader() throws {
        let bytes = frame(type: 0x0210, lane: 2, stream: 77, sequence: 0, body: u16(0x0102) + text("not/a/table"))
        var feed = Feed(bytes)
        let refused = try #require(try feed.next())
        #expect(refused.header.stream == 77)
        #expect(
            refused.content == .refusedCall(DecodingError(.invalidName, code: .invalidArgument, offset: 2, field: "call.table")))
    }

    @Test func wrongBodyOfAMessageInPartsForgetsTheParts() throws {
        let bytes =
            frame(type: 0x0A, flags: 1, lane: 0, sequence: 0, body: Array(VectorList.pong.prefix(4)))
            + frame(type: 0x0A, lane: 0, sequence: 1, body: Array(VectorList.pong.dropFirst(4)), bodyCRC: 0)
            + frame(type: 0x0A, lane: 0, sequence: 2, body: VectorList.pong)
        var feed = Feed(bytes)
        #expect(Self.code { try feed.next() } == .badBody)
        #expect(try feed.next()?.bodyBytes == 24)
    }

    @Test(arguments: [0, 1, 9, 10, 11, 20, 21]) func encoderCuts(_ length: Int) throws {
        var encoder = FrameEncoder(maximumBody: 10)
        let body = [UInt8](repeating: 1, count: length)
        var bytes: [UInt8] = []
        encoder.append(type: 0xFA01, lane: 1, body: body.span, to: &bytes)
        let frames = max(1, (length + 9) / 10)
        #expect(bytes.count == frames * FrameHeader.size + length)
        #expect(encoder.nextSequence == UInt64(frames))
        var feed = Feed(bytes, bounds: .init(frameBody: 10))
        #expect(try feed.next()?.bodyBytes == length)
    }

    /// The code that `body` throws, nil when it does not.
    private static func code<T>(_ body: () throws -> T) -> ErrorCode? {
        do {
            _ = try body()
            return nil
        } catch {
            return (error as? DecodingError)?.code
        }
    }
}
