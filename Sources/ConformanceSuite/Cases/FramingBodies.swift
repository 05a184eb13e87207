import ClusterModel
import WireFormat

// Bodies, long messages, streams and lanes (FRM-010 to FRM-024).
extension Catalogue {
    static let framingBodies: [Case] = sizes + checksums + longMessages + messageSizes + streams + lanes + ownMessages

    // MARK: Sizes of frames

    private static let sizes: [Case] = [
        Case("FRM-010/before-hello", also: ["LIM-001"], "A frame of 1025 bytes before HELLO is answered with FRAME_TOO_LARGE.") {
            trial in
            let link = try await trial.conversation()
            try await link.exchangePrefaces()
            link.connection.send(Array(tooLong(link, .hello, length: 1025)))
            try await link.expectClose(.frameTooLarge)
        },
        Case("FRM-010/before-auth", also: ["LIM-001"], "A frame of 1025 bytes before AUTH is answered with FRAME_TOO_LARGE.") {
            trial in
            let link = try await greeted(trial)
            link.connection.send(tooLong(link, .auth, length: 1025))
            try await link.expectClose(.frameTooLarge)
        },
        Case(
            "FRM-010/huge-before-auth", also: ["LIM-001"], "A frame that announces 4294967295 bytes is refused before they come."
        ) {
            trial in
            let link = try await greeted(trial)
            link.connection.send(tooLong(link, .auth, length: .max))
            try await link.expectClose(.frameTooLarge)
        },
        Case("LIM-001/hello-1024", also: ["FRM-010"], "A HELLO of 1024 bytes is taken.") { trial in
            let link = try await trial.conversation()
            var hello = Identity.client().hello()
            let missing = 1024 - MessageCodec.encode(.hello(hello)).count - 4
            hello.extensions = [Extension(type: Grease.value(2), value: Array(repeating: 1, count: missing))]
            try await link.introduce(hello)
            try await link.fence()
        },
        Case("FRM-010/after-auth", "A frame one byte longer than the node's maximumFrameBody is answered with FRAME_TOO_LARGE.") {
            trial in
            try await trial.refuses(.frameTooLarge) { link in
                link.connection.send(tooLong(link, .ping, length: maximum(link) + 1))
            }
        },
        Case("FRM-010/huge", "A frame that announces 4294967295 bytes is answered with FRAME_TOO_LARGE at once.") { trial in
            try await trial.refuses(.frameTooLarge) { link in link.connection.send(tooLong(link, .ping, length: .max)) }
        },
        Case("LIM-002/whole", also: ["FRM-010"], "A frame of as many bytes as the node's maximumFrameBody is taken.") { trial in
            let link = try await trial.link()
            guard (65_536...262_144).contains(maximum(link)) else {
                throw CaseFailure("maximumFrameBody from 65536 to 262144", got: "\(maximum(link))")
            }
            let body = [UInt8](repeating: 5, count: Int(maximum(link)))
            link.send(OutgoingFrame(type: Grease.value(1), lane: 0, body: body))
            try await link.fence()
        },
    ]

    /// A header alone: the answer must not wait for the body.
    private static func tooLong(_ link: Conversation, _ type: MessageType, length: UInt32) -> [UInt8] {
        var frame = OutgoingFrame(type)
        frame.bodyLength = length
        return link.encode(frame)
    }

    private static func maximum(_ link: Conversation) -> UInt32 { link.peerHello?.maximumFrameBody ?? 65_536 }

    /// A link on which both HELLOs were sent.
    private static func greeted(_ trial: Trial) async throws -> Conversation {
        let link = try await trial.conversation()
        try await link.exchangePrefaces()
        link.send(Identity.client().hello())
        _ = try await link.expectHello()
        return link
    }

    // MARK: Checksums of bodies

