import ClusterModel
import TableStorage
import WireFormat

/// Drives a table with the operations that the bytes spell, beside a dictionary that says what it must hold.
struct TableInput {
    private static let own = Origin(node: NodeID(1), incarnation: 1)
    private static let peer = Origin(node: NodeID(2), incarnation: 1)

    private var input: ArraySlice<UInt8>
    private let definition: TableDefinition
    private var table: Table
    private var model: TableModel
    private var stamp: UInt64 = 10

    static func run(_ bytes: [UInt8]) {
        guard let shape = bytes.first, let name = TableName("t") else { return }
        let types = TableType.allCases
        let definition = TableDefinition(
            name: name, type: types[Int(shape) % types.count], merge: shape & 128 == 0 ? .lww : .owner,
            version: RowVersion(stamp: .zero, dot: Dot(origin: own, sequence: 0)))
        var run = TableInput(bytes.dropFirst(), definition)
        while let choice = run.input.popFirst() { run.step(choice) }
        run.compareAll(run.table)
        run.compareAll(run.copied())
    }

    private init(_ input: ArraySlice<UInt8>, _ definition: TableDefinition) {
        self.input = input
        self.definition = definition
        table = Table(definition: definition)
        model = TableModel(definition: definition)
    }

    private mutating func byte() -> Int { Int(input.popFirst() ?? 0) }

    private mutating func step(_ choice: UInt8) {
        switch choice % 16 {
        case 0...6: write(by: Self.own)
        case 7...10: write(by: Self.peer)
        case 11: collect()
        case 12: table = copied()
        case 13: hide()
        case 14: table.reserve(rows: byte() * 64)
        default: compareAll(table)
        }
    }

    // MARK: Changes

    /// Few keys, many of which share long beginnings; values of all size classes.
    private mutating func operation() -> Operation {
        let shape = byte()
        var key = [UInt8](repeating: 7, count: shape & 3 == 3 ? 40 + byte() : 0)
        key += [UInt8](repeating: UInt8(shape & 1), count: shape >> 2 & 3) + [UInt8(byte() & 31)]
        let isDelete = shape & 0xC0 == 0xC0
        let size = shape & 0x30 == 0x30 ? byte() * 40 : byte() & 15
        let value = definition.type == .bag ? [UInt8(size & 3)] : [UInt8](repeating: UInt8(shape), count: size)
        return Operation(isDelete ? .delete : .put, key: key, value: isDelete && definition.type != .bag ? [] : value)
    }

    /// The own node's stamps rise; a peer's lie before or after.
    private mutating func write(by origin: Origin) {
        let operations = (0...(byte() & 3)).map { _ in operation() }
        let first = table.vector.sequence(of: origin) + 1
        stamp += 1
        var stamp = Stamp(stamp)
        if origin == Self.own {
            precondition(table.write(operations, stamp: stamp, origin: origin).first == first, "a wrong sequence")
        } else {
            stamp = Stamp(self.stamp &- UInt64(byte() & 7))
            let groups = OperationGroups.encode([OperationGroup(stamp: stamp, operations: operations)])
            for _ in 0...(byte() & 1) {
                let isApplied = (try? table.apply(groups: groups.span, origin: origin, first: first, ownOrigin: Self.own)) != nil
                precondition(isApplied, "good operations were refused")
            }
        }
        model.apply(operations, stamp: stamp, origin: origin, first: first)
        precondition(table.vector.sequence(of: origin) == first + UInt64(operations.count) - 1, "the vector did not follow")
        for operation in operations { compare(operation.key) }
        precondition(table.rowCount == model.live.count, "a wrong number of rows")
    }

    /// All tombstones may go, and none comes back.
    private mutating func collect() {
        for _ in 0..<16 { _ = table.collectTombstones(coveredBy: table.vector) }
        precondition(table.tombstoneCount == 0, "tombstones are left")
        model.rows = model.rows.filter { !$0.value.isTombstone }
    }

    private mutating func hide() {
        table.hiddenOwners = byte() & 1 == 0 ? [] : [Self.peer.node]
        model.hidden = table.hiddenOwners
        table.recordsChanges = byte() & 1 == 0
        _ = table.takeChanges()
    }

    /// The same rows in another table, by a snapshot.
    private func copied() -> Table {
        let copy = Table(definition: definition)
        var scanner = table.deltaScan(buckets: 0...1023, have: VersionVector(), complete: true)
        var tracker: SnapshotTracker? = SnapshotTracker()
        var rows = 0
        while let chunk = scanner.next(table) {
            guard chunk.rows > 0 else { continue }
            let applied = try? copy.merge(block: chunk.block.span, tracker: &tracker)
            precondition(applied?.rows == chunk.rows && applied?.digest == chunk.digest, "a chunk that does not merge")
            rows += chunk.rows
        }
        precondition(rows == table.rowCount + table.tombstoneCount, "a snapshot that is not whole")
        if let tracker { _ = copy.prune(buckets: 0...1023, vector: table.vector, collected: table.collected, tracker: tracker) }
        copy.adopt(table.vector)
        copy.hiddenOwners = table.hiddenOwners
        return copy
    }

    // MARK: Comparing

    private func compare(_ key: [UInt8]) {
        precondition(table.get(key.span) == model.visible.filter { $0.key == key }, "a key has other rows")
    }

    private func compareAll(_ table: Table) {
        var rows: [Row] = []
        var cursor: [UInt8] = []
        repeat {
            guard let page = try? table.scan(prefix: [UInt8]().span, cursor: cursor.span, byteLimit: 500) else {
                preconditionFailure("a scan's own cursor was refused")
            }
            rows += page.rows
            cursor = page.next
        } while !cursor.isEmpty
        precondition(rows == model.scanned, "a scan shows other rows")
        precondition(table.rowCount == model.live.count, "a wrong number of rows")
        precondition(table.bucketDigests.reduce(0, &+) == table.digest && table.digest == model.digest, "a wrong digest")
    }
}
