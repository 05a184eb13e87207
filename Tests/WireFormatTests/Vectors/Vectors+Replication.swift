import ClusterModel
import WireFormat

/// OPERATIONS, ACK, TABLE_STATE, DIGEST_REQUEST, DIGESTS, SNAP_*.
extension VectorList {
    static var replication: VectorList {
        var list = VectorList()
        list.addOperations()
        list.addProgress()
        list.addVectors()
        list.addDigests()
        return list
    }

    static func operation(_ kind: UInt8, _ key: String, _ value: String = "") -> [UInt8] {
        body(u8(kind), u32(UInt32(key.utf8.count)), u32(UInt32(value.utf8.count)), Array(key.utf8), Array(value.utf8))
    }

    static func group(_ stamp: UInt64, _ operations: [UInt8]...) -> [UInt8] {
        body(u64(stamp), u32(UInt32(operations.count)), Array(operations.joined()))
    }

    /// A put and a delete in one group, then a put: 12 + 13 + 10 + 12 + 10 bytes.
    static let groups =
        group(Sample.stamp, operation(1, "k1", "v1"), operation(2, "k")) + group(Sample.stamp + 1, operation(1, "", "x"))

    private static func operations(first: UInt64 = 7, count: UInt32 = 3, _ groups: [UInt8]) -> [UInt8] {
        body(text("route"), origin(Sample.nodeA, 3), u64(first), u32(count), blob(groups))
    }

    private mutating func addOperations() {
        let value = Operations(
            table: Sample.table("route"), origin: Origin(node: NodeID(Sample.nodeA), incarnation: 3), first: 7, count: 3,
            groups: Self.groups)
        good(
            "operations", .operations(value), req: "REP-001", Self.operations(Self.groups),
            tail: ("groups", 4 + Self.groups.count))
        let field = "operations.first"
        bad(
            "operations/first-zero", .operations, Self.operations(first: 0, Self.groups), .outOfRange, at: 31, field,
            req: "VER-002")
        bad(
            "operations/last-beyond-the-largest", .operations, Self.operations(first: .max - 2, Self.groups), .outOfRange, at: 31,
            field, req: "REP-001")
        bad(
            "operations/count-zero", .operations, Self.operations(count: 0, []), .outOfRange, at: 39, "operations.count",
            req: "REP-001")
        bad(
            "operations/count-too-small", .operations, Self.operations(count: 2, Self.groups), .contradiction, at: 39,
            "operations.count", req: "REP-001")
        bad(
            "operations/count-too-large", .operations, Self.operations(count: 4, Self.groups), .contradiction, at: 39,
            "operations.count", req: "REP-001")
        bad(
            "operations/group-empty", .operations, Self.operations(Self.group(1)), .outOfRange, at: 55, "operations.groups.count",
            req: "REP-004")
        bad(
            "operations/group-10001", .operations, Self.operations(body(u64(1), u32(10_001))), .limitExceeded, at: 55,
            "operations.groups.count", req: "LIM-013")
        bad(
            "operations/kind-unknown", .operations, Self.operations(Self.group(1, Self.operation(3, "k"))), .unknownValue, at: 59,
            "operations.groups.kind", req: "ENC-006")
        bad(
            "operations/key-too-long", .operations, Self.operations(body(u64(1), u32(1), u8(1), u32(65537), u32(0))),
            .limitExceeded, at: 60, "operations.groups.keyLength", req: "LIM-004")
        bad(
            "operations/value-too-long", .operations,
            Self.operations(body(u64(1), u32(1), u8(1), u32(0), u32(16 * 1024 * 1024 + 1))), .limitExceeded, at: 64,
            "operations.groups.valueLength", req: "LIM-005")
        bad(
            "operations/key-cut", .operations, Self.operations(body(u64(1), u32(1), u8(1), u32(2), u32(0), [0x6B])), .truncated,
            at: 68, "operations.groups.key", req: "REP-004")
        bad(
            "operations/value-cut", .operations, Self.operations(body(u64(1), u32(1), u8(1), u32(0), u32(2), [0x76])), .truncated,
            at: 68, "operations.groups.value", req: "REP-004")
        bad(
            "operations/second-group-cut", .operations, Self.operations(Self.groups + [0]), .truncated,
            at: 47 + Self.groups.count,
            "operations.groups.stamp", req: "REP-004")
    }

