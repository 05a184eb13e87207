import ClusterModel
import WireFormat

// Chunks that no sender makes, and every kind that one may make.
extension Catalogue {
    static let snapshotChunks: [Case] = good + badPacking + badBlocks

    private static func chunk(
        _ id: String, also: [String] = [], _ summary: String, _ run: @escaping @Sendable (Trial) async throws -> Void
    ) -> Case { Case(id, also: also, summary, profile: .tables, isolation: .membership, run: run) }

    private static let good: [Case] =
        Codec.allCases.map { codec in
            chunk("SNP-020/takes-\(codec)", also: ["SNP-022", "SNP-003", "LNK-013"], "Chunks of the codec \(codec) are taken.") {
                trial in
                let (member, table) = try await trial.memberAndTable()
                let origin = Member.stranger()
                let rows = (100..<400).map { Row.of(origin, UInt64($0), "key-\($0)", "value-\($0 % 7)", stamp: member.stamp()) }
                try await member.bring(table, rows, vector: VersionVector((origin, 400)), codec: codec)
                try expectEqual(try await trial.info(table).rows, 300, "rows")
                try expectEqual(try await trial.texts(table, "key-399"), ["key-399=value-0"], "the last row")
            }
        } + [
            chunk("LIM-009/single-row", also: ["SNP-021"], "A chunk of a single row may be longer than 262144 bytes.") { trial in
                let (member, table) = try await trial.memberAndTable()
                let origin = Member.stranger()
                let row = Row.of(origin, 1, "a", String(repeating: "x", count: 400_000), stamp: member.stamp())
                try await member.bring(table, [row], vector: VersionVector((origin, 1)))
                try expectEqual(try await trial.rows(table, "a").map(\.value.count), [400_000], "the length of the value")
            },
            chunk("LIM-009/largest", "A chunk of several rows of 262144 bytes together is taken.") { trial in
                try await sized(trial, Limits.chunkRaw, isGood: true)
            },
            chunk(
                "LIM-009/too-long", also: ["SNP-024", "SNP-005"], "A chunk of several rows of 262145 bytes together is malformed."
            ) { trial in
                try await sized(trial, Limits.chunkRaw + 1, isGood: false)
            },
        ]

    private static func sized(_ trial: Trial, _ size: Int, isGood: Bool) async throws {
        let (member, table) = try await trial.memberAndTable()
        let origin = Member.stranger()
        let stamp = member.stamp()
        func rows(_ length: Int) -> [Row] {
            [.of(origin, 1, "a", String(repeating: "x", count: length), stamp: stamp), .of(origin, 2, "b", "1", stamp: stamp)]
        }
        let rest = RowBlock.encode(rows(200_000)).count - 200_000
        let chosen = rows(size - rest)
        try expectEqual(RowBlock.encode(chosen).count, size, "the length of the suite's own block")
        let (_, stream) = try await member.lure(table, VersionVector((origin, 2)))
        member.begin(table, stream: stream, vector: VersionVector((origin, 2)))
        member.send(Member.chunk(chosen), stream: stream)
        guard isGood else { return try await member.expectMalformed(stream) }
        member.end(chosen, stream: stream)
        try await member.link.fence()
        try expectEqual(try await trial.info(table).rows, 2, "rows")
    }

    /// A chunk of two rows, made wrong.
    private static func bad(
        _ id: String, _ what: String, also: [String] = [], codec: Codec = .zlib,
        _ change: @escaping @Sendable (inout SnapChunk) -> Void
    ) -> Case {
        chunk(id, also: also + ["SNP-005"], "A snapshot with a chunk \(what) is given up with MALFORMED.") { trial in
            let (member, table) = try await trial.memberAndTable()
            let origin = Member.stranger()
            let rows = ["a", "b"].enumerated().map { Row.of(origin, UInt64($0 + 1), $1, "1", stamp: member.stamp()) }
            let (_, stream) = try await member.lure(table, VersionVector((origin, 2)))
            member.begin(table, stream: stream, vector: VersionVector((origin, 2)))
            var chunk = Member.chunk(rows, codec: codec)
            change(&chunk)
            member.send(chunk, stream: stream)
            try await member.expectMalformed(stream)
            try expectEqual(try await trial.info(table).vector, VersionVector(), "the vector")
        }
    }

