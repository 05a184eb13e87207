import ClusterModel
import Foundation
import Glibc
import LinkTransport
import NIOPosix
import Synchronization
import TablewireClient

/// One node of a measurement: a process that can be stopped, killed and started again on the same data.
final class BenchNode: Sendable {
    let name: NodeName
    let address: Address
    let data: URL
    private let log: URL
    private let options: [String]
    private let stage: Stage
    private let life = Mutex(Life())

    private struct Life {
        var process: Process?
        var client: TablewireClient?
    }

    init(name: NodeName, address: Address, options: [String], on stage: Stage) {
        let short = String(name.text.prefix { $0 != "@" })
        self.name = name
        self.address = address
        self.options = options
        self.stage = stage
        data = stage.directory.appending(path: short)
        log = stage.directory.appending(path: "\(short).log")
    }

    /// What the kernel counts about its process.
    var figures: ProcessFigures { ProcessFigures(id: life.withLock { $0.process?.processIdentifier ?? 0 }) }

    // MARK: Life

    /// Starts the process.
    func launch() throws {
        let process = Process()
        process.executableURL = try NodeProgram.url()
        process.arguments =
            [
                "node", "--name", name.text, "--listen", address.description, "--data", data.path, "--secret-file",
                stage.secret.path, "--log-level", "notice",
            ] + options
        if !FileManager.default.fileExists(atPath: log.path) { try Data().write(to: log) }
        let output = try FileHandle(forWritingTo: log)
        defer { try? output.close() }
        try output.seekToEnd()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try life.withLock { life in
            try Leftovers.shared.start(process)
            life.process = process
            life.client = nil
        }
    }

    /// Waits until the node answers calls.
    func waitUntilAnswering(atMost limit: Duration = .seconds(120)) async throws {
        try await Waiting.until("\(name) to answer calls", atMost: limit) {
            try checkIsRunning()
            _ = try await client().nodeInfo()
            return true
        }
    }

    func checkIsRunning() throws {
        guard life.withLock({ $0.process?.isRunning ?? false }) else {
            throw MeasurementError("\(name) ended: \(lastWords)")
        }
    }

    /// SIGKILL, and waits for the end.
    func kill() async throws {
        signal(SIGKILL)
        try await waitForExit()
    }

    /// SIGTERM, and waits for the end.
    func stop() async throws {
        signal(SIGTERM)
        try await waitForExit()
    }

    func signal(_ number: Int32) {
        if let process = life.withLock({ $0.process }) { _ = Glibc.kill(process.processIdentifier, number) }
    }

    private func waitForExit() async throws {
        guard let process = life.withLock({ $0.process }) else { return }
        try await Waiting.until("\(name) to end") { !process.isRunning }
        Leftovers.shared.remove(process: process.processIdentifier)
        life.withLock { $0.client = nil }
    }

    private var lastWords: String {
        let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").last.map(String.init) ?? "it wrote nothing"
    }

    // MARK: Calls

    /// A link to the node: the one of before if there is one.
    func client() async throws -> TablewireClient {
        if let client = life.withLock({ $0.client }) { return client }
        let client = try await connect()
        return life.withLock { life in
            life.client = client
            return client
        }
    }

    /// A link of its own.
    func connect() async throws -> TablewireClient {
        try await TablewireClient.connect(to: address, keys: stage.keys, group: stage.loops)
    }

    /// Gives up the link of before, which broke.
    func forgetClient() { life.withLock { $0.client = nil } }

    func counters() async throws -> NodeCounters {
        try await NodeCounters(client().nodeInfo())
    }

    /// Rows of a table; 0 when the node does not know the table yet.
    func rows(of table: TableName) async throws -> Int {
        try await client().status().tables.first { $0.definition.name == table }.map { Int($0.rows) } ?? 0
    }

    /// Whether all rows are there, by the node's own count and by reading the first and the last.
    func holds(_ rows: Int, of workload: Workload, in table: TableName) async throws -> Bool {
        let client = try await client()
        guard try await self.rows(of: table) == rows else { return false }
        for number in [0, rows - 1] {
            let found = try await client.get(workload.key(number), from: table)
            guard found.contains(where: { $0.value == workload.value(number) }) else { return false }
        }
        return true
    }
}

/// What a node counted about itself.
struct NodeCounters: Sendable {
    private var values: [String: UInt64] = [:]

    init(_ info: NodeInfo) {
        for counter in info.counters { values[counter.name] = counter.value }
    }

    subscript(name: String) -> UInt64? { values[name] }

    /// Bytes of frames that came and went over links to members; nil when the node does not count them.
    var linkBytes: Int? {
        guard let sent = values["link.bytes_sent"], let received = values["link.bytes_received"] else { return nil }
        return Int(sent + received)
    }
}
