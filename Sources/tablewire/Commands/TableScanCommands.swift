import ArgumentParser
import ClusterModel
import ProgramTerminal
import TablewireClient

struct TableScanCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan", abstract: "Print rows for people to read.",
        discussion: """
            An ordered_set comes in key order, other tables in an order of their own that is the same on every node. Long values \
            are printed whole; bytes that are not text as base64:.... With --json each row is a line with its version. Use \
            'tablewire table dump' for a copy of a table.
            """)

    @OptionGroup var table: TableArgument
    @Option(name: .long, help: "Only keys that begin with this.")
    var prefix = ""
    @Option(name: .long, help: ArgumentHelp("Rows at most. (default: no limit)", valueName: "count"))
    var limit: Int?
    @OptionGroup var bytes: BytesOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit is 1 or more") }
        _ = try bytes.parse(prefix, "prefix")
    }

    func run(_ client: TablewireClient, _ output: Output) async throws {
        var left = limit ?? .max
        var width: Int?
        for try await page in client.pages(of: table.name, prefix: try bytes.parse(prefix, "prefix")) {
            for row in page.prefix(left) {
                let keys = width ?? page.prefix(left).map { text($0.key).count }.max() ?? 0
                width = min(keys, 40)
                try print(row, keyWidth: min(keys, 40), output)
            }
            left -= page.count
            if left <= 0 { break }
            if output.isTerminal { try output.flush() }
        }
    }

    private func print(_ row: Row, keyWidth: Int, _ output: Output) throws {
        if connection.json { return try output.print(.row(row)) }
        let key = text(row.key)
        let blanks = String(repeating: " ", count: max(0, keyWidth - key.count))
        let owner = row.owner.map { "  (\(Names.short($0)))" } ?? ""
        try output.print("\(key)\(blanks)  \(text(row.value))\(owner)")
    }

    private func text(_ bytes: [UInt8]) -> String {
        self.bytes.base64 ? Base64.encode(bytes) : BytesText.line(bytes)
    }
}

struct TableDumpCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "dump", abstract: "Print all rows as JSON lines.",
        discussion: """
            The output is what 'tablewire table load' reads. It depends on the rows alone: dumps of equal tables are equal files, \
            whichever node they come from. Rows of an owner table also say their owner. A dump of a table that is being written \
            to has each row as it was at some time during the dump.

            EXAMPLES
              tablewire table dump zones > zones.jsonl
              tablewire table dump zones --node 10.0.0.2:7400 | cmp - zones.jsonl
            """)

    @OptionGroup var table: TableArgument
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: TablewireClient, _ output: Output) async throws {
        for try await page in client.pages(of: table.name) {
            for row in page { try output.append { RowLine(row).append(to: &$0) } }
        }
    }
}

struct TableWatchCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Print changes of rows as JSON lines until interrupted.",
        discussion: """
            A row that is gone has "deleted": true. Each line has a position: --from goes on right after it, as long as the node \
            has not been restarted and still remembers; if it does not, the command fails and says so.
            """)

    @OptionGroup var table: TableArgument
    @Option(
        name: .long, help: ArgumentHelp("Go on after the event with this position.", valueName: "position"),
        transform: Arguments.position)
    var from: WatchPosition?
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: TablewireClient, _ output: Output) async throws {
        for try await reply in client.watchRows(of: table.name, from: from) {
            guard case .rowEvents(let events) = reply else { continue }
            for event in events { try output.print(.rowEvent(event)) }
            try output.flush()
        }
    }
}
