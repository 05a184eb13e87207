import ClusterModel
import WireFormat

// rowWrite and rowGet.
extension Catalogue {
    static let rowCalls: [Case] = missingTables + foreignTables + sizes + rowMeaning

    /// Calls on rows.
    private static let onRows: [(name: String, make: @Sendable (TableName) -> Call)] = [
        ("row-get", { .rowGet(table: $0, key: [1]) }),
        ("row-scan", { .rowScan(RowScan(table: $0)) }),
        ("row-write", { .rowWrite(RowWrite(table: $0, level: .local, operations: [Operation(.put, key: [1])])) }),
        ("row-watch", { .rowWatch(table: $0, position: nil) }),
    ]

    /// Calls on a table.
    private static let onTables: [(name: String, make: @Sendable (TableName) -> Call)] = [
        ("table-info", { .tableInfo($0) }), ("table-drop", { .tableDrop($0) }),
    ]

    private static let missingTables: [Case] =
        (onRows + onTables).map { method in
            Case(
                "CAL-024/no-table-\(method.name)",
                "\(method.name) on a table that does not exist is answered with NO_SUCH_TABLE.", profile: .client
            ) {
                trial in
                let table = try await trial.ownTable()
                let link = try await trial.link()
                _ = try await link.succeed(.tableDrop(table))
                try await link.expectRefusal(.noSuchTable, of: method.make(table))
                try await link.expectRefusal(.noSuchTable, of: method.make(Names.table("conform-was-never-there")))
            }
        }

    private static let foreignTables: [Case] = onRows.map { method in
        Case(
            "CAL-024/not-replicated-\(method.name)",
            "\(method.name) on a table that the node does not replicate is answered with NOT_REPLICATED.", profile: .client
        ) { trial in
            let table = try await trial.table(replicas: [NodeID(1)])
            let link = try await trial.link()
            try await link.expectRefusal(.notReplicated, of: method.make(table))
        }
    }

    private static func write(_ operations: [Operation], to table: TableName) -> Call {
        .rowWrite(RowWrite(table: table, level: .local, timeout: 10_000, operations: operations))
    }

    /// Refused without a link's end, and nothing applied; what is one byte less is taken.
    private static func size(
        _ id: String, also others: [String], _ code: ErrorCode, tooMuch: @escaping @Sendable () -> [Operation],
        enough: @escaping @Sendable () -> [Operation]
    ) -> Case {
        Case(
            id, also: others,
            "One more than the limit is refused with \(code.name) and applied in no part; the limit itself is taken.",
            profile: .client
        ) { trial in
            let table = try await trial.ownTable()
            let link = try await trial.link()
            try await link.expectRefusal(code, of: write(tooMuch(), to: table), within: trial.timing.reaction * 4)
            guard case .rows(let page) = try await link.succeed(.rowScan(RowScan(table: table))), page.rows.isEmpty else {
                throw CaseFailure("no row of a refused write", got: "rows")
            }
            _ = try await link.succeed(write(enough(), to: table), within: trial.timing.reaction * 4)
            try await link.fence()
        }
    }

    private static let sizes: [Case] = [
        size(
            "CAL-026/key", also: ["LIM-004"], .keyTooLarge,
            tooMuch: {
                [Operation(.put, key: [1], value: [1]), Operation(.put, key: [UInt8](repeating: 1, count: Limits.key + 1))]
            },
            enough: {
                [Operation(.put, key: [UInt8](repeating: 1, count: Limits.key), value: [1]), Operation(.put, key: [], value: [])]
            }),
        size(
            "CAL-026/value", also: ["LIM-005", "LIM-003"], .valueTooLarge,
            tooMuch: { [Operation(.put, key: [1], value: [UInt8](repeating: 1, count: Limits.value + 1))] },
            enough: { [Operation(.put, key: [1], value: [UInt8](repeating: 1, count: Limits.value))] }),
        size(
            "CAL-026/batch", also: ["LIM-013"], .batchTooLarge,
            tooMuch: { (0...Limits.batchOperations).map { Operation(.put, key: [UInt8($0 >> 8), UInt8($0 & 255)]) } },
            enough: { (0..<Limits.batchOperations).map { Operation(.put, key: [UInt8($0 >> 8), UInt8($0 & 255)]) } }),
        Case(
            "CAL-026/key-to-get", also: ["LIM-004"], "rowGet of a key that is too long is refused with KEY_TOO_LARGE.",
            profile: .client
        ) { trial in
            let table = try await trial.ownTable()
            let link = try await trial.link()
            try await link.expectRefusal(
                .keyTooLarge, of: .rowGet(table: table, key: [UInt8](repeating: 1, count: Limits.key + 1)))
            _ = try await link.succeed(.rowGet(table: table, key: [UInt8](repeating: 1, count: Limits.key)))
        },
    ]