    private static let badPacking: [Case] = [
        bad("SNP-023/one-more", "that unpacks to one byte more than rawLength") { $0.rawLength -= 1 },
        bad("SNP-023/one-less", "that unpacks to one byte less than rawLength") { $0.rawLength += 1 },
        bad("SNP-023/cut", "whose packed data is cut") { $0.data.removeLast() },
        bad("SNP-023/leftover", "with a byte behind the packed data") { $0.data.append(0) },
        bad("SNP-023/two-streams", "of two zlib streams") { $0.data += $0.data },
        bad("SNP-023/no-zlib", "that is no zlib stream") { $0.data = [UInt8](repeating: 0x55, count: $0.data.count) },
        bad("SNP-023/damaged", "whose packed data was changed") { $0.data[$0.data.count - 1] ^= 1 },
        bad("SNP-025/crc", "with another CRC") { $0.rawCRC ^= 1 },
        bad("SNP-025/crc-0", "with the CRC 0 though it is packed") { $0.rawCRC = 0 },
        chunkClose("SNP-023/none-length", "of the codec none whose length is not rawLength") { $0.rawLength += 1 },
        chunkClose("SNP-030/none-crc", "of the codec none with a CRC") { $0.rawCRC = 7 },
        chunkClose("SNP-023/bomb", "that announces more than zlib can hold") {
            $0.codec = .zlib
            $0.rawLength = 17_000_000
        },
        chunk("SNP-020/unknown-codec", "A chunk of a codec that nobody registered is malformed.") { trial in
            let (member, stream) = try await begun(trial)
            let frame = OutgoingFrame(.snapChunk(Member.chunk([sample])), stream: stream)
            member.link.send(frame.patching(6, [0, 3]))
            try await member.link.expectClose(.malformed)
        },
    ]

    private static let sample = Row.of(Origin(node: NodeID(5), incarnation: 1), 1, "a", "1", stamp: Stamp(1))

    private static func begun(_ trial: Trial) async throws -> (Member, UInt32) {
        let (member, table) = try await trial.memberAndTable()
        let vector = VersionVector((sample.version.dot.origin, 1))
        let (_, stream) = try await member.lure(table, vector)
        member.begin(table, stream: stream, vector: vector)
        return (member, stream)
    }

    /// Fields of SNAP_CHUNK itself that contradict one another: the snapshot is given up (SNP-023), or the message is malformed.
    private static func chunkClose(_ id: String, _ what: String, _ change: @escaping @Sendable (inout SnapChunk) -> Void) -> Case
    {
        chunk(id, also: ["SNP-005"], "A snapshot with a chunk \(what) is given up with MALFORMED.") { trial in
            let (member, stream) = try await begun(trial)
            var chunk = Member.chunk([sample], codec: .none)
            change(&chunk)
            member.send(chunk, stream: stream)
            try await member.expectMalformed(stream, orClose: true)
        }
    }

    /// A row block put together column by column (SNP-022).
    private struct Block {
        var rows: UInt32 = 2
        var origins: [(UInt128, UInt64)] = [(5, 1)]
        var flags: [UInt8] = [0, 0]
        var indexes: [UInt8] = [0, 0]
        /// Sequences 1 and 2.
        var sequences: [UInt8] = [2, 2]
        /// Both stamps 1.
        var stamps: [UInt8] = [2, 0]
        /// Keys `ka` and `kb`.
        var shapes: [UInt8] = [0, 2, 1, 1]
        var rests: [UInt8] = Array("kab".utf8)
        var lengths: [UInt8] = [1, 1]
        var values: [UInt8] = Array("12".utf8)
        var leftover: [UInt8] = []

        var bytes: [UInt8] {
            var bytes = Raw.integer(rows) + Raw.integer(UInt32(origins.count))
            for (node, incarnation) in origins { bytes += Raw.integer(node) + Raw.integer(incarnation) }
            for column in [flags, indexes, sequences, stamps, shapes, rests, lengths, values] { bytes += Raw.bytes(column) }
            return bytes + leftover
        }
    }

