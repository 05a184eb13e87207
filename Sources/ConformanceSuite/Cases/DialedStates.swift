import ClusterModel
import WireFormat

// Every message in every state in which it is not permitted (LNK-022). The node has dialed.
extension Catalogue {
    static let dialedStates: [Case] = beforeHello + beforeAuth + onJoinLink + confirming + dialedMalformed

    /// The body of DIGESTS is longer than any frame before the proof.
    private static let fitting = MessageType.allCases.filter { $0 != .digests }

    private static func refused(
        _ word: String, _ what: String, _ types: [MessageType], _ begin: @escaping @Sendable (Conversation) async throws -> Void
    ) -> [Case] {
        types.map { type in
            joinDialer(
                "LNK-022/\(word)-\(type.slug)", also: ["LNK-046"],
                "\(type.name) \(what) is answered by the dialer with UNEXPECTED_MESSAGE."
            ) { _, link in
                try await begin(link)
                let sequence = link.sequence
                link.send(Samples.of(type))
                try (try await link.expectClose(.unexpectedMessage)).blames(type, sequence)
            }
        }
    }

    private static let beforeHello: [Case] = refused(
        "dialer-before-hello", "before the acceptor's HELLO", fitting.filter { $0 != .hello && $0 != .close }
    ) { link in
        _ = try await link.readPreface()
        link.sendPreface()
        _ = try await link.expectHello()
    }

    private static let beforeAuth: [Case] = refused(
        "dialer-before-auth", "before the acceptor's AUTH", fitting.filter { $0 != .auth && $0 != .close }
    ) { link in
        try await link.greet(.node())
        try await link.expectProof()
    }

    private static let membersMay: Set<MessageType> = [
        .close, .ping, .pong, .credit, .joinAccept, .joinReject, .snapBegin, .snapChunk, .snapEnd, .snapCancel,
    ]
    private static let onJoinLink: [Case] = refused(
        "asked", "from a member on a join link", MessageType.allCases.filter { !membersMay.contains($0) }
    ) { link in
        try await link.accept(.node())
        try await link.fence()
    }

    private static let confirming: [Case] = [MessageType.hello, .auth, .joinRequest, .joinAccept, .joinReject].map { type in
        memberDialer(
            "LNK-022/confirming-\(type.slug)",
            "\(type.name) as the first message behind the acceptor's proof is answered with UNEXPECTED_MESSAGE."
        ) { _, member, link in
            try await link.accept(member.identity)
            let sequence = link.sequence
            link.send(Samples.of(type))
            try (try await link.expectClose(.unexpectedMessage)).blames(type, sequence)
        }
    }

    // MARK: Bytes in a dialer's states

    private static let dialedMalformed: [Case] = [
        joinDialer("FRM-007/dialer-hello", "A dialer answers a HELLO with a wrong header CRC with BAD_HEADER.") { _, link in
            _ = try await link.readPreface()
            link.sendPreface()
            _ = try await link.expectHello()
            var frame = OutgoingFrame(.hello(Identity.node().hello()))
            frame.headerCRC = 1
            link.send(frame)
            try await link.expectClose(.badHeader)
        },
        joinDialer("FRM-009/dialer-hello", "A dialer answers a HELLO with the sequence 1 with SEQUENCE_GAP.") { _, link in
            _ = try await link.readPreface()
            link.sendPreface()
            _ = try await link.expectHello()
            link.sequence = 1
            link.send(.hello(Identity.node().hello()))
            try await link.expectClose(.sequenceGap)
        },
        joinDialer("FRM-010/dialer-hello", also: ["LIM-001"], "A dialer answers a HELLO of 1025 bytes with FRAME_TOO_LARGE.") {
            _, link in
            _ = try await link.readPreface()
            link.sendPreface()
            _ = try await link.expectHello()
            var frame = OutgoingFrame(.hello)
            frame.bodyLength = 1025
            link.send(frame)
            try await link.expectClose(.frameTooLarge)
        },
        joinDialer("FRM-011/dialer-auth", "A dialer answers an AUTH with a wrong body CRC with BAD_BODY.") { _, link in
            try await link.greet(.node())
            try await link.expectProof()
            var frame = OutgoingFrame(.auth(link.auth()))
            frame.bodyCRC = 1
            link.send(frame)
            try await link.expectClose(.badBody)
        },
        joinDialer("ENC-007/dialer-auth", also: ["ERR-001"], "A dialer answers an AUTH that is a byte short with MALFORMED.") {
            _, link in
            try await link.greet(.node())
            try await link.expectProof()
            link.send(OutgoingFrame(.auth, body: Array(Samples.of(.auth).bytes.dropLast())))
            try await link.expectClose(.malformed)
        },
        joinDialer(
            "ENC-007/dialer-join-accept", also: ["ERR-001"],
            "A joiner answers a JOIN_ACCEPT that goes on after its end with MALFORMED."
        ) {
            _, link in
            try await link.accept(.node())
            try await link.fence()
            link.send(OutgoingFrame(.joinAccept, body: Samples.of(.joinAccept).bytes + [0]))
            try await link.expectClose(.malformed)
        },
    ]
}
