import ClusterModel
import Testing
import WireFormat

/// `protocol.json` is the wire: what an encoder makes of its layouts alone decodes, and encodes to the same bytes again.
@Suite struct SchemaTests {
    static let rounds: UInt64 = 40
    let document: ProtocolDocument

    init() throws { document = try ProtocolDocument.load() }

    @Test func everyMessageIsLaidOutAsTheJsonSays() throws {
        for message in document.messages where message.name != "CALL" && message.name != "REPLY" {
            try check(message, chosen: nil)
        }
    }

    @Test func everyCallIsLaidOutAsTheJsonSays() throws {
        let message = try #require(document.messages.first { $0.name == "CALL" })
        for call in document.calls { try check(message, chosen: UInt64(call.code)) }
    }

    @Test func everyReplyIsLaidOutAsTheJsonSays() throws {
        let message = try #require(document.messages.first { $0.name == "REPLY" })
        for reply in document.replies { try check(message, chosen: UInt64(reply.code)) }
    }

    private func check(_ message: ProtocolDocument.Message, chosen: UInt64?) throws {
        let type = try #require(MessageType(rawValue: message.code))
        for seed in 0..<Self.rounds {
            var encoder = SchemaEncoder(document, seed: seed)
            encoder.chosen = chosen
            let body = try encoder.structure(message.fields).bytes
            let place = "\(message.name) \(chosen.map { "\($0)" } ?? "") seed \(seed)"
            do throws(DecodingError) {
                let decoded = try MessageCodec.decode(type: type, body: body.span)
                #expect(MessageCodec.encode(decoded) == body, "\(place)")
            } catch {
                Issue.record("\(place) is refused: \(error): \(hexadecimal(body))")
            }
            if type != .hello { expectRefusal(of: body, type, place) }
        }
    }

    /// A body that ends early or goes on is no message (ENC-007). HELLO is left out: its TLV area may end earlier.
    private func expectRefusal(of body: [UInt8], _ type: MessageType, _ place: String) {
        let step = max(1, body.count / 16)
        for count in stride(from: 0, to: body.count, by: step) {
            #expect(throws: DecodingError.self, "\(place) cut to \(count)") {
                try MessageCodec.decode(type: type, body: Array(body.prefix(count)).span)
            }
        }
        #expect(throws: DecodingError.self, "\(place) and a byte more") {
            try MessageCodec.decode(type: type, body: (body + [0]).span)
        }
    }

    /// The lengths that the JSON calls limits are those that the decoder enforces.
    @Test func textsAboveTheirLimitAreRefused() throws {
        let limit = try #require(document.limit("closeText"))
        var close = Close(.idle, text: String(repeating: "x", count: limit))
        let body = MessageCodec.encode(.close(close))
        #expect(throws: Never.self) { try MessageCodec.decode(type: .close, body: body.span) }
        close.text = ""
        var longer = MessageCodec.encode(.close(close)).dropLast(2)
        longer += [UInt8(truncatingIfNeeded: (limit + 1) >> 8), UInt8(truncatingIfNeeded: limit + 1)]
        longer += [UInt8](repeating: 0x78, count: limit + 1)
        #expect(throws: DecodingError.self) { try MessageCodec.decode(type: .close, body: Array(longer).span) }
    }
}

/// Lower-case digits, two a byte.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef")
    return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
}
