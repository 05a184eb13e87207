import ClusterModel
import Foundation
import Glibc
import LinkTransport
import ProgramTerminal
import Synchronization
import TablewireClient

/// One node of the demo: a process that can be killed and started again on the same data, and a client that calls it.
final class DemoNode: Sendable {
    let name: NodeName
    let address: Address
    private let log: URL
    private let data: URL
    private let secret: URL
    private let keys: SecretKeys
    private let life: Mutex<Life>

    private struct Life {
        var process: Process?
        var client: TablewireClient?
    }

    init(name: NodeName, address: Address, directory: URL, secret: URL, keys: SecretKeys) {
        let short = name.text.prefix { $0 != "@" }
        self.name = name
        self.address = address
        self.secret = secret
        self.keys = keys
        log = directory.appending(path: "\(short).log")
        data = directory.appending(path: "\(short)")
        life = Mutex(Life())
    }

    /// `n1` of `n1@127.0.0.1`.
    var shortName: String { String(name.text.prefix { $0 != "@" }) }
    var processID: Int32? { life.withLock { $0.process?.processIdentifier } }
    var isRunning: Bool { life.withLock { $0.process?.isRunning ?? false } }

    // MARK: The process

    /// Starts the process and waits until it answers calls.
    /// - Returns: how long that took.
    @discardableResult
    func start(atMost limit: Duration = .seconds(60)) async throws -> Duration {
        try launch()
        return try await Patience.wait(for: "\(shortName) to answer calls", atMost: limit) {
            guard isRunning else { throw OutOfPatience(description: "\(shortName) ended while it was starting") }
            _ = try await client().nodeInfo()
            return true
        }
    }

    /// SIGKILL: the process gets no chance to write or say anything more.
    func kill() {
        life.withLock { life in
            if let process = life.process, process.isRunning { Glibc.kill(process.processIdentifier, SIGKILL) }
            life.client = nil
        }
    }

    /// SIGTERM, and waits for the end.
    /// - Throws: when the node's exit code is not 0.
    func stop() async throws {
        guard let process = life.withLock({ $0.process }) else { return }
        process.terminate()
        try await Patience.wait(for: "\(shortName) to stop") { !process.isRunning }
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            throw CommandError("\(shortName) ended with \(process.terminationStatus) after SIGTERM, 0 was expected")
        }
        life.withLock { $0.client = nil }
    }

    /// Waits until the killed process is gone, also when the task is cancelled.
    func waitForExit() async {
        guard let process = life.withLock({ $0.process }) else { return }
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                process.waitUntilExit()
                continuation.resume()
            }
        }
    }

    private func launch() throws {
        if !FileManager.default.fileExists(atPath: log.path), !FileManager.default.createFile(atPath: log.path, contents: nil) {
            throw CommandError("cannot write \(log.path)")
        }
        let output = try FileHandle(forWritingTo: log)
        try output.seekToEnd()
        defer { try? output.close() }
        let process = Process()
        process.executableURL = OwnProgram.url
        process.arguments = [
            "node", "--name", name.text, "--listen", address.description, "--data", data.path, "--secret-file", secret.path,
            "--allow-faults",
        ]
        // The demo's own links are in clear, whatever the environment has for other nodes.
        process.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("TABLEWIRE_TLS_") }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try life.withLock { life in
            try process.run()
            life.process = process
            life.client = nil
        }
    }

    /// The last lines of what the node wrote.
    func logTail(_ count: Int) -> [Substring] {
        guard let data = try? Data(contentsOf: log) else { return [] }
        return String(decoding: data, as: UTF8.self).split(separator: "\n").suffix(count)
    }

    // MARK: Calls

    /// A link to the node: the one of before if it still lives.
    func client() async throws -> TablewireClient {
        if let client = life.withLock({ $0.client }) { return client }
        let client = try await TablewireClient.connect(to: address, keys: keys)
        return life.withLock { life in
            life.client = client
            return client
        }
    }

    /// Calls the node; a link that broke is replaced once.
    func call<Answer>(_ call: (TablewireClient) async throws -> Answer) async throws -> Answer {
        do {
            return try await call(client())
        } catch ClientError.lost, ClientError.closed {
            life.withLock { $0.client = nil }
            return try await call(client())
        }
    }
}

/// The program that is running, wherever it was started from.
enum OwnProgram {
    /// The file itself, or when it was replaced since, the kernel's link to what is running.
    static var url: URL {
        let link = "/proc/self/exe"
        guard let path = try? FileManager.default.destinationOfSymbolicLink(atPath: link),
            FileManager.default.isExecutableFile(atPath: path)
        else { return URL(filePath: link) }
        return URL(filePath: path)
    }

    /// The folder that holds the program's resources: beside the program.
    static var resources: URL {
        let folder = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return URL(filePath: folder).deletingLastPathComponent().appending(path: "tablewire_tablewire.resources")
    }
}
