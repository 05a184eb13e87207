import Foundation
import LinkTransport
import ProgramTerminal

/// The file that holds the secret of the node under test.
enum SecretFile {
    static func read(_ given: String?) throws -> SecretKeys {
        let home = Environment.value("HOME") ?? ""
        let path = given ?? Environment.value("TABLEWIRE_SECRET_FILE") ?? "\(home)/.tablewire/secret"
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandError(
                "cannot read the secret \(path): give the file of the node's cluster with --secret-file", status: Status.usage)
        }
        do throws(SecretKeys.ParseError) {
            return try SecretKeys(parsing: String(decoding: data, as: UTF8.self))
        } catch {
            throw CommandError("\(path) is not a secret: \(error)", status: Status.usage)
        }
    }
}
