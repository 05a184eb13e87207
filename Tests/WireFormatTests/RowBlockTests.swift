import ClusterModel
import Testing
import WireFormat

/// SNP-022: what the vectors cannot show of row blocks, because it takes many rows or large ones.
@Suite struct RowBlockTests {
    private static let origin = Origin(node: NodeID(1), incarnation: 9)

    private static func version(_ origin: Origin = origin, _ sequence: UInt64 = 1, stamp: UInt64 = 5) -> RowVersion {
        RowVersion(stamp: Stamp(stamp), dot: Dot(origin: origin, sequence: sequence))
    }

    private static func row(_ key: [UInt8], value: [UInt8] = [], _ version: RowVersion = version()) -> Row {
        Row(key: key, value: value, version: version)
    }

    /// Rows of as many origins; they come in no order, the block lists them ascending.
    @Test(arguments: [1, 2, 127, 128, 129, 500]) func manyOrigins(_ count: Int) throws {
        var generator = SeededGenerator(seed: UInt64(count))
        let origins = (0..<count).map { Origin(node: NodeID(UInt128($0 / 2)), incarnation: UInt64($0 % 2)) }
            .shuffled(using: &generator)
        let rows = origins.enumerated().map {
            Self.row(u32(UInt32($0.offset)), Self.version($0.element, 1 + generator.next() / 2))
        }
        var encoder = RowBlockEncoder()
        // Twice: a finished encoder begins anew.
        let blocks = [1, 2].map { _ in
            for row in rows {
                encoder.append(key: row.key.span, value: row.value.span, isTombstone: false, isOwned: false, version: row.version)
            }
            let size = encoder.rawSize
            let block = encoder.finish()
            #expect(count <= 128 ? size == block.count : size >= block.count)
            return block
        }
        #expect(blocks[0] == blocks[1])
        let block = blocks[0]
        #expect(try RowBlock.rows(block.span) == rows)
    }

    /// `fits` never lets a block grow over the limit, and wastes little.
    @Test func fitsKeepsTheLimit() throws {
        var generator = SeededGenerator(seed: 256)
        var encoder = RowBlockEncoder()
        var blocks: [[UInt8]] = []
        for number in 0..<6000 {
            let key = u32(UInt32(number))
            let value = generator.bytes(upTo: 300)
            if !encoder.fits(keyCount: key.count, valueCount: value.count) { blocks.append(encoder.finish()) }
            let origin = Origin(node: NodeID(UInt128(generator.below(300))), incarnation: 1)
            encoder.append(
                key: key.span, value: value.span, isTombstone: generator.flag(), isOwned: generator.flag(),
                version: Self.version(origin, 1 + generator.next() / 2, stamp: generator.next()))
        }
        #expect(blocks.count >= 3)
        #expect(blocks.allSatisfy { $0.count <= Limits.chunkRaw && $0.count > Limits.chunkRaw - 8192 })
        for block in blocks { #expect(try RowBlock.validate(block.span) > 0) }
    }

    /// LIM-009 binds a block of several rows.
    @Test(arguments: [-1, 0, 1]) func rawLimit(_ beyond: Int) throws {
        func block(_ filler: Int) -> [UInt8] {
            RowBlock.encode([
                Self.row([1], value: [UInt8](repeating: 0, count: 100_000)),
                Self.row([2], value: [UInt8](repeating: 0, count: filler)),
            ])
        }
        let overhead = block(100_000).count - 200_000
        let bytes = block(Limits.chunkRaw + beyond - overhead - 100_000)
        #expect(bytes.count == Limits.chunkRaw + beyond)
        if beyond <= 0 {
            #expect(try RowBlock.validate(bytes.span) == 2)
        } else {
            #expect(throws: DecodingError(.limitExceeded, offset: 0, field: "rowBlock.rowCount")) {
                try RowBlock.validate(bytes.span)
            }
        }
    }

    @Test func oneRowMayBeLarger() throws {
        let row = Self.row([UInt8](repeating: 1, count: Limits.key), value: [UInt8](repeating: 2, count: Limits.value))
        let block = RowBlock.encode([row])
        #expect(block.count < Limits.message)
        #expect(try RowBlock.rows(block.span) == [row])
    }

    @Test func keysThatShareMuch() throws {
        let keys: [[UInt8]] = [
            [], [0], [0, 0], Array(repeating: 0, count: 255), Array(repeating: 0, count: 256), Array(repeating: 0, count: 4000),
            Array(repeating: 0, count: 4000) + [0, 0xFF], Array(repeating: 0, count: 3999) + [1], [1], [0xFF, 0xFF],
        ]
        let rows = keys.map { Self.row($0) }
        let block = RowBlock.encode(rows)
        #expect(try RowBlock.rows(block.span) == rows)
        #expect(block.count < 4600)
    }

    /// What `forEach` throws is what its body threw, and nothing more is called.
    @Test func bodyMayStop() {
        let block = RowBlock.encode([Self.row([1]), Self.row([2]), Self.row([3])])
        let stop = DecodingError(.outOfRange, offset: 1, field: "mine")
        var calls = 0
        #expect(throws: stop) {
            try RowBlock.forEach(block.span) { (key, _, _, _, _) throws(DecodingError) in
                calls += 1
                if key[0] == 2 { throw stop }
            }
        }
        #expect(calls == 2)
    }

    @Test func rowsOutOfOrderAreOurBug() async {
        await #expect(processExitsWith: .failure) {
            _ = RowBlock.encode([
                Row(
                    key: [2], value: [],
                    version: RowVersion(stamp: .zero, dot: Dot(origin: Origin(node: NodeID(1), incarnation: 1), sequence: 1))),
                Row(
                    key: [1], value: [],
                    version: RowVersion(stamp: .zero, dot: Dot(origin: Origin(node: NodeID(1), incarnation: 1), sequence: 2))),
            ])
        }
    }
}
