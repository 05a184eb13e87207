import ClusterModel
import Glibc
import TableStorage
import Testing
import WireFormat

/// A table that is told everything that a table can be told, in random order, against a model of plain dictionaries.
///
/// `TABLEWIRE_ENGINE_SEED` repeats a run, `TABLEWIRE_ENGINE_STEPS` makes it longer.
@Suite struct EngineRandomTests {
    private static func number(_ name: String) -> UInt64? {
        unsafe getenv(name).flatMap { unsafe UInt64(String(cString: $0)) }
    }

    @Test(arguments: TableKind.all) func whateverATableIsToldItHoldsWhatTheModelSays(_ kind: TableKind) throws {
        let seed = Self.number("TABLEWIRE_ENGINE_SEED") ?? UInt64.random(in: 1...UInt64.max)
        var life = try EngineLife(kind, seed: seed)
        let steps = Self.number("TABLEWIRE_ENGINE_STEPS") ?? 300
        for step in 1...steps {
            let what = try life.step()
            guard step % 20 == 0 || step == steps || life.difference != nil else { continue }
            try life.check()
            // One difference leads to many: the first says most.
            guard let difference = life.difference else { continue }
            Issue.record("\(difference) at or before step \(step), \(what), of TABLEWIRE_ENGINE_SEED=\(seed), \(kind)")
            return
        }
    }
}

/// The table, another one that it gets snapshots from, and what both are meant to hold.
private struct EngineLife {
    /// An encoded group on its way.
    struct Underway {
        var operations: [ClusterModel.Operation]
        var stamp: Stamp
        var origin: Origin
        var first: UInt64
    }

    var random: SeededGenerator
    var table: Table
    var model: EngineModel
    var other: Table
    var otherModel: EngineModel
    /// Live rows as the changes told them.
    var watched: [RowID: [UInt8]] = [:]
    var underway: [Underway] = []
    var sent: [Origin: UInt64] = [:]
    var clock: UInt64 = 1000
    var own = origin(1)
    /// What the model says otherwise.
    var difference: String?

    static let all = 0...(Limits.buckets - 1)

    init(_ kind: TableKind, seed: UInt64) throws {
        random = SeededGenerator(seed: seed)
        table = try kind.table()
        model = EngineModel(kind)
        other = try kind.table()
        otherModel = EngineModel(kind)
        table.recordsChanges = true
    }

    // MARK: Chance

