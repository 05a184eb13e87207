import LinkTransport
import ProgramTerminal

/// The files of TLS as they were given: a certificate, its key and the authorities belong together.
struct TLSFiles {
    var certificate: String?
    var key: String?
    var authorities: String?
    var keyLog: String?

    /// For commands that call a node: as given, else what the environment says.
    static func forClient(certificate: String?, key: String?, authorities: String?) -> TLSFiles {
        func file(_ given: String?, _ setting: NodeSetting) -> String? {
            guard given == nil else { return given }
            let text = Environment.value(setting.variable) ?? ""
            return text.isEmpty ? nil : text
        }
        return TLSFiles(
            certificate: file(certificate, .tlsCertificate), key: file(key, .tlsKey),
            authorities: file(authorities, .tlsAuthorities))
    }

    /// - Returns: nil when none was given.
    func read() throws -> LinkTLS? {
        let given: [(NodeSetting, String?)] = [
            (.tlsCertificate, certificate), (.tlsKey, key), (.tlsAuthorities, authorities),
        ]
        let missing = given.filter { $0.1 == nil }.map { "--\($0.0.rawValue)" }
        guard missing.count < given.count || keyLog != nil else { return nil }
        guard let certificate, let key, let authorities else {
            throw UsageError(
                "TLS needs --tls-certificate, --tls-key and --tls-authorities together: \(missing.joined(separator: " and ")) "
                    + "\(missing.count == 1 ? "is" : "are") missing")
        }
        do throws(LinkTLS.FileError) {
            return try LinkTLS(.init(certificate: certificate, key: key, authorities: authorities, keyLog: keyLog))
        } catch {
            throw CommandError("\(error)")
        }
    }
}
