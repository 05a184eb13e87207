import ClusterModel

// What cases write and read by calls.
extension Operation {
    static func put(_ key: String, _ value: String) -> Operation {
        Operation(.put, key: Array(key.utf8), value: Array(value.utf8))
    }

    static func delete(_ key: String, _ value: String = "") -> Operation {
        Operation(.delete, key: Array(key.utf8), value: Array(value.utf8))
    }
}

extension Row {
    /// Key and value as text: for comparing and for reports.
    var text: String {
        let value = isTombstone ? "(deleted \(String(decoding: value, as: UTF8.self)))" : String(decoding: value, as: UTF8.self)
        return "\(String(decoding: key, as: UTF8.self))=\(value)"
    }
}

/// Throws unless the two are equal.
func expectEqual<T: Equatable>(_ got: T, _ expected: T, _ what: String) throws {
    guard got == expected else { throw CaseFailure("\(what): \(brief(expected))", got: brief(got)) }
}

func expect(_ condition: Bool, _ what: String, got: @autoclosure () -> String) throws {
    guard condition else { throw CaseFailure(what, got: got()) }
}

/// Long values are cut, so that a report stays readable.
private func brief(_ value: some Any) -> String {
    let text = String(describing: value)
    return text.count > 300 ? text.prefix(300) + "…" : text
}

extension Trial {
    /// A write by a client of the node; of one replica unless the case says otherwise.
    @discardableResult
    func write(
        _ table: TableName, _ operations: [Operation], level: AckLevel = .local, timeout: UInt32 = 5000
    ) async throws -> WriteResult {
        let write = RowWrite(table: table, level: level, timeout: timeout, operations: operations)
        guard case .written(let result) = try await client().succeed(.rowWrite(write)) else {
            throw CaseFailure("a reply of the kind written", got: "another kind")
        }
        return result
    }

    func rows(_ table: TableName, _ key: String) async throws -> [Row] {
        guard case .rows(let page) = try await client().succeed(.rowGet(table: table, key: Array(key.utf8))) else {
            throw CaseFailure("a reply of the kind rows", got: "another kind")
        }
        return page.rows
    }

    /// `key=value` of each row of a key.
    func texts(_ table: TableName, _ key: String) async throws -> [String] { try await rows(table, key).map(\.text) }

    /// All visible rows.
    func scan(_ table: TableName) async throws -> [Row] {
        var rows: [Row] = []
        var cursor: [UInt8] = []
        repeat {
            guard case .rows(let page) = try await client().succeed(.rowScan(RowScan(table: table, cursor: cursor))) else {
                throw CaseFailure("a reply of the kind rows", got: "another kind")
            }
            rows += page.rows
            cursor = page.next
        } while !cursor.isEmpty
        return rows
    }

    func info(_ table: TableName) async throws -> TableInfo {
        guard case .tables(let tables) = try await client().succeed(.tableInfo(table)), tables.count == 1 else {
            throw CaseFailure("one table in the reply to tableInfo", got: "something else")
        }
        return tables[0]
    }

    func status() async throws -> ClusterStatus {
        guard case .clusterStatus(let status) = try await client().succeed(.clusterStatus) else {
            throw CaseFailure("a reply of the kind clusterStatus", got: "another kind")
        }
        return status
    }

    func nodeInfo() async throws -> NodeInfo {
        guard case .nodeInfo(let info) = try await client().succeed(.nodeInfo) else {
            throw CaseFailure("a reply of the kind nodeInfo", got: "another kind")
        }
        return info
    }

    /// The node's record of a member.
    func record(of node: NodeID) async throws -> MemberRecord? {
        try await status().members.first { $0.record.node == node }?.record
    }

    /// Asks again until the answer is there. Only for what nobody tells the suite by itself.
    @discardableResult
    func eventually<T>(_ what: String, within time: Duration? = nil, _ probe: () async throws -> T?) async throws -> T {
        let limit = ContinuousClock.now + (time ?? timing.reaction)
        while true {
            if let result = try await probe() { return result }
            guard ContinuousClock.now < limit else {
                throw CaseFailure(what, got: "nothing of the kind for \((time ?? timing.reaction).text)")
            }
            try await Clock.letPass(.milliseconds(5))
        }
    }

    /// Waits until the node's record of a member fits.
    @discardableResult
    func expectRecord(
        of node: NodeID, _ what: String, within time: Duration? = nil, _ fits: (MemberRecord) -> Bool
    ) async throws -> MemberRecord {
        try await eventually("a record that is \(what)", within: time) {
            guard let record = try await record(of: node), fits(record) else { return nil }
            return record
        }
    }
}
