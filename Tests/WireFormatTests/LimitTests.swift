import ClusterModel
import Testing
import WireFormat

/// Every limit at one below, at, and one above; and that nothing large is allocated for what a peer merely declares.
@Suite struct LimitTests {
    private func reason(_ type: MessageType, _ bytes: [UInt8]) -> DecodingError.Reason? {
        do {
            _ = try MessageCodec.decode(type: type, body: bytes.span)
            return nil
        } catch {
            return error.reason
        }
    }

    private static let around = [(-1, nil), (0, nil), (1, .limitExceeded)] as [(Int, DecodingError.Reason?)]

    @Test(arguments: around) func members(_ beyond: Int, _ expected: DecodingError.Reason?) {
        let count = Limits.members + beyond
        let records = (0..<count).flatMap { VectorList.record(UInt128($0)) }
        #expect(reason(.members, u32(UInt32(count)) + records) == expected)
    }

    @Test(arguments: around) func definitions(_ beyond: Int, _ expected: DecodingError.Reason?) {
        let count = Limits.tables + beyond
        let definitions = (0..<count).flatMap { VectorList.definition(name: text("t\(10_000 + $0)")) }
        #expect(reason(.definitions, u32(UInt32(count)) + definitions) == expected)
    }

    @Test(arguments: around) func vectorEntries(_ beyond: Int, _ expected: DecodingError.Reason?) {
        let count = Limits.vectorEntries + beyond
        let entries = (0..<count).flatMap { entry(UInt128($0), 1, 1) }
        #expect(reason(.snapBegin, body(text("t"), u32(UInt32(count)), entries, list(), u8(0), u64(0))) == expected)
        #expect(reason(.snapBegin, body(text("t"), list(), u32(UInt32(count)), entries, u8(0), u64(0))) == expected)
    }

    @Test(arguments: around) func pingTables(_ beyond: Int, _ expected: DecodingError.Reason?) {
        let count = Limits.pingTables + beyond
        let tables = (0..<count).flatMap { text("t\(1000 + $0)") + u64(1) }
        #expect(reason(.ping, [UInt8](repeating: 0, count: 56) + u32(UInt32(count)) + tables) == expected)
    }

    @Test(arguments: around) func helloLists(_ beyond: Int, _ expected: DecodingError.Reason?) {
        let count = Limits.helloList + beyond
        #expect(reason(.hello, VectorList.hello(features: oddCodes(count))) == expected)
        #expect(reason(.hello, VectorList.hello(codecs: oddCodes(count))) == expected)
        let extensions = (0..<count).flatMap { tlv(UInt16($0) * 2 + 1, [7]) }
        #expect(reason(.hello, VectorList.hello(extensions: extensions)) == expected)
    }

    @Test(arguments: around) func texts(_ beyond: Int, _ expected: DecodingError.Reason?) {
        let host = String(repeating: "h", count: Limits.nodeName - 2 + beyond)
        #expect(reason(.hello, VectorList.hello(name: text("n@\(host)"))) == expected)
        let address = String(repeating: "h", count: Limits.address - 2 + beyond) + ":1"
        #expect(reason(.hello, VectorList.hello(address: text(address))) == expected)
        let table = String(repeating: "t", count: Limits.tableName + beyond)
        #expect(reason(.digestRequest, text(table)) == expected)
        let words = String(repeating: "w", count: Limits.closeText + beyond)
        #expect(reason(.snapCancel, u16(1) + text(words)) == expected)
        #expect(reason(.joinReject, u16(1) + text(words) + list()) == expected)
        #expect(reason(.reply, u16(1) + u8(1) + u8(1) + text(words)) == expected)
    }

