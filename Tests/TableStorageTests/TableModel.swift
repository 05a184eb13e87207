import ClusterModel
import TableStorage
import Testing
import WireFormat

/// A generator that one seed replays.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}

/// The kinds of table that exist.
struct TableKind: Hashable, Sendable, CustomTestStringConvertible {
    var type: TableType
    var merge: MergeRule

    static let all = TableType.allCases.flatMap { type in [MergeRule.lww, .owner].map { TableKind(type: type, merge: $0) } }
    var testDescription: String { "\(type) \(merge)" }

    func definition(floor: Stamp = .zero) throws -> TableDefinition {
        TableDefinition(
            name: try #require(TableName("t")), type: type, merge: merge,
            version: RowVersion(stamp: .zero, dot: Dot(origin: origin(0), sequence: 0)), floor: floor)
    }

    func table() throws -> Table { Table(definition: try definition()) }

    func id(_ key: [UInt8], _ value: [UInt8], _ owner: NodeID) -> RowID {
        RowID(key: key, owner: merge == .owner ? owner : nil, value: type == .bag ? value : [])
    }

    func id(_ row: Row) -> RowID { RowID(key: row.key, owner: row.owner, value: type == .bag ? row.value : []) }
}

func origin(_ number: UInt64, incarnation: Incarnation = 1) -> Origin {
    Origin(node: NodeID(UInt128(number) << 64 | 7), incarnation: incarnation)
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// What a table is meant to hold, said in the plainest way: the highest version of each row id.
struct TableModel {
    var kind: TableKind
    var rows: [RowID: Row] = [:]

    mutating func apply(_ operations: [ClusterModel.Operation], stamp: Stamp, origin: Origin, first: UInt64) {
        for (index, operation) in operations.enumerated() {
            let isTombstone = operation.kind == .delete
            merge(
                Row(
                    key: operation.key, owner: kind.merge == .owner ? origin.node : nil,
                    value: isTombstone && kind.type != .bag ? [] : operation.value, isTombstone: isTombstone,
                    version: RowVersion(stamp: stamp, dot: Dot(origin: origin, sequence: first + UInt64(index)))))
        }
    }

    mutating func merge(_ row: Row) {
        let id = kind.id(row)
        if let old = rows[id], row.version < old.version { return }
        rows[id] = row
    }

    func hash(_ row: Row) -> UInt64 {
        RowHash.row(type: kind.type, merge: kind.merge, key: row.key.span, owner: row.owner, value: row.value.span)
    }

    /// In the order of row ids.
    var live: [Row] { rows.values.filter { !$0.isTombstone }.sorted(by: precedes) }

    /// In the order of a scan.
    var scanned: [Row] {
        guard kind.type == .set, kind.merge != .owner else { return live }
        // `live` is in key order already.
        return Dictionary(grouping: live) { RowHash.bucket(hash($0)) }.sorted { $0.key < $1.key }.flatMap(\.value)
    }

    var bucketDigests: [UInt64] {
        var buckets = [UInt64](repeating: 0, count: 1024)
        for row in live {
            let hash = hash(row)
            buckets[RowHash.bucket(hash)] &+= RowHash.digest(hash, version: row.version)
        }
        return buckets
    }
}

func precedes(_ a: Row, _ b: Row) -> Bool {
    if a.key != b.key { return a.key.lexicographicallyPrecedes(b.key) }
    if let x = a.owner, let y = b.owner, x != y { return x < y }
    return a.value.lexicographicallyPrecedes(b.value)
}

extension Table {
    /// All pages of a scan.
    func scanAll(prefix: [UInt8] = [], byteLimit: Int = 2000) throws -> [Row] {
        var rows: [Row] = []
        var cursor: [UInt8] = []
        repeat {
            let page = try scan(prefix: prefix.span, cursor: cursor.span, byteLimit: byteLimit)
            rows += page.rows
            cursor = page.next
        } while !cursor.isEmpty
        return rows
    }

    /// What another table would get to have all that this one has: the snapshot of a buckets' range, as the protocol runs it.
    @discardableResult
    func sendSnapshot(to receiver: Table, buckets: ClosedRange<Int> = 0...1023, have: VersionVector? = nil) throws -> [RowID] {
        let have = have ?? receiver.vector
        let (begin, gone) = (vector, collected)
        let complete = needsCompleteSnapshot(have: have)
        var tracker: SnapshotTracker? = complete ? SnapshotTracker() : nil
        var scanner = deltaScan(buckets: buckets, have: have, complete: complete)
        while let chunk = scanner.next(self) {
            guard chunk.rows > 0 else { continue }
            _ = try receiver.merge(block: chunk.block.span, tracker: &tracker)
        }
        let pruned = tracker.map { receiver.prune(buckets: buckets, vector: begin, collected: gone, tracker: $0) } ?? []
        if buckets == 0...1023 { receiver.adopt(begin) }
        return pruned
    }
}
