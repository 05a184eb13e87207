import ClusterModel
import Testing
import WireFormat

@testable import TableStorage

/// Memory and indexes beneath a table.
@Suite struct RowStoreTests {
    private let own = origin(1)
    private let set = TableKind(type: .set, merge: .lww)

    // MARK: Memory

    @Test func everySizeHasAClassThatHoldsIt() {
        var latest = -1
        for bytes in 1...(RecordArena.slabBytes / 2) where bytes < 5000 || bytes % 997 == 0 || bytes.nonzeroBitCount == 1 {
            let size = SizeClass(bytes: bytes)
            #expect(size.granules * 8 >= bytes)
            #expect(size.granules * 8 <= max(24, bytes + bytes / 8 + 8))
            #expect(size.index >= latest && size.index < SizeClass.count)
            #expect(SizeClass(bytes: size.granules * 8) == size)
            latest = size.index
        }
        for granules in SizeClass.smallest...(RecordArena.slabBytes / 8) where granules < 1000 || granules % 613 == 0 {
            let size = SizeClass(within: granules)
            #expect(size.granules <= granules && size.granules > granules * 4 / 5)
        }
    }

    /// Blocks of random sizes, each filled with its own pattern: none is ever handed out twice.
    @Test func blocksDoNotOverlapAndFreedOnesAreUsedAgain() {
        var arena = RecordArena()
        var random = SeededGenerator(seed: 5)
        var blocks: [(reference: UInt32, value: [UInt8])] = []
        var bytesHeld = 0
        for step in 0..<20_000 {
            if blocks.count > 300 || (step % 3 == 2 && !blocks.isEmpty) {
                let block = blocks.remove(at: Int.random(in: 0..<blocks.count, using: &random))
                #expect(arena[block.reference].value.array == block.value)
                arena.release(block.reference, bytes: arena[block.reference].size)
                bytesHeld -= block.value.count
            }
            let length = Int.random(in: 0..<(step % 500 == 0 ? 3_000_000 : step % 7 == 0 ? 20_000 : 300), using: &random)
            let value = [UInt8](repeating: UInt8(truncatingIfNeeded: step), count: length)
            let header = Record.Header(
                keyLength: 0, valueLength: length, origin: step, isTombstone: false, stamp: Stamp(1), sequence: UInt64(step))
            let reference = arena.allocate(header.recordSize)
            #expect(reference != 0)
            arena[reference].setHeader(header)
            Bytes.of(value.span) { arena[reference].setValue($0) }
            blocks.append((reference, value))
            bytesHeld += length
        }
        for block in blocks { #expect(arena[block.reference].value.array == block.value) }
        // 20000 blocks were made; without reuse they would take over 100 MB.
        #expect(arena.memory < bytesHeld + 24 << 20)
    }

    /// The largest that the compact header takes, and the smallest that it does not.
    @Test(
        arguments: [
            (255, 16_383, 255, 0xFFFF_FFFF, false), (256, 0, 0, 1, true), (0, 16_384, 0, 1, true), (0, 0, 256, 1, true),
            (0, 0, 0, 0x1_0000_0000, true), (Limits.key, 70_000, Record.origins - 1, UInt64.max - 1, true),
        ] as [(Int, Int, Int, UInt64, Bool)])
    func headersSayWhatWasWritten(_ key: Int, _ value: Int, _ origin: Int, _ sequence: UInt64, _ isWide: Bool) {
        for isTombstone in [false, true] {
            var arena = RecordArena()
            let header = Record.Header(
                keyLength: key, valueLength: value, origin: origin, isTombstone: isTombstone, stamp: Stamp(0xFEDC_BA98_7654_3210),
                sequence: sequence)
            #expect(header.isWide == isWide)
            let record = arena[arena.allocate(header.recordSize)]
            record.setHeader(header)
            let (keyBytes, valueBytes) = ([UInt8](repeating: 1, count: key), [UInt8](repeating: 2, count: value))
            Bytes.of(keyBytes.span) { record.setKey($0) }
            Bytes.of(valueBytes.span) { record.setValue($0) }
            #expect((record.keyLength, record.valueLength, record.origin) == (key, value, origin))
            #expect((record.isTombstone, record.stamp.value, record.sequence) == (isTombstone, 0xFEDC_BA98_7654_3210, sequence))
            #expect(record.key.array == keyBytes)
            #expect(record.value.array == valueBytes)
            #expect(record.size == (isWide ? 24 : 16) + key + value)
        }
    }

    @Test func aTableThatIsRewrittenDoesNotGrow() throws {
        let table = try set.table()
        var random = SeededGenerator(seed: 3)
        var sizes: [Int] = []
        for round in 0..<40 {
            for number in 0..<2000 {
                let value = [UInt8](repeating: 1, count: Int.random(in: 0..<400, using: &random))
                let operation = ClusterModel.Operation(.put, key: bytes("k\(number)"), value: value)
                _ = table.write([operation], stamp: Stamp(UInt64(round * 2000 + number + 1)), origin: own)
            }
            sizes.append(table.store.records.arena.memory)
        }
        #expect(sizes.last == sizes[10])
    }

    @Test func valuesOfAnySizeComeBack() throws {
        let table = try set.table()
        let sizes = [0, 1, 1000, 1 << 20, (1 << 20) - 40, 2 << 20, 5_000_000, Limits.value]
        for round in 0..<2 {
            for (index, size) in sizes.enumerated() {
                let operation = ClusterModel.Operation(
                    .put, key: [UInt8(index)], value: [UInt8](repeating: UInt8(round), count: size))
                _ = table.write([operation], stamp: Stamp(UInt64(round) + 1), origin: own)
            }
        }
        for (index, size) in sizes.enumerated() {
            let key = [UInt8(index)]
            #expect(table.withValue(key.span) { $0.count == size && ($0.isEmpty || $0[size - 1] == 1) } == true)
        }
        table.drop(rowsUpTo: Stamp(5))
        #expect(table.store.records.arena.memory < 8 << 20)
    }

    // MARK: Hash index

    /// Rows whose hashes agree in all the bits that a slot keeps.
    private func collidingTable(_ kind: TableKind, _ count: Int, valueCount: Int) throws -> Table {
        let table = try kind.table()
        for number in 0..<count {
            let version = RowVersion(stamp: Stamp(1), dot: Dot(origin: own, sequence: UInt64(number) + 1))
            let (key, value) = (bytes("k\(number)"), [UInt8](repeating: 9, count: valueCount))
            Bytes.of(key.span) { key in
                Bytes.of(value.span) { value in
                    let row = IncomingRow(key: key, value: value, isTombstone: false, version: version)
                    table.store.insert(row, 0x0040_0000_0FFF_FFFF, 0)
                }
            }
        }
        return table
    }

    @Test func rowsWithOneHashAreFoundAndRemoved() throws {
        let table = try collidingTable(set, 500, valueCount: 1)
        func find(_ number: Int) -> RowStore.Place? {
            Bytes.of(bytes("k\(number)").span) { table.store.find(RowKey(key: $0), 0x0040_0000_0FFF_FFFF) }
        }
        for number in 0..<500 { #expect(find(number) != nil) }
        #expect(find(500) == nil)
        for number in stride(from: 0, to: 500, by: 2) {
            if let place = find(number) { table.store.index.remove(place.bucket, place.index) }
        }
        for number in 0..<500 { #expect((find(number) != nil) == (number % 2 == 1)) }
    }

    /// Rows of one fingerprint that do not fit in one chunk: each comes once, and the scan ends.
    @Test func aChunkMayEndBetweenRowsOfOneFingerprint() throws {
        for (count, size) in [(7, 200_000), (40, 30_000), (3, 300_000), (2, 20)] {
            let table = try collidingTable(set, count, valueCount: size)
            var scanner = table.deltaScan(buckets: 0...1023, have: VersionVector(), complete: true)
            var keys: [[UInt8]] = []
            var chunks = 0
            while let chunk = scanner.next(table) {
                keys += try RowBlock.rows(chunk.block.span).map(\.key)
                #expect(chunk.block.count <= Limits.chunkRaw || chunk.rows == 1)
                chunks += 1
                try #require(chunks <= count)
            }
            #expect(Set(keys).count == count)
            #expect(keys.count == count)
        }
    }

    @Test func theIndexGrowsAndShrinksWithTheRows() throws {
        let table = try set.table()
        let count = 60_000
        var stamp: UInt64 = 0
        for start in stride(from: 0, to: count, by: 1000) {
            stamp += 1
            let operations = (start..<(start + 1000)).map { ClusterModel.Operation(.put, key: bytes("key \($0)"), value: []) }
            _ = table.write(operations, stamp: Stamp(stamp), origin: own)
        }
        #expect(table.rowCount == count)
        let full = table.store.index.memory
        #expect(full < count * 14)
        for number in stride(from: 0, to: count, by: 7) { #expect(table.get(bytes("key \(number)").span).count == 1) }
        table.drop(rowsUpTo: Stamp(stamp - 1))
        #expect(table.rowCount == 1000)
        #expect(table.store.index.memory < full / 4)
        #expect(try table.scanAll(byteLimit: 10_000).count == 1000)
    }

    /// A thousand rows in one bucket, as the first chunks of a snapshot bring them to an empty table.
    @Test func slotsStayNearTheirHomes() throws {
        let table = try set.table()
        for number in 0..<1000 {
            let version = RowVersion(stamp: Stamp(1), dot: Dot(origin: own, sequence: UInt64(number) + 1))
            Bytes.of(bytes("k\(number)").span) { key in
                let row = IncomingRow(key: key, value: .empty, isTombstone: false, version: version)
                table.store.insert(row, (UInt64(number) &* 0x9E37_79B9_7F4A_7C15) >> 10, 0)
            }
        }
        var latest: UInt32 = 0
        var occupied = 0
        for place in 0..<table.store.index.slotCount(0) {
            let slot = table.store.index[0, place]
            guard slot != 0 else { continue }
            let fingerprint = UInt32(slot >> 32)
            let home = table.store.index.home(0, fingerprint)
            #expect(home <= place && place - home < 32)
            #expect(fingerprint >= latest)
            latest = fingerprint
            occupied += 1
        }
        #expect(occupied == 1000)
    }

    // MARK: Ordered index

    /// Keys of several shapes: with long common parts, ascending, short, and the same for many rows.
    private static func key(_ shape: Int, _ number: Int, _ random: inout SeededGenerator) -> [UInt8] {
        switch shape {
        case 0: bytes("a/common/beginning/that/is/longer/than/a/node/keeps/of/it/\(number % 977)")
        case 1: bigEndian(number)
        case 2: (0..<Int.random(in: 0..<4, using: &random)).map { _ in UInt8.random(in: 0..<3, using: &random) }
        case 3: bytes("topic/\(number % 5)")
        default: (0..<12).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
    }

    private static func bigEndian(_ number: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }

    @Test(arguments: 0..<5) func theOrderedIndexIsInOrderWhateverComesAndGoes(_ shape: Int) {
        var random = SeededGenerator(seed: UInt64(shape) + 40)
        var records = Records(shape: RowShape(type: .bag, merge: .lww))
        var index = OrderedIndex()
        var held: [(key: [UInt8], value: [UInt8], reference: UInt32)] = []
        for number in 0..<13_000 {
            // First they mostly come, until there are three levels, then they mostly go.
            let comes = held.isEmpty || Int.random(in: 0..<20, using: &random) < (number < 7000 ? 19 : 1)
            if comes {
                let key = Self.key(shape, number, &random)
                let value = Self.bigEndian(number ^ 0x55)
                let header = Record.Header(
                    keyLength: key.count, valueLength: value.count, origin: 0, isTombstone: false, stamp: Stamp(1), sequence: 1)
                let reference = records.arena.allocate(header.recordSize)
                records[reference].setHeader(header)
                Bytes.of(key.span) { records[reference].setKey($0) }
                Bytes.of(value.span) { records[reference].setValue($0) }
                index.insert(reference, records)
                held.append((key, value, reference))
            } else {
                let gone = held.remove(at: Int.random(in: 0..<held.count, using: &random))
                index.remove(gone.reference, records)
                records.arena.release(gone.reference, bytes: records[gone.reference].size)
            }
            if number % 2000 == 1999 || number > 12_990 {
                held.sort {
                    $0.key == $1.key ? $0.value.lexicographicallyPrecedes($1.value) : $0.key.lexicographicallyPrecedes($1.key)
                }
                var walked: [UInt32] = []
                var cursor = index.cursor(from: RowKey(key: .empty), records)
                while let reference = index.next(&cursor) { walked.append(reference) }
                #expect(walked == held.map(\.reference))
                guard let middle = held.randomElement(using: &random) else { continue }
                let from = Bytes.of(middle.key.span) { index.cursor(from: RowKey(key: $0), records) }
                cursor = from
                #expect(index.next(&cursor) == held.first { $0.key == middle.key }?.reference)
            }
        }
    }
}
