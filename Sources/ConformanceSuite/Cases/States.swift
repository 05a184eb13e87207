import ClusterModel
import WireFormat

// Every message in every state in which it is not permitted (LNK-022, and the state tables of chapter 4). The node accepts.
extension Catalogue {
    static let states: [Case] = statesBeforeLink + statesOfClients + statesOfJoiners + statesOfMembers + permitted

    /// The body of DIGESTS is longer than any frame before the proof.
    private static let fitting = MessageType.allCases.filter { $0 != .digests }

    private static func refused(
        _ word: String, _ what: String, _ types: [MessageType], isolation: Isolation = .shared, profile: Profile = .link,
        _ begin: @escaping @Sendable (Trial) async throws -> Conversation
    ) -> [Case] {
        types.map { type in
            Case(
                "LNK-022/\(word)-\(type.slug)", also: ["LNK-046"], "\(type.name) \(what) is answered with UNEXPECTED_MESSAGE.",
                profile: profile, isolation: isolation
            ) { trial in
                let link = try await begin(trial)
                let sequence = link.sequence
                link.send(Samples.of(type))
                let close = try await link.expectClose(.unexpectedMessage)
                try close.blames(type, sequence)
            }
        }
    }

    // MARK: Before the link

    private static let statesBeforeLink: [Case] =
        refused("before-hello", "before HELLO", fitting.filter { $0 != .hello && $0 != .close }) { trial in
            let link = try await trial.conversation()
            try await link.exchangePrefaces()
            return link
        }
        + refused("before-auth", "before AUTH", fitting.filter { $0 != .auth && $0 != .close }) { trial in
            let link = try await trial.conversation()
            try await link.exchangePrefaces()
            link.send(Identity.client().hello())
            _ = try await link.expectHello()
            return link
        }

    // MARK: Client links

    private static let clientsMay: Set<MessageType> = [.close, .ping, .pong, .credit, .call, .cancel]
    private static let statesOfClients: [Case] = refused(
        "client", "from a client", MessageType.allCases.filter { !clientsMay.contains($0) }
    ) { try await $0.link() }

    // MARK: Join links

    private static let joinersMay: Set<MessageType> = [.close, .ping, .pong, .credit, .joinRequest, .snapRequest, .snapCancel]
    private static let statesOfJoiners: [Case] = refused(
        "joiner", "from a joiner", MessageType.allCases.filter { !joinersMay.contains($0) }, profile: .tables
    ) { try await $0.joinLink(.node()) }

    // MARK: Member links

    private static let statesOfMembers: [Case] = refused(
        "member", "from a member", [.hello, .auth, .joinRequest, .joinAccept, .joinReject], isolation: .membership,
        profile: .tables
    ) { try await $0.member().link }

    // MARK: What is permitted

    private static let permitted: [Case] = [
        Case("LNK-022/client-may", "PING, CREDIT, CALL and CANCEL of a client are taken.", profile: .client) { trial in
            let link = try await trial.link()
            link.send(.credit(Credit(lane: .replication, limit: UInt64.max)))
            link.send(.cancel, stream: 9)
            guard case .nodeInfo = try await link.succeed(.nodeInfo) else { throw CaseFailure("nodeInfo", got: "another reply") }
            try await link.fence()
        },
        // A node that is joining itself refuses joiners.
        Case(
            "LNK-022/joiner-may", "PING, CREDIT, JOIN_REQUEST, SNAP_REQUEST and SNAP_CANCEL of a joiner are taken.",
            profile: .tables, isolation: .membership
        ) { trial in
            let link = try await trial.joinLink(.node())
            link.send(.credit(Credit(lane: .bulk, limit: UInt64.max)))
            link.send(.snapCancel(SnapCancel(.cancelled, text: "")), stream: 9)
            link.send(.snapRequest(SnapRequest(table: Names.table("no-such-table"), have: VersionVector())), stream: 11)
            _ = try await link.expect("SNAP_CANCEL") { message, header -> Bool? in
                if case .snapCancel = message, header.stream == 11 { true } else { nil }
            }
            link.send(.joinRequest(JoinRequest(mode: .refuse, isDryRun: true, tables: [])))
            _ = try await link.expect("JOIN_ACCEPT") { message, _ -> Bool? in
                if case .joinAccept = message { true } else { nil }
            }
            try await link.fence()
        },
        Case(
            "LNK-022/member-may", "Messages between members are taken on a member link.", profile: .tables,
            isolation: .membership
        ) { trial in
            let link = try await trial.member().link
            // Their table does not exist, so that nobody has to act on them.
            for type in [MessageType.digestRequest, .digests, .ack, .snapCancel, .cancel] { link.send(Samples.of(type)) }
            link.send(.probeReply(ProbeReply(number: 5, target: NodeID(7), isReachable: true)))
            try await link.fence()
            guard case .nodeInfo = try await link.succeed(.nodeInfo) else { throw CaseFailure("nodeInfo", got: "another reply") }
        },
    ]
}

extension Close {
    /// That type and sequence of the frame stand in CLOSE (LNK-046).
    func blames(_ type: MessageType, _ sequence: UInt64) throws {
        guard offendingType == type.rawValue, offendingSequence == sequence else {
            throw CaseFailure(
                "CLOSE that names \(type.name) with the sequence \(sequence)",
                got: "type \(offendingType), sequence \(offendingSequence)")
        }
    }
}
