import ClusterModel
import TableStorage

/// A table in this process, without a node around it.
struct EngineTable {
    static let origin = Origin(node: NodeID(1), incarnation: 1)
    private static let groupSize = 1000

    let table: Table
    let workload: Workload

    init(type: TableType, workload: Workload) {
        self.workload = workload
        table = Table(definition: Self.definition(type))
    }

    static func definition(_ type: TableType, _ storage: StorageKind = .ram) -> TableDefinition {
        guard let name = TableName(Stage.tableName) else { preconditionFailure("'\(Stage.tableName)' is a table name") }
        let version = RowVersion(stamp: Stamp(1), dot: Dot(origin: origin, sequence: 1))
        return TableDefinition(name: name, type: type, storage: storage, version: version)
    }

    /// Writes rows in groups as a batch brings them.
    func fill(_ rows: Range<Int>) {
        for start in stride(from: rows.lowerBound, to: rows.upperBound, by: Self.groupSize) {
            let operations = (start..<min(start + Self.groupSize, rows.upperBound)).map {
                Operation(.put, key: workload.key($0), value: workload.value($0))
            }
            write(operations)
        }
    }

    func write(_ operations: [Operation]) {
        _ = table.write(operations, stamp: Stamp(table.latestStamp.value + 1), origin: Self.origin)
    }

    /// Bytes of a key's value; 0 when there is none.
    @inline(__always)
    func valueSize(_ key: [UInt8]) -> Int { table.withValue(key.span) { $0.count } ?? 0 }
}
