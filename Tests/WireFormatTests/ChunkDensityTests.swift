import ClusterModel
import Testing
import WireFormat

/// What packing is for: bytes for one row on a slow link.
@Suite struct ChunkDensityTests {
    /// Rows as telemetry has them, 96 bytes of key and value, of which about half is noise; every four hundredth of a table that
    /// was written in the order of its keys, a thousand rows with one stamp.
    private static func block(rows: Int) -> [UInt8] {
        var generator = SeededGenerator(seed: 27)
        let sensors = ["battery", "humidity", "pressure", "temperature"]
        let origin = Origin(node: NodeID(UInt128(generator.next()) << 64), incarnation: 3)
        var place = 0
        return RowBlock.encode(
            (0..<rows).map { _ in
                place += 1 + generator.below(800)
                let key = "device/\(String(100_000_000 + place / 4).dropFirst())/sensor/\(sensors[place % 4])"
                let head =
                    "{\"ts\":17000\(10_000 + generator.below(86_400)),\"v\":\(10 + generator.below(90)).\(10 + generator.below(90))"
                let tail =
                    ",\"q\":\(generator.below(3)),\"st\":\"ok\",\"h\":\"\(String(generator.next() | 1 << 63, radix: 16).prefix(14))\"}"
                let version = RowVersion(
                    stamp: Stamp(milliseconds: 1_763_750_000_000 + UInt64(place / 1000 * 10)),
                    dot: Dot(origin: origin, sequence: UInt64(place)))
                return Row(key: Array(key.utf8), value: Array((head + tail).utf8), version: version)
            })
    }

    @Test func denseRows() throws {
        let rows = 2500
        let raw = Self.block(rows: rows)
        let sizes = [ChunkCodec.Effort.fast, .dense].map { ChunkCodec.pack(raw, codec: .zlib, effort: $0).count }
        #expect(raw.count > 85 * rows)
        #expect(sizes[0] < 32 * rows)
        #expect(sizes[1] <= 27 * rows)
        #expect(sizes[1] < sizes[0] * 9 / 10)
    }
}
