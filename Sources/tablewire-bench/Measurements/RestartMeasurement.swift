import ClusterModel
import ProgramTerminal
import TablewireClient

/// A node starts again alone on its own disk: from the start of the process until every row can be read.
struct RestartMeasurement: Sendable {
    var rows: Int
    var workload: Workload
    var type: TypeOption
    var stop: StopOption

    func run() async throws -> ResultLine {
        let stage = try Stage()
        let node = try await stage.startNodes(1)[0]
        try await node.client().create(stage.definition(type.type, .disc))
        try await RowLoader.load(0..<rows, of: workload, into: stage.table, over: node.client())
        switch stop {
        case .clean: try await node.stop()
        case .kill: try await node.kill()
        }
        let disk = Stage.bytes(in: node.data)
        Progress.show("starting again")
        let watch = Stopwatch()
        try node.launch()
        try await Waiting.until("every row to be there again", step: .milliseconds(1)) {
            try node.checkIsRunning()
            return try await node.holds(rows, of: workload, in: stage.table)
        }
        let seconds = watch.seconds
        var line = ResultLine(
            "restart", rows: rows, valueBytes: workload.valueBytes, seconds: seconds, peakMemory: node.figures.peakMemory)
        line["stop"] = .text(stop.rawValue)
        line["shape"] = .text(type.rawValue)
        line["disk_bytes"] = .integer(disk)
        line["disk_bytes_per_row"] = .number(Double(disk) / Double(rows))
        line["cpu_s"] = .number(node.figures.cpuSeconds)
        return line
    }
}
