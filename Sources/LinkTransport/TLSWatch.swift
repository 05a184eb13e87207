import NIOCore
import NIOSSL
import NIOTLS

/// Stands between TLS and the link: puts what TLS finds wrong into words, and keeps a half-close from waiting for a handshake.
final class TLSWatch: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What was dialled; nil for who accepts.
    private let host: String?
    private var isUp = false

    init(host: String?) { self.host = host }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent { isUp = true }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        // The peer ended TCP and not TLS, as a killed process does: the end of the connection, which is told next.
        case NIOSSLError.uncleanShutdown: break
        case is IOError where isUp: context.fireErrorCaught(error)
        default:
            let handler = try? context.pipeline.syncOperations.handler(type: NIOSSLHandler.self)
            context.fireErrorCaught(TLSFailure(error, host: host, certificate: handler?.peerCertificate))
        }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        // Before there is TLS nothing can be said to the peer, so there is nothing that it has to read.
        context.close(mode: mode == .output && !isUp ? .all : mode, promise: promise)
    }
}

/// Why there is no TLS with a peer ("it"), in one line.
struct TLSFailure: Error, Hashable {
    var text: String

    /// - Parameters:
    ///   - host: what was dialled.
    ///   - certificate: what the peer has shown so far.
    init(_ error: any Error, host: String?, certificate: NIOSSLCertificate?) {
        if let error = error as? NIOSSLExtraError, error == .failedToValidateHostname {
            text =
                "its certificate is not for \(host ?? "this host"); it has to name what was dialled as a subject alternative name"
            return
        }
        if error is IOError {
            text = "the connection broke in the TLS handshake; does it speak TLS?"
            return
        }
        let words = Self.words(of: error)
        if words == "CERTIFICATE_VERIFY_FAILED" {
            text = Self.judgement(of: certificate)
        } else {
            text = Self.meanings[words] ?? "TLS failed (\(words))"
        }
    }

    /// BoringSSL says that the check failed, and not why: the times can be seen here.
    private static func judgement(of certificate: NIOSSLCertificate?) -> String {
        if let certificate, certificate.notValidAfter < TLSFile.now {
            return "its certificate has expired on \(TLSFile.day(certificate.notValidAfter)); it needs a new one"
        }
        if let certificate, certificate.notValidBefore > TLSFile.now {
            return "its certificate is valid from \(TLSFile.day(certificate.notValidBefore)) on; check the clocks"
        }
        return "its certificate is not signed by one of our authorities, or not made for both ends of TLS; "
            + "check --tls-authorities here and --tls-certificate there"
    }

    /// The last word of what TLS says, such as `TLSV1_ALERT_UNKNOWN_CA`, without places in its source.
    static func words(of error: any Error) -> String {
        switch error {
        case NIOSSLError.handshakeFailed(let reason), NIOSSLError.shutdownFailed(let reason): words(of: reason)
        case BoringSSLError.sslError(let stack), BoringSSLError.unknownError(let stack):
            stack.first.map(words) ?? "no reason was given"
        default: "\(error)"
        }
    }

    private static func words(of reason: BoringSSLInternalError) -> String {
        if reason == .eofDuringHandshake { return "EOF" }
        let text = "\(reason)"
        let place = text.firstRange(of: " at /")?.lowerBound ?? text.endIndex
        return text[..<place].split(separator: ":").last.map { $0.drop { $0 == " " } }.map(String.init) ?? text
    }

    private static let noTLS = "it does not speak TLS; is it configured there?"
    private static let refused = "it refuses our certificate"
    private static let meanings = [
        "EOF": "it ended the connection in the TLS handshake; is TLS configured there, and does its log say more?",
        "WRONG_VERSION_NUMBER": noTLS,
        "HTTP_REQUEST": noTLS,
        "HTTPS_PROXY_REQUEST": noTLS,
        "UNSUPPORTED_PROTOCOL": "it does not offer TLS 1.3",
        "TLSV1_ALERT_PROTOCOL_VERSION": "it does not offer TLS 1.3",
        "PEER_DID_NOT_RETURN_A_CERTIFICATE": "it shows no certificate; it needs one, with --tls-certificate and --tls-key",
        "TLSV1_ALERT_CERTIFICATE_REQUIRED": "it demands a certificate; give one with --tls-certificate and --tls-key",
        "TLSV1_ALERT_UNKNOWN_CA": refused + ", which none of its authorities has signed; check --tls-authorities there",
        "SSLV3_ALERT_CERTIFICATE_EXPIRED": refused + ", which has expired; have it renewed",
        "SSLV3_ALERT_BAD_CERTIFICATE": refused + " as a bad one",
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN": refused + "; its log may say why",
        "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": refused + ", which is not made for this; it has to be for both ends of TLS",
        "SSLV3_ALERT_CERTIFICATE_REVOKED": refused + ", which was revoked",
        "TLSV1_ALERT_ACCESS_DENIED": refused,
    ]
}
