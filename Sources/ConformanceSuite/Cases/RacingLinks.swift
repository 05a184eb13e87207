import ClusterModel
import LinkTransport
import WireFormat

// Two links between two nodes (LNK-050 to LNK-060): the suite is the other node, with a lower or a higher id.
extension Catalogue {
    static let racingLinks: [Case] = [
        Case(
            "LNK-052/second-kept", also: ["LNK-041"],
            "The second link that the same end dialed is kept, the first closed with DUPLICATE_LINK.",
            profile: .tables, isolation: .membership
        ) { trial in
            let first = try await trial.member()
            let second = try await trial.again(first)
            try await closedAsDuplicate(first.link)
            try await second.link.fence()
        },
        Case(
            "LNK-053/higher-incarnation", also: ["LNK-041"],
            "A link of a higher incarnation is kept, and the one of the lower closed with DUPLICATE_LINK.",
            profile: .tables, isolation: .membership
        ) { trial in
            let first = try await trial.member()
            var identity = first.identity
            identity.incarnation += 1
            let link = try await trial.conversation()
            try await link.introduce(identity.hello())
            try await closedAsDuplicate(first.link)
            try await link.fence()
        },
        Case(
            "LNK-053/higher-although-lower-id",
            "A link of a higher incarnation is kept even when the lower id dialed it and the higher id the first.",
            profile: .tables, role: .dialer, isolation: .membership
        ) { trial in
            let (member, dialed) = try await dialedLink(trial, lower: true)
            try await dialed.accept(member.identity)
            try await dialed.takeAsMember(member)
            var identity = member.identity
            identity.incarnation += 1
            let link = try await trial.conversation()
            try await link.introduce(identity.hello())
            try await closedAsDuplicate(dialed)
            try await link.fence()
        },
        race("own-first-peer-higher", lower: false, "The node's own link gives way to the one that a higher id dials.") {
            trial, member, dialed in
            try await dialed.accept(member.identity)
            try await dialed.takeAsMember(member)
            let link = try await trial.conversation()
            try await link.introduce(member.identity.hello())
            try await closedAsDuplicate(dialed)
            try await link.fence()
        },
        race("own-first-peer-lower", lower: true, "The link that a lower id dials is closed when the node's own stands.") {
            trial, member, dialed in
            try await dialed.accept(member.identity)
            try await dialed.takeAsMember(member)
            let link = try await trial.conversation()
            try await link.introduce(member.identity.hello())
            try await link.expectClose(.duplicateLink)
            try await dialed.fence()
        },
        race(
            "own-last-peer-higher", lower: false, "The node closes its own dialing when the link that a higher id dialed stands."
        ) {
            trial, member, dialed in
            try await beginGreeting(dialed)
            let link = try await trial.again(member).link
            try await loses(dialed, member)
            try await link.fence()
        },
        race(
            "own-last-peer-lower", lower: true,
            "Of its own link and one that a lower id dialed the node keeps one, and both ends know which."
        ) {
            trial, member, dialed in
            try await beginGreeting(dialed)
            let link = try await trial.again(member).link
            dialed.send(member.identity.hello())
            // A node may give up what it does not need any more before it is through.
            if let heard = try await dialed.next(within: .milliseconds(500)), case .message(.close(let close), _) = heard {
                guard close.code == ErrorCode.duplicateLink.rawValue else {
                    throw CaseFailure("DUPLICATE_LINK", got: close.report)
                }
                return try await link.fence()
            }
            dialed.send(dialed.auth())
            try await dialed.takeAsMember(member)
            try await closedAsDuplicate(link)
        },
    ]

    private static func race(
        _ word: String, lower: Bool, _ summary: String,
        run: @escaping @Sendable (Trial, Member, Conversation) async throws -> Void
    ) -> Case {
        Case("LNK-060/\(word)", summary, profile: .tables, role: .dialer, isolation: .membership) { trial in
            let (member, dialed) = try await dialedLink(trial, lower: lower)
            try await run(trial, member, dialed)
        }
    }

    /// A member whose id is below or above the node's, and a connection that the node has opened to it.
    private static func dialedLink(_ trial: Trial, lower: Bool) async throws -> (Member, Conversation) {
        let listener = try await trial.listen()
        var identity = Identity.node(address: listener.address)
        let own = trial.target.node.value
        guard own > 1, own < .max else { throw CaseFailure("a node id drawn at random", got: "\(own)") }
        identity.node = NodeID(lower ? .random(in: 1..<own) : .random(in: (own + 1) ... .max))
        let member = try await trial.member(identity)
        await member.link.connection.reset()
        return (member, try await trial.accepted(by: listener))
    }

    /// The node waits for the acceptor's HELLO.
    private static func beginGreeting(_ link: Conversation) async throws {
        _ = try await link.readPreface()
        link.sendPreface()
        _ = try await link.expectHello()
    }

    /// At once, or when its handshake is through.
    private static func loses(_ link: Conversation, _ member: Member) async throws {
        if let heard = try await link.next(within: .milliseconds(200)) {
            guard case .message(.close(let close), _) = heard, close.code == ErrorCode.duplicateLink.rawValue else {
                throw CaseFailure("CLOSE(DUPLICATE_LINK)", got: "\(heard)")
            }
            return try await link.expectEnd()
        }
        link.send(member.identity.hello())
        try await link.expectProof()
        link.send(link.auth())
        link.send(.members(Members([member.record])))
        try await link.expectClose(.duplicateLink)
    }

    /// Messages of members may come before.
    private static func closedAsDuplicate(_ link: Conversation) async throws {
        let close = try await link.expectClose(.duplicateLink)
        guard close.offendingType == 0, close.offendingSequence == 0, close.detail == 0 else {
            throw CaseFailure("a CLOSE that blames no frame", got: "type \(close.offendingType)")
        }
    }
}
