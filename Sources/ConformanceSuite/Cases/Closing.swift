import ClusterModel
import LinkTransport
import WireFormat

// How a link ends (LNK-040 to LNK-048, LIM-020).
extension Catalogue {
    static let closing: [Case] = peerCloses + ownCloses + blame

    // MARK: The suite closes

    private static let peerCloses: [Case] =
        [
            peerCloses("before-hello", "before HELLO") { trial in
                let link = try await trial.conversation()
                try await link.exchangePrefaces()
                return link
            },
            peerCloses("before-auth", "before AUTH") { trial in
                let link = try await trial.conversation()
                try await link.exchangePrefaces()
                link.send(Identity.client().hello())
                _ = try await link.expectHello()
                return link
            },
            peerCloses("client", "on a client link") { try await $0.link() },
            peerCloses("joiner", "on a join link") { try await $0.joinLink(.node()) },
            peerCloses("member", "on a member link", profile: .tables, isolation: .membership) { try await $0.member().link },
        ]
        + ErrorCode.allCases.map { code in
            Case("LNK-043/code-\(code.name.slug)", "CLOSE(\(code.name)) is answered with the end of the connection and no CLOSE.")
            { trial in
                let link = try await trial.link()
                link.send(.close(Close(code, retry: Close.never, text: "because")))
                try await endsWithoutClose(link)
            }
        }
        + [UInt16(0x0006), 0x0112, 0x7FFF, 0x8001, 0xFA01, 0xFFFF].map { code in
            Case(
                "LNK-048/code-\(code)", also: ["LNK-043", "LNK-040"],
                "CLOSE with the unregistered code \(code) is taken like any other."
            ) { trial in
                let link = try await trial.link()
                var close = Close(.none)
                close.code = code
                link.send(.close(close))
                try await endsWithoutClose(link)
            }
        } + [
            Case("LNK-043/bytes-behind", "What stands behind a CLOSE, however wrong, is not answered.") { trial in
                let link = try await trial.link()
                let close = link.encode(OutgoingFrame(.close(Close(.shuttingDown))))
                link.connection.send(close + Array(repeating: 0xFF, count: 100))
                try await endsWithoutClose(link)
            },
            Case("LNK-043/ping-behind", "A PING behind a CLOSE is not answered.") { trial in
                let link = try await trial.link()
                link.send([OutgoingFrame(.close(Close(.shuttingDown))), OutgoingFrame(.ping(link.makePing()))])
                try await link.expectEnd("the end of the connection without a PONG")
            },
            Case("LNK-040/text-256", also: ["LIM-006"], "CLOSE with a text of 256 bytes is taken.") { trial in
                let link = try await trial.link()
                link.send(.close(Close(.shuttingDown, text: String(repeating: "x", count: 256))))
                try await endsWithoutClose(link)
            },
            joinDialer(
                "LNK-043/dialer-before-hello", "A dialer that is sent CLOSE instead of HELLO ends the connection without a CLOSE."
            ) { _, link in
                _ = try await link.readPreface()
                link.sendPreface()
                _ = try await link.expectHello()
                link.send(.close(Close(.shuttingDown)))
                try await endsWithoutClose(link)
            },
            joinDialer(
                "LNK-043/dialer-before-auth", "A dialer that is sent CLOSE instead of AUTH ends the connection without a CLOSE."
            ) { _, link in
                try await link.greet(.node())
                try await link.expectProof()
                link.send(.close(Close(.tooManyLinks)))
                try await endsWithoutClose(link)
            },
            joinDialer("LNK-043/dialer-join", "A joiner whose join link is closed ends the connection without a CLOSE.") {
                _, link in
                try await link.accept(.node())
                try await link.fence()
                link.send(.close(Close(.shuttingDown)))
                try await endsWithoutClose(link)
            },
            memberDialer(
                "LNK-043/dialer-refused",
                "A dialer that is refused behind the acceptor's proof ends the connection without a CLOSE."
            ) {
                _, member, link in
                try await link.accept(member.identity)
                link.send(.close(Close(.shuttingDown)))
                try await endsWithoutClose(link)
            },
        ]

    private static func peerCloses(
        _ word: String, _ what: String, profile: Profile = .link, isolation: Isolation = .shared,
        _ begin: @escaping @Sendable (Trial) async throws -> Conversation
    ) -> Case {
        Case(
            "LNK-043/\(word)", "CLOSE \(what) is answered with the end of the connection and no CLOSE.", profile: profile,
            isolation: isolation
        ) { trial in
            let link = try await begin(trial)
            link.send(.close(Close(.shuttingDown)))
            try await endsWithoutClose(link)
        }
    }

    /// What was on its way may still come, but nothing that answers.
    private static func endsWithoutClose(_ link: Conversation) async throws {
        link.answersPings = false
        while true {
            switch try await link.next() {
            case .ended(.finished)?: return
            case .message(.close(let close), _)?: throw CaseFailure("no CLOSE in answer to CLOSE", got: close.report)
            case .message?, .ignorable?: break
            case .ended?, nil: throw CaseFailure("the end of the connection", got: link.endText)
            }
        }
    }

