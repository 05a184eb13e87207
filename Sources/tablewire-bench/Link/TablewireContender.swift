import Foundation

/// Two nodes; everything is asked of them with the program's own commands, inside the namespaces.
struct TablewireContender: LinkContender {
    static let programs: [String] = []

    var link: SlowLink
    var stage: Stage
    var storage: StorageOption

    func prepare(_ rows: Int, of workload: Workload) async throws -> LinkPair {
        let program = try NodeProgram.url().path
        let pair = LinkPair(seed: try start(link.seed, "n1", program), joiner: try start(link.joiner, "n2", program))
        for (end, process) in [(link.seed, pair.seed), (link.joiner, pair.joiner)] {
            try await Waiting.until("the node at \(end.address) to answer calls", step: .milliseconds(20)) {
                try process.checkIsRunning()
                return try await self.tables(of: end) != nil
            }
        }
        try await call(link.seed, ["table", "create", Stage.tableName, "--storage", storage.rawValue])
        let file = stage.directory.appending(path: "rows.jsonl")
        try workload.write(rows, to: file) { key, value, bytes in
            bytes += "{\"key\":\"".utf8
            bytes += key
            bytes += "\",\"value\":\"".utf8
            for byte in value {
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { bytes.append(UInt8(ascii: "\\")) }
                bytes.append(byte)
            }
            bytes += "\"}\n".utf8
        }
        try await call(link.seed, ["table", "load", Stage.tableName, file.path, "--ack", "local"])
        guard try await tables(of: link.seed)?.first?.rows == rows else {
            throw MeasurementError("the seed does not hold the \(rows) rows that were loaded")
        }
        return pair
    }

    func copy(_ rows: Int, of pair: LinkPair) async throws -> Double {
        let watch = Stopwatch()
        try await call(link.joiner, ["cluster", "join", address(link.seed)])
        try await Waiting.until("every row to be in the joiner", atMost: .seconds(600)) {
            try await tables(of: link.joiner)?.first { $0.name == Stage.tableName }?.rows == rows
        }
        return watch.seconds
    }

    private func start(_ end: LinkEnd, _ name: String, _ program: String) throws -> LinkProcess {
        try end.start(
            [
                program, "node", "--name", "\(name)@\(end.address)", "--listen", address(end), "--data",
                stage.directory.appending(path: name).path, "--secret-file", stage.secret.path, "--log-level", "notice",
            ], log: "\(name).log")
    }

    private func address(_ end: LinkEnd) -> String { "\(end.address):7401" }

    /// Runs one of the program's commands at an end, against the node there.
    private func call(_ end: LinkEnd, _ command: [String], output: URL? = nil) async throws {
        let node = ["--node", address(end), "--secret-file", stage.secret.path]
        try await end.run([NodeProgram.url().path] + command + node, output: output)
    }

    private struct Table: Decodable {
        var name: String
        var rows: Int
    }

    /// - Returns: nil while the node does not answer.
    private func tables(of end: LinkEnd) async throws -> [Table]? {
        let file = stage.directory.appending(path: "tables.json")
        do {
            try await call(end, ["table", "list", "--json"], output: file)
        } catch is MeasurementError {
            return nil
        }
        return try JSONDecoder().decode([Table].self, from: Data(contentsOf: file))
    }
}
