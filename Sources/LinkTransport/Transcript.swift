package import ClusterModel
import Crypto
import WireFormat

/// The bytes of a handshake in the order of the spec, and the proofs over them (LNK-030 to LNK-036).
package struct Transcript {
    private(set) var dialerPreface: [UInt8] = []
    private(set) var acceptorPreface: [UInt8] = []
    private var dialerHello: [UInt8] = []
    private var acceptorHello: [UInt8] = []
    private var dialerAuth: [UInt8] = []
    private var dialerNonce: [UInt8] = []
    private var acceptorNonce: [UInt8] = []

    package init() {}

    package mutating func note(_ preface: Preface, fromDialer: Bool) {
        if fromDialer { dialerPreface = preface.encode() } else { acceptorPreface = preface.encode() }
    }

    package mutating func note(_ hello: Hello, header: FrameHeader, fromDialer: Bool) {
        let bytes = header.encode() + MessageCodec.encode(.hello(hello))
        if fromDialer {
            (dialerHello, dialerNonce) = (bytes, hello.nonce)
        } else {
            (acceptorHello, acceptorNonce) = (bytes, hello.nonce)
        }
    }

    package mutating func note(_ auth: Auth, header: FrameHeader, fromDialer: Bool) {
        if fromDialer { dialerAuth = header.encode() + MessageCodec.encode(.auth(auth)) }
    }

    /// The proof that one side sends.
    package func proof(with keys: SecretKeys, fromDialer: Bool) -> Auth {
        let key = keys.keys[0]
        let code = HMAC<SHA256>.authenticationCode(
            for: digest(fromDialer: fromDialer), using: derivedKey(SymmetricKey(data: key.bytes), fromDialer: fromDialer))
        return Auth(key: key.id, mac: Array(code))
    }

    /// Whether the peer knows a key of the cluster. Takes the same time wherever the bytes differ.
    package func accepts(_ auth: Auth, with keys: SecretKeys, fromDialer: Bool) -> Bool {
        guard let key = keys.key(auth.key) else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(
            auth.mac, authenticating: digest(fromDialer: fromDialer), using: derivedKey(key, fromDialer: fromDialer))
    }

    /// The dialer signs both prefaces and both HELLOs; the acceptor signs these and the dialer's AUTH.
    private func digest(fromDialer: Bool) -> [UInt8] {
        var hash = SHA256()
        hash.update(data: dialerPreface)
        hash.update(data: acceptorPreface)
        hash.update(data: dialerHello)
        hash.update(data: acceptorHello)
        if !fromDialer { hash.update(data: dialerAuth) }
        return Array(hash.finalize())
    }

    private func derivedKey(_ secret: SymmetricKey, fromDialer: Bool) -> SymmetricKey {
        let label = "tablewire 1 " + (fromDialer ? "dialer" : "acceptor")
        return HKDF<SHA256>.deriveKey(
            inputKeyMaterial: secret, salt: dialerNonce + acceptorNonce, info: Array(label.utf8), outputByteCount: 32)
    }
}
