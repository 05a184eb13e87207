import ClusterModel
import WireFormat

/// Row blocks and operation groups on their own.
extension VectorList {
    static var blocks: VectorList {
        var list = VectorList()
        list.addBlocks()
        list.addBrokenColumns()
        list.addBrokenKeys()
        list.addGroups()
        return list
    }

    /// A block of one row, key "k" and value "v"; each part may be replaced.
    ///
    /// Row count at 0, origins at 4, origin at 8; lengths at 32 flags, 37 origin indexes, 42 sequences, 47 stamps, 52 key
    /// shapes, 58 key rests, 63 value lengths, 68 values; 73 bytes.
    static func block(
        rows: UInt32 = 1, origins: [UInt8] = list(origin(Sample.nodeA, 3)), flags: [UInt8] = [0], indexes: [UInt8] = [0],
        sequences: [UInt8] = [2], stamps: [UInt8] = [10], shapes: [UInt8] = [0, 1], rests: String = "k", lengths: [UInt8] = [1],
        values: String = "v"
    ) -> [UInt8] {
        body(
            u32(rows), origins, blob(flags), blob(indexes), blob(sequences), blob(stamps), blob(shapes), blob(rests),
            blob(lengths),
            blob(values))
    }

    /// Two rows; key shapes of the second at 62.
    private static func pair(
        origins: [UInt8] = list(origin(Sample.nodeA, 3)), indexes: [UInt8] = [0, 0], shapes: [UInt8], rests: String,
        flags: [UInt8] = [0, 0]
    ) -> [UInt8] {
        block(
            rows: 2, origins: origins, flags: flags, indexes: indexes, sequences: [2, 2], stamps: [10, 0], shapes: shapes,
            rests: rests,
            lengths: [1, 1], values: "vv")
    }

    private mutating func goodBlock(_ name: String, _ rows: [Row], _ bytes: [UInt8]) {
        add(Vector("row-block/\(name)", .rowBlock, req: "SNP-022", bytes, .decoded(.array(rows.map { JSON(describing: $0) }))))
    }

    private mutating func badBlock(
        _ name: String, _ bytes: [UInt8], _ reason: DecodingError.Reason, at offset: Int, _ field: String, req: String = "SNP-024"
    ) {
        add(
            Vector(
                "row-block/\(name)", .rowBlock, req: req, bytes,
                .error(.malformed, reason, offset: offset, field: "rowBlock.\(field)")))
    }

    private mutating func addBlocks() {
        let a = (Sample.nodeA, UInt64(3))
        func row(_ key: String, _ value: String, _ version: RowVersion, owned: Bool = false, gone: Bool = false) -> Row {
            Row(
                key: Array(key.utf8), owner: owned ? version.dot.origin.node : nil, value: Array(value.utf8), isTombstone: gone,
                version: version)
        }
        goodBlock("one-row", [row("k", "v", Sample.version(5, a.0, a.1, 1))], Self.block())
        let rows = [
            row("ab", "1", Sample.version(1000, Sample.nodeB, 1, 300)),
            row("ab", "2", Sample.version(999, a.0, a.1, 299), gone: true),
            row("ab", "", Sample.version(999, a.0, a.1, 299), owned: true),
            row("abc", String(repeating: "v", count: 200), Sample.version(0, a.0, a.1, .max - 1)),
        ]
        goodBlock(
            "everything", rows,
            Self.block(
                rows: 4, origins: list(origin(a.0, a.1), origin(Sample.nodeB, 1)), flags: [0, 1, 2, 0], indexes: [1, 0, 0, 0],
                sequences: [0xD8, 0x04, 1, 0, 0xD9, 0x04], stamps: [0xD0, 0x0F, 1, 0, 0xCD, 0x0F],
                shapes: [0, 2, 2, 0, 2, 0, 2, 1], rests: "abc", lengths: [1, 1, 0, 0xC8, 0x01],
                values: "12" + String(repeating: "v", count: 200)))
        goodBlock(
            "empty-key-and-value", [row("", "", Sample.version(5, a.0, a.1, 1), gone: true)],
            Self.block(flags: [1], shapes: [0, 0], rests: "", lengths: [0], values: ""))
    }