    // MARK: The node closes

    private static let ownCloses: [Case] = [
        Case(
            "LNK-042/junk-behind", also: ["LNK-041"],
            "CLOSE arrives whole although a mebibyte came behind the frame that is the reason."
        ) { trial in
            let link = try await trial.link()
            var frame = OutgoingFrame(.ping(link.makePing()))
            frame.headerCRC = 1
            link.connection.send(link.encode(frame) + Array(repeating: 0x55, count: 1_048_576))
            try await link.expectClose(.badHeader)
        },
        Case("LNK-042/reads-on", also: ["LIM-020"], "After its CLOSE the node reads on for up to a second, and resets nothing.") {
            trial in
            let link = try await provoked(trial)
            for _ in 0..<4 {
                link.connection.send(Array(repeating: 0x55, count: 4096))
                if let event = await link.connection.next(within: .milliseconds(100)) {
                    throw LenientPass("the node drains for less than the second that LIM-020 gives: \(event)")
                }
            }
        },
        Case("LNK-042/peer-ends", "After its CLOSE and the peer's end the node ends the connection at once.") { trial in
            let link = try await provoked(trial)
            link.connection.finish()
            guard await link.connection.next(within: .milliseconds(700)) != nil else {
                throw CaseFailure("the connection closed by both sides", got: "nothing for 0.7 s")
            }
        },
        Case("LIM-020/drain-ends", also: ["LNK-042"], "The node drains no longer than a second.") { trial in
            let link = try await provoked(trial)
            try await Clock.letPass(.milliseconds(1600) * trial.timing.scale)
            // The first byte is answered with a reset, which the second one shows.
            for _ in 0..<20 {
                link.connection.send([0])
                if await link.connection.next(within: .milliseconds(50)) != nil { return }
            }
            throw CaseFailure("a connection that is closed 1.6 s after CLOSE", got: "one that takes bytes")
        },
        Case(
            "LNK-041/nothing-behind", also: ["LNK-042"], "Nothing follows CLOSE, even when a long reply is on its way.",
            profile: .client
        ) { trial in
            let table = try await trial.table(replicas: [trial.target.node])
            let value = [UInt8](repeating: 7, count: 2_000_000)
            let write = RowWrite(table: table, level: .local, operations: [Operation(.put, key: [1], value: value)])
            _ = try await trial.client().succeed(.rowWrite(write))
            let link = try await trial.link()
            var wrong = OutgoingFrame(.ping(link.makePing()))
            wrong.flags = 0x80
            link.send([OutgoingFrame(.call(.rowGet(table: table, key: [1])), stream: 1), wrong])
            try await link.expectClose(.badHeader)
        },
    ]

    /// The node has sent CLOSE and ended its direction; the suite has not.
    private static func provoked(_ trial: Trial) async throws -> Conversation {
        let link = try await trial.link()
        var frame = OutgoingFrame(.ping(link.makePing()))
        frame.flags = 0x80
        link.send(frame)
        try await link.expectClose(.badHeader)
        return link
    }

    // MARK: Which frame is blamed

    private static let blame: [Case] = [
        blamed("length", .frameTooLarge) { $0.bodyLength = .max },
        blamed("sequence", .sequenceGap) { $0.sequence = 4711 },
        blamed("lane", .wrongLane) { $0.lane = 2 },
        blamed("type", .unknownCritical) { $0.type = 0x7F0E },
        blamed("stream", .malformed) { $0.stream = 1 },
        blamed("checksum", .badBody) { $0.bodyCRC = 1 },
        blamed("body", .malformed) { $0.body.append(0) },
        Case("LNK-046/no-frame", also: ["LNK-044"], "A CLOSE that no frame is the reason of blames none: HANDSHAKE_TIMEOUT.") {
            trial in
            let link = try await trial.conversation()
            try await link.exchangePrefaces()
            try (try await link.expectClose(.handshakeTimeout, within: .seconds(7))).blamesNothing()
        },
    ]

    private static func blamed(
        _ word: String, _ code: ErrorCode, _ change: @escaping @Sendable (inout OutgoingFrame) -> Void
    ) -> Case {
        Case(
            "LNK-046/\(word)", also: ["LNK-044"],
            "CLOSE(\(code.name)) names the type and the sequence of the frame, and no detail."
        ) { trial in
            let link = try await trial.link()
            var frame = OutgoingFrame(.ping(link.makePing()))
            let sequence = link.sequence
            change(&frame)
            link.send(frame)
            let close = try await link.expectClose(code)
            guard close.offendingType == frame.type, close.offendingSequence == frame.sequence ?? sequence, close.detail == 0
            else {
                throw CaseFailure(
                    "type \(frame.type), sequence \(frame.sequence ?? sequence), detail 0",
                    got: "type \(close.offendingType), sequence \(close.offendingSequence), detail \(close.detail)")
            }
        }
    }
}

extension Close {
    func blamesNothing() throws {
        guard offendingType == 0, offendingSequence == 0, detail == 0 else {
            throw CaseFailure("0 as type, sequence and detail", got: "\(offendingType), \(offendingSequence), \(detail)")
        }
    }
}
