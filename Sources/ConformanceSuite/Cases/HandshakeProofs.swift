import ClusterModel
import LinkTransport
import WireFormat

// AUTH, and the time that a handshake may take (LNK-009, LNK-030 to LNK-037). The node accepts.
extension Catalogue {
    static let handshakeProofs: [Case] = proofs + handshakeTimes

    // MARK: Proofs

    private static let proofs: [Case] = [
        Case(
            "LNK-034/acceptor", also: ["LNK-030", "LNK-031", "LNK-032"],
            "The acceptor proves the secret with its first key, by the acceptor's key over T2."
        ) { trial in
            let link = try await trial.link()
            guard let auth = link.heard.compactMap({ if case .auth(let auth) = $0.message { auth } else { nil } }).first,
                auth.key == link.keys.keys[0].id
            else { throw CaseFailure("a proof with key \(link.keys.keys[0].id)", got: "another") }
        },
        wrongProof("random", "A mac of other bytes") { _ in Array(repeating: 3, count: 32) },
        wrongProof("first-bit", "A mac whose first bit is changed") { [$0.mac[0] ^ 0x80] + $0.mac.dropFirst() },
        wrongProof("last-bit", "A mac whose last bit is changed") { $0.mac.dropLast() + [$0.mac[31] ^ 1] },
        wrongProof("zero", "A mac of zeros") { _ in Array(repeating: 0, count: 32) },
        Case("LNK-035/key-id", "A proof with a key id that is not in the secret is answered with AUTHENTICATION_FAILED.") {
            trial in
            try await proof(trial, .authenticationFailed) { link in
                var auth = link.auth()
                while link.keys.keys.contains(where: { $0.id == auth.key }) { auth.key += 1 }
                return auth
            }
        },
        Case("LNK-035/other-secret", also: ["LNK-006"], "A proof made with another key is answered with AUTHENTICATION_FAILED.") {
            trial in
            try await proof(trial, .authenticationFailed) { link in
                Auth(key: link.keys.keys[0].id, mac: link.proofs.mac(key: Array(repeating: 9, count: 32), fromDialer: true))
            }
        },
        Case(
            "LNK-032/acceptors-key", also: ["LNK-035"],
            "A dialer's proof made with the acceptor's key is answered with AUTHENTICATION_FAILED."
        ) {
            trial in
            try await proof(trial, .authenticationFailed) { link in
                Auth(key: link.keys.keys[0].id, mac: link.proofs.mac(key: link.keys.keys[0].bytes, fromDialer: false))
            }
        },
        Case(
            "LNK-033/changed-preface", also: ["LNK-035"],
            "A proof over another preface than was sent is answered with AUTHENTICATION_FAILED."
        ) {
            trial in
            try await proof(trial, .authenticationFailed) { link in
                link.proofs.dialerPreface = Preface(minimumVersion: 1, maximumVersion: 2).encode()
                return link.auth()
            }
        },
        Case(
            "LNK-033/changed-hello", also: ["LNK-035"],
            "A proof over another HELLO than was sent is answered with AUTHENTICATION_FAILED."
        ) {
            trial in
            try await proof(trial, .authenticationFailed) { link in
                link.proofs.dialerHello[40] ^= 1
                return link.auth()
            }
        },
        Case("LNK-035/replayed", also: ["LNK-016"], "A proof of an earlier link is answered with AUTHENTICATION_FAILED.") {
            trial in
            let first = try await trial.conversation()
            let hello = Identity.client().hello()
            try await first.exchangePrefaces()
            first.send(hello)
            _ = try await first.expectHello()
            let auth = first.auth()
            first.send(auth)
            try await first.expectProof()
            let second = try await trial.conversation()
            try await second.exchangePrefaces()
            second.send(hello)
            _ = try await second.expectHello()
            second.send(auth)
            try (try await second.expectClose(.authenticationFailed)).blames(.auth, 1)
        },
        Case("LNK-037/proof-first", "A wrong proof is told and not what is wrong with the HELLO besides.") { trial in
            let link = try await trial.conversation()
            try await link.exchangePrefaces()
            var identity = Identity.node()
            identity.role = .replica
            var hello = identity.hello()
            hello.clock = 0
            link.send(hello)
            _ = try await link.expectHello()
            link.send(Auth(key: link.keys.keys[0].id, mac: Array(repeating: 1, count: 32)))
            try await link.expectClose(.authenticationFailed)
        },
    ]