    @Test(arguments: around) func keysAndValues(_ beyond: Int, _ expected: DecodingError.Reason?) {
        let key = [UInt8](repeating: 1, count: Limits.key + beyond)
        let value = [UInt8](repeating: 2, count: Limits.value + beyond)
        let head = body(text("t"), origin(1, 1), u64(1), u32(1))
        let put = body(u64(1), u32(1), u8(1))
        #expect(reason(.operations, head + blob(put + u32(UInt32(key.count)) + u32(0) + key)) == expected)
        #expect(reason(.operations, head + blob(put + u32(0) + u32(UInt32(value.count)) + value)) == expected)
        let write = body(u16(0x0201), text("t"), u8(0), u32(0))
        #expect(reason(.call, write + list(u8(1) + blob(key) + blob(""))) == expected)
        #expect(reason(.call, write + list(u8(1) + blob("") + blob(value))) == expected)
        #expect(reason(.call, u16(0x0202) + text("t") + blob(key)) == expected)
        #expect(reason(.call, u16(0x0203) + text("t") + blob(key) + blob("")) == expected)
    }

    @Test(arguments: around) func batches(_ beyond: Int, _ expected: DecodingError.Reason?) {
        let count = Limits.batchOperations + beyond
        let operations = Array(repeatElement(VectorList.operation(1, "k"), count: count).joined())
        let groups = u64(1) + u32(UInt32(count)) + operations
        #expect(reason(.operations, body(text("t"), origin(1, 1), u64(1), u32(UInt32(count)), blob(groups))) == expected)
        let writes = (0..<count).flatMap { _ in u8(1) + blob("k") + blob("") }
        #expect(reason(.call, body(u16(0x0201), text("t"), u8(0), u32(0), u32(UInt32(count)), writes)) == expected)
    }

    /// Counts and lengths of four billion, in every message that has one: refused, and at once.
    @Test(arguments: MessageType.allCases) func declaredOnly(_ type: MessageType) {
        var generator = SeededGenerator(seed: 7)
        let body = MessageCodec.encode(generator.message(type))
        for offset in stride(from: 0, to: min(body.count, 600), by: 1) where offset + 4 <= body.count {
            var bytes = body
            bytes.replaceSubrange(offset..<(offset + 4), with: [0xFF, 0xFF, 0xFF, 0xFF])
            if let message = try? MessageCodec.decode(type: type, body: bytes.span) {
                #expect(MessageCodec.encode(message) == bytes)
            }
        }
    }

    // MARK: Decompression

    /// Sixteen million zeros in seventy thousand bytes.
    @Test func bombs() {
        let zeros = [UInt8](repeating: 0, count: 16 << 20)
        let honest = ChunkCodec.chunk(number: 0, nextBucket: 0, codec: .zlib, effort: .fast, raw: zeros)
        #expect(honest.data.count < 80_000)
        #expect(unpacked(honest) == nil)
        var small = honest
        small.rawLength = 1000
        #expect(unpacked(small) == .wrongCompression)
        var large = honest
        large.rawLength = UInt32(Limits.message)
        #expect(unpacked(large) == .wrongCompression)
        large.data = Array(large.data.prefix(16_000))
        #expect(unpacked(large) == .contradiction)
        large.rawLength = UInt32(Limits.message) + 1
        #expect(unpacked(large) == .limitExceeded)
    }

    @Test func noCompressionOfNothing() {
        let empty = ChunkCodec.chunk(number: 0, nextBucket: 0, codec: .zlib, raw: [])
        #expect(unpacked(empty) == .contradiction)
    }

    private func unpacked(_ chunk: SnapChunk) -> DecodingError.Reason? {
        do {
            _ = try ChunkCodec.unpack(chunk)
            return nil
        } catch {
            return error.reason
        }
    }

    // MARK: What we send stays within the limits too

    @Test func textsForPeopleAreCutAtACharacter() throws {
        // 2 bytes each, and one byte in front, so that the limit falls into a character.
        let long = "x" + String(repeating: "é", count: 200)
        let body = MessageCodec.encode(.close(Close(.idle, text: long)))
        guard case .close(let close) = try MessageCodec.decode(type: .close, body: body.span) else { return }
        #expect(close.text.utf8.count == 255)
        #expect(long.hasPrefix(close.text))
    }

    @Test func errorsReadWell() {
        let error = DecodingError(.unknownCritical, code: .unknownCritical, offset: 121, field: "hello.extensions.type")
        #expect(error.description == "UNKNOWN_CRITICAL: hello.extensions.type at byte 121: unknownCritical")
    }
}
