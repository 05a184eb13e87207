import ClusterModel
import TableStorage
import Testing
import WireFormat

@Suite struct TableScanTests {
    private let own = origin(1)

    private func filled(_ kind: TableKind, _ count: Int) throws -> Table {
        let table = try kind.table()
        for number in 0..<count {
            let operation = ClusterModel.Operation(.put, key: bytes("row/\(number)"), value: bytes("value \(number)"))
            _ = table.write([operation], stamp: Stamp(UInt64(number) + 1), origin: own)
        }
        return table
    }

    /// What is there from the first page to the last is in the pages exactly once, whatever else happens between them.
    @Test(arguments: TableKind.all) func rowsThatStayComeOnceWhileOthersComeAndGo(_ kind: TableKind) throws {
        let table = try filled(kind, 500)
        var random = SeededGenerator(seed: 11)
        var seen: [[UInt8]] = []
        var cursor: [UInt8] = []
        var stamp: UInt64 = 1000
        repeat {
            let page = try table.scan(prefix: [UInt8]().span, cursor: cursor.span, byteLimit: 800)
            seen += page.rows.map(\.key)
            cursor = page.next
            for _ in 0..<20 {
                stamp += 1
                // Odd rows go, others come; the even ones stay. The last row of the page goes too, where it may.
                let odd = Int.random(in: 0..<250, using: &random) * 2 + 1
                let gone = ClusterModel.Operation(
                    .delete, key: bytes("row/\(odd)"), value: kind.type == .bag ? bytes("value \(odd)") : [])
                let come = ClusterModel.Operation(.put, key: bytes("new/\(stamp)"), value: [1])
                _ = table.write([gone, come], stamp: Stamp(stamp), origin: own)
            }
        } while !cursor.isEmpty
        let stayed = (0..<250).map { bytes("row/\($0 * 2)") }
        for key in stayed { #expect(seen.count { $0 == key } == 1) }
        #expect(Set(seen).count == seen.count)
    }

    @Test(arguments: TableKind.all) func aPrefixSelects(_ kind: TableKind) throws {
        let table = try filled(kind, 300)
        let expected = (0..<300).filter { "\($0)".hasPrefix("12") }.map { bytes("row/\($0)") }
        for limit in [1, 100, 100_000] {
            let keys = try table.scanAll(prefix: bytes("row/12"), byteLimit: limit).map(\.key)
            #expect(keys.count == expected.count)
            #expect(Set(keys) == Set(expected))
        }
        #expect(try table.scanAll(prefix: bytes("rox")).isEmpty)
        #expect(try table.scanAll(prefix: bytes("row/299x")).isEmpty)
    }

    @Test(arguments: TableKind.all) func pagesKeepTheirLimitUnlessForOneRow(_ kind: TableKind) throws {
        let table = try filled(kind, 50)
        let wide = ClusterModel.Operation(.put, key: bytes("row/wide"), value: [UInt8](repeating: 7, count: 5000))
        _ = table.write([wide], stamp: Stamp(1000), origin: own)
        var cursor: [UInt8] = []
        var rows = 0
        repeat {
            let page = try table.scan(prefix: [UInt8]().span, cursor: cursor.span, byteLimit: 400)
            let size = page.rows.reduce(0) { $0 + $1.key.count + $1.value.count }
            #expect(size <= 400 || page.rows.count == 1)
            rows += page.rows.count
            cursor = page.next
        } while !cursor.isEmpty
        #expect(rows == 51)
    }

    @Test(arguments: TableKind.all) func aCursorFromElsewhereIsRefused(_ kind: TableKind) throws {
        let table = try filled(kind, 10)
        let isOrdered = kind.type != .set || kind.merge == .owner
        let wrong: [[UInt8]] =
            isOrdered
            ? [[0], [1], [2, 65], [3, 0, 0], [1, 0, 0, 0, 9, 65], [1, 255, 255, 255, 255], [9, 9]]
            : [[0], [1, 0, 0, 0, 0], [3], [3, 0], [3, 4, 0], [9]]
        for cursor in wrong {
            #expect(throws: TableError.invalidCursor) { _ = try table.scan(prefix: [UInt8]().span, cursor: cursor.span) }
        }
    }

    /// Origins that the scan has not met before, and numbers of origins that mean another one now.
    @Test func aDeltaScanFollowsOriginsThatComeAndGo() throws {
        let table = try TableKind(type: .set, merge: .lww).table()
        let wide = [UInt8](repeating: 1, count: 1500)
        func write(_ numbers: Range<Int>, _ stamp: UInt64, _ writer: Origin) {
            _ = table.write(
                numbers.map { .init(.put, key: bytes("row/\($0)"), value: wide) }, stamp: Stamp(stamp), origin: writer)
        }
        write(0..<600, 1, own)
        var have = VersionVector()
        have.raise(own, to: 300)
        for number in 2...20 { have.raise(origin(UInt64(number)), to: 1_000_000) }
        have.raise(origin(31), to: 2)
        var scanner = table.deltaScan(buckets: 0...1023, have: have, complete: false)
        let step = scanner.next(table)
        let first = try #require(step)
        #expect(first.rows > 0 && first.nextBucket < 1000)
        // The rest is written anew by others: some that `have` covers, one that it covers in part, one unknown.
        write(0..<590, 2, origin(2))
        write(590..<600, 3, origin(31))
        write(600..<610, 4, origin(32))
        var rows: [Row] = []
        while let chunk = scanner.next(table) { if chunk.rows > 0 { rows += try RowBlock.rows(chunk.block.span) } }
        #expect(!rows.isEmpty)
        #expect(rows.allSatisfy { !have.covers($0.version.dot) })
        let expected = try table.scanAll(byteLimit: 100_000).filter { row in
            let hash = RowHash.row(type: .set, merge: .lww, key: row.key.span, owner: nil, value: row.value.span)
            return RowHash.bucket(hash) > first.nextBucket && !have.covers(row.version.dot)
        }
        #expect(Set(expected).isSubset(of: Set(rows)))
    }

    @Test func hiddenOwnersAreNeitherGotNorScanned() throws {
        let kind = TableKind(type: .set, merge: .owner)
        let table = try kind.table()
        let other = origin(2)
        let put = [ClusterModel.Operation(.put, key: bytes("k"), value: bytes("v"))]
        _ = table.write(put, stamp: Stamp(1), origin: own)
        _ = table.write(put, stamp: Stamp(2), origin: other)
        table.hiddenOwners = [other.node]
        #expect(table.get(bytes("k").span).map(\.owner) == [own.node])
        #expect(try table.scanAll().map(\.owner) == [own.node])
        #expect(table.rows(bytes("k").span).count == 2)
        #expect(table.rowCount == 2)
        _ = table.write([ClusterModel.Operation(.put, key: bytes("l"), value: [])], stamp: Stamp(3), origin: other)
        #expect(table.get(bytes("l").span).isEmpty)
        table.hiddenOwners = []
        #expect(table.get(bytes("k").span).map(\.owner) == [own.node, other.node])
    }

    /// CAL-041: what a watch shows is what a read shows, also where no row has changed.
    @Test(arguments: TableType.allCases) func hidingAndShowingOwnersAreChanges(type: TableType) throws {
        let table = try TableKind(type: type, merge: .owner).table()
        let other = origin(2)
        let put = [ClusterModel.Operation(.put, key: bytes("k"), value: bytes("v"))]
        for writer in [own, other] { _ = table.write(put, stamp: Stamp(1), origin: writer) }
        table.hiddenOwners = [other.node]
        table.hiddenOwners = []
        #expect(table.takeChanges().isEmpty, "nobody watches")
        table.recordsChanges = true
        table.hiddenOwners = [other.node, origin(3).node]
        let hidden = table.takeChanges()
        #expect(hidden.map(\.owner) == [other.node])
        #expect(hidden.map(\.isTombstone) == [true])
        #expect(hidden.map(\.value) == [type == .bag ? bytes("v") : []])
        table.hiddenOwners = [other.node]
        #expect(table.takeChanges().isEmpty, "as before")
        let later = [
            ClusterModel.Operation(.put, key: bytes("l"), value: bytes("w")),
            .init(.delete, key: bytes("k"), value: put[0].value),
        ]
        _ = table.write(later, stamp: Stamp(2), origin: other)
        #expect(table.takeChanges().isEmpty, "rows that are not shown")
        table.hiddenOwners = []
        let shown = table.takeChanges()
        #expect(shown == table.get(bytes("l").span))
        #expect(shown.count == 1)
        table.hiddenOwners = [other.node]
        _ = table.takeChanges()
        _ = table.purge(owner: other.node, below: 2)
        table.hiddenOwners = []
        #expect(table.takeChanges().isEmpty, "gone while hidden")
    }
}