    private static let checksums: [Case] = [
        wrongBody("flipped", "A body with a changed byte") { $0.body[8] ^= 1 },
        wrongBody("zero", "A body CRC of 0") { $0.bodyCRC = 0 },
        wrongBody("inverted", "A body CRC without the final exclusive-or") { $0.bodyCRC = ~CRC32.checksum($0.body.span) },
        wrongBody("swapped", "A little-endian body CRC") { $0.bodyCRC = CRC32.checksum($0.body.span).byteSwapped },
        Case("FRM-011/empty", also: ["FRM-006"], "A frame without a body whose body CRC is not 0 is answered with BAD_BODY.") {
            trial in
            try await trial.refuses(.badBody) { link in
                var frame = OutgoingFrame(type: Grease.value(3), lane: 0)
                frame.bodyCRC = 1
                link.send(frame)
            }
        },
        Case("FRM-011/unknown-type", also: ["EXT-001"], "A wrong body CRC is answered with BAD_BODY on an unknown odd type too.")
        { trial in
            try await trial.refuses(.badBody) { link in
                var frame = OutgoingFrame(type: Grease.value(3), lane: 1, body: [1, 2, 3])
                frame.bodyCRC = 7
                link.send(frame)
            }
        },
        Case("FRM-011/part", "A wrong body CRC in the first frame of a long message is answered with BAD_BODY.") { trial in
            try await trial.refuses(.badBody) { link in
                var frame = OutgoingFrame(.ping(link.makePing())).cut([20])[0]
                frame.bodyCRC = 7
                link.send(frame)
            }
        },
    ]

    private static func wrongBody(
        _ word: String, _ what: String, _ change: @escaping @Sendable (inout OutgoingFrame) -> Void
    ) -> Case {
        Case("FRM-011/\(word)", also: ["FRM-006"], "\(what) is answered with BAD_BODY.") { trial in
            try await trial.refuses(.badBody) { link in
                var frame = OutgoingFrame(.ping(link.makePing()))
                frame.bodyCRC = CRC32.checksum(frame.body.span)
                change(&frame)
                link.send(frame)
            }
        }
    }

    // MARK: Long messages

    private static let longMessages: [Case] = [
        Case("FRM-012/taken", also: ["FRM-013"], "A PING in many frames is put together wherever it was cut.") { trial in
            let link = try await trial.link()
            for sizes in [[1], [59], [30], [1, 1, 1, 1, 1], Array(repeating: 1, count: 59), Array(repeating: 7, count: 9)] {
                let ping = link.makePing()
                link.send(OutgoingFrame(.ping(ping)).cut(sizes))
                _ = try await link.expect("PONG to a PING cut into \(sizes)") { message, _ -> Bool? in
                    if case .pong(let pong) = message, pong.number == ping.number { true } else { nil }
                }
            }
        },
        Case(
            "FRM-012/interleaved", also: ["FRM-013"], "Frames of other lanes come between those of a message freely.",
            profile: .client
        ) {
            trial in
            let link = try await trial.link()
            let stream = link.nextStream()
            let parts = OutgoingFrame(.call(.nodeInfo), stream: stream).cut([1])
            link.send(parts[0])
            try await link.fence()
            link.send(OutgoingFrame(type: Grease.value(4), lane: 1, body: [1]))
            link.send(parts[1])
            guard case .nodeInfo = try await link.reply(to: stream).result else {
                throw CaseFailure("the reply to nodeInfo", got: "another")
            }
        },
        Case("FRM-014/type", "A frame of another type within a message of its lane is answered with MALFORMED.") { trial in
            try await trial.refuses(.malformed) { link in
                link.send(OutgoingFrame(.ping(link.makePing())).cut([20])[0])
                link.send(.pong(Pong(number: 0, echo: 0, clock: 0)))
            }
        },
        Case("FRM-014/unknown-type", "An unknown odd type within a message of its lane is answered with MALFORMED.") { trial in
            try await trial.refuses(.malformed) { link in
                link.send(OutgoingFrame(.ping(link.makePing())).cut([20])[0])
                link.send(OutgoingFrame(type: Grease.value(4), lane: 0, body: [1]))
            }
        },
        Case("FRM-014/close", "A CLOSE within a message of its lane is answered with MALFORMED.") { trial in
            try await trial.refuses(.malformed) { link in
                link.send(OutgoingFrame(.ping(link.makePing())).cut([20])[0])
                link.send(.close(Close(.shuttingDown)))
            }
        },
        Case("FRM-014/stream", "A frame of another stream within a message is answered with MALFORMED.", profile: .client) {
            trial in
            try await trial.refuses(.malformed) { link in
                var parts = OutgoingFrame(.call(.nodeInfo), stream: 1).cut([1])
                parts[1].stream = 2
                link.send(parts)
            }
        },
        Case("FRM-016/first", "A first frame with MORE and no body is answered with MALFORMED.") { trial in
            try await trial.refuses(.malformed) { link in
                var frame = OutgoingFrame(.ping)
                frame.flags = FrameHeader.more
                link.send(frame)
            }
        },
        Case("FRM-016/middle", "An empty frame in the middle of a message is answered with MALFORMED.") { trial in
            try await trial.refuses(.malformed) { link in
                var frames = OutgoingFrame(.ping(link.makePing())).cut([20, 20])
                frames[1].body = []
                link.send(frames)
            }
        },
        Case("FRM-016/last", "An empty last frame of a message is answered with MALFORMED.") { trial in
            try await trial.refuses(.malformed) { link in
                var frame = OutgoingFrame(.ping(link.makePing()))
                frame.flags = FrameHeader.more
                link.send([frame, OutgoingFrame(.ping)])
            }
        },
        Case("FRM-016/unknown-type", "An empty frame with MORE of an unknown odd type is answered with MALFORMED.") { trial in
            try await trial.refuses(.malformed) { link in
                link.send(OutgoingFrame(type: Grease.value(5), lane: 1, flags: FrameHeader.more))
            }
        },
    ]

