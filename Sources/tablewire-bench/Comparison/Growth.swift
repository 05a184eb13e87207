import ProgramTerminal

/// How the measurements change with the number of rows, of nodes, and with the size of values: one case after the other.
struct Growth: Sendable {
    struct Case: Sendable {
        /// What grows, and how far.
        var title: String
        var arguments: [String]

        init(_ title: String, _ arguments: String) {
            self.title = title
            self.arguments = arguments.split(separator: " ").map(String.init) + ["--json"]
        }
    }

    static let rowCounts = [10_000, 100_000, 1_000_000, 5_000_000]
    static let nodeCounts = [2, 3, 5, 9]
    static let valueSizes = [16, 64, 256, 1024, 16 * 1024, 256 * 1024, 1024 * 1024]
    /// Bytes of rows at most while values grow.
    static let volume = 256 * 1024 * 1024

    /// - Parameters:
    ///   - largest: cases with more rows are left out.
    ///   - seconds: of each load of writes.
    static func cases(largest: Int, seconds: Double) -> [Case] {
        rowCounts.filter { $0 <= largest }.flatMap { rows in
            let title = "\(Quantity.grouped(rows)) rows"
            return [
                Case("\(title), copy", "join --rows \(rows)"), Case("\(title), copy, disc", "join --rows \(rows) --storage disc"),
                Case("\(title), restart", "restart --rows \(rows)"),
                Case("\(title), restart after kill -9", "restart --rows \(rows) --stop kill"),
            ]
        }
            + nodeCounts.map { Case("\($0) nodes, 16 writers", "write --nodes \($0) --writers 16 --seconds \(seconds)") }
            + valueSizes.flatMap { value in
                let rows = max(min(largest, volume / (value + 32), 1_000_000), 1)
                let keys = max(16, min(100_000, rows))
                let title = "values of \(Quantity.grouped(value)) B"
                return [
                    Case("\(title), copy of \(Quantity.grouped(rows)) rows", "join --rows \(rows) --value \(value)"),
                    Case(
                        "\(title), 16 writers", "write --value \(value) --writers 16 --keys \(keys) --seconds \(seconds)"),
                ]
            }
    }

    private static let headings = ["", "s", "rows/s", "MB/s", "p50, µs", "resident, B/row", "wire, B/row", "disk, B/row"]

    private(set) var table = Columns(Self.headings)

    mutating func add(_ title: String, _ line: ResultLine) {
        let rows = max(line.number("rows") ?? 0, 1)
        let isWrite = line["benchmark"] == .text("write")
        let bytes = (line.number("value_bytes") ?? 0) + 32
        func cell(_ value: Double?) -> String {
            guard let value, value > 0 else { return "" }
            return Figure.short(value)
        }
        let wire = (line.number("bytes_on_wire") ?? 0) / rows
        table.append([
            title, isWrite ? "" : cell(line.number("seconds")), cell(line.number("rate")),
            cell(line.number("rate").map { $0 * bytes / 1e6 }), cell(line.number("p50_us")),
            isWrite ? "" : cell(line.number("rss_mb").map { $0 * 1_048_576 / rows }), cell(wire),
            cell(line.number("disk_bytes_per_row")),
        ])
    }

    mutating func add(_ title: String, failed reason: String) {
        table.append([title, "failed"] + Self.headings.dropFirst(2).map { _ in "" })
        failures.append("\(title): \(reason)")
    }

    private(set) var failures: [String] = []
}