    private mutating func addProgress() {
        let origin = Origin(node: NodeID(Sample.nodeA), incarnation: 3)
        good(
            "ack", .ack(Ack(table: Sample.table("t"), origin: origin, received: 9, applied: 8, durable: 5)), req: "REP-010",
            body(text("t"), WireFormatTests.origin(Sample.nodeA, 3), u64(9), u64(8), u64(5)), tail: ("durable", 8))
        let state = TableState(
            table: Sample.table("t"), vector: Sample.vector((Sample.nodeA, 3, 9), (Sample.nodeB, 1, .max), (Sample.nodeB, 4, 2)),
            digest: 0x1122_3344_5566_7788, rows: 4, streamable: 10, origin: origin, wantsReply: true)
        let vector = list(entry(Sample.nodeA, 3, 9), entry(Sample.nodeB, 1, .max), entry(Sample.nodeB, 4, 2))
        good(
            "table-state", .tableState(state), req: "REP-020",
            body(
                text("t"), vector, u64(0x1122_3344_5566_7788), u64(4), u64(10), WireFormatTests.origin(Sample.nodeA, 3), u8(1)),
            tail: ("wantsReply", 1))
        good(
            "digest-request", .digestRequest(DigestRequest(table: Sample.table("t"))), req: "DIG-010", text("t"),
            tail: ("table", 3))
    }

    /// Everything that a version vector can do wrong, in the shortest message that has one: SNAP_BEGIN.
    private mutating func addVectors() {
        func begin(_ vector: [UInt8]) -> [UInt8] { body(text("t"), vector, list(), u8(0), u64(1)) }
        let field = "snapBegin.vector.entries"
        let cases: [(String, [UInt8], Int)] = [
            ("sequence-zero", list(entry(Sample.nodeA, 1, 0)), 7),
            ("descending", list(entry(Sample.nodeB, 1, 1), entry(Sample.nodeA, 1, 1)), 39),
            ("twice", list(entry(Sample.nodeA, 1, 1), entry(Sample.nodeA, 1, 2)), 39),
            ("incarnation-descending", list(entry(Sample.nodeA, 2, 1), entry(Sample.nodeA, 1, 1)), 39),
            ("entry-below-a-floor", list(entry(Sample.nodeA, 1, 5), entry(Sample.nodeA, 2, .max)), 39),
            ("two-floors", list(entry(Sample.nodeA, 1, .max), entry(Sample.nodeA, 2, .max)), 39),
        ]
        for (name, vector, offset) in cases {
            bad("version-vector/\(name)", .snapBegin, begin(vector), .notCanonical, at: offset, field, req: "VER-007")
        }
        bad(
            "version-vector/count-16385", .snapBegin, begin(u32(16385)), .truncated, at: 3, "snapBegin.vector", req: "ENC-005")
        bad(
            "version-vector/count-beyond-the-body", .snapBegin, begin(u32(16384)), .truncated, at: 3, "snapBegin.vector",
            req: "ENC-005")
        bad(
            "snap-begin/collected-sequence-zero", .snapBegin,
            body(text("t"), list(), list(entry(Sample.nodeA, 1, 0)), u8(0), u64(1)),
            .notCanonical, at: 11, "snapBegin.collected.entries", req: "VER-007")
    }

    private mutating func addDigests() {
        let buckets = (0..<1024).map { UInt64($0) &* 0x9E37_79B9_7F4A_7C15 }
        good(
            "digests",
            .digests(Digests(table: Sample.table("t"), vector: Sample.vector((Sample.nodeA, 3, 9)), buckets: buckets)),
            req: "DIG-011", body(text("t"), list(entry(Sample.nodeA, 3, 9)), buckets.flatMap(u64)))
        bad(
            "digests/one-bucket", .digests, body(text("t"), list(), u64(1)), .truncated, at: 15, "digests.buckets", req: "DIG-011"
        )
    }
}

extension VectorList {
    static var snapshots: VectorList {
        var list = VectorList()
        list.addSnapshot()
        list.addChunks()
        return list
    }

    private mutating func addSnapshot() {
        let have = list(entry(Sample.nodeA, 3, 9))
        let vector = Sample.vector((Sample.nodeA, 3, 9))
        good(
            "snap-request", .snapRequest(SnapRequest(table: Sample.table("t"), firstBucket: 3, lastBucket: 1023, have: vector)),
            req: "SNP-001", body(text("t"), u16(3), u16(1023), have), tail: ("have", 36))
        good(
            "snap-request/first-copy", .snapRequest(SnapRequest(table: Sample.table("t"), have: VersionVector())),
            req: "SNP-001", body(text("t"), u16(0), u16(1023), list()), tail: ("have", 4))
        bad(
            "snap-request/range-descending", .snapRequest, body(text("t"), u16(4), u16(3), list()), .outOfRange, at: 5,
            "snapRequest.lastBucket", req: "SNP-001")
        bad(
            "snap-request/last-bucket-1024", .snapRequest, body(text("t"), u16(4), u16(1024), list()), .outOfRange, at: 5,
            "snapRequest.lastBucket", req: "LIM-010")
        bad(
            "snap-request/first-bucket-1024", .snapRequest, body(text("t"), u16(1024), u16(1024), list()), .outOfRange, at: 3,
            "snapRequest.firstBucket", req: "LIM-010")
        good(
            "snap-begin",
            .snapBegin(
                SnapBegin(
                    table: Sample.table("t"), vector: vector, collected: Sample.vector((Sample.nodeA, 3, 7)), isComplete: true,
                    rows: 1_000_000)),
            req: "SNP-002", body(text("t"), have, list(entry(Sample.nodeA, 3, 7)), u8(1), u64(1_000_000)), tail: ("rows", 8))
        good(
            "snap-end", .snapEnd(SnapEnd(chunks: 4, rows: 5, digest: 6)), req: "SNP-004", body(u32(4), u64(5), u64(6)),
            tail: ("digest", 8))
        good(
            "snap-cancel", .snapCancel(SnapCancel(.cancelled, text: "link ends")), req: "SNP-005",
            body(u16(0x0412), text("link ends")), tail: ("text", 11))
    }

