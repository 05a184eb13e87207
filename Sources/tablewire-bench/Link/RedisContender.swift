import Foundation

/// Two servers; the second becomes the replica of the first.
struct RedisContender: LinkContender {
    static let programs = ["redis-server", "redis-cli"]

    var link: SlowLink
    var stage: Stage

    func prepare(_ rows: Int, of workload: Workload) async throws -> LinkPair {
        let pair = LinkPair(seed: try start(link.seed, "redis-a"), joiner: try start(link.joiner, "redis-b"))
        for (end, process) in [(link.seed, pair.seed), (link.joiner, pair.joiner)] {
            try await Waiting.until("redis-server at \(end.address) to answer", step: .milliseconds(20)) {
                try process.checkIsRunning()
                do {
                    try await end.run(client(end) + ["PING"])
                    return true
                } catch is MeasurementError {
                    return false
                }
            }
        }
        let file = stage.directory.appending(path: "rows.resp")
        try workload.write(rows, to: file) { key, value, bytes in
            bytes += "*3\r\n$3\r\nSET\r\n$\(key.count)\r\n".utf8
            bytes += key
            bytes += "\r\n$\(value.count)\r\n".utf8
            bytes += value
            bytes += "\r\n".utf8
        }
        try await link.seed.run(client(link.seed) + ["--pipe"], input: file)
        return pair
    }

    func copy(_ rows: Int, of pair: LinkPair) async throws -> Double {
        // One client that asks every five milliseconds: starting one each time would take the processor from the replica.
        let question = client(link.joiner) + ["-r", "1000000", "-i", "0.005", "INFO", "replication", "keyspace"]
        let answers = try link.joiner.start(question, log: "info.log")
        defer { answers.kill() }
        try await Waiting.until("the replica to tell of itself") { lastAnswer(answers.log).contains("role:master") }
        let watch = Stopwatch()
        try await link.joiner.run(client(link.joiner) + ["REPLICAOF", link.seed.address, "6379"])
        try await Waiting.until("every row to be in the replica", atMost: .seconds(600)) {
            try answers.checkIsRunning()
            let answer = lastAnswer(answers.log)
            return answer.contains("master_link_status:up") && answer.contains("keys=\(rows),")
        }
        return watch.seconds
    }

    private func start(_ end: LinkEnd, _ name: String) throws -> LinkProcess {
        let directory = stage.directory.appending(path: name)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        return try end.start(
            [
                "redis-server", "--bind", end.address, "--port", "6379", "--protected-mode", "no", "--save", "", "--appendonly",
                "no", "--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0", "--dir", directory.path,
            ], log: "\(name).log")
    }

    private func client(_ end: LinkEnd) -> [String] { ["redis-cli", "-h", end.address] }

    /// The last answer that is complete; each begins with the section of replication.
    private func lastAnswer(_ log: URL) -> String {
        guard let file = try? FileHandle(forReadingFrom: log) else { return "" }
        defer { try? file.close() }
        let size = (try? file.seekToEnd()) ?? 0
        try? file.seek(toOffset: size > 8192 ? size - 8192 : 0)
        let text = String(decoding: (try? file.readToEnd()) ?? Data(), as: UTF8.self)
        let answers = text.components(separatedBy: "# Replication")
        return answers.count > 2 ? answers[answers.count - 2] : ""
    }
}
