import ClusterModel
import ProgramTerminal
import TablewireClient

// Three nodes become a cluster.
extension Demo {
    private static let batchRows = 1000
    private static let batchesUnderWay = 4

    func startNodes() async throws {
        try await narrator.step(
            "start", "Start three nodes",
            proves: "Each node is a cluster of its own and ready at once: it waits for nobody."
        ) { report in
            for node in stage.nodes {
                let took = try await node.start()
                try report.tell(
                    "\(node.shortName)  \(node.address)  process \(node.processID ?? 0)  answers after \(took.inSeconds)")
                report.note("\(node.shortName)_seconds", took)
            }
        }
    }

    func load() async throws {
        try await narrator.step(
            "load", "Load rows into n1",
            proves: "Rows written to n1 are in its memory and on its disk before each write is answered."
        ) { report in
            for table in [DemoRows.timeZones, DemoRows.devices] { _ = try await n1.call { try await $0.create(table) } }
            let zones = try DemoRows.loadTimeZones()
            try await load(zones.count, into: DemoRows.timeZones.name, report) { zones[$0] }
            try await load(deviceRows, into: DemoRows.devices.name, report) { DemoRows.device($0) }
            let expected = [UInt64(deviceRows), UInt64(zones.count)]
            guard try await n1.fingerprints().map(\.rows) == expected else {
                throw CommandError("n1 does not hold the rows that it was given")
            }
        }
    }

    func join() async throws {
        try await narrator.step(
            "join", "n2 and n3 join n1",
            proves: "A node that joins gets every row; n1 serves calls meanwhile."
        ) { report in
            let total = try await n1.fingerprints().map(\.rows).reduce(0, +)
            for node in [n2, n3] {
                let start = ContinuousClock.now
                let joined = try await join(node, total, report)
                let took = ContinuousClock.now - start
                try report.endProgress()
                let rate = Rate(rows: joined.copied, over: took)
                try report.tell("\(node.shortName)  \(Quantity.count(joined.copied, "row")) copied in \(took.inSeconds), \(rate)")
                report.note("\(node.shortName)_rows_per_second", .number(rate.perSecond))
                guard joined.copied == total else {
                    throw CommandError("\(node.shortName) copied \(joined.copied) rows, n1 holds \(total)")
                }
            }
            try await waitUntilAllAreUp()
        }
    }

    func compare() async throws -> [Fingerprint] {
        try await narrator.step(
            "compare", "Compare the three",
            proves: "Equal digests, summed over the version of every row: the three hold the same rows."
        ) { report in
            let agreed = try await waitForAgreement(report)
            for print in agreed { report.note("\(print.table)_rows", .unsigned(print.rows)) }
            return agreed
        }
    }

    // MARK: Details

    /// Writes `count` rows to n1 in batches, several of them under way at once.
    private func load(
        _ count: Int, into table: TableName, _ report: StepReport, row: @escaping @Sendable (Int) -> ClusterModel.Operation
    ) async throws {
        let start = ContinuousClock.now
        let client = try await n1.client()
        var written = 0
        try await withThrowingTaskGroup(of: Int.self) { group in
            var next = 0
            func startBatch() {
                guard next < count else { return }
                let range = next..<min(next + Self.batchRows, count)
                next = range.upperBound
                group.addTask {
                    _ = try await client.write(RowWrite(table: table, level: .local, operations: range.map(row)))
                    return range.count
                }
            }
            for _ in 0..<Self.batchesUnderWay { startBatch() }
            while let rows = try await group.next() {
                written += rows
                try report.progress(UInt64(written), of: UInt64(count), since: start)
                startBatch()
            }
        }
        let took = ContinuousClock.now - start
        let rate = Rate(rows: UInt64(written), over: took)
        try report.endProgress()
        try report.tell("\(table)  \(Quantity.count(written, "row")) in \(took.inSeconds), \(rate)")
        report.note("\(table)_rows", .number(Int64(written)))
        report.note("\(table)_rows_per_second", .number(rate.perSecond))
    }

    /// Makes a node join n1, and shows how many rows it has received meanwhile.
    private func join(_ node: DemoNode, _ total: UInt64, _ report: StepReport) async throws -> JoinResult {
        let target = n1.address
        let start = ContinuousClock.now
        let observer = try await TablewireClient.connect(to: node.address, keys: stage.keys)
        return try await withThrowingTaskGroup(of: JoinResult?.self) { group in
            group.addTask { try await node.call { try await $0.join(target) } }
            group.addTask {
                // What is counted here is only shown: when the observer's link ends, the bar stands still.
                _ = try? await Patience.wait(for: "the copy", atMost: .seconds(3600)) {
                    let received = try await observer.nodeInfo().counters.first { $0.name == "snapshot.rows_received" }
                    try report.progress(received?.value ?? 0, of: total, since: start)
                    return false
                }
                return nil
            }
            defer { group.cancelAll() }
            while let finished = try await group.next() {
                if let joined = finished { return joined }
            }
            throw CancellationError()
        }
    }
}
