import ClusterModel
import Foundation
import LinkTransport
import Logging
import NodeRuntime
import Testing

/// A node in this process, on a loopback port of its own and a temporary directory.
final class RunningNode: Sendable {
    let node: Node
    let configuration: NodeConfiguration
    private let task: Task<Void, any Error>

    static let keys = try? SecretKeys(parsing: String(repeating: "5a", count: 32))

    init(_ configuration: NodeConfiguration) async throws {
        self.configuration = configuration
        var logger = Logger(label: "test")
        logger.logLevel = ProcessInfo.processInfo.environment["TABLEWIRE_TEST_LOG"] == nil ? .critical : .debug
        logger[metadataKey: "node"] = "\(configuration.name)"
        let node = Node(configuration: configuration, logger: logger)
        self.node = node
        task = Task { try await node.run() }
        try await node.waitUntilStarted()
    }

    var address: Address { configuration.listen }

    func stop() async {
        task.cancel()
        _ = try? await task.value
    }

    /// - Returns: the result; a failure is thrown with its code.
    func call(_ call: Call) async throws -> Reply.Result {
        let reply = try await node.call(call)
        if case .failure(let text) = reply.result { throw CallFailed(code: ErrorCode(rawValue: reply.code), text: text) }
        return reply.result
    }

    @discardableResult
    func put(_ table: TableName, _ key: String, _ value: String, level: AckLevel = .all) async throws -> WriteResult {
        let write = RowWrite(
            table: table, level: level, operations: [Operation(.put, key: Array(key.utf8), value: Array(value.utf8))])
        guard case .written(let result) = try await call(.rowWrite(write)) else { throw CallFailed(code: nil, text: "no result") }
        return result
    }

    @discardableResult
    func join(_ other: RunningNode, _ mode: JoinMode = .refuse) async throws -> JoinResult {
        guard case .joined(let result) = try await call(.clusterJoin(address: other.address, mode: mode, isDryRun: false)) else {
            throw CallFailed(code: nil, text: "no join result")
        }
        return result
    }

    func get(_ table: TableName, _ key: String) async throws -> [String] {
        guard case .rows(let page) = try await call(.rowGet(table: table, key: Array(key.utf8))) else { return [] }
        return page.rows.map { String(decoding: $0.value, as: UTF8.self) }
    }

    func info(_ table: TableName) async throws -> TableInfo {
        guard case .tables(let tables) = try await call(.tableInfo(table)), let info = tables.first else {
            throw CallFailed(code: nil, text: "no table")
        }
        return info
    }

    func status() async throws -> ClusterStatus {
        guard case .clusterStatus(let status) = try await call(.clusterStatus) else {
            throw CallFailed(code: nil, text: "no status")
        }
        return status
    }

    func waitForMembers(_ count: Int) async throws {
        try await eventually("\(configuration.name) sees \(count) members up and reachable") {
            let members = try await status().members
            return members.count == count && members.allSatisfy { $0.record.state == .up && $0.isReachable }
        }
    }

    func create(
        _ name: TableName, _ type: TableType = .set, _ storage: StorageKind = .ram, _ merge: MergeRule = .lww
    ) async throws {
        let version = RowVersion(stamp: .zero, dot: Dot(origin: Origin(node: NodeID(0), incarnation: 0), sequence: 0))
        _ = try await call(
            .tableCreate(TableDefinition(name: name, type: type, storage: storage, merge: merge, version: version)))
    }
}

struct CallFailed: Error, CustomStringConvertible {
    var code: ErrorCode?
    var text: String
    var description: String { "\(code?.name ?? "?"): \(text)" }
}

/// Nodes of one test; stops them and removes their directories at the end.
func withNodes(_ body: (Nodes) async throws -> Void) async throws {
    let nodes = Nodes()
    do {
        try await body(nodes)
    } catch {
        await nodes.stopAll()
        throw error
    }
    await nodes.stopAll()
}

actor Nodes {
    private var running: [RunningNode] = []
    private let root = NSTemporaryDirectory() + "tablewire-test-" + UUID().uuidString

    func start(
        _ number: Int, join: [Address] = [], change: (@Sendable (inout NodeConfiguration) -> Void)? = nil
    ) async throws -> RunningNode {
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        let keys = try #require(RunningNode.keys)
        let name = try #require(NodeName("n\(number)@127.0.0.1"))
        var configuration = NodeConfiguration(
            name: name, listen: Address(host: "127.0.0.1", port: try freePort()), dataDirectory: root + "/n\(number)", keys: keys,
            join: join, allowsFaults: true)
        change?(&configuration)
        let node = try await RunningNode(configuration)
        running.append(node)
        return node
    }

    func stopAll() async {
        for node in running { await node.stop() }
        try? FileManager.default.removeItem(atPath: root)
    }
}

/// A port that nobody listens on now.
func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    unsafe withUnsafeMutablePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
            _ = unsafe bind(descriptor, pointer, length)
            _ = unsafe getsockname(descriptor, pointer, &length)
        }
    }
    return UInt16(bigEndian: address.sin_port)
}

/// Asks again and again until the condition holds; fails the test after the deadline.
func eventually(
    _ what: String, within limit: Duration = .seconds(10), sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if try await condition() { return }
        await Task.yield()
    }
    Issue.record("\(what) did not happen within \(limit)", sourceLocation: sourceLocation)
}
