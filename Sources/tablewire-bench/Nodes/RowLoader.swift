import ClusterModel
import ProgramTerminal
import TablewireClient

/// Puts rows into a table as fast as one link takes them.
enum RowLoader {
    private static let batchBytes = 64 * 1024
    private static let batchesInFlight = 8

    /// - Parameter level: of every batch; the last one is in any case on every replica when this returns.
    static func load(
        _ rows: Range<Int>, of workload: Workload, into table: TableName, over client: TablewireClient, level: AckLevel = .local
    ) async throws {
        let perBatch = min(max(1, batchBytes / (workload.valueBytes + 32)), Limits.batchOperations)
        var pending: [PendingReply] = []
        var next = rows.lowerBound
        var done = 0
        while next < rows.upperBound {
            let end = min(next + perBatch, rows.upperBound)
            let operations = (next..<end).map { Operation(.put, key: workload.key($0), value: workload.value($0)) }
            let isLast = end == rows.upperBound
            let write = RowWrite(
                table: table, level: isLast ? .all : level, timeout: isLast ? 60_000 : 30_000, operations: operations)
            pending.append(try client.begin(.rowWrite(write)))
            next = end
            if pending.count - done >= batchesInFlight {
                _ = try await pending[done].result()
                done += 1
                if done.isMultiple(of: 64) { Progress.show("loading: \(Quantity.grouped(next)) rows") }
            }
        }
        for reply in pending[done...] { _ = try await reply.result() }
        Progress.clear()
    }
}
