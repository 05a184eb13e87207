import Foundation
import LinkTransport
import ProgramTerminal

/// The file that holds the secret of the node under test.
struct SecretFile {
    var keys: SecretKeys
    /// What names it on a command line; empty for the one that is looked for by itself.
    var argument: String

    static func read(_ given: String?) throws -> SecretFile {
        let home = Environment.value("HOME") ?? ""
        let path = given ?? Environment.value("TABLEWIRE_SECRET_FILE") ?? "\(home)/.tablewire/secret"
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandError(
                "cannot read the secret \(path): give the file of the node's cluster with --secret-file", status: Status.usage)
        }
        do throws(SecretKeys.ParseError) {
            let keys = try SecretKeys(parsing: String(decoding: data, as: UTF8.self))
            return SecretFile(keys: keys, argument: given.map { "--secret-file \($0)" } ?? "")
        } catch {
            throw CommandError("\(path) is not a secret: \(error)", status: Status.usage)
        }
    }
}