    private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }

    /// Clocks differ: some writers are behind.
    private mutating func stamp() -> Stamp {
        clock += UInt64.random(in: 1...3, using: &random)
        return Stamp(clock - (chance(3) ? UInt64.random(in: 0...500, using: &random) : 0))
    }

    /// Of a table's own write: never at or below what was dropped.
    private mutating func stamp(above floor: Stamp) -> Stamp { max(stamp(), Stamp(floor.value + 1)) }

    private mutating func key() -> [UInt8] {
        let number = UInt8.random(in: 0...150, using: &random)
        switch number {
        case 0: return []
        case 1: return [UInt8](repeating: 0xFF, count: chance(40) ? Limits.key : 300)
        case 2: return [UInt8](repeating: 0xFF, count: 255)
        default: return bytes(number % 3 == 0 ? "k\(number)" : "a/common/beginning/of/keys/\(number)")
        }
    }

    private mutating func value() -> [UInt8] {
        // A bag's values come from a few, so that they are met again.
        let choice = model.kind.type == .bag ? 0 : Int.random(in: 0..<200, using: &random)
        let count: Int =
            switch choice {
            case 0...100: 1
            case 101...196: Int.random(in: 0...120, using: &random)
            case 197: 16_383 + Int.random(in: 0...1, using: &random)
            case 198: 70_000
            default: chance(10) ? 1_200_000 : 3000
            }
        return [UInt8](repeating: UInt8.random(in: 0..<4, using: &random), count: count)
    }

    private mutating func operations(_ limit: Int = 6) -> [ClusterModel.Operation] {
        (0..<Int.random(in: 1...limit, using: &random)).map { _ in
            guard chance(3) else { return ClusterModel.Operation(.put, key: key(), value: value()) }
            return ClusterModel.Operation(.delete, key: key(), value: model.kind.type == .bag ? value() : [])
        }
    }

    /// Few nodes with few lives; one whose sequences need more than 32 bits; one with more lives than fit in eight bits.
    private mutating func remoteOrigin() -> Origin {
        switch Int.random(in: 0..<10, using: &random) {
        case 0...5: origin(UInt64.random(in: 2...4, using: &random), incarnation: UInt64.random(in: 1...2, using: &random))
        case 6, 7: origin(8)
        default: origin(9, incarnation: UInt64.random(in: 1...400, using: &random))
        }
    }

    private mutating func someVector() -> VersionVector {
        var vector = chance(2) ? model.vector : otherModel.vector
        guard chance(2) else { return vector }
        var lower = VersionVector()
        for entry in vector.entries where !chance(3) { lower.raise(entry.origin, to: max(1, entry.sequence / 2)) }
        vector = lower
        return vector
    }

    private mutating func buckets() -> ClosedRange<Int> {
        if chance(2) { return Self.all }
        let (a, b) = (Int.random(in: Self.all, using: &random), Int.random(in: Self.all, using: &random))
        return min(a, b)...max(a, b)
    }

    // MARK: Steps

    private static let steps: [(weight: Int, name: String, run: @Sendable (inout EngineLife) throws -> Void)] = [
        (25, "write", { $0.write() }), (15, "send", { $0.send() }), (25, "deliver", { try $0.deliver() }),
        (7, "write to the other", { $0.writeOther() }), (5, "snapshot", { try $0.snapshot() }), (5, "collect", { $0.collect() }),
        (3, "scan a delta", { try $0.scanDelta() }), (1, "rebase", { $0.rebase() }), (1, "drop", { $0.drop() }),
        (1, "reshape", { try $0.reshape() }), (2, "purge", { $0.purge() }), (1, "compact", { $0.compact() }),
        (2, "hide", { $0.hide() }), (1, "copy", { try $0.copy() }), (1, "clear", { $0.clear() }),
        (1, "reserve", { $0.table.reserve(rows: Int.random(in: 0...4000, using: &$0.random)) }),
        (4, "write many", { $0.writeMany() }),
    ]

    /// - Returns: which step it was.
    mutating func step() throws -> String {
        var number = Int.random(in: 0..<100, using: &random)
        for step in Self.steps {
            number -= step.weight
            guard number < 0 else { continue }
            try step.run(&self)
            follow()
            return step.name
        }
        return "nothing"
    }

    private mutating func write() {
        let (operations, stamp) = (operations(), stamp(above: model.floor))
        model.write(table.write(operations, stamp: stamp, origin: own), operations, stamp: stamp)
    }

    /// Enough rows that indexes and memory grow.
    private mutating func writeMany() {
        let start = Int.random(in: 0...3000, using: &random)
        let operations = (start..<(start + 150)).map { ClusterModel.Operation(.put, key: bytes("many/\($0)"), value: [1, 2]) }
        let stamp = stamp(above: model.floor)
        model.write(table.write(operations, stamp: stamp, origin: own), operations, stamp: stamp)
    }

    private mutating func send() {
        let origin = remoteOrigin()
        let first = sent[origin] ?? (origin.node == TableStorageTests.origin(8).node ? 0xFFFF_FFE0 : 1)
        let group = Underway(operations: operations(20), stamp: stamp(), origin: origin, first: first)
        sent[origin] = first + UInt64(group.operations.count)
        underway.append(group)
    }

    /// In any order, some twice, some late, to either table.
    private mutating func deliver() throws {
        guard let index = underway.indices.randomElement(using: &random) else { return }
        let group = chance(3) ? underway[index] : underway.remove(at: index)
        let bytes = OperationGroups.encode([OperationGroup(stamp: group.stamp, operations: group.operations)])
        let isForOther = chance(4)
        _ = try (isForOther ? other : table).apply(groups: bytes.span, origin: group.origin, first: group.first)
        if isForOther {
            otherModel.apply(group.operations, stamp: group.stamp, origin: group.origin, first: group.first)
        } else {
            model.apply(group.operations, stamp: group.stamp, origin: group.origin, first: group.first)
        }
    }

    private mutating func writeOther() {
        let (operations, stamp, origin) = (operations(30), stamp(above: otherModel.floor), origin(20))
        otherModel.write(other.write(operations, stamp: stamp, origin: origin), operations, stamp: stamp)
        if chance(3) {
            let covered = otherModel.vector
            _ = other.collectTombstones(coveredBy: covered, buckets: 700)
            otherModel.collect(covered, buckets: 700)
        }
    }

    private mutating func snapshot() throws {
        let (range, begin) = (buckets(), other.vector)
        let have = chance(4) ? VersionVector() : model.vector
        let isComplete = other.needsCompleteSnapshot(have: have)
        var tracker: SnapshotTracker? = isComplete ? SnapshotTracker() : nil
        var scanner = other.deltaScan(buckets: range, have: have, complete: isComplete)
        var received: Set<RowID> = []
        while let chunk = scanner.next(other) {
            guard chunk.rows > 0 else { continue }
            _ = try table.merge(block: chunk.block.span, tracker: &tracker)
            for row in try RowBlock.rows(chunk.block.span) {
                received.insert(model.kind.id(row))
                model.mergeSnapshot(row)
            }
            if chance(3) { write() }
            if chance(3) { try deliver() }
        }
        if isComplete {
            let removed = table.prune(buckets: range, vector: begin, collected: other.collected, tracker: tracker)
            let before = model.content.rows.count
            model.prune(range, begin, received: received)
            expect("rows pruned", removed.count == before - model.content.rows.count)
        }
        guard range == Self.all else { return }
        table.adopt(begin)
        model.adopt(begin)
    }

    private mutating func collect() {
        let (covered, buckets) = (someVector(), Int.random(in: 1...1100, using: &random))
        _ = table.collectTombstones(coveredBy: covered, buckets: buckets)
        model.collect(covered, buckets: buckets)
    }

    private mutating func scanDelta() throws {
        let (have, range, isComplete) = (someVector(), buckets(), chance(2))
        let expected = model.missing(have, range, complete: isComplete)
        var scanner = table.deltaScan(buckets: range, have: have, complete: isComplete)
        var (found, count, digest, latest): (Set<Row>, Int, UInt64, Int) = ([], 0, 0, range.lowerBound)
        while let chunk = scanner.next(table) {
            expect("next bucket", chunk.nextBucket >= latest && chunk.nextBucket <= range.upperBound + 1)
            latest = chunk.nextBucket
            guard chunk.rows > 0 else { continue }
            expect("size of a chunk", chunk.block.count <= Limits.chunkRaw || chunk.rows == 1)
            found.formUnion(try RowBlock.rows(chunk.block.span))
            (count, digest) = (count + chunk.rows, digest &+ chunk.digest)
        }
        expect("rows of a delta", found == expected && count == expected.count)
        let sum = expected.reduce(0) { $0 &+ RowHash.digest(model.content.hash($1), version: $1.version) }
        expect("digest of a delta", digest == sum)
    }

    private mutating func rebase() {
        let new = Origin(node: own.node, incarnation: own.incarnation + 1)
        let runs = table.rebase(from: own, to: new)
        model.rebase(from: own, to: new)
        let moved = model.content.rows.values.count { $0.version.dot.origin == new }
        expect("rows rebased", runs.reduce(0) { $0 + Int($1.count) } == moved)
        own = new
    }

    private mutating func drop() {
        let floor = Stamp(clock - min(clock, UInt64.random(in: 50...2000, using: &random)))
        table.drop(rowsUpTo: floor)
        model.drop(floor)
    }

    private mutating func reshape() throws {
        guard let kind = TableKind.all.randomElement(using: &random), chance(2) else { return }
        table.update(try kind.definition(floor: model.floor))
        model.reshape(kind)
        other.update(try kind.definition(floor: otherModel.floor))
        otherModel.reshape(kind)
        // A value in a bag's delete means nothing elsewhere: what is under way was written for the old type.
        underway = []
        _ = table.takeChanges()
        watched = visible
    }

    private mutating func purge() {
        let owner = origin(UInt64.random(in: 2...4, using: &random)).node
        _ = table.purge(owner: owner, below: 2)
        model.purge(owner, below: 2)
    }

    private mutating func compact() {
        let dead = origin(9, incarnation: UInt64.random(in: 1...100, using: &random))
        table.compact(dead)
        model.compact(dead)
    }

    private mutating func hide() {
        model.hidden = Set((1...4).filter { _ in chance(3) }.map { origin($0).node })
        table.hiddenOwners = model.hidden
    }

    private mutating func clear() {
        table.removeAll()
        (model.content.rows, model.vector, model.beyond, model.collectionBucket) = ([:], VersionVector(), [:], 0)
        // The operations of lives that are forgotten would come as new ones.
        (sent, underway, own) = ([:], [], Origin(node: own.node, incarnation: own.incarnation + 1))
    }

    /// Goes on with a copy: one that a snapshot made, or one that was restored as from a checkpoint.
    private mutating func copy() throws {
        let copy = Table(definition: table.definition)
        if chance(2) { copy.reserve(rows: table.rowCount) }
        if chance(2) {
            var tracker = copy.privateTracker()
            expect("tracker of an empty table", tracker == nil)
            try fill(copy) { (copy, block) in _ = try copy.merge(block: block, tracker: &tracker) }
            expect(
                "rows pruned",
                copy.prune(buckets: Self.all, vector: table.vector, collected: table.collected, tracker: tracker).isEmpty)
            copy.adopt(table.vector)
            model.beyond = [:]
        } else {
            try fill(copy) { (copy, block) in try copy.load(block: block) }
            copy.restore(vector: table.vector, collected: table.collected, pending: table.pending)
        }
        copy.recordsChanges = true
        copy.hiddenOwners = model.hidden
        (model.incarnations, model.collectionBucket) = ([:], 0)
        table = copy
    }

    private func fill(_ copy: Table, _ take: (Table, Span<UInt8>) throws -> Void) throws {
        var scanner = table.deltaScan(buckets: Self.all, have: VersionVector(), complete: true)
        while let chunk = scanner.next(table) { if chunk.rows > 0 { try take(copy, chunk.block.span) } }
    }

    private mutating func follow() {
        for row in table.takeChanges() { watched[model.kind.id(row)] = row.isTombstone ? nil : row.value }
    }

    // MARK: Checks

    /// What a watch has put together from all changes (CAL-041).
    private var visible: [RowID: [UInt8]] {
        let rows = model.content.live.filter { model.isVisible($0) }
        return Dictionary(uniqueKeysWithValues: rows.map { (model.kind.id($0), $0.value) })
    }

    private mutating func expect(_ what: String, _ isAsTheModelSays: Bool) {
        if !isAsTheModelSays, difference == nil { difference = what }
    }

    mutating func check() throws {
        let live = model.content.live
        let digests = model.content.bucketDigests
        expect("row count", table.rowCount == live.count)
        expect("tombstone count", table.tombstoneCount == model.tombstones)
        expect("bucket digests", table.bucketDigests == digests)
        expect("digest", table.digest == digests.reduce(0, &+))
        expect("vector", table.vector == model.vector)
        expect("pending", table.pending == model.pending)
        expect("changes", watched == visible)
        let prefix = chance(2) ? [] : bytes("a/common/beginning/of/keys/1")
        let expected = model.content.scanned.filter { model.isVisible($0) && $0.key.starts(with: prefix) }
        expect("scan", try table.scanAll(prefix: prefix, byteLimit: Int.random(in: 1...9000, using: &random)) == expected)
        let byKey = Dictionary(grouping: live, by: \.key)
        for _ in 0..<20 {
            let key = key()
            let rows = byKey[key] ?? []
            expect("rows of a key", table.rows(key.span) == rows)
            expect("visible rows of a key", table.get(key.span) == rows.filter { model.isVisible($0) })
            guard model.kind.merge != .owner, model.kind.type != .bag else { continue }
            expect("value of a key", table.withValue(key.span) { $0.count } == rows.first?.value.count)
        }
    }
}
