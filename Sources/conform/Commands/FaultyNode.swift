import ClusterModel
import Foundation
import LinkTransport
import NIOCore
import NIOPosix
import ProgramTerminal

/// One deliberate fault, as the node's program lists it.
struct Mutant {
    var id: String
    var fault: String

    static func all(of program: String) async throws -> [Mutant] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["node", "--mutate", "list"]
        let output = Pipe()
        process.standardOutput = output
        do {
            try process.run()
        } catch {
            throw CommandError("cannot start \(program): name the program of the reference node", status: Status.usage)
        }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let mutants = String(decoding: data, as: UTF8.self).split(separator: "\n").compactMap { line -> Mutant? in
            let parts = line.split(separator: "\t", maxSplits: 1).map(String.init)
            return parts.count == 2 ? Mutant(id: parts[0], fault: parts[1]) : nil
        }
        guard process.terminationStatus == 0, !mutants.isEmpty else {
            throw CommandError("\(program) lists no faults: it is not the reference node", status: Status.usage)
        }
        return mutants
    }
}

/// The reference node with a fault, on a free port, with data of its own.
final class FaultyNode {
    let address: Address
    let keys: SecretKeys
    private let process: Process
    private let directory: URL

    private init(_ process: Process, _ address: Address, _ keys: SecretKeys, _ directory: URL) {
        self.process = process
        self.address = address
        self.keys = keys
        self.directory = directory
    }

    static func start(_ program: String, _ mutant: Mutant) async throws -> FaultyNode {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("conform-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        var random = SystemRandomNumberGenerator()
        let keys = SecretKeys.generate(using: &random)
        let secret = directory.appendingPathComponent("secret").path
        _ = FileManager.default.createFile(atPath: secret, contents: Data(keys.text.utf8), attributes: [.posixPermissions: 0o600])
        let address = Address(host: "127.0.0.1", port: try await FreePort.find())
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = [
            "node", "--name", "mutant@127.0.0.1", "--listen", "\(address)", "--data",
            directory.appendingPathComponent("data").path,
            "--secret-file", secret, "--mutate", mutant.id,
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let node = FaultyNode(process, address, keys, directory)
        guard await FreePort.waitUntilTaken(address) else {
            node.stop()
            throw CommandError("\(program) with the fault '\(mutant.id)' does not start")
        }
        return node
    }

    /// Ends the process that was started here, and removes its data.
    func stop() {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: directory)
    }
}

/// Ports of the loopback address.
enum FreePort {
    static func find() async throws -> UInt16 {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0)
            .get()
        let port = UInt16(channel.localAddress?.port ?? 0)
        try await channel.close().get()
        return port
    }

    /// Whether somebody listens within ten seconds.
    static func waitUntilTaken(_ address: Address) async -> Bool {
        for _ in 0..<200 {
            let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            if let channel = try? await bootstrap.connect(host: address.host, port: Int(address.port)).get() {
                try? await channel.close().get()
                return true
            }
            try? await Task.sleep(for: .milliseconds(50))
        }
        return false
    }
}
