import ClusterModel
import Foundation
import Glibc
import LinkTransport
import Synchronization
import TablewireClient
import Testing

/// One node: a process of the built program that can be killed, paused, and started again on the same data.
final class NodeProcess: Sendable {
    /// `n1`: names the data directory and the log, also when the node is renamed.
    let short: String
    let data: URL
    private let testbed: Directories
    private let state: Mutex<State>

    private struct Directories: Sendable {
        var secret: URL
        var log: URL
        var keys: SecretKeys
        var tls: LinkTLS?
    }

    private struct State {
        var name: NodeName
        var address: Address
        var options: [String]
        var process: RunningProcess?
        var client: TablewireClient?
    }

    init(short: String, name: NodeName, address: Address, data: URL, options: [String], in testbed: Testbed) {
        self.short = short
        self.data = data
        self.testbed = Directories(
            secret: testbed.secret, log: testbed.directory.appending(path: "\(short).log"), keys: testbed.keys,
            tls: testbed.tls)
        state = Mutex(State(name: name, address: address, options: options))
    }

    /// May be changed while the node is stopped.
    var name: NodeName {
        get { state.withLock { $0.name } }
        set { state.withLock { $0.name = newValue } }
    }
    var address: Address {
        get { state.withLock { $0.address } }
        set { state.withLock { $0.address = newValue } }
    }
    var options: [String] {
        get { state.withLock { $0.options } }
        set { state.withLock { $0.options = newValue } }
    }
    var process: RunningProcess? { state.withLock { $0.process } }

    // MARK: Life

    /// Starts the process and waits until it answers calls.
    @discardableResult
    func start(within limit: Duration = .seconds(30)) async throws -> Duration {
        try launch()
        return try await eventually("\(short) to answer calls", within: limit) {
            guard let process, process.isRunning else { throw Hopeless(description: "\(short) ended: \(lastWords)") }
            _ = try await client().nodeInfo()
            return true
        }
    }

    /// Starts the process and waits for its end: for starts that shall fail.
    func startToFail(within limit: Duration = .seconds(20)) async throws -> Int32 {
        try launch()
        let process = try #require(process)
        try await eventually("\(short) to end", within: limit) { !process.isRunning }
        return process.exitCode
    }

    func launch() throws {
        if !FileManager.default.fileExists(atPath: testbed.log.path) {
            try Data().write(to: testbed.log)
        }
        let log = try FileHandle(forWritingTo: testbed.log)
        try log.seekToEnd()
        defer { try? log.close() }
        try state.withLock { state in
            let process = Process()
            process.executableURL = Program.url
            process.arguments =
                [
                    "node", "--name", state.name.text, "--listen", state.address.description, "--data", data.path,
                    "--secret-file", testbed.secret.path,
                ] + state.options
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = log
            process.standardError = log
            try process.run()
            state.process = RunningProcess(process)
            state.client = nil
        }
    }

    /// SIGKILL; returns when the process is gone.
    func kill() async throws {
        guard let process else { return }
        process.kill()
        state.withLock { $0.client = nil }
        try await eventually("\(short) to be gone") { !process.isRunning }
    }

    /// SIGTERM.
    /// - Returns: the exit code.
    @discardableResult
    func stop() async throws -> Int32 {
        let process = try #require(process)
        process.signal(SIGTERM)
        state.withLock { $0.client = nil }
        try await eventually("\(short) to stop") { !process.isRunning }
        return process.exitCode
    }

    /// SIGSTOP: the process hangs, its connections stay.
    func pause() { process?.signal(SIGSTOP) }
    /// SIGCONT.
    func resume() { process?.signal(SIGCONT) }

    /// For the end of a test.
    func killForGood() {
        guard let process else { return }
        process.kill()
        process.waitForEnd()
    }

    // MARK: Log

    var logLines: [String] {
        guard let data = try? Data(contentsOf: testbed.log) else { return [] }
        return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    var lastWords: String { logLines.last ?? "it wrote nothing" }

    /// Waits for a line that holds all of these words.
    @discardableResult
    func waitForLog(_ words: String..., within limit: Duration = .seconds(20)) async throws -> String {
        var found: String?
        try await eventually("\(words) in the log of \(short), last was: \(lastWords)", within: limit) {
            found = logLines.first { line in words.allSatisfy { line.localizedCaseInsensitiveContains($0) } }
            return found != nil
        }
        return try #require(found)
    }

    // MARK: Calls

    /// A link to the node, the one of before if it still lives.
    func client() async throws -> TablewireClient {
        if let client = state.withLock({ $0.client }) { return client }
        let client = try await TablewireClient.connect(to: address, keys: testbed.keys, tls: testbed.tls)
        state.withLock { $0.client = client }
        return client
    }

    /// Calls the node; a link that broke is replaced once.
    func call<Answer>(_ call: (TablewireClient) async throws -> Answer) async throws -> Answer {
        do {
            return try await call(client())
        } catch ClientError.lost, ClientError.closed, ClientError.timedOut {
            state.withLock { $0.client = nil }
            return try await call(client())
        }
    }
}