    private mutating func addBrokenColumns() {
        let a = origin(Sample.nodeA, 3)
        let b = origin(Sample.nodeB, 1)
        badBlock("empty", [], .truncated, at: 0, "rowCount")
        badBlock("no-rows", Self.block(rows: 0), .outOfRange, at: 0, "rowCount")
        badBlock("no-origins", Self.block(origins: list()), .outOfRange, at: 4, "origins")
        badBlock("more-origins-than-rows", Self.block(origins: list(a, b)), .outOfRange, at: 4, "origins")
        badBlock(
            "origins-descending", Self.pair(origins: list(b, a), indexes: [0, 1], shapes: [0, 1, 0, 1], rests: "kl"),
            .notAscending,
            at: 32, "origins", req: "ENC-008")
        badBlock(
            "origin-unused", Self.pair(origins: list(a, b), shapes: [0, 1, 0, 1], rests: "kl"), .notCanonical, at: 32, "origins")
        badBlock("flags-missing", Self.block(rows: 2), .contradiction, at: 32, "flags")
        badBlock("flags-reserved", Self.block(flags: [4]), .reservedNotZero, at: 36, "flags")
        badBlock("origin-index-unknown", Self.block(indexes: [1]), .outOfRange, at: 41, "originIndexes")
        badBlock("leb128-too-long", Self.block(indexes: [0x80, 0]), .notCanonical, at: 41, "originIndexes", req: "ENC-010")
        badBlock("leb128-missing", Self.block(indexes: []), .truncated, at: 41, "originIndexes")
        badBlock("leb128-unused", Self.block(indexes: [0, 0]), .leftover, at: 42, "originIndexes")
        badBlock("leb128-cut", Self.block(sequences: [0x80]), .truncated, at: 46, "sequences", req: "ENC-010")
        badBlock(
            "leb128-65-bits", Self.block(sequences: [UInt8](repeating: 0xFF, count: 9) + [2]), .notCanonical, at: 46, "sequences",
            req: "ENC-010")
        badBlock(
            "leb128-without-end", Self.block(sequences: [UInt8](repeating: 0xFF, count: 30)), .notCanonical, at: 46, "sequences",
            req: "ENC-010")
        badBlock("sequence-zero", Self.block(sequences: [0]), .outOfRange, at: 46, "sequences", req: "VER-002")
        badBlock("sequence-whole", Self.block(sequences: [1]), .outOfRange, at: 46, "sequences", req: "VER-007")
        badBlock("value-missing", Self.block(lengths: [2]), .truncated, at: 72, "values")
        badBlock("value-unused", Self.block(values: "vv"), .leftover, at: 73, "values")
        badBlock(
            "value-too-long", Self.block(lengths: [0x81, 0x80, 0x80, 0x08]), .limitExceeded, at: 67, "valueLengths",
            req: "LIM-005")
        badBlock("column-beyond-the-block", Array(Self.block().dropLast()), .truncated, at: 68, "values")
        badBlock("byte-behind", Self.block() + [0], .leftover, at: 73, "values", req: "ENC-007")
    }

    private mutating func addBrokenKeys() {
        badBlock("first-key-shares", Self.block(shapes: [1, 0], rests: ""), .outOfRange, at: 56, "keyShapes")
        badBlock("key-missing", Self.block(shapes: [0, 2]), .truncated, at: 62, "keyRests")
        badBlock("key-unused", Self.block(rests: "kk"), .leftover, at: 63, "keyRests")
        badBlock("key-too-long", Self.block(shapes: [0, 0x81, 0x80, 0x04]), .limitExceeded, at: 57, "keyShapes", req: "LIM-004")
        badBlock("shares-less-than-it-could", Self.pair(shapes: [0, 2, 0, 2], rests: "kakb"), .notCanonical, at: 62, "keyShapes")
        badBlock(
            "keys-descending", Self.pair(shapes: [0, 2, 1, 1], rests: "kba"), .notAscending, at: 62, "keyShapes", req: "ENC-008")
        badBlock(
            "longer-key-first", Self.pair(shapes: [0, 2, 1, 0], rests: "kb"), .notAscending, at: 62, "keyShapes", req: "ENC-008")
        badBlock("row-twice", Self.pair(shapes: [0, 1, 1, 0], rests: "k"), .notAscending, at: 62, "keyShapes", req: "ENC-008")
        badBlock(
            "owned-row-first", Self.pair(shapes: [0, 1, 1, 0], rests: "k", flags: [2, 0]), .notAscending, at: 62, "keyShapes",
            req: "ENC-008")
        badBlock(
            "owners-descending",
            Self.pair(
                origins: list(origin(Sample.nodeA, 3), origin(Sample.nodeB, 1)), indexes: [1, 0], shapes: [0, 1, 1, 0],
                rests: "k",
                flags: [2, 2]), .notAscending, at: 86, "keyShapes", req: "ENC-008")
    }

    private mutating func addGroups() {
        func add(_ name: String, _ bytes: [UInt8], req: String = "REP-004", _ outcome: Vector.Outcome) {
            self.add(Vector("groups/\(name)", .groups, req: req, bytes, outcome))
        }
        let groups = [
            OperationGroup(
                stamp: Stamp(Sample.stamp),
                operations: [Operation(.put, key: Array("k1".utf8), value: Array("v1".utf8)), Operation(.delete, key: [0x6B])]),
            OperationGroup(stamp: Stamp(Sample.stamp + 1), operations: [Operation(.put, key: [], value: [0x78])]),
        ]
        add("two", Self.groups, .decoded(.array(groups.map { JSON(describing: $0) })))
        add("none", [], .decoded(.array([])))
        add("stamp-cut", [0, 1], .error(.malformed, .truncated, offset: 0, field: "groups.stamp"))
        add(
            "operation-cut", Self.group(1).dropLast(4) + u32(1) + [1, 0, 0],
            .error(.malformed, .truncated, offset: 12, field: "groups.kind"))
        add(
            "fewer-than-declared", Self.group(1, Self.operation(1, "k")).dropLast(14) + u32(2) + Self.operation(1, "k"),
            .error(.malformed, .truncated, offset: 22, field: "groups.kind"))
    }
}