    // MARK: Sizes of messages

    private static let messageSizes: [Case] = [
        Case("FRM-017/one-too-long", also: ["LIM-003"], "A message of 17825793 bytes is answered with MESSAGE_TOO_LARGE.") {
            trial in
            try await trial.refuses(.messageTooLarge) { link in
                link.open(MessageType.ping.rawValue, lane: 0, bytes: Limits.message)
                var last = OutgoingFrame(.ping)
                last.body = [1]
                link.send(last)
            }
        },
        Case(
            "FRM-017/at-once", also: ["LIM-003"],
            "MESSAGE_TOO_LARGE comes with the header that goes beyond, whose body has not come."
        ) {
            trial in
            try await trial.refuses(.messageTooLarge) { link in
                link.open(Grease.value(6), lane: 1, bytes: Limits.message - 10)
                var next = OutgoingFrame(type: Grease.value(6), lane: 1, flags: FrameHeader.more)
                next.bodyLength = 11
                link.send(next)
            }
        },
        Case("LIM-003/whole", also: ["FRM-017"], "A message of 17825792 bytes is taken.") { trial in
            let link = try await trial.link()
            link.open(Grease.value(6), lane: 0, bytes: Limits.message - 1)
            link.send(OutgoingFrame(type: Grease.value(6), lane: 0, body: [1]))
            try await link.fence()
        },
    ]

    // MARK: Streams

    private static let streams: [Case] =
        MessageType.allCases.compactMap { type in
            let profile: Profile = type.lane == .control ? .link : type == .call || type == .cancel ? .client : .tables
            let sample = Samples.of(type)
            // HELLO and AUTH are told in the handshake.
            switch type {
            case .snapRequest, .snapBegin, .snapChunk, .snapEnd, .snapCancel: return nil
            case .call, .reply, .cancel:
                return Case(
                    "FRM-015/\(type.slug)", "\(type.name) with the stream 0 is answered with MALFORMED.", profile: profile
                ) { trial in
                    try await trial.refuses(.malformed) { $0.send(OutgoingFrame(type, body: sample.bytes)) }
                }
            default:
                return Case("FRM-015/\(type.slug)", "\(type.name) with a stream is answered with MALFORMED.", profile: profile) {
                    trial in
                    let spoiled = SampleBody.Spoiled(how: "stream 1", bytes: sample.bytes)
                    try await trial.refuses(.malformed, body: spoiled, of: type, stream: 1)
                }
            }
        } + [
            Case("FRM-015/unknown", also: ["EXT-001"], "A frame of an unknown odd type may have any stream.") { trial in
                let link = try await trial.link()
                for stream in [UInt32(0), 1, .max] {
                    link.send(OutgoingFrame(type: Grease.value(7), lane: 2, stream: stream, body: [1]))
                }
                try await link.fence()
            }
        ]

