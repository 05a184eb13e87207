import ClusterModel
import Foundation
import LinkTransport
import ProgramTerminal

/// What the demo needs from the system: a directory, a secret, three free ports, three processes. Cleared whatever happens.
final class DemoStage: Sendable {
    let directory: URL
    let keys: SecretKeys
    /// n1, n2, n3.
    let nodes: [DemoNode]
    private let keepsFiles: Bool

    /// Where the files stay; nil when they are removed.
    var keptDirectory: String? { keepsFiles ? directory.path : nil }

    init(keepsFiles: Bool) throws {
        var random = SystemRandomNumberGenerator()
        let suffix = String(UInt32.random(in: 0...UInt32.max, using: &random), radix: 36)
        let directory = FileManager.default.temporaryDirectory.appending(path: "tablewire-demo-\(suffix)")
        let keys = SecretKeys.generate(using: &random)
        try FileManager.default.createDirectory(
            at: directory, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        let secret = directory.appending(path: "secret")
        guard
            FileManager.default.createFile(
                atPath: secret.path, contents: Data(keys.text.utf8), attributes: [.posixPermissions: 0o600])
        else { throw CommandError("cannot write \(secret.path)") }
        var ports = FreePorts()
        nodes = try (1...3).map { number in
            guard let name = NodeName("n\(number)@127.0.0.1") else { preconditionFailure("n1@127.0.0.1 is a node name") }
            let address = Address(host: "127.0.0.1", port: try ports.next())
            return DemoNode(name: name, address: address, directory: directory, secret: secret, keys: keys)
        }
        self.directory = directory
        self.keys = keys
        self.keepsFiles = keepsFiles
    }

    /// SIGKILL for whatever still runs. Safe from any thread, at any time, twice.
    func killNodes() {
        for node in nodes { node.kill() }
    }

    /// The last lines that each node wrote.
    func logTails() -> [(name: String, lines: [Substring])] {
        nodes.map { (name: $0.shortName, lines: $0.logTail(8)) }.filter { !$0.lines.isEmpty }
    }

    /// Ends the processes and removes the files. Does not fail: it runs when something else has failed.
    func clear() async {
        killNodes()
        for node in nodes { await node.waitForExit() }
        if !keepsFiles { try? FileManager.default.removeItem(at: directory) }
    }
}
