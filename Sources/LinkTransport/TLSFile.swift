import NIOSSL

#if canImport(Glibc)
import Glibc
#endif

/// Reads the files that TLS needs, and says what is wrong with one.
enum TLSFile {
    /// More than any chain of certificates has.
    private static let limit = 1024 * 1024

    /// Seconds since 1970.
    static var now: Int { time(nil) }

    /// - Returns: at least one.
    static func certificates(in path: String, _ what: String) throws(LinkTLS.FileError) -> [NIOSSLCertificate] {
        let bytes = try read(path, what).bytes
        let found = (try? NIOSSLCertificate.fromPEMBytes(bytes)) ?? []
        guard !found.isEmpty else {
            throw LinkTLS.FileError(
                "the TLS \(what) \(path) has no certificate in PEM: give a file with -----BEGIN CERTIFICATE-----")
        }
        return found
    }

    static func privateKey(in path: String) throws(LinkTLS.FileError) -> NIOSSLPrivateKey {
        let (bytes, mode) = try read(path, "key")
        guard mode & 0o077 == 0 else {
            throw LinkTLS.FileError("others can read the TLS key \(path): make it yours alone with: chmod 600 \(path)")
        }
        guard let key = try? NIOSSLPrivateKey(bytes: bytes, format: .pem) else {
            throw LinkTLS.FileError(
                "the TLS key \(path) is no private key in PEM, or has a passphrase: give a file with -----BEGIN PRIVATE KEY-----")
        }
        return key
    }

    /// The peers would refuse it; here it can be said which file it is.
    static func check(_ certificate: NIOSSLCertificate, in path: String, at seconds: Int) throws(LinkTLS.FileError) {
        guard certificate.notValidAfter >= seconds else {
            throw LinkTLS.FileError(
                "the TLS certificate \(path) has expired on \(day(certificate.notValidAfter)): have it renewed")
        }
        guard certificate.notValidBefore <= seconds else {
            throw LinkTLS.FileError(
                "the TLS certificate \(path) is valid from \(day(certificate.notValidBefore)) on: check the clock of this machine"
            )
        }
    }

    private static func read(_ path: String, _ what: String) throws(LinkTLS.FileError) -> (bytes: [UInt8], mode: mode_t) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(path, what, errno) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw unreadable(path, what, errno) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 64 * 1024)
        while bytes.count <= limit {
            let count = unsafe Glibc.read(descriptor, &block, block.count)
            guard count >= 0 else { throw unreadable(path, what, errno) }
            guard count > 0 else { return (bytes, status.st_mode) }
            bytes += block[..<count]
        }
        throw LinkTLS.FileError("the TLS \(what) \(path) is larger than 1 MiB: give a file in PEM")
    }

    private static func unreadable(_ path: String, _ what: String, _ code: CInt) -> LinkTLS.FileError {
        LinkTLS.FileError("cannot read the TLS \(what) \(path) (\(words(code))): give a file that this user can read")
    }

    /// The system's words for an error number.
    static func words(_ code: CInt) -> String {
        guard let text = unsafe strerror(code) else { return "error \(code)" }
        return unsafe String(cString: text).lowercased()
    }

    /// The day of a time in UTC: `2026-11-22`.
    static func day(_ seconds: Int) -> String {
        var time = time_t(seconds)
        var parts = unsafe tm()
        guard unsafe gmtime_r(&time, &parts) != nil else { return "\(seconds)" }
        func twoDigits(_ number: CInt) -> String { (number < 10 ? "0" : "") + "\(number)" }
        return unsafe "\(parts.tm_year + 1900)-\(twoDigits(parts.tm_mon + 1))-\(twoDigits(parts.tm_mday))"
    }
}
