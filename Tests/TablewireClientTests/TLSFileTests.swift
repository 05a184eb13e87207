import Foundation
import NIOCore
import Testing

@testable import LinkTransport

/// What is wrong with a file is one line that names it.
@Suite struct TLSFileTests {
    private let certificates: Certificates

    init() throws { certificates = try Certificates() }

    private func error(_ files: LinkTLS.Files, at moment: Int = TLSFile.now) -> String? {
        do throws(LinkTLS.FileError) {
            _ = try LinkTLS(files, at: moment)
            return nil
        } catch {
            #expect(!error.description.contains("\n") && !error.description.contains("BoringSSL"))
            return error.description
        }
    }

    @Test func goodFilesAreTaken() {
        #expect(error(certificates.files()) == nil)
        #expect(error(certificates.files("expired"), at: Certificates.in2020) == nil)
    }

    @Test(arguments: ["certificate", "key", "authorities"]) func aFileThatCannotBeReadIsNamed(which: String) {
        var files = certificates.files()
        let (missing, folder) = (certificates.path("no"), certificates.path(""))
        for (path, words) in [(missing, "no such file or directory"), (folder, "is a directory")] {
            switch which {
            case "certificate": files.certificate = path
            case "key": files.key = path
            default: files.authorities = path
            }
            #expect(error(files) == "cannot read the TLS \(which) \(path) (\(words)): give a file that this user can read")
        }
    }

    @Test(.enabled(if: geteuid() != 0, "root can read every file")) func aFileWithoutPermissionIsNamed() throws {
        let path = certificates.path("node.pem")
        try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: path)
        #expect(error(certificates.files())?.contains("\(path) (permission denied)") == true)
    }

    @Test func whatIsNotPEMIsNamed() throws {
        let path = certificates.path("text")
        try Data("just text".utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        var files = certificates.files()
        files.certificate = path
        #expect(error(files)?.hasPrefix("the TLS certificate \(path) has no certificate in PEM") == true)
        files = certificates.files()
        files.authorities = certificates.path("node.key")
        #expect(error(files)?.hasPrefix("the TLS authorities \(files.authorities) has no certificate in PEM") == true)
        files = certificates.files()
        files.key = path
        #expect(error(files)?.hasPrefix("the TLS key \(path) is no private key in PEM") == true)
    }

    @Test(arguments: [0o640, 0o604, 0o644]) func aKeyThatOthersCanReadIsRefused(mode: Int) throws {
        let path = certificates.path("node.key")
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        #expect(
            error(certificates.files()) == "others can read the TLS key \(path): make it yours alone with: chmod 600 \(path)")
    }

    @Test func theKeyOfAnotherCertificateIsRefused() {
        var files = certificates.files()
        files.key = certificates.path("elsewhere.key")
        #expect(
            error(files) == "the TLS key \(files.key) does not belong to the certificate \(files.certificate): "
                + "give the two that were made together")
    }

    @Test func aCertificateOutOfItsTimeIsRefused() {
        let (expired, early) = (certificates.path("expired.pem"), certificates.path("early.pem"))
        #expect(
            error(certificates.files("expired"))
                == "the TLS certificate \(expired) has expired on 2021-01-01: have it renewed")
        #expect(
            error(certificates.files("early"))
                == "the TLS certificate \(early) is valid from 2095-01-01 on: check the clock of this machine")
    }

    // MARK: Key log

    @Test func theKeyLogIsForItsOwnerAlone() throws {
        let path = certificates.path("keys.log")
        _ = try LinkTLS(certificates.files(keyLog: "keys.log"))
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        #expect(
            error(certificates.files(keyLog: "keys.log"))
                == "others can read the TLS key log \(path): make it yours alone with: chmod 600 \(path)")
    }

    @Test func aKeyLogThatCannotBeWrittenIsNamed() {
        let folder = certificates.path("no")
        #expect(
            error(certificates.files(keyLog: "no/keys.log"))?
                .hasPrefix("cannot write the TLS key log \(folder)/keys.log (no such file or directory)") == true)
    }

    /// Lines are appended: several nodes may share a file.
    @Test func linesAreAppended() throws {
        let path = certificates.path("keys.log")
        for text in ["one\n", "two\n"] {
            let log = try TLSKeyLog(appendingTo: path)
            log.append(.init(string: text))
            #expect(log.problem == nil)
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "one\ntwo\n")
    }
}
