import ClusterModel
import WireFormat

/// What a table must hold: for each row id the highest version.
struct TableModel {
    let definition: TableDefinition
    var rows: [RowID: Row] = [:]
    var hidden: Set<NodeID> = []

    mutating func apply(_ operations: [Operation], stamp: Stamp, origin: Origin, first: UInt64) {
        for (offset, operation) in operations.enumerated() {
            let isTombstone = operation.kind == .delete
            let row = Row(
                key: operation.key, owner: definition.merge == .owner ? origin.node : nil,
                value: isTombstone && definition.type != .bag ? [] : operation.value, isTombstone: isTombstone,
                version: RowVersion(stamp: stamp, dot: Dot(origin: origin, sequence: first + UInt64(offset))))
            let id = RowID(key: row.key, owner: row.owner, value: definition.type == .bag ? row.value : [])
            if let old = rows[id], row.version < old.version { continue }
            rows[id] = row
        }
    }

    /// In the order of row ids.
    var live: [Row] {
        rows.values.filter { !$0.isTombstone }.sorted { a, b in
            if a.key != b.key { return a.key.lexicographicallyPrecedes(b.key) }
            if let x = a.owner, let y = b.owner, x != y { return x < y }
            return a.value.lexicographicallyPrecedes(b.value)
        }
    }

    var visible: [Row] { live.filter { row in row.owner.map { !hidden.contains($0) } ?? true } }

    /// In the order of a scan.
    var scanned: [Row] {
        guard definition.type == .set, definition.merge != .owner else { return visible }
        return Dictionary(grouping: visible) { RowHash.bucket(hash($0)) }.sorted { $0.key < $1.key }.flatMap(\.value)
    }

    var digest: UInt64 { live.reduce(0) { $0 &+ RowHash.digest(hash($1), version: $1.version) } }

    private func hash(_ row: Row) -> UInt64 {
        RowHash.row(type: definition.type, merge: definition.merge, key: row.key.span, owner: row.owner, value: row.value.span)
    }
}
