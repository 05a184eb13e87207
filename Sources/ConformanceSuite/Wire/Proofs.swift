import ClusterModel
import Crypto
import LinkTransport

/// The proofs of a handshake, computed here and not by the code of the reference node (LNK-030 to LNK-034).
struct Proofs {
    var dialerPreface: [UInt8] = []
    var acceptorPreface: [UInt8] = []
    /// Header and body.
    var dialerHello: [UInt8] = []
    var acceptorHello: [UInt8] = []
    var dialerAuth: [UInt8] = []
    var dialerNonce: [UInt8] = []
    var acceptorNonce: [UInt8] = []

    /// The mac that the dialer or the acceptor has to send.
    func mac(key: [UInt8], fromDialer: Bool) -> [UInt8] {
        let nonces = SymmetricKey(data: dialerNonce + acceptorNonce)
        let extracted = HMAC<SHA256>.authenticationCode(for: key, using: nonces)
        let label = Array("tablewire 1 \(fromDialer ? "dialer" : "acceptor")".utf8)
        // HKDF-Expand of 32 bytes is one block.
        let derived = HMAC<SHA256>.authenticationCode(for: label + [1], using: SymmetricKey(data: Array(extracted)))
        var transcript = dialerPreface + acceptorPreface + dialerHello + acceptorHello
        if !fromDialer { transcript += dialerAuth }
        let digest = Array(SHA256.hash(data: transcript))
        return Array(HMAC<SHA256>.authenticationCode(for: digest, using: SymmetricKey(data: Array(derived))))
    }
}
