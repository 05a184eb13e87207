import ClusterModel
import LinkTransport
import WireFormat

// The node as dialer: preface, HELLO, AUTH, the acceptor's proof and identity (LNK-001 to LNK-039).
extension Catalogue {
    static let dialing: [Case] = dialedPrefaces + dialedHellos + dialedProofs + dialedIdentities + dialedMembers + dialedTimes

    // MARK: Prefaces

    private static let dialedPrefaces: [Case] =
        [
            joinDialer("LNK-001/at-once", also: ["FRM-001"], "The dialer sends its preface without waiting for the acceptor's.") {
                _, link in
                _ = try await link.readPreface()
            },
            joinDialer("LNK-003/waits", "The dialer sends nothing behind its preface before it has the acceptor's.") { _, link in
                _ = try await link.readPreface()
                if let heard = try await link.next(within: .milliseconds(300)) {
                    throw CaseFailure("silence before the acceptor's preface", got: "\(heard)")
                }
                link.sendPreface()
                let hello = try await link.expectHello()
                guard let frame = link.rawFrames().first, frame.header.sequence == 0, hello.role == .core else {
                    throw CaseFailure("HELLO with the sequence 0", got: "another frame first")
                }
            },
            joinDialer(
                "LNK-007/dialer-wide-range", also: ["LNK-003"],
                "With an acceptor that speaks 1 to 65535 the dialer goes on in version 1."
            ) {
                _, link in
                _ = try await link.readPreface()
                link.sendPreface(Preface(minimumVersion: 1, maximumVersion: 65_535))
                _ = try await link.expectHello()
                link.send(joinHello(.node()))
                try await link.expectProof()
            },
            joinDialer(
                "LNK-008/dialer", also: ["LNK-040"],
                "A dialer that has no version in common with the acceptor closes with VERSION_UNSUPPORTED."
            ) {
                _, link in
                let preface = try await link.readPreface()
                link.sendPreface(Preface(minimumVersion: preface.maximumVersion + 1, maximumVersion: 65_535))
                try await link.expectClose(.versionUnsupported)
                guard link.heard.count == 1 else { throw CaseFailure("CLOSE alone", got: "\(link.heard.count) messages") }
            },
        ]
        + [
            ("http", Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)),
            ("magic", [0xD4, 0x54, 0x57, 0x52, 0x0D, 0x0A, 0x00, 0x0D, 0, 1, 0, 1, 0, 0, 0, 0]),
            ("zero-field", [0xD4, 0x54, 0x57, 0x52, 0x0D, 0x0A, 0x00, 0x0A, 0, 1, 0, 1, 0, 0, 0, 1]),
            ("minimum-zero", Preface(minimumVersion: 0, maximumVersion: 1).encode()),
            ("maximum-below", Preface(minimumVersion: 2, maximumVersion: 1).encode()),
        ].map { (word: String, bytes: [UInt8]) in
            joinDialer(
                "FRM-004/\(word)", "A dialer that is answered with no valid preface ends the connection without a further byte."
            ) { _, link in
                _ = try await link.readPreface()
                link.connection.send(bytes)
                switch try await link.next(within: .seconds(4)) {
                case .ended?: break
                case .message(let message, _)?: throw CaseFailure("the end without a byte", got: message.report)
                default: throw CaseFailure("the end of the connection", got: link.endText)
                }
            }
        }

    private static func joinHello(_ identity: Identity, _ change: (inout Hello) -> Void = { _ in }) -> Hello {
        var hello = identity.hello()
        hello.intent = .join
        change(&hello)
        return hello
    }

    // MARK: HELLO

    private static let dialedHellos: [Case] = [
        joinDialer(
            "LNK-021/join",
            also: ["LNK-010", "LNK-011", "LNK-020", "LNK-013", "LNK-016", "EXT-011", "LIM-002", "FRM-019", "LIM-001"],
            "A dialer that wants to join says so, with role core, its own ids, address, codecs and a GREASE value."
        ) { trial, link in
            let hello = try await link.greet(.node())
            let cluster = try await trial.cluster()
            guard hello.role == .core, hello.intent == .join else {
                throw CaseFailure("role core, intent join", got: "\(hello.role), \(hello.intent)")
            }
            guard hello.node == trial.target.node, hello.incarnation == trial.target.incarnation, hello.cluster == cluster else {
                throw CaseFailure("the node's own ids", got: "\(hello.node) of \(hello.cluster)")
            }
            guard hello.address != nil, hello.codecs.contains(1), hello.codecs.contains(2) else {
                throw CaseFailure("an address and the codecs none and zlib", got: "\(hello.codecs)")
            }
            guard (hello.features + hello.codecs + hello.extensions.map(\.type)).contains(where: Grease.isGrease) else {
                throw CaseFailure("a GREASE value", got: "none")
            }
        },
        joinDialer(
            "LNK-005/auth", also: ["LNK-033", "LNK-030", "LNK-031", "LNK-032"],
            "The dialer answers HELLO with the proof that the table gives over T1."
        ) {
            _, link in
            try await link.greet(.node())
            try await link.expectProof()
        },
        joinDialer("LNK-012/dialer", also: ["ERR-001"], "An acceptor's HELLO with a maximumFrameBody of 65535 is malformed.") {
            _, link in
            _ = try await link.readPreface()
            link.sendPreface()
            _ = try await link.expectHello()
            link.send(joinHello(.node()) { $0.maximumFrameBody = 65_535 })
            try (try await link.expectClose(.malformed)).blames(.hello, 0)
        },
        joinDialer("EXT-004/dialer", "An acceptor's HELLO with an unknown even feature is answered with UNKNOWN_CRITICAL.") {
            _, link in
            try await link.greet(.node()) { $0.features = [0x7FF0] }
            try await link.expectClose(.unknownCritical)
        },
        joinDialer("EXT-005/dialer", "An acceptor's HELLO with an unknown even extension is answered with UNKNOWN_CRITICAL.") {
            _, link in
            try await link.greet(.node()) { $0.extensions = [Extension(type: 0x7FF0, value: [])] }
            try await link.expectClose(.unknownCritical)
        },
        joinDialer(
            "EXT-006/dialer", also: ["EXT-004", "EXT-005"], "What is unknown and odd in an acceptor's HELLO is passed over."
        ) { _, link in
            try await link.accept(.node()) {
                $0.features = [0x7FF1, 0xFA01]
                $0.codecs = [1, 2, 0x7FF0, 0x7FF1]
                $0.extensions = [Extension(type: 0x7FF1, value: [1, 2])]
            }
            try await link.fence()
        },
    ]

    // MARK: Proofs

    private static let dialedProofs: [Case] = [
        wrongProof("random", "of other bytes") { link in Auth(key: link.keys.keys[0].id, mac: Array(repeating: 3, count: 32)) },
        wrongProof("reflected", "that is the dialer's own sent back") { link in
            Auth(key: link.keys.keys[0].id, mac: link.proofs.mac(key: link.keys.keys[0].bytes, fromDialer: true))
        },
        wrongProof("key-id", "with an unknown key id") { link in
            var auth = link.auth()
            while link.keys.keys.contains(where: { $0.id == auth.key }) { auth.key += 1 }
            return auth
        },
        wrongProof("other-secret", "made with another key") { link in
            Auth(key: link.keys.keys[0].id, mac: link.proofs.mac(key: Array(repeating: 9, count: 32), fromDialer: false))
        },
        wrongProof("t1", "over T1 instead of T2") { link in
            let auth = link.proofs.dialerAuth
            link.proofs.dialerAuth = []
            defer { link.proofs.dialerAuth = auth }
            return link.auth()
        },
        joinDialer(
            "LNK-037/dialer-proof-first", "A dialer tells a wrong proof and not what is wrong with the acceptor's HELLO besides."
        ) {
            _, link in
            try await link.greet(.node()) { ($0.role, $0.clock) = (.replica, 0) }
            try await link.expectProof()
            link.send(Auth(key: link.keys.keys[0].id, mac: Array(repeating: 1, count: 32)))
            try await link.expectClose(.authenticationFailed)
        },
        joinDialer("LNK-061/dialer-waits", "A dialer sends nothing behind its AUTH before the acceptor has proved itself.") {
            _, link in
            try await link.greet(.node())
            try await link.expectProof()
            if let heard = try await link.next(within: .milliseconds(300)) {
                throw CaseFailure("silence before the acceptor's AUTH", got: "\(heard)")
            }
            link.send(link.auth())
            try await link.fence()
        },
    ]

    private static func wrongProof(_ word: String, _ what: String, _ make: @escaping @Sendable (Conversation) -> Auth) -> Case {
        joinDialer(
            "LNK-035/dialer-\(word)", also: ["LNK-034"], "An acceptor's proof \(what) is answered with AUTHENTICATION_FAILED."
        ) { _, link in
            try await link.greet(.node())
            try await link.expectProof()
            link.send(make(link))
            try (try await link.expectClose(.authenticationFailed)).blames(.auth, 1)
        }
    }

    // MARK: Identity

    private static let dialedIdentities: [Case] = [
        identity("replica", "role replica", .roleNotAllowed, also: ["LNK-024"]) { hello, _ in hello.role = .replica },
        identity("self", "id of the dialer", .selfLink) { hello, trial in hello.node = trial.target.node },
        identity("clock-behind", "clock 61 seconds behind", .clockSkew, also: ["LIM-015"]) { hello, _ in hello.clock -= 61_000 },
        identity("clock-ahead", "clock 61 seconds ahead", .clockSkew, also: ["LIM-015"]) { hello, _ in hello.clock += 61_000 },
        identity("replica-before-self", "role replica and the id of the dialer", .roleNotAllowed) { hello, trial in
            (hello.role, hello.node) = (.replica, trial.target.node)
        },
        identity("self-before-clock", "id of the dialer and a wrong clock", .selfLink) { hello, trial in
            (hello.node, hello.clock) = (trial.target.node, 0)
        },
        joinDialer(
            "LNK-039/dialer-other-cluster", also: ["LNK-061"],
            "A dialer with the intent join takes an acceptor of another cluster."
        ) { _, link in
            try await link.accept(.node())
            try await link.fence()
        },
    ]

    private static func identity(
        _ word: String, _ what: String, _ code: ErrorCode, also others: [String] = [],
        _ change: @escaping @Sendable (inout Hello, Trial) -> Void
    ) -> Case {
        joinDialer("LNK-039/dialer-\(word)", also: others, "An acceptor with the \(what) is closed with \(code.name).") {
            trial, link in
            try await link.accept(.node()) { change(&$0, trial) }
            let close = try await link.expectClose(code)
            if code == .clockSkew { try close.tellsClock() }
        }
    }

    // MARK: Members

    private static let dialedMembers: [Case] = [
        memberDialer("LNK-021/member", also: ["LNK-020"], "A dialer that wants a link between members gives the intent member.") {
            trial, member, link in
            let hello = try await link.accept(member.identity)
            guard hello.role == .core, hello.intent == .member, hello.cluster == member.identity.cluster,
                hello.node == trial.target.node
            else { throw CaseFailure("role core, intent member, the cluster's id", got: "\(hello.role), \(hello.intent)") }
            try await link.takeAsMember(member)
        },
        memberDialer(
            "LNK-039/dialer-other-node", "A dialer whose acceptor is another node than the one dialed closes with NOT_MEMBER."
        ) {
            trial, member, link in
            // A member, but not the one that the record has at this address.
            let other = try await trial.member()
            try await link.accept(other.identity)
            try await link.expectClose(.notMember)
        },
        memberDialer(
            "LNK-039/dialer-cluster", "A dialer between members closes with WRONG_CLUSTER on an acceptor of another cluster."
        ) {
            _, member, link in
            try await link.accept(member.identity) { $0.cluster = ClusterID(5) }
            try await link.expectClose(.wrongCluster)
        },
        memberDialer(
            "LNK-039/dialer-stale", also: ["LNK-044"],
            "A dialer closes with STALE_INCARNATION on an acceptor of a lower incarnation."
        ) {
            _, member, link in
            try await link.accept(member.identity) { $0.incarnation -= 1 }
            try (try await link.expectClose(.staleIncarnation)).details(
                member.identity.incarnation, "the highest incarnation seen")
        },
        memberDialer("LNK-039/dialer-stranger", "A dialer closes with NOT_MEMBER on an acceptor that no record knows.") {
            _, member, link in
            var stranger = member.identity
            stranger.node = .random()
            try await link.accept(stranger)
            try await link.expectClose(.notMember)
        },
    ]

    // MARK: Time

    private static let dialedTimes: [Case] = [
        Case(
            "LNK-014/dialer", also: ["LIM-007"],
            "A dialer gives an acceptor five seconds for preface, HELLO and proof together, in each state.", profile: .tables,
            role: .dialer, isolation: .membership, run: dialedTimes)
    ]

    /// Three members that listen, and get stuck at three places, at the same time.
    private static func dialedTimes(_ trial: Trial) async throws {
        var stuck: [(link: Conversation, start: ContinuousClock.Instant)] = []
        for place in 0..<3 {
            let listener = try await trial.listen()
            let member = try await trial.member(.node(address: listener.address))
            await member.link.connection.reset()
            let link = try await trial.accepted(by: listener)
            stuck.append((link, .now))
            switch place {
            case 0: _ = try await link.readPreface()
            case 1:
                _ = try await link.readPreface()
                link.sendPreface()
                _ = try await link.expectHello()
            default:
                try await link.greet(member.identity)
                try await link.expectProof()
            }
        }
        for (place, entry) in stuck.enumerated() {
            let left = entry.start + .seconds(7) - .now
            if place == 0 {
                guard case .ended? = try await entry.link.next(within: left) else {
                    throw CaseFailure("the end", got: entry.link.endText)
                }
            } else {
                try await entry.link.expectClose(.handshakeTimeout, within: left)
            }
            guard let end = entry.link.connection.record.events.first(where: { $0.event.isNodesEnd })?.time else {
                throw Inconclusive("the record has no end")
            }
            let time = end - entry.start
            guard time > .milliseconds(4800), time < .seconds(6) * trial.timing.scale else {
                throw CaseFailure("the end after 5 s", got: "the end after \(time.text)")
            }
        }
    }
}

extension WireRecord.Event {
    fileprivate var isNodesEnd: Bool {
        switch self {
        case .finished(let bySuite), .reset(let bySuite): !bySuite
        case .sent, .received: false
        }
    }
}

extension Conversation {
    /// What an acceptor that takes a member link says at once, so that the dialer need not wait (LNK-026).
    func takeAsMember(_ member: Member) async throws {
        send(.members(Members([member.record])))
        try await fence()
    }
}