    private static let rowMeaning: [Case] = [
        Case(
            "CAL-018/one-group", also: ["VER-002", "CAL-020"],
            "Operations of one write share a stamp and have consecutive sequences.", profile: .client
        ) {
            trial in
            let table = try await trial.ownTable()
            let link = try await trial.link()
            let result = try await link.succeed(write((0..<20).map { Operation(.put, key: [$0], value: [$0]) }, to: table))
            guard case .written(let written) = result, written.last >= 20, written.replicas == 1, written.wanted == 1 else {
                throw CaseFailure("one replica of one, and twenty operations", got: "\(result)")
            }
            for key in 0..<UInt8(20) {
                let rows = try await link.rows(table, key: [key])
                let dot = Dot(
                    origin: Origin(node: trial.target.node, incarnation: trial.target.incarnation),
                    sequence: written.last - 19 + UInt64(key))
                guard rows.map(\.version) == [RowVersion(stamp: written.stamp, dot: dot)] else {
                    throw CaseFailure("stamp \(written.stamp.value), sequence \(dot.sequence)", got: "\(rows.map(\.version))")
                }
            }
        },
        Case("CAL-018/last-wins", "Of two operations of one write on one key the later wins.", profile: .client) { trial in
            let table = try await trial.ownTable()
            let link = try await trial.link()
            _ = try await link.succeed(
                write(
                    [Operation(.put, key: [1], value: [1]), Operation(.delete, key: [1]), Operation(.put, key: [1], value: [3])],
                    to: table))
            try await link.expectValues([[3]], of: [1], in: table)
            _ = try await link.succeed(write([Operation(.put, key: [1], value: [4]), Operation(.delete, key: [1])], to: table))
            try await link.expectValues([], of: [1], in: table)
        },
        Case("CAL-019/bag", also: ["TAB-003"], "rowGet answers with all values of a key of a bag, ascending.", profile: .client) {
            trial in
            let table = try await trial.ownTable(type: .bag)
            let link = try await trial.link()
            for value in [[9], [1, 2], [], [1], [1]] as [[UInt8]] {
                _ = try await link.succeed(write([Operation(.put, key: [5], value: value)], to: table))
            }
            try await link.expectValues([[], [1], [1, 2], [9]], of: [5], in: table)
        },
        Case("CAL-019/set", also: ["TAB-003"], "A set has one value a key: the last.", profile: .client) { trial in
            for type in [TableType.set, .orderedSet] {
                let table = try await trial.ownTable("\(type.rawValue)", type: type)
                let link = try await trial.link()
                for value in [[9], [1, 2], []] as [[UInt8]] {
                    _ = try await link.succeed(write([Operation(.put, key: [5], value: value)], to: table))
                    try await link.expectValues([value], of: [5], in: table)
                }
                try await link.expectValues([], of: [6], in: table)
            }
        },
        Case(
            "CAL-018/bag-delete", "A delete with a value removes that value of a bag, one without a value all of the key.",
            profile: .client
        ) { trial in
            let table = try await trial.ownTable(type: .bag)
            let link = try await trial.link()
            _ = try await link.succeed(write((1...4).map { Operation(.put, key: [5], value: [$0]) }, to: table))
            _ = try await link.succeed(write([Operation(.delete, key: [5], value: [2])], to: table))
            try await link.expectValues([[1], [3], [4]], of: [5], in: table)
            _ = try await link.succeed(write([Operation(.delete, key: [5])], to: table))
            try await link.expectValues([], of: [5], in: table)
        },
        Case(
            "CAL-004/no-operations", "A write without operations breaks a limit: INVALID_ARGUMENT, and the link lives.",
            profile: .client
        ) { trial in
            let table = try await trial.ownTable()
            let link = try await trial.link()
            try await link.expectRefusal(.invalidArgument, of: write([], to: table))
            try await link.fence()
        },
    ]
}

extension Conversation {
    func rows(_ table: TableName, key: [UInt8]) async throws -> [Row] {
        let result = try await succeed(.rowGet(table: table, key: key))
        guard case .rows(let page) = result else { throw CaseFailure("rows", got: "\(result.kind)") }
        return page.rows
    }

    func expectValues(_ values: [[UInt8]], of key: [UInt8], in table: TableName) async throws {
        let got = try await rows(table, key: key).map(\.value)
        guard got == values else { throw CaseFailure("the values \(values) of key \(key)", got: "\(got)") }
    }
}
