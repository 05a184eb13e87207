import ClusterModel
import TablewireClient
import Testing

/// The calls that scenarios are made of, in their words.
extension NodeProcess {
    func status() async throws -> ClusterStatus { try await call { try await $0.status() } }

    func view(of other: NodeProcess) async throws -> MemberStatus? {
        try await status().members.first { $0.record.name == other.name }
    }

    func id() async throws -> NodeID { try await call { try await $0.nodeInfo() }.node }

    func counter(_ name: String) async throws -> UInt64 {
        let counters = try await call { try await $0.nodeInfo() }.counters
        return try #require(counters.first { $0.name == name }, "no counter \(name)").value
    }

    func fingerprints() async throws -> [Fingerprint] {
        try await call { try await $0.tables() }.map {
            Fingerprint(table: $0.definition.name, rows: $0.rows, digest: $0.digest)
        }
    }

    @discardableResult
    func join(_ other: NodeProcess, mode: JoinMode = .refuse, isDryRun: Bool = false) async throws -> JoinResult {
        let target = other.address
        return try await call { try await $0.join(target, mode: mode, isDryRun: isDryRun) }
    }

    func create(_ tables: TableDefinition...) async throws {
        for table in tables { _ = try await call { try await $0.create(table) } }
    }

    // MARK: Rows

    @discardableResult
    func put(_ key: String, _ value: String, in table: TableDefinition, level: AckLevel = .local) async throws -> WriteResult {
        try await put(Array(key.utf8), Array(value.utf8), in: table, level: level)
    }

    @discardableResult
    func put(_ key: [UInt8], _ value: [UInt8], in table: TableDefinition, level: AckLevel = .local) async throws -> WriteResult {
        try await write([Operation(.put, key: key, value: value)], to: table, level: level)
    }

    @discardableResult
    func delete(_ key: String, in table: TableDefinition, level: AckLevel = .local) async throws -> WriteResult {
        try await write([Operation(.delete, key: Array(key.utf8))], to: table, level: level)
    }

    @discardableResult
    func write(
        _ operations: [ClusterModel.Operation], to table: TableDefinition, level: AckLevel = .local
    ) async throws
        -> WriteResult
    {
        try await call { try await $0.write(RowWrite(table: table.name, level: level, operations: operations)) }
    }

    /// Puts `count` rows `prefix-0000007` in batches.
    func fill(_ table: TableDefinition, rows count: Int, prefix: String = "row", valueSize: Int = 64) async throws {
        for first in stride(from: 0, to: count, by: 1000) {
            let batch = (first..<min(first + 1000, count)).map { Row.generated($0, prefix: prefix, valueSize: valueSize) }
            try await write(batch, to: table)
        }
    }

    /// The value of a key; nil when there is none.
    func value(_ key: String, in table: TableDefinition) async throws -> String? {
        try await bytes(Array(key.utf8), in: table).map { String(decoding: $0, as: UTF8.self) }
    }

    func bytes(_ key: [UInt8], in table: TableDefinition) async throws -> [UInt8]? {
        try await call { try await $0.get(key, from: table.name) }.first?.value
    }

    func rows(in table: TableDefinition) async throws -> UInt64 {
        try await call { try await $0.table(table.name) }.rows
    }
}

extension Row {
    /// The same for the same number, anywhere.
    static func generated(_ number: Int, prefix: String, valueSize: Int) -> ClusterModel.Operation {
        let digits = String(number)
        let key = "\(prefix)-" + String(repeating: "0", count: max(0, 7 - digits.count)) + digits
        let value = (0..<valueSize).map { UInt8(truncatingIfNeeded: 32 + (number &* 31 &+ $0 &* 7) % 95) }
        return Operation(.put, key: Array(key.utf8), value: value)
    }
}

extension TableDefinition {
    /// The node fills in what is not said here.
    static func named(
        _ name: String, _ type: TableType = .set, _ storage: StorageKind = .disc, _ merge: MergeRule = .lww
    ) throws -> TableDefinition {
        let unset = RowVersion(stamp: .zero, dot: Dot(origin: Origin(node: NodeID(0), incarnation: 0), sequence: 0))
        return TableDefinition(name: try #require(TableName(name)), type: type, storage: storage, merge: merge, version: unset)
    }
}
