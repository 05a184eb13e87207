import ClusterModel
import PacketCapture
import Testing
import WireFormat

@testable import TrafficDecoder

/// What a capture shows of rules that are not about one body: order, lanes, credit, sizes, checksums.
@Suite struct RuleTests {
    private func requirements(_ conversation: Conversation) -> [String] {
        let recording = Recording()
        conversation.play(into: TrafficDecoder(.everything, recording))
        return recording.frames.flatMap(\.violations).map(\.requirement)
    }

    @Test func anEstablishedLinkBreaksNothing() {
        #expect(requirements(.established()).isEmpty)
    }

    @Test func wrongChecksumOfABody() {
        var conversation = Conversation.established()
        var frame = Conversation.frame(
            type: MessageType.pong.rawValue, lane: 0, sequence: 2, body: [UInt8](repeating: 0, count: 24))
        frame[40] ^= 1
        conversation.append(frame, .forward)
        #expect(requirements(conversation) == ["FRM-011"])
    }

    @Test func aGapInTheSequence() {
        var conversation = Conversation.established()
        let body = MessageCodec.encode(.pong(Pong(number: 1, echo: 2, clock: 3)))
        conversation.append(Conversation.frame(type: MessageType.pong.rawValue, lane: 0, sequence: 7, body: body), .forward)
        conversation.append(Conversation.frame(type: MessageType.pong.rawValue, lane: 0, sequence: 8, body: body), .forward)
        #expect(requirements(conversation) == ["FRM-009"])
    }

    @Test func wrongLaneStreamFlagsAndReserved() {
        let body = MessageCodec.encode(.pong(Pong(number: 1, echo: 2, clock: 3)))
        var conversation = Conversation.established()
        conversation.send(type: MessageType.pong.rawValue, lane: 1, body: body, .forward)
        conversation.send(type: MessageType.pong.rawValue, lane: 9, body: body, .forward)
        conversation.send(type: MessageType.pong.rawValue, lane: 0, stream: 5, body: body, .forward)
        conversation.send(type: MessageType.pong.rawValue, flags: 0x80, lane: 0, body: body, .forward)
        conversation.send(type: 0x0F00, lane: 0, body: body, .forward)
        conversation.send(type: 0x0F01, lane: 0, body: body, .forward)
        #expect(requirements(conversation) == ["FRM-024", "FRM-024", "FRM-015", "FRM-007", "EXT-002"])
    }

    @Test func messagesThatTheTableOfStatesForbids() {
        var early = Conversation()
        early.append(Preface().encode(), .forward)
        early.send(.pong(Pong(number: 1, echo: 2, clock: 3)), .forward)
        #expect(requirements(early) == ["LNK-022"])
        var second = Conversation.established()
        second.send(.hello(Conversation.nodes.a), .forward)
        #expect(requirements(second) == ["LNK-022"])
        var joining = Conversation.established()
        joining.send(.joinRequest(JoinRequest(mode: .merge, isDryRun: false, tables: [])), .backward)
        #expect(requirements(joining) == ["LNK-022"])
    }

    @Test func bodiesThatAreTooLarge() {
        var early = Conversation()
        early.append(Preface().encode(), .forward)
        early.send(type: 0x0F01, lane: 0, body: [UInt8](repeating: 0, count: 1025), .forward)
        #expect(requirements(early).contains("LIM-001"))
        var late = Conversation.established()
        late.send(type: 0x0F01, lane: 0, body: [UInt8](repeating: 0, count: 65_536), .forward)
        #expect(requirements(late).isEmpty)
        late.send(type: 0x0F01, lane: 0, body: [UInt8](repeating: 0, count: 65_537), .forward)
        #expect(requirements(late) == ["FRM-010"])
    }

    @Test func moreThanTheCredit() {
        var conversation = Conversation.established()
        for _ in 0..<16 { conversation.send(type: 0x0F01, lane: 3, body: [UInt8](repeating: 0, count: 65_536), .forward) }
        #expect(requirements(conversation).isEmpty)
        var granted = conversation
        conversation.send(type: 0x0F01, lane: 3, body: [1], .forward)
        conversation.send(type: 0x0F01, lane: 3, body: [1], .forward)
        #expect(requirements(conversation) == ["FRM-032"])
        granted.send(.credit(Credit(lane: .bulk, limit: 5)), .backward)
        #expect(requirements(granted) == ["FRM-033"])
    }

    @Test func messagesOfSeveralFrames() {
        let body = MessageCodec.encode(.members(Members([])))
        var conversation = Conversation.established()
        conversation.send(type: MessageType.members.rawValue, flags: 1, lane: 1, body: Array(body.prefix(2)), .forward)
        conversation.send(type: MessageType.members.rawValue, lane: 1, body: Array(body.suffix(2)), .forward)
        let recording = Recording()
        conversation.play(into: TrafficDecoder(.everything, recording))
        #expect(recording.frames.filter { $0.type == MessageType.members.rawValue }.map(\.isWhole) == [false, true])
        #expect(recording.frames.last { $0.type == MessageType.members.rawValue }?.body == body)

        conversation.send(type: MessageType.members.rawValue, flags: 1, lane: 1, body: [0], .forward)
        conversation.send(
            type: MessageType.probeReply.rawValue, lane: 1, body: MessageCodec.encode(.members(Members([]))), .forward)
        #expect(requirements(conversation).contains("FRM-014"))
        var empty = Conversation.established()
        empty.send(type: MessageType.members.rawValue, flags: 1, lane: 1, body: [], .forward)
        #expect(requirements(empty) == ["FRM-016"])
    }

    @Test func bytesThatAreNoFrames() {
        var conversation = Conversation.established()
        conversation.append(Array("garbage".utf8), .forward)
        conversation.send(.pong(Pong(number: 1, echo: 2, clock: 3)), .forward)
        let recording = Recording()
        conversation.play(into: TrafficDecoder(.everything, recording))
        #expect(recording.frames.filter { $0.direction == .forward }.map(\.isWhole) == [true, true, true])
        #expect(recording.events.contains { $0.hasPrefix("skipped(7") && $0.contains("FRM-007") })
    }

    /// A ClientHello, or the end of one that was refused, when the capture has no more.
    @Test(arguments: [[0x16, 0x03, 0x01, 0x02, 0x00, 0x01], [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x30]] as [[UInt8]])
    func encryptedConnectionsAreNamed(bytes: [UInt8]) {
        var conversation = Conversation()
        conversation.append(bytes + [UInt8](repeating: 7, count: 500), .forward)
        let decoder = TrafficDecoder(.everything, Recording())
        conversation.play(into: decoder)
        #expect(decoder.foreignLinks == 1)
        #expect(decoder.foreignOpening.hasPrefix("TLS: a link in it is shown from the node's own --capture"))
    }

    @Test func somethingElseOnTheConnection() {
        var conversation = Conversation()
        conversation.append(Array("GET / HTTP/1.1\r\n\r\n".utf8), .forward)
        conversation.append(Array("HTTP/1.1 200 OK\r\n\r\n".utf8), .backward)
        let recording = Recording()
        let decoder = TrafficDecoder(.everything, recording)
        conversation.play(into: decoder)
        #expect(recording.frames.isEmpty && recording.links.isEmpty && recording.events.isEmpty)
        #expect(decoder.foreignLinks == 1)
        #expect(decoder.foreignBytes == 37)
        #expect(decoder.foreignOpening == "an HTTP request")
    }
}