    // MARK: Lanes

    private static let lanes: [Case] =
        MessageType.allCases.map { type in
            let profile: Profile = type.lane == .control ? .link : type == .call || type == .cancel ? .client : .tables
            return Case(
                "FRM-024/\(type.slug)", also: ["FRM-021"], "\(type.name) on each of the other lanes is answered with WRONG_LANE.",
                profile: profile
            ) { trial in
                let sample = Samples.of(type)
                for lane in UInt8(0)..<4 where lane != type.lane.rawValue {
                    let link = try await trial.link()
                    var frame = OutgoingFrame(type, body: sample.bytes, stream: sample.stream)
                    frame.lane = lane
                    link.send(frame)
                    try await link.isRefused(.wrongLane, "lane \(lane)")
                }
            }
        }
        + [UInt8(4), 5, 127, 128, 255].map { lane in
            Case(
                "FRM-024/lane-\(lane)", also: ["FRM-020"],
                "A frame on lane \(lane), of whatever type, is answered with WRONG_LANE."
            ) { trial in
                for type in [MessageType.ping.rawValue, Grease.value(8)] {
                    let link = try await trial.link()
                    link.send(OutgoingFrame(type: type, lane: lane))
                    try await link.isRefused(.wrongLane, "type \(type)")
                }
            }
        } + [
            Case(
                "FRM-024/unknown-on-any", also: ["EXT-001"], "A frame of an unknown odd type is taken on every lane from 0 to 3."
            ) { trial in
                let link = try await trial.link()
                for lane in UInt8(0)..<4 { link.send(OutgoingFrame(type: Grease.value(9), lane: lane, body: [lane])) }
                try await link.fence()
            }
        ]

    // MARK: What the node sends

    private static let ownMessages: [Case] = [
        Case(
            "FRM-012/own", also: ["FRM-013", "FRM-019", "FRM-020", "FRM-021"],
            "A reply longer than the caller's maximumFrameBody comes in frames that are not, with MORE on all but the last.",
            profile: .client, run: ownLongReply)
    ]

    private static func ownLongReply(_ trial: Trial) async throws {
        let table = try await trial.table(replicas: [trial.target.node])
        let client = try await trial.client()
        let value = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let operation = Operation(.put, key: [1], value: value)
        _ = try await client.succeed(.rowWrite(RowWrite(table: table, level: .local, operations: [operation])))
        let link = try await trial.link()
        let reply = try await link.succeed(.rowGet(table: table, key: [1]))
        guard case .rows(let page) = reply, page.rows.map(\.value) == [value] else {
            throw CaseFailure("the row that was written", got: "something else")
        }
        let frames = link.rawFrames()
        let parts = frames.filter { $0.header.type == MessageType.reply.rawValue }
        guard parts.count >= 5, parts.allSatisfy({ $0.body.count <= 65_536 }) else {
            throw CaseFailure("at least five frames of at most 65536 bytes", got: "\(parts.map(\.body.count))")
        }
        guard parts.dropLast().allSatisfy(\.header.hasMore), parts.last?.header.hasMore == false,
            Set(parts.map(\.header.stream)).count == 1
        else { throw CaseFailure("MORE on all frames but the last, and one stream", got: "\(parts.map(\.header.flags))") }
        for frame in frames {
            guard let type = MessageType(rawValue: frame.header.type) else { continue }
            guard frame.header.lane == type.lane.rawValue else {
                throw CaseFailure("\(type.name) on lane \(type.lane.rawValue)", got: "lane \(frame.header.lane)")
            }
        }
    }
}

extension Conversation {
    /// The beginning of a message that goes on, of so many bytes, in frames as long as the node takes.
    func open(_ type: UInt16, lane: UInt8, stream: UInt32 = 0, bytes: Int) {
        let size = Int(peerHello?.maximumFrameBody ?? UInt32(Limits.frameBodyDefault))
        var rest = bytes
        while rest > 0 {
            let body = [UInt8](repeating: 0, count: min(size, rest))
            send(OutgoingFrame(type: type, lane: lane, stream: stream, flags: FrameHeader.more, body: body))
            rest -= body.count
        }
    }
}
