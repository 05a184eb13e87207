import Foundation
import ProgramTerminal

/// An empty node copies the rows of another one over a slow link; whoever it is, over the same link.
struct LinkMeasurement: Sendable {
    var rows: Int
    var workload: Workload
    var storage: StorageOption
    var peer: LinkPeer
    var isCompressed: Bool
    var shape: SlowLink.Shape

    func run() async throws -> ResultLine {
        try SlowLink.check(shape)
        try SystemProgram.require(peer.programs, for: peer.rawValue)
        let stage = try Stage()
        let link = try await SlowLink(shape, directory: stage.directory)
        let contender: any LinkContender =
            switch peer {
            case .tablewire: TablewireContender(link: link, stage: stage, storage: storage)
            case .redis: RedisContender(link: link, stage: stage)
            case .mnesia: MnesiaContender(link: link, stage: stage, isCompressed: isCompressed)
            }
        Progress.show("loading")
        let pair = try await contender.prepare(rows, of: workload)
        Progress.show("copying")
        for process in [pair.seed, pair.joiner] { process.figures.resetPeak() }
        let (bytes, seedCPU, joinerCPU) = (
            pair.joiner.linkBytes, pair.seed.figures.cpuSeconds, pair.joiner.figures.cpuSeconds
        )
        let seconds = try await contender.copy(rows, of: pair)
        let wire = pair.joiner.linkBytes - bytes
        var line = ResultLine(
            "link", rows: rows, valueBytes: workload.valueBytes, seconds: seconds,
            peakMemory: pair.joiner.figures.peakMemory, bytesOnWire: wire)
        line["peer"] = .text(peer.rawValue)
        line["table"] = .text(storage.rawValue)
        line["wire_bytes_per_row"] = .number(Double(wire) / Double(rows))
        line["mbit"] = .number(shape.megabits)
        line["round_trip_ms"] = .number(shape.roundTrip)
        line["rss_seed_mb"] = .number(pair.seed.figures.peakMemory)
        line["cpu_seed_s"] = .number(pair.seed.figures.cpuSeconds - seedCPU)
        line["cpu_joiner_s"] = .number(pair.joiner.figures.cpuSeconds - joinerCPU)
        line["dropped_frames"] = .integer(link.drops)
        if isCompressed { line["send_compressed"] = .integer(1) }
        return line
    }
}

/// Who copies.
enum LinkPeer: String, CaseIterable, Sendable {
    case tablewire, mnesia, redis

    var programs: [String] {
        switch self {
        case .tablewire: TablewireContender.programs
        case .mnesia: MnesiaContender.programs
        case .redis: RedisContender.programs
        }
    }
}
