import Foundation

@testable import LinkTransport

/// The certificates of `Tests/Certificates`, in a folder where only we can read the keys, as long as one test.
final class Certificates {
    /// A moment at which the expired certificate was valid.
    static let in2020 = 1_593_600_000
    /// A moment at which the early certificate will be valid.
    static let in2095 = 3_960_000_000

    private let folder = FileManager.default.temporaryDirectory.appending(path: "tls-\(UUID().uuidString)")

    init() throws {
        let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Certificates")
        try FileManager.default.copyItem(at: source.standardizedFileURL, to: folder)
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path(name))
        }
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    func files(_ name: String = "node", authorities: String = "authority", keyLog: String? = nil) -> LinkTLS.Files {
        LinkTLS.Files(
            certificate: path("\(name).pem"), key: path("\(name).key"), authorities: path("\(authorities).pem"),
            keyLog: keyLog.map(path))
    }

    /// - Parameter name: whose certificate; any is loaded at a time when it is valid.
    func tls(_ name: String = "node", authorities: String = "authority") throws -> LinkTLS {
        let moment = ["expired": Self.in2020, "early": Self.in2095][name] ?? TLSFile.now
        return try LinkTLS(files(name, authorities: authorities), at: moment)
    }
}
