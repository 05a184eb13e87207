import ClusterModel
import Foundation
import ProgramTerminal
import TableStorage

/// A durable table on the real disk, without a node: writes with one sync for several, and recovery from log and checkpoint.
struct LogMeasurement: Sendable {
    static let groups = [1, 16, 256]

    var rows: Int
    var workload: Workload
    var seconds: Double

    func run() throws -> (line: ResultLine, text: String) {
        let stage = try Stage()
        var steps = StepTable()
        var line = ResultLine("log", rows: rows, valueBytes: workload.valueBytes)
        for group in Self.groups {
            Progress.show("writes, \(group) a sync")
            let log = try OpenLog(stage.directory.appending(path: "group-\(group)").path)
            let (count, elapsed, syncs) = try write(group, to: log)
            steps.add("write, \(group) a sync", rows: count, seconds: elapsed)
            line["sync_\(group)_us"] = .number(elapsed * 1e6 / Double(syncs))
        }
        let bytes = try measureRecovery(stage.directory.appending(path: "recovery"), &steps)
        line["log_bytes_per_row"] = .number(Double(bytes.log) / Double(rows))
        line["checkpoint_bytes_per_row"] = .number(Double(bytes.checkpoint) / Double(rows))
        line["seconds"] = .number(steps.seconds)
        line["rate"] = .number(Double(steps.steps[0].rows) / steps.steps[0].seconds)
        line["rss_mb"] = .number(ProcessFigures.own.peakMemory)
        steps.add(to: &line)
        return (line, steps.text)
    }

    /// Single writes, `group` of them before each sync, for as long as `seconds` says.
    private func write(_ group: Int, to log: OpenLog) throws -> (rows: Int, seconds: Double, syncs: Int) {
        let prepared = (0..<10_000).map { Operation(.put, key: workload.key($0), value: workload.value($0)) }
        let watch = Stopwatch()
        var (count, syncs) = (0, 0)
        while watch.seconds < seconds {
            for _ in 0..<group {
                try log.write([prepared[count % prepared.count]])
                count += 1
            }
            try log.drain()
            syncs += 1
        }
        return (count, watch.seconds, syncs)
    }

    /// Writes all rows, then opens the directory twice: with everything in the log, and with everything in a checkpoint.
    private func measureRecovery(_ folder: URL, _ steps: inout StepTable) throws -> (log: Int, checkpoint: Int) {
        let path = folder.path
        var log: OpenLog? = try OpenLog(path)
        try steps.measure("write in batches", rows: rows) {
            for start in stride(from: 0, to: rows, by: 500) {
                let operations = (start..<min(start + 500, rows)).map {
                    Operation(.put, key: workload.key($0), value: workload.value($0))
                }
                try log?.write(operations)
                if (start / 500).isMultiple(of: 8) { try log?.drain() }
            }
            try log?.drain()
        }
        log = nil
        let logBytes = Stage.bytes(in: folder)
        try steps.measure("recover from the log", rows: rows) { log = try OpenLog(path) }
        try check(log)
        try steps.measure("checkpoint", rows: rows) {
            log?.store.startCheckpoint()
            try log?.drain()
        }
        log = nil
        let checkpointBytes = Stage.bytes(in: folder)
        try steps.measure("recover from a checkpoint", rows: rows) { log = try OpenLog(path) }
        try check(log)
        return (logBytes, checkpointBytes)
    }

    private func check(_ log: OpenLog?) throws {
        let count = log?.store.data.tables.first?.rowCount ?? 0
        guard count == rows else { throw MeasurementError("\(count) of \(rows) rows came back") }
    }
}
