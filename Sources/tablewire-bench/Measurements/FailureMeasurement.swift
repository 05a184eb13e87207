import ClusterModel
import Glibc
import TablewireClient

/// A node is killed or hangs: until every other calls it down.
struct FailureMeasurement: Sendable {
    var signal: SignalOption
    var nodes: Int
    var preset: String
    var settle: Double

    func run() async throws -> ResultLine {
        let stage = try Stage()
        let members = try await stage.startCluster(nodes, options: ["--preset", preset])
        try await Waiting.pause(.seconds(settle))
        let victim = members[nodes - 1]
        let others = members.dropLast()
        // A link ends with its client, so these are kept until the verdicts are in.
        var clients: [TablewireClient] = []
        var watches: [ReplyStream] = []
        for other in others {
            let client = try await other.connect()
            let name = victim.name
            clients.append(client)
            watches.append(client.watchMembers())
            // The answer to a later call says that the watch before it has begun.
            guard try await client.status().members.contains(where: { $0.record.name == name && $0.record.state == .up }) else {
                throw MeasurementError("\(victim.name) was not up before its failure")
            }
        }
        let start = ContinuousClock.now
        victim.signal(signal == .kill ? SIGKILL : SIGSTOP)
        let verdicts = try await withThrowingTaskGroup(of: Verdict.self) { group in
            for watch in watches { group.addTask { try await Self.await(victim.name, in: watch, since: start) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        withExtendedLifetime(clients) {}
        var line = ResultLine(
            "failure", seconds: verdicts.map(\.down).max() ?? 0, peakMemory: others.map(\.figures.peakMemory).max() ?? 0)
        line["signal"] = .text(signal.rawValue)
        line["nodes"] = .integer(nodes)
        line["preset"] = .text(preset)
        line["first_seconds"] = .number(verdicts.map(\.down).min() ?? 0)
        line["suspect_seconds"] = .number(verdicts.compactMap(\.suspected).min() ?? 0)
        return line
    }

    private struct Verdict: Sendable {
        var suspected: Double?
        var down: Double
    }

    private static func await(
        _ victim: NodeName, in watch: ReplyStream, since start: ContinuousClock.Instant
    ) async throws -> Verdict {
        var suspected: Double?
        for try await reply in watch {
            guard case .memberEvent(let event) = reply, event.record.name == victim else { continue }
            let seconds = (ContinuousClock.now - start).seconds
            if event.record.state == .suspect { suspected = suspected ?? seconds }
            if event.record.state == .down { return Verdict(suspected: suspected, down: seconds) }
        }
        throw MeasurementError("a watch of members ended early")
    }
}
