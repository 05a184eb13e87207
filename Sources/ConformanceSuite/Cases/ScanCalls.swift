import ClusterModel
import WireFormat

// rowScan.
extension Catalogue {
    static let scanCalls: [Case] =
        TableType.allCases.map { type in
            Case(
                "CAL-050/order-\(type)", also: ["CAL-052", "LIM-010", "SNP-006"],
                "A scan gives every row once: by bucket and key in a set, by key and value in other tables.", profile: .client
            ) { trial in
                try await scanOrder(trial, type)
            }
        } + [
            Case(
                "CAL-050/prefix", "A scan with a prefix gives the rows whose keys begin so, and no other.", profile: .client,
                run: scanPrefix),
            Case(
                "CAL-051/pages", also: ["LIM-024", "CAL-052", "CAL-053"],
                "Pages hold at most 262144 bytes of keys and values, and together every row once.", profile: .client,
                run: scanPages),
            Case(
                "CAL-051/large-row", also: ["LIM-024"], "A row that is larger than a page comes alone.", profile: .client,
                run: scanLargeRow),
            Case(
                "CAL-053/writes-meanwhile",
                "Rows that are there during a whole scan come once although others are written and deleted.", profile: .client,
                run: scanAndWrite),
            Case(
                "CAL-054/cursor-of-nobody", "A cursor that no scan of the table gave is refused with INVALID_ARGUMENT.",
                profile: .client
            ) { trial in
                let table = try await trial.ownTable()
                try await trial.put([([1], [1])], into: table)
                let link = try await trial.link()
                for cursor in [[0], [UInt8](repeating: 0xFF, count: 11), [UInt8](repeating: 0xA5, count: 1000)] as [[UInt8]] {
                    try await link.expectRefusal(.invalidArgument, of: .rowScan(RowScan(table: table, cursor: cursor)))
                }
            },
        ]

    /// All pages.
    private static func scan(
        _ table: TableName, prefix: [UInt8] = [], on link: Conversation, afterPage: (Int) async throws -> Void = { _ in }
    ) async throws -> [[Row]] {
        var pages: [[Row]] = []
        var cursor: [UInt8] = []
        repeat {
            let result = try await link.succeed(.rowScan(RowScan(table: table, prefix: prefix, cursor: cursor)))
            guard case .rows(let page) = result else { throw CaseFailure("rows", got: "\(result.kind)") }
            pages.append(page.rows)
            cursor = page.next
            guard pages.count < 10_000 else { throw CaseFailure("an end of the scan", got: "10,000 pages") }
            try await afterPage(pages.count)
        } while !cursor.isEmpty
        return pages
    }

    private static func scanOrder(_ trial: Trial, _ type: TableType) async throws {
        let table = try await trial.ownTable(type: type)
        // Keys of which some are the beginning of others, and bytes above 127.
        let keys: [[UInt8]] = (0..<600).map { index in
            index < 4 ? [UInt8](repeating: 0xFF, count: index) : [UInt8(index & 255), UInt8(index >> 8)]
        }
        try await trial.put(keys.map { ($0, [UInt8($0.count)]) } + [([7], [2]), ([7], [1])], into: table)
        let rows = try await scan(table, on: try await trial.link()).flatMap(\.self)
        let isBag = type == .bag
        let sorted = rows.sorted { left, right in
            let (first, second) = (left.bucket(isBag: isBag), right.bucket(isBag: isBag))
            if type == .set, first != second { return first < second }
            if left.key != right.key { return left.key.lexicographicallyPrecedes(right.key) }
            return left.value.lexicographicallyPrecedes(right.value)
        }
        guard rows == sorted else { throw CaseFailure("rows in their order", got: "another order") }
        guard Set(rows.map(\.key)) == Set(keys + [[7]]), rows.count == keys.count + (isBag ? 2 : 1) else {
            throw CaseFailure("\(keys.count + (isBag ? 2 : 1)) rows", got: "\(rows.count)")
        }
    }

    private static func scanPrefix(_ trial: Trial) async throws {
        for type in [TableType.set, .orderedSet] {
            let table = try await trial.ownTable("\(type.rawValue)", type: type)
            let keys: [[UInt8]] = [[], [1], [1, 0], [1, 255], [1, 255, 255], [2], [0, 1], [255], [255, 255], [255, 255, 1]]
            try await trial.put(keys.map { ($0, [1]) }, into: table)
            let link = try await trial.link()
            for prefix in [[], [1], [1, 255], [255], [255, 255], [3], [1, 0, 0]] as [[UInt8]] {
                let got = try await scan(table, prefix: prefix, on: link).flatMap(\.self).map(\.key)
                let wanted = keys.filter { $0.starts(with: prefix) }
                guard got.count == wanted.count, Set(got) == Set(wanted) else {
                    throw CaseFailure("the keys \(wanted)", got: "\(got)")
                }
            }
        }
    }

    private static func scanPages(_ trial: Trial) async throws {
        let table = try await trial.ownTable(type: .orderedSet)
        let keys = (0..<3000).map { [UInt8($0 >> 8), UInt8($0 & 255)] }
        try await trial.put(keys.map { ($0, [UInt8](repeating: 7, count: 398)) }, into: table)
        let pages = try await scan(table, on: try await trial.link())
        guard pages.allSatisfy({ page in page.reduce(0) { $0 + $1.key.count + $1.value.count } <= Limits.scanReply }) else {
            throw CaseFailure("pages of at most \(Limits.scanReply) bytes", got: "a larger one")
        }
        guard pages.flatMap(\.self).map(\.key) == keys else { throw CaseFailure("3000 rows, each once", got: "others") }
    }

    private static func scanLargeRow(_ trial: Trial) async throws {
        let table = try await trial.ownTable(type: .orderedSet)
        let sizes = [10, 300_000, 10]
        for (index, size) in sizes.enumerated() {
            try await trial.put([([UInt8(index)], [UInt8](repeating: 1, count: size))], into: table)
        }
        let pages = try await scan(table, on: try await trial.link())
        guard pages.flatMap(\.self).map(\.value.count) == sizes else { throw CaseFailure("three rows", got: "others") }
        guard pages.contains(where: { $0.map(\.value.count) == [300_000] }) else {
            throw CaseFailure("a page with the large row alone", got: "\(pages.map { $0.map(\.value.count) })")
        }
    }

    private static func scanAndWrite(_ trial: Trial) async throws {
        for type in TableType.allCases {
            let table = try await trial.ownTable("\(type.rawValue)", type: type)
            let value = [UInt8](repeating: 3, count: 500)
            let staying = (0..<1500).map { [UInt8($0 >> 8), UInt8($0 & 255)] }
            try await trial.put(staying.map { ($0, value) }, into: table)
            let pages = try await scan(table, on: try await trial.link()) { page in
                let changing = (0..<50).map { [UInt8(page & 255), UInt8($0), 9] }
                try await trial.put(changing.map { ($0, value) }, into: table)
                let deletes = changing.prefix(25).map { Operation(.delete, key: $0) }
                _ = try await trial.client().succeed(.rowWrite(RowWrite(table: table, level: .local, operations: deletes)))
            }
            let got = pages.flatMap(\.self).map(\.key).filter { $0.count == 2 }
            guard got.count == staying.count, Set(got) == Set(staying) else {
                throw CaseFailure("each of \(staying.count) rows once", got: "\(got.count), \(Set(got).count) different")
            }
        }
    }
}
