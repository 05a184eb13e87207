import Foundation

/// Two Erlang nodes, each with a port mapper of its own; the second adds a copy of the first one's table.
struct MnesiaContender: LinkContender {
    static let programs = ["erl", "erlc", "epmd"]

    var link: SlowLink
    var stage: Stage
    /// Mnesia's `send_compressed`.
    var isCompressed: Bool
    private let go = Pipe()

    init(link: SlowLink, stage: Stage, isCompressed: Bool) {
        self.link = link
        self.stage = stage
        self.isCompressed = isCompressed
    }

    func prepare(_ rows: Int, of workload: Workload) async throws -> LinkPair {
        let source = NodeProgram.resources.appending(path: "tablewire_link.erl").path
        try await SystemProgram.run("erlc", ["-o", stage.directory.path, source])
        let file = stage.directory.appending(path: "rows.bin")
        try workload.write(rows, to: file) { key, value, bytes in
            bytes += [UInt8(key.count >> 8), UInt8(key.count & 255)]
            bytes += key
            for shift in [24, 16, 8, 0] { bytes.append(UInt8(value.count >> shift & 255)) }
            bytes += value
        }
        for (end, name) in [(link.seed, "epmd-a"), (link.joiner, "epmd-b")] {
            let mapper = try end.start(["epmd"], log: "\(name).log")
            try await Waiting.until("epmd at \(end.address)", atMost: .seconds(20), step: .milliseconds(20)) {
                try mapper.checkIsRunning()
                do {
                    try await end.run(["epmd", "-names"])
                    return true
                } catch is MeasurementError {
                    return false
                }
            }
        }
        let seed = try start(link.seed, "a", ["seed", file.path])
        guard try await seed.waitForLine("ready") == "\(rows)" else { throw MeasurementError("mnesia did not load every row") }
        let joiner = try start(link.joiner, "b", ["join", "a@\(link.seed.address)", "\(rows)"], input: go)
        _ = try await joiner.waitForLine("ready")
        return LinkPair(seed: seed, joiner: joiner)
    }

    func copy(_ rows: Int, of pair: LinkPair) async throws -> Double {
        try go.fileHandleForWriting.write(contentsOf: Data("go\n".utf8))
        let text = try await pair.joiner.waitForLine("seconds")
        guard let seconds = Double(text) else { throw MeasurementError("mnesia said '\(text)' instead of seconds") }
        return seconds
    }

    private func start(_ end: LinkEnd, _ name: String, _ call: [String], input: Pipe? = nil) throws -> LinkProcess {
        let directory = stage.directory.path
        let compression = isCompressed ? ["-mnesia", "send_compressed", "1"] : []
        return try end.start(
            [
                "erl", "-noshell", "-name", "\(name)@\(end.address)", "-start_epmd", "false", "-setcookie", "tablewire_link",
                "-pa",
                directory, "-mnesia", "dir", "\"\(directory)/mnesia-\(name)\"",
            ] + compression + ["-run", "tablewire_link"] + call, log: "mnesia-\(name).log",
            // No crash dump of a node that is killed, and no cookie file in anybody's home.
            environment: ["HOME": directory, "ERL_CRASH_DUMP_BYTES": "0"], input: input)
    }
}
