import ClusterModel
import WireFormat

/// CRC-32, XXH64 and what is made of them.
extension VectorList {
    static var hashes: VectorList {
        var list = VectorList()
        list.addChecksums()
        list.addRows()
        return list
    }

    private mutating func hash(
        _ name: String, _ type: String, req: String, _ bytes: [UInt8], input: [(String, JSON)] = [], _ value: String
    ) {
        add(
            Vector(
                "hash/\(name)", .hash, type: type, req: req, bytes, input: input.isEmpty ? nil : .object(input),
                .decoded(.object([("value", .string(value))]))))
    }

    private mutating func addChecksums() {
        hash("crc32/nothing", "CRC32", req: "FRM-006", [], "00000000")
        hash("crc32/check-value", "CRC32", req: "FRM-006", Array("123456789".utf8), "cbf43926")
        hash("crc32/32-zeros", "CRC32", req: "FRM-006", [UInt8](repeating: 0, count: 32), "190a55ad")
        hash("crc32/32-ones", "CRC32", req: "FRM-006", [UInt8](repeating: 0xFF, count: 32), "ff6cab0b")
        let ramp: [UInt8] = Array(0...100)
        let cases: [(Int, UInt64, String)] = [
            (0, 0, "ef46db3751d8e999"), (0, 1, "d5afba1336a3be4b"), (1, 0, "e934a84adb052768"), (3, 0, "e5c7bb4533bc65dd"),
            (4, 0, "ffced8604453cc1e"), (7, 0, "14cc643f630c72d2"), (8, 0, "884a173614b81b8d"), (31, 0, "c346d2b59b4d8ee1"),
            (32, 0, "cbf59c5116ff32b4"), (33, 7, "0c43e57754c778d9"), (64, 0, "f7c67301db6713f0"),
            (101, 0x9E37_79B1, "a1c6d4174c37136d"),
        ]
        for (count, seed, value) in cases {
            hash(
                "xxh64/\(count)-bytes-seed-\(seed)", "XXH64", req: "VER-020", Array(ramp.prefix(count)),
                input: [("seed", .string(String(seed)))], value)
        }
    }

    private mutating func addRows() {
        func row(
            _ name: String, _ type: TableType, _ merge: MergeRule, _ key: String, owner: UInt128? = nil, value: String,
            _ hash: String,
            _ bucket: Int
        ) {
            let input: [(String, JSON)] = [
                ("type", .string("\(type)")), ("merge", .string("\(merge)")), ("key", .string(hexadecimal(Array(key.utf8)))),
                ("owner", owner.map { .string($0.hexadecimal) } ?? .null), ("value", .string(hexadecimal(Array(value.utf8)))),
            ]
            add(
                Vector(
                    "hash/row/\(name)", .hash, type: "ROW_HASH", req: "SNP-006", [], input: .object(input),
                    .decoded(.object([("value", .string(hash)), ("bucket", .number(bucket))]))))
        }
        row("set", .set, .lww, "sensor/1", value: "21.5", "4a1003e33af8e600", 296)
        row("set-other-value", .set, .lww, "sensor/1", value: "22", "4a1003e33af8e600", 296)
        row("ordered-set", .orderedSet, .lww, "", value: "21.5", "ef46db3751d8e999", 957)
        row("bag", .bag, .lww, "sensor/1", value: "21.5", "a99e425670d0fdc7", 678)
        row("owner", .set, .owner, "sensor/1", owner: Sample.nodeB, value: "21.5", "22fda092452cb8c2", 139)
        row("bag-owner", .bag, .owner, "sensor/1", owner: Sample.nodeB, value: "21.5", "7bc3e6328673d426", 495)
        let digest: [(String, JSON)] = [
            ("rowHash", .string("0123456789abcdef")), ("stamp", .string(String(Sample.stamp))),
            ("node", .string(Sample.nodeA.hexadecimal)), ("incarnation", .string("3")), ("sequence", .string("7")),
        ]
        hash("row-digest", "ROW_DIGEST", req: "DIG-001", [], input: digest, "847fac4781f039f9")
        hash("vector/empty", "VECTOR_HASH", req: "VER-012", list(), "ef46db3751d8e999")
        hash(
            "vector/two-entries", "VECTOR_HASH", req: "VER-012",
            list(entry(Sample.nodeA, 3, 9), entry(Sample.nodeB, 1, .max)), "54826dc7243e0928")
        hash(
            "view/one-member-one-table", "VIEW_HASH", req: "HRT-012",
            list(Self.record(Sample.nodeA)) + list(Self.definition()), "1da38e9cc24ba7ab")
    }
}
