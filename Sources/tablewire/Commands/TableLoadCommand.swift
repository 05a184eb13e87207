import ArgumentParser
import ClusterModel
import ProgramTerminal
import TablewireClient

struct TableLoadCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "load", abstract: "Write the rows of a file of JSON lines.",
        discussion: """
            Each line is {"key": "...", "value": "..."}; bytes that are not UTF-8 stand as {"base64": "..."}. Empty lines are \
            skipped. An "owner", as dumps of owner tables have it, is not taken over: the called node becomes the owner, and of \
            rows with equal keys the last one stays. Rows are written in the order of the file, many at once; loading a file twice does no harm.

            When something goes wrong midway, the message says how many rows were acknowledged; these stay.

            EXAMPLES
              tablewire table load zones zones.jsonl
              zcat zones.jsonl.gz | tablewire table load zones -
              tablewire table load zones zones.jsonl --ack local
            """)

    @OptionGroup var table: TableArgument
    @Argument(help: "The file; - is standard input.")
    var file: String
    @OptionGroup var write: WriteOptions
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: TablewireClient, _ output: Output) async throws {
        var loader = RowLoader(client: client, lines: LineReader(try InputFile(file)), template: write.write([], to: table.name))
        let clock = ContinuousClock()
        let start = clock.now
        do {
            try await loader.run()
        } catch let error as ClientError {
            throw CommandError("\(Advice.describe(error)); \(loader.progress.acknowledged)")
        } catch let error as CommandError {
            throw CommandError("\(error); \(loader.progress.acknowledged)")
        }
        try report(loader.progress, seconds: max(Quantity.seconds(clock.now - start), 0.000_001), output)
    }

    private func report(_ progress: LoadProgress, seconds: Double, _ output: Output) throws {
        if connection.json {
            return try output.print(
                .object([
                    "rows": .number(Int64(progress.rows)), "bytes": .number(Int64(progress.bytes)), "seconds": .decimal(seconds),
                ]))
        }
        try output.print(
            "\(Quantity.count(progress.rows, "row")) loaded in \(Quantity.oneDecimal(seconds)) s (\(progress.rate(seconds: seconds)))"
        )
    }
}

/// What a load has achieved.
struct LoadProgress {
    /// Acknowledged rows, and the bytes of their lines.
    var rows = 0
    var bytes = 0

    var acknowledged: String {
        rows == 0
            ? "no row was written"
            : "\(Quantity.count(rows, "row")) before it \(rows == 1 ? "was" : "were") acknowledged and stay"
    }

    func rate(seconds: Double) -> String {
        "\(Quantity.grouped(Int(Double(rows) / seconds))) rows/s, \(Quantity.oneDecimal(Double(bytes) / seconds / 1_000_000)) MB/s"
    }
}

/// Reads rows, sends them in batches, and keeps several batches under way.
struct RowLoader: ~Copyable {
    private static let batchRows = 500
    private static let batchBytes = 1024 * 1024
    private static let batchesUnderWay = 8

    private struct Batch {
        var reply: PendingReply
        var rows: Int
        var bytes: Int
    }

    private let client: TablewireClient
    private let template: RowWrite
    private var lines: LineReader
    private var underWay: [Batch] = []
    private var operations: [Operation] = []
    private var operationBytes = 0
    private var bytesSent = 0
    private var meter = ProgressMeter()
    private(set) var progress = LoadProgress()

    init(client: TablewireClient, lines: consuming LineReader, template: RowWrite) {
        self.client = client
        self.lines = lines
        self.template = template
    }

    /// Loads everything. When it throws, `progress` has counted every acknowledgement that came.
    mutating func run() async throws {
        defer { meter.clear() }
        do {
            while let row = try nextRow() {
                operationBytes += row.key.count + row.value.count
                operations.append(Operation(.put, key: row.key, value: row.value))
                if operations.count >= Self.batchRows || operationBytes >= Self.batchBytes { try await send() }
            }
            if !operations.isEmpty { try await send() }
            while !underWay.isEmpty { try await takeReply() }
        } catch {
            // The first error is the one to tell; what is under way may still succeed and is counted.
            while !underWay.isEmpty { try? await takeReply() }
            throw error
        }
    }

    private mutating func nextRow() throws(CommandError) -> RowLine? {
        while let line = try lines.next() {
            guard line.contains(where: { $0 > 0x20 }) else { continue }
            do throws(RowLineError) {
                let row = try RowLine(parsing: line)
                try Self.check(row)
                return row
            } catch {
                throw CommandError("\(lines.name):\(lines.number): \(error)")
            }
        }
        return nil
    }

    private static func check(_ row: RowLine) throws(RowLineError) {
        guard row.key.count <= Limits.key else {
            throw RowLineError(column: 1, problem: "the key has \(row.key.count) bytes, at most \(Limits.key) are allowed")
        }
        guard row.value.count <= Limits.value else {
            throw RowLineError(column: 1, problem: "the value has \(row.value.count) bytes, at most \(Limits.value) are allowed")
        }
    }

    private mutating func send() async throws {
        if underWay.count == Self.batchesUnderWay { try await takeReply() }
        var write = template
        write.operations = operations
        let bytes = lines.bytesRead - bytesSent
        underWay.append(Batch(reply: try client.begin(.rowWrite(write)), rows: operations.count, bytes: bytes))
        bytesSent = lines.bytesRead
        operations.removeAll(keepingCapacity: true)
        operationBytes = 0
    }

    private mutating func takeReply() async throws {
        let batch = underWay.removeFirst()
        let result = try await batch.reply.result()
        guard case .written(let written) = result else {
            throw CommandError("the node answered the write with something else: is it of another version?")
        }
        guard written.replicas >= written.wanted else {
            throw CommandError(
                "only \(written.replicas) of \(Quantity.count(written.wanted, "replica")) had a batch in time: --timeout waits longer, "
                    + "'tablewire cluster status' shows who is behind")
        }
        progress.rows += batch.rows
        progress.bytes += batch.bytes
        meter.show(progress)
    }
}