    private static func wrongProof(_ word: String, _ what: String, _ make: @escaping @Sendable (Auth) -> [UInt8]) -> Case {
        Case("LNK-035/\(word)", also: ["LNK-006"], "\(what) is answered with AUTHENTICATION_FAILED and no AUTH.") { trial in
            try await proof(trial, .authenticationFailed) { link in
                let right = link.auth()
                return Auth(key: right.key, mac: make(right))
            }
        }
    }

    private static func proof(_ trial: Trial, _ code: ErrorCode, _ make: (Conversation) -> Auth) async throws {
        let link = try await trial.conversation()
        try await link.exchangePrefaces()
        link.send(Identity.client().hello())
        _ = try await link.expectHello()
        link.send(make(link))
        let close = try await link.expectClose(code)
        guard !link.heard.contains(where: { $0.message.type == .auth }) else {
            throw CaseFailure("no AUTH", got: "AUTH before CLOSE")
        }
        try close.blames(.auth, 1)
    }

    // MARK: Time

    private static let handshakeTimes: [Case] = [
        Case("LNK-009/no-preface", also: ["LIM-007"], "A connection on which nothing comes is ended silently after five seconds.")
        { trial in
            let connection = try await trial.connect()
            let start = ContinuousClock.now
            switch await connection.next(within: .seconds(7)) {
            case .ended?: try trial.isFiveSeconds(since: start)
            case .bytes?: throw CaseFailure("the end without a byte", got: "bytes")
            case nil: throw CaseFailure("the end of the connection", got: "a connection that stays open")
            }
        },
        Case("LNK-009/no-hello", also: ["LIM-007"], "A link without HELLO is closed with HANDSHAKE_TIMEOUT after five seconds.") {
            trial in
            let link = try await trial.conversation()
            let start = ContinuousClock.now
            try await link.exchangePrefaces()
            try await link.expectClose(.handshakeTimeout, within: .seconds(7))
            try trial.isFiveSeconds(since: start)
        },
        Case("LNK-009/no-auth", also: ["LIM-007"], "A link without AUTH is closed with HANDSHAKE_TIMEOUT after five seconds.") {
            trial in
            let link = try await trial.conversation()
            let start = ContinuousClock.now
            try await link.exchangePrefaces()
            link.send(Identity.client().hello())
            _ = try await link.expectHello()
            // What comes meanwhile does not make the time longer.
            for _ in 0..<6 {
                try await Clock.letPass(.milliseconds(500))
                link.send(OutgoingFrame(type: Grease.value(1), lane: 0, body: [1]))
            }
            try await link.expectClose(.handshakeTimeout, within: .seconds(4))
            try trial.isFiveSeconds(since: start)
        },
        Case("LNK-061/late-auth", also: ["LIM-007"], "A handshake that takes four seconds is in time.") { trial in
            let link = try await trial.conversation()
            try await link.exchangePrefaces()
            try await Clock.letPass(.seconds(2))
            link.send(Identity.client().hello())
            _ = try await link.expectHello()
            try await Clock.letPass(.milliseconds(1900))
            link.send(link.auth())
            try await link.expectProof()
            // The timer is over for good.
            try await Clock.letPass(.milliseconds(1500))
            try await link.fence()
        },
    ]
}

extension Trial {
    func isFiveSeconds(since start: ContinuousClock.Instant) throws {
        let time = ContinuousClock.now - start
        guard time > .milliseconds(4900), time < .seconds(6) * timing.scale else {
            throw CaseFailure("the end after 5 s", got: "the end after \(time.text)")
        }
    }
}
