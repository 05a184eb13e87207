public import NIOCore
import NIOSSL

/// TLS beneath links (SEC-006): version 1.3, a certificate demanded and checked on both sides, against own authorities and no others.
///
/// Made once at the start; changed files are read at the next one.
public struct LinkTLS: Sendable {
    /// Where everything is, in PEM.
    public struct Files: Hashable, Sendable {
        /// The own certificate, then those between it and an authority.
        public var certificate: String
        /// The private key of the certificate, without a passphrase, readable for its owner alone.
        public var key: String
        /// The certificates of those whose signature the peer's certificate needs.
        public var authorities: String
        /// Gets the secrets of every link, in the NSS key log format. Default none.
        public var keyLog: String?

        public init(certificate: String, key: String, authorities: String, keyLog: String? = nil) {
            self.certificate = certificate
            self.key = key
            self.authorities = authorities
            self.keyLog = keyLog
        }
    }

    /// What is wrong with a file: one line that names it and says what to do.
    public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
        public var description: String
        init(_ description: String) { self.description = description }
    }

    private let dialing: NIOSSLContext
    private let accepting: TLSConfiguration
    private let keyLog: TLSKeyLog?

    /// Reads the files.
    public init(_ files: Files) throws(FileError) {
        try self.init(files, at: TLSFile.now)
    }

    /// - Parameter seconds: the time since 1970 at which the certificate has to be valid.
    init(_ files: Files, at seconds: Int) throws(FileError) {
        let chain = try TLSFile.certificates(in: files.certificate, "certificate")
        try TLSFile.check(chain[0], in: files.certificate, at: seconds)
        let key = try TLSFile.privateKey(in: files.key)
        let authorities = try TLSFile.certificates(in: files.authorities, "authorities")
        keyLog = if let file = files.keyLog { try TLSKeyLog(appendingTo: file) } else { nil }
        var configuration = TLSConfiguration.makeServerConfigurationWithMTLS(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key), trustRoots: .certificates(authorities)
        )
        configuration.minimumTLSVersion = .tlsv13
        configuration.maximumTLSVersion = .tlsv13
        // Who closes the connection is done with it: the link has waited for its peer before (LNK-042).
        configuration.shutdownTimeout = .zero
        if let keyLog { configuration.keyLogCallback = { line in keyLog.append(line) } }
        do {
            accepting = configuration
            configuration.certificateVerification = .fullVerification
            dialing = try NIOSSLContext(configuration: configuration)
        } catch NIOSSLError.failedToLoadPrivateKey {
            throw FileError(
                "the TLS key \(files.key) does not belong to the certificate \(files.certificate): give the two that were made together"
            )
        } catch {
            throw FileError(
                "\(files.certificate), \(files.key) and \(files.authorities) cannot be used for TLS: \(TLSFailure.words(of: error))"
            )
        }
    }

    /// Puts TLS into a channel, beneath what is added to it later.
    /// - Parameter host: what was dialled, and the certificate of the peer has to name; nil for who accepts.
    public func install(in channel: any Channel, dialing host: String?) throws {
        let pipeline = channel.pipeline.syncOperations
        if let host {
            let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
            try pipeline.addHandler(NIOSSLClientHandler(context: dialing, serverHostname: isAddress ? nil : host))
        } else {
            // A context has the keys of the tickets with which sessions are resumed. With one for each connection nobody can
            // resume, and every link has its certificate checked (SEC-013).
            try pipeline.addHandler(NIOSSLServerHandler(context: NIOSSLContext(configuration: accepting)))
        }
        try pipeline.addHandler(TLSWatch(host: host))
    }

    /// Why the key log has no more lines; nil while it is written.
    public var keyLogProblem: String? { keyLog?.problem }
}
