import ClusterModel
import Foundation
import LinkTransport
import Synchronization
import TablewireClient
import Testing

/// Nodes that share a temporary directory and a secret.
final class Testbed: Sendable {
    let directory: URL
    let secret: URL
    let keys: SecretKeys
    /// Beneath the links of its nodes and to them.
    let tls: LinkTLS?
    private let started = Mutex<[NodeProcess]>([])

    fileprivate init(hasTLS: Bool) throws {
        let suffix = String(UInt64.random(in: 0...UInt64.max), radix: 36)
        directory = FileManager.default.temporaryDirectory.appending(path: "tablewire-test-\(suffix)")
        secret = directory.appending(path: "secret")
        var random = SystemRandomNumberGenerator()
        keys = SecretKeys.generate(using: &random)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        tls = hasTLS ? try Certificates.copy(into: directory).tls() : nil
        try write(keys, to: secret)
    }

    /// A node that is not running yet; its data directory and log are named after it.
    func node(_ short: String, options: [String] = []) async throws -> NodeProcess {
        let name = try #require(NodeName("\(short)@127.0.0.1"))
        let address = Address(host: "127.0.0.1", port: try await FreePort.next())
        let node = NodeProcess(
            short: short, name: name, address: address, data: directory.appending(path: short),
            options: (tls == nil ? [] : certificates.options()) + options, in: self)
        started.withLock { $0.append(node) }
        return node
    }

    /// Nodes n1, n2, …, running, each on its own.
    func startNodes(_ count: Int, options: [String] = []) async throws -> [NodeProcess] {
        var nodes: [NodeProcess] = []
        for number in 1...count {
            let node = try await node("n\(number)", options: options)
            try await node.start()
            nodes.append(node)
        }
        return nodes
    }

    /// Nodes n1, n2, …, running, in one cluster.
    func startCluster(_ count: Int, options: [String] = []) async throws -> [NodeProcess] {
        let nodes = try await startNodes(count, options: options)
        for node in nodes.dropFirst() { try await node.join(nodes[0]) }
        try await waitUntilUp(nodes)
        return nodes
    }

    /// Only where the testbed has TLS.
    var certificates: Certificates { Certificates(folder: directory.appending(path: "tls")) }

    func write(_ keys: SecretKeys, to file: URL) throws {
        #expect(
            FileManager.default.createFile(
                atPath: file.path, contents: Data(keys.text.utf8), attributes: [.posixPermissions: 0o600]))
    }

    fileprivate func clear() {
        for node in started.withLock({ $0 }) { node.killForGood() }
        if ProcessInfo.processInfo.environment["TABLEWIRE_TEST_KEEP"] == nil {
            try? FileManager.default.removeItem(at: directory)
        } else {
            print("kept: \(directory.path)")
        }
    }

    /// What each node wrote last, for the report of a test that failed.
    fileprivate func tellLogs() {
        for node in started.withLock({ $0 }) {
            print("-- \(node.short), last lines:")
            for line in node.logLines.suffix(12) { print("   \(line)") }
        }
    }
}

/// Runs a scenario and ends its processes, however it ends.
func withTestbed(hasTLS: Bool = false, _ body: (Testbed) async throws -> Void) async throws {
    let testbed = try Testbed(hasTLS: hasTLS)
    defer { testbed.clear() }
    do {
        try await body(testbed)
    } catch {
        testbed.tellLogs()
        throw error
    }
}

// MARK: The program as a user runs it

extension Testbed {
    /// Runs `tablewire` with these arguments, and the secret, the node and TLS in its environment as a user would set them.
    func run(
        _ arguments: String..., at node: NodeProcess? = nil, as certificate: String? = "node", input: Data? = nil,
        limit: Duration = .seconds(120)
    )
        async throws -> Outcome
    {
        var environment = ["TABLEWIRE_SECRET_FILE": secret.path, "HOME": directory.path]
        if let node { environment["TABLEWIRE_NODE"] = node.address.description }
        if tls != nil, let certificate {
            for (option, file) in certificates.files(certificate) { environment["TABLEWIRE_TLS_\(option.uppercased())"] = file }
        }
        return try await Program.run(arguments, environment: environment, input: input, files: directory, limit: limit)
    }

    /// `table dump`: every row as a user sees it.
    func dump(_ table: TableName, of node: NodeProcess) async throws -> Data {
        let outcome = try await run("table", "dump", table.text, at: node)
        try #require(outcome.code == 0, "table dump: \(outcome.errors)")
        return outcome.output
    }
}

// MARK: Waiting for what takes time

extension Testbed {
    /// Waits until every node has a link to every other and calls it up.
    func waitUntilUp(_ nodes: [NodeProcess]) async throws {
        let names = Set(nodes.map(\.name))
        try await eventually("\(names.sorted()) to see each other up") {
            for node in nodes {
                let members = try await node.status().members.filter { names.contains($0.record.name) }
                if members.count(where: { $0.record.state == .up && $0.isReachable }) != nodes.count { return false }
            }
            return true
        }
    }

    /// Waits until all nodes hold the same rows.
    @discardableResult
    func waitForAgreement(_ nodes: [NodeProcess], within limit: Duration = .seconds(60)) async throws -> [Fingerprint] {
        var prints: [[Fingerprint]] = []
        do {
            try await eventually("equal digests", within: limit) {
                prints = []
                for node in nodes { prints.append(try await node.fingerprints()) }
                return Set(prints).count == 1
            }
        } catch {
            for (node, prints) in zip(nodes, prints) { print("\(node.short): \(prints)") }
            throw error
        }
        return try #require(prints.first)
    }

    /// Waits until `node` calls `other` what is said.
    func wait(
        for other: NodeProcess, toBe state: MemberState, at node: NodeProcess, within limit: Duration = .seconds(20)
    )
        async throws
    {
        try await eventually("\(other.short) to be \(state) at \(node.short)", within: limit) {
            try await node.view(of: other)?.record.state == state
        }
    }
}

/// What says which rows of a table a replica has.
struct Fingerprint: Hashable, CustomStringConvertible {
    var table: TableName
    var rows: UInt64
    var digest: UInt64
    var description: String { "\(table): \(rows) rows, digest \(String(digest, radix: 16))" }
}
