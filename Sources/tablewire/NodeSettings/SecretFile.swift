import Glibc
import LinkTransport
import ProgramTerminal

/// The file that holds the cluster's secret (SEC-010): only its owner may read it.
struct SecretFile {
    var path: String
    var keys: SecretKeys

    /// For commands that call a node: as given, else `$TABLEWIRE_SECRET_FILE`, else the default. Never creates one.
    static func forClient(_ given: String?) throws -> SecretFile {
        let path = try given ?? Environment.value("TABLEWIRE_SECRET_FILE") ?? HomeDirectory.path("secret")
        do {
            return try read(path)
        } catch let error as Missing {
            throw CommandError(
                "there is no secret at \(error.path): give the file of the node's cluster with --secret-file or TABLEWIRE_SECRET_FILE "
                    + "(a node that was started without one has made ~/.tablewire/secret)")
        }
    }

    /// For a node: a given file has to exist, the default one is made at the first start.
    static func forNode(_ given: String?) throws -> SecretFile {
        guard let given else { return try readOrCreate(HomeDirectory.path("secret")) }
        do {
            return try read(given)
        } catch let error as Missing {
            throw CommandError(
                "there is no secret at \(error.path): copy it from another node, or make one: "
                    + "(umask 077; openssl rand -hex 32 > \(error.path))")
        }
    }

    private struct Missing: Error {
        var path: String
    }

    static func readOrCreate(_ path: String) throws -> SecretFile {
        do {
            return try read(path)
        } catch is Missing {
            try HomeDirectory.create()
            try create(path)
            return try read(path)
        }
    }

    static func read(_ path: String) throws -> SecretFile {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            if errno == ENOENT { throw Missing(path: path) }
            throw CommandError("cannot read the secret \(path) (\(SystemError.text(errno)))")
        }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw CommandError("\(path) is a directory: give the file that holds the secret")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw CommandError("others can read the secret \(path): make it yours alone with: chmod 600 \(path)")
        }
        let bytes = try InputFile(path).readAll(limit: 64 * 1024)
        do throws(SecretKeys.ParseError) {
            return SecretFile(path: path, keys: try SecretKeys(parsing: String(decoding: bytes, as: UTF8.self)))
        } catch {
            throw CommandError(
                "\(path) is not a secret: \(error); make a new one for a new cluster: openssl rand -hex 32 > \(path)")
        }
    }

    /// Makes a new secret under another name and gives it the right one only when it is whole, so that of two nodes that start
    /// at once both get the same.
    private static func create(_ path: String) throws {
        var random = SystemRandomNumberGenerator()
        let temporary = "\(path).\(Names.hexadecimal(random.next()))"
        defer { unsafe unlink(temporary) }
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CommandError("cannot make a secret at \(path) (\(SystemError.text(errno)))") }
        defer { close(descriptor) }
        let text = Array(SecretKeys.generate(using: &random).text.utf8)
        let isWritten = unsafe write(descriptor, text, text.count) == text.count && fsync(descriptor) == 0
        guard isWritten, unsafe link(temporary, path) == 0 || errno == EEXIST else {
            throw CommandError("cannot make a secret at \(path) (\(SystemError.text(errno)))")
        }
    }
}

/// `~/.tablewire`, where things are that nobody said a place for.
enum HomeDirectory {
    /// The path of something in it.
    static func path(_ name: String) throws(CommandError) -> String {
        guard let home = Environment.value("HOME"), !home.isEmpty else {
            throw CommandError(
                "HOME is not set, so ~/.tablewire/\(name) cannot be found: give --secret-file, and --data to a node")
        }
        return "\(home)/.tablewire/\(name)"
    }

    static func create() throws(CommandError) {
        let directory = try path("").dropLast()
        guard unsafe mkdir(String(directory), 0o700) == 0 || errno == EEXIST else {
            throw CommandError("cannot make \(directory) (\(SystemError.text(errno)))")
        }
    }
}
