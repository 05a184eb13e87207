import ClusterModel
import LinkTransport
import WireFormat

extension Conversation {
    /// Both prefaces.
    func exchangePrefaces(_ own: Preface = Preface()) async throws {
        sendPreface(own)
        _ = try await readPreface()
    }

    func sendPreface(_ own: Preface = Preface()) {
        let raw = own.encode()
        if isDialer { proofs.dialerPreface = raw } else { proofs.acceptorPreface = raw }
        connection.send(raw)
    }

    /// Sends a HELLO and keeps it for the proofs.
    func send(_ hello: Hello) {
        let frame = OutgoingFrame(.hello(hello))
        let raw = encode(frame)
        ownHello = hello
        if isDialer {
            (proofs.dialerHello, proofs.dialerNonce) = (raw, hello.nonce)
        } else {
            (proofs.acceptorHello, proofs.acceptorNonce) = (raw, hello.nonce)
        }
        connection.send(raw)
    }

    func expectHello() async throws -> Hello {
        try await expect("HELLO") { message, _ in if case .hello(let hello) = message { hello } else { nil } }
    }

    /// The AUTH that proves the secret, made by its first key.
    func auth() -> Auth {
        let key = keys.keys[0]
        return Auth(key: key.id, mac: proofs.mac(key: key.bytes, fromDialer: isDialer))
    }

    func send(_ auth: Auth) {
        let raw = encode(OutgoingFrame(.auth(auth)))
        if isDialer { proofs.dialerAuth = raw }
        connection.send(raw)
    }

    /// The node's AUTH, held to the secret (LNK-033, LNK-034).
    func expectProof() async throws {
        let auth = try await expect("AUTH") { message, _ in if case .auth(let auth) = message { auth } else { nil } }
        guard let key = keys.keys.first(where: { $0.id == auth.key }) else {
            throw CaseFailure("a proof with a key of the secret", got: "key \(auth.key)")
        }
        guard auth.mac == proofs.mac(key: key.bytes, fromDialer: !isDialer) else {
            throw CaseFailure("the proof that the spec gives", got: "another mac")
        }
        liftLimits()
    }

    /// The whole handshake as dialer: the node has proved itself when it returns.
    func introduce(_ hello: Hello) async throws {
        try await exchangePrefaces()
        send(hello)
        _ = try await expectHello()
        send(auth())
        try await expectProof()
    }

    /// The whole handshake as acceptor.
    func welcome(_ make: (Hello) -> Hello) async throws -> Hello {
        _ = try await readPreface()
        sendPreface()
        let hello = try await expectHello()
        send(make(hello))
        try await expectProof()
        send(auth())
        return hello
    }
}