    private static func chunk(
        nextBucket: UInt16 = 1024, codec: UInt16 = 1, rawLength: UInt32, crc: UInt32, _ data: [UInt8]
    ) -> [UInt8] {
        body(u32(0), u16(nextBucket), u16(codec), u32(rawLength), u32(crc), blob(data))
    }

    private mutating func addChunks() {
        let raw = Array("123456789".utf8)
        let plain = SnapChunk(number: 0, nextBucket: 1024, codec: .none, rawLength: 9, rawCRC: 0, data: raw)
        good("snap-chunk", .snapChunk(plain), req: "SNP-003", Self.chunk(rawLength: 9, crc: 0, raw), tail: ("data", 13))
        bad(
            "snap-chunk/crc-without-packing", .snapChunk, Self.chunk(rawLength: 9, crc: 0xCBF4_3926, raw), .reservedNotZero,
            at: 12, "snapChunk.rawCRC", req: "SNP-030")
        bad(
            "snap-chunk/codec-unknown", .snapChunk, Self.chunk(codec: 3, rawLength: 9, crc: 0, raw), .unknownValue, at: 6,
            "snapChunk.codec", req: "ENC-006")
        bad(
            "snap-chunk/next-bucket-1025", .snapChunk, Self.chunk(nextBucket: 1025, rawLength: 9, crc: 0, raw), .outOfRange,
            at: 4,
            "snapChunk.nextBucket", req: "LIM-010")
        bad(
            "snap-chunk/raw-length-not-the-data's", .snapChunk, Self.chunk(rawLength: 10, crc: 0, raw), .contradiction,
            at: 8, "snapChunk.rawLength", req: "SNP-003")
        bad(
            "snap-chunk/bomb-declared", .snapChunk, Self.chunk(codec: 2, rawLength: 1032 * 9 + 1, crc: 0, raw), .contradiction,
            at: 8, "snapChunk.rawLength", req: "SNP-023")
        bad(
            "snap-chunk/raw-length-beyond-a-message", .snapChunk,
            Self.chunk(codec: 2, rawLength: 17 * 1024 * 1024 + 1, crc: 0, raw),
            .limitExceeded, at: 8, "snapChunk.rawLength", req: "LIM-003")
        // A stored block (level 0), so that the bytes do not depend on who compresses: header, one block, Adler-32.
        let stored: [UInt8] = [0x78, 0x01, 0x01, 9, 0, 0xF6, 0xFF] + raw + u32(0x091E_01DE)
        func zlib(_ length: UInt32, _ data: [UInt8], crc: UInt32 = 0xCBF4_3926) -> [UInt8] {
            Self.chunk(codec: 2, rawLength: length, crc: crc, data)
        }
        let decoded = Vector.Outcome.decoded(.object([("raw", .string(hexadecimal(raw)))]))
        func add(_ name: String, _ bytes: [UInt8], req: String, _ outcome: Vector.Outcome) {
            self.add(Vector("chunk/\(name)", .chunk, type: "SNAP_CHUNK", req: req, bytes, outcome))
        }
        func wrong(_ reason: DecodingError.Reason, _ offset: Int, _ field: String) -> Vector.Outcome {
            .error(.malformed, reason, offset: offset, field: "snapChunk.\(field)")
        }
        add("plain", Self.chunk(rawLength: 9, crc: 0, raw), req: "SNP-020", decoded)
        add("zlib-stored", zlib(9, stored), req: "SNP-020", decoded)
        add("zlib-shorter-than-declared", zlib(10, stored), req: "SNP-023", wrong(.wrongCompression, 16, "data"))
        add("zlib-longer-than-declared", zlib(8, stored), req: "SNP-023", wrong(.wrongCompression, 16, "data"))
        add("zlib-with-a-byte-behind", zlib(9, stored + [0]), req: "SNP-023", wrong(.wrongCompression, 16, "data"))
        add("zlib-cut", zlib(9, Array(stored.dropLast())), req: "SNP-023", wrong(.wrongCompression, 16, "data"))
        add("zlib-wrong-adler", zlib(9, Array(stored.dropLast()) + [0xDF]), req: "SNP-023", wrong(.wrongCompression, 16, "data"))
        add("zlib-not-zlib", zlib(9, raw), req: "SNP-023", wrong(.wrongCompression, 16, "data"))
        add("zlib-wrong-crc", zlib(9, stored, crc: 0), req: "SNP-025", wrong(.wrongChecksum, 12, "rawCRC"))
    }
}