    private static func block(
        _ id: String, _ what: String, isGood: Bool = false, _ change: @escaping @Sendable (inout Block) -> Void
    ) -> Case {
        chunk(
            "SNP-024/\(id)", also: ["SNP-022", "SNP-005", "ENC-010"],
            isGood ? "A row block \(what) is taken." : "A snapshot with a row block \(what) is given up with MALFORMED."
        ) { trial in
            let (member, stream) = try await begun(trial)
            var block = Block()
            change(&block)
            member.send(ChunkCodec.chunk(number: 0, nextBucket: 1024, codec: .zlib, raw: block.bytes), stream: stream)
            guard isGood else { return try await member.expectMalformed(stream) }
            try await member.link.fence { if case .snapCancel = $0 { "the block is good" } else { nil } }
        }
    }

    private static let badBlocks: [Case] = [
        block("good", "put together by hand", isGood: true) { _ in },
        block("no-rows", "without rows") {
            $0 = Block(
                rows: 0, origins: [], flags: [], indexes: [], sequences: [], stamps: [], shapes: [], rests: [], lengths: [],
                values: [])
        },
        block("more-rows", "that counts a row more") { $0.rows = 3 },
        block("less-rows", "that counts a row less") { $0.rows = 1 },
        block("unused-origin", "with an origin that no row has") { $0.origins.append((6, 1)) },
        block("origins-descending", "whose origins descend") { block in
            block.origins = [(6, 1), (5, 1)]
            block.indexes = [0, 1]
        },
        block("origin-twice", "with an origin twice") { block in
            block.origins = [(5, 1), (5, 1)]
            block.indexes = [0, 1]
        },
        block("no-such-origin", "with a row of an origin that is not there") { $0.indexes = [0, 1] },
        block("reserved-flag", "with a reserved flag") { $0.flags = [0, 4] },
        block("sequence-0", "with a row of sequence 0") { $0.sequences = [2, 1] },
        block("long-integer", "with an integer longer than need be") { $0.stamps = [2, 0x80, 0] },
        block("integer-beyond-64-bits", "with an integer of more than 64 bits") {
            $0.stamps = [2] + [UInt8](repeating: 0xFF, count: 9) + [2]
        },
        block("integer-cut", "with an integer that is cut") { $0.stamps = [2, 0x80] },
        block("shares-too-little", "whose keys share more than it says") { block in
            block.shapes = [0, 2, 0, 2]
            block.rests = Array("kakb".utf8)
        },
        block("shares-too-much", "whose keys share more than the key before has") { $0.shapes = [0, 2, 3, 1] },
        block("same-key", "with a key twice") { block in
            block.shapes = [0, 2, 2, 0]
            block.rests = Array("ka".utf8)
            block.values = Array("11".utf8)
        },
        block("keys-descending", "whose keys descend") { $0.rests = Array("kba".utf8) },
        block("shorter-key-later", "with a key behind one that it begins") { block in
            block.shapes = [0, 2, 1, 0]
            block.rests = Array("ka".utf8)
        },
        block("key-bytes-left", "with key bytes that no row uses") { $0.rests.append(1) },
        block("value-bytes-left", "with value bytes that no row uses") { $0.values.append(1) },
        block("value-bytes-missing", "without all bytes of its values") { $0.values.removeLast() },
        block("column-left", "with a stamp too many") { $0.stamps.append(0) },
        block("leftover", "with a byte behind it") { $0.leftover = [0] },
    ]
}

extension Member {
    /// SNAP_CANCEL(MALFORMED).
    /// - Parameter orClose: a CLOSE(MALFORMED) is tolerated.
    fileprivate func expectMalformed(_ stream: UInt32, orClose: Bool = false) async throws {
        let isClose = try await link.expect("SNAP_CANCEL(MALFORMED)") { message, header -> Bool? in
            switch message {
            case .snapCancel(let cancel) where header.stream == stream:
                try expectEqual(cancel.code, ErrorCode.malformed.rawValue, "the code of SNAP_CANCEL")
                return false
            case .close(let close) where orClose && close.code == ErrorCode.malformed.rawValue: return true
            default: return nil
            }
        }
        guard isClose else { return try await link.fence() }
        throw LenientPass("SNAP_CANCEL(MALFORMED) was expected, CLOSE(MALFORMED) came")
    }
}
