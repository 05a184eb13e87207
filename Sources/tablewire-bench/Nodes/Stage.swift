import ClusterModel
import Foundation
import LinkTransport
import NIOPosix
import TablewireClient

/// Where nodes of one measurement live: a temporary directory, a secret, and the one thread of all clients.
final class Stage: Sendable {
    static let tableName = "bench"

    let directory: URL
    let secret: URL
    let keys: SecretKeys
    let table: TableName
    /// One thread: the load client shall not take more of the machine than it needs.
    let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    init() throws {
        guard let table = TableName(Self.tableName) else { preconditionFailure("'\(Self.tableName)' is a table name") }
        self.table = table
        var random = SystemRandomNumberGenerator()
        let suffix = String(random.next(), radix: 36)
        directory = FileManager.default.temporaryDirectory.appending(path: "tablewire-bench-\(suffix)")
        secret = directory.appending(path: "secret")
        keys = SecretKeys.generate(using: &random)
        do {
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        } catch {
            throw MeasurementError("cannot create \(directory.path): set TMPDIR to a folder that can be written")
        }
        Leftovers.shared.add(directory: directory.path)
        let isWritten = FileManager.default.createFile(
            atPath: secret.path, contents: Data(keys.text.utf8), attributes: [.posixPermissions: 0o600])
        guard isWritten else { throw MeasurementError("cannot write \(secret.path)") }
    }

    /// Nodes n1, n2, …, running, each on its own.
    func startNodes(_ count: Int, options: [String] = []) async throws -> [BenchNode] {
        var nodes: [BenchNode] = []
        for (index, port) in try FreePorts.find(count).enumerated() {
            guard let name = NodeName("n\(index + 1)@127.0.0.1") else { preconditionFailure("a valid node name") }
            let node = BenchNode(name: name, address: Address(host: "127.0.0.1", port: port), options: options, on: self)
            try node.launch()
            nodes.append(node)
        }
        for node in nodes { try await node.waitUntilAnswering() }
        return nodes
    }

    /// Nodes n1, n2, …, running, in one cluster, everybody linked to everybody.
    func startCluster(_ count: Int, options: [String] = []) async throws -> [BenchNode] {
        let nodes = try await startNodes(count, options: options)
        for node in nodes.dropFirst() { _ = try await node.client().join(nodes[0].address) }
        try await waitUntilUp(nodes)
        return nodes
    }

    /// Waits until every node has a link to every other and calls it up.
    func waitUntilUp(_ nodes: [BenchNode]) async throws {
        try await Waiting.until("\(nodes.count) nodes to see each other up") {
            for node in nodes {
                let members = try await node.client().status().members
                guard members.count(where: { $0.record.state == .up && $0.isReachable }) == nodes.count else { return false }
            }
            return true
        }
    }

    func definition(_ type: TableType = .set, _ storage: StorageKind = .ram) -> TableDefinition {
        // The node fills in its own version.
        let origin = Origin(node: NodeID(0), incarnation: 0)
        let version = RowVersion(stamp: .zero, dot: Dot(origin: origin, sequence: 0))
        return TableDefinition(name: table, type: type, storage: storage, version: version)
    }

    /// Waits until every node knows the table.
    func waitForTable(on nodes: [BenchNode]) async throws {
        try await Waiting.until("every node to know the table") {
            for node in nodes where try await !node.client().tables().contains(where: { $0.definition.name == table }) {
                return false
            }
            return true
        }
    }

    /// Waits until all nodes hold the same rows.
    /// - Returns: how many.
    func waitForEqualRows(on nodes: [BenchNode]) async throws -> Int {
        var rows: [UInt64] = []
        try await Waiting.until("equal rows on every node") {
            var digests: Set<UInt64> = []
            rows = []
            for node in nodes {
                let info = try await node.client().table(table)
                digests.insert(info.digest)
                rows.append(info.rows)
            }
            return digests.count == 1 && Set(rows).count == 1
        }
        return Int(rows.first ?? 0)
    }

    /// Bytes of all files below a folder.
    static func bytes(in folder: URL) -> Int {
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: [.fileSizeKey])
        var sum = 0
        while let file = files?.nextObject() as? URL {
            sum += (try? file.resourceValues(forKeys: [.fileSizeKey]).fileSize) ?? 0
        }
        return sum
    }
}
