import Foundation
import LinkTransport

/// The certificates of `Tests/Certificates`, in a folder where only we can read the keys.
struct Certificates {
    var folder: URL

    static func copy(into directory: URL) throws -> Certificates {
        let copy = Certificates(folder: directory.appending(path: "tls"))
        let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Certificates")
        try FileManager.default.copyItem(at: source.standardizedFileURL, to: copy.folder)
        for name in try FileManager.default.contentsOfDirectory(atPath: copy.folder.path) {
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o600], ofItemAtPath: copy.folder.appending(path: name).path)
        }
        return copy
    }

    /// What each setting of TLS is given.
    func files(_ name: String = "node", authorities: String = "authority") -> [(setting: String, file: String)] {
        [("certificate", "\(name).pem"), ("key", "\(name).key"), ("authorities", "\(authorities).pem")].map {
            ($0, folder.appending(path: $1).path)
        }
    }

    /// The same as flags.
    func options(_ name: String = "node", authorities: String = "authority") -> [String] {
        files(name, authorities: authorities).flatMap { ["--tls-\($0.setting)", $0.file] }
    }

    func tls(_ name: String = "node", authorities: String = "authority") throws -> LinkTLS {
        let files = files(name, authorities: authorities).map(\.file)
        return try LinkTLS(.init(certificate: files[0], key: files[1], authorities: files[2]))
    }
}
