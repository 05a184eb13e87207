import ClusterModel
import WireFormat

// The node as the sender of snapshots, on join links: nobody has to become a member for them (JON-014).
extension Catalogue {
    static let snapshotSending: [Case] = courses + refusals + contents + buckets

    private static func sending(
        _ id: String, also: [String] = [], _ summary: String, isolation: Isolation = .shared,
        _ run: @escaping @Sendable (Trial) async throws -> Void
    ) -> Case { Case(id, also: also, summary, profile: .tables, isolation: isolation, run: run) }

    private static let courses: [Case] = [
        sending("SNP-002/begin", also: ["SNP-003", "SNP-004"], "A snapshot is begun, its rows come in chunks, and it is ended.") {
            try await wholeCopy($0)
        },
        sending("SNP-002/empty-table", also: ["SNP-004"], "The snapshot of an empty table is begun and ended.") { trial in
            let table = try await trial.source([])
            let fetched = try await trial.joinLink(.node()).fetch(SnapRequest(table: table, have: VersionVector()))
            try expectEqual(fetched.texts, [], "rows")
            try expectEqual(fetched.begin.rows, 0, "rows of SNAP_BEGIN")
        },
        sending("SNP-002/vector", also: ["VER-006"], "The vector of SNAP_BEGIN covers what was written, and no more.") { trial in
            let table = try await trial.source([.put("a", "1"), .put("b", "2")])
            let fetched = try await trial.joinLink(.node()).fetch(SnapRequest(table: table, have: VersionVector()))
            let last = try await trial.last(table)
            try expectEqual(fetched.begin.vector, VersionVector((trial.nodeOrigin, last)), "the vector of SNAP_BEGIN")
        },
        sending("SNP-002/two-at-once", also: ["LIM-026"], "Two snapshots of one link come side by side.") { trial in
            let table = try await trial.source([.put("a", "1")])
            let link = try await trial.joinLink(.node())
            let request = SnapRequest(table: table, have: VersionVector())
            link.send(.snapRequest(request), stream: 2)
            link.send(.snapRequest(request), stream: 4)
            for _ in 0..<2 {
                _ = try await link.expect("SNAP_END") { message, _ in if case .snapEnd(let end) = message { end } else { nil } }
            }
        },
        sending(
            "SNP-015/many-chunks", also: ["SNP-016", "SNP-027", "SNP-021", "SNP-022", "FRM-030"],
            "A large table comes in many chunks: numbered, in the order of buckets, each within the limit."
        ) { try await manyChunks($0) },
        sending("SNP-015/small-credit", also: ["FRM-030"], "A snapshot goes on each time that credit is given.") {
            try await smallCredit($0)
        },
        sending("JON-014/no-request", "A SNAP_REQUEST on a join link is served though no JOIN_REQUEST came.") { trial in
            let table = try await trial.source([.put("a", "1")])
            let fetched = try await trial.joinLink(.node()).fetch(SnapRequest(table: table, have: VersionVector()), stream: 7)
            try expectEqual(fetched.texts, ["a=1"], "rows")
        },
        sending("JON-014/after-dry-run", also: ["JON-005"], "A SNAP_REQUEST is served after the answer to a dry run.") { trial in
            let table = try await trial.source([.put("a", "1")])
            let link = try await trial.joinLink(.node())
            link.send(.joinRequest(JoinRequest(mode: .refuse, isDryRun: true, tables: [])))
            _ = try await link.expectAnswer()
            let fetched = try await link.fetch(SnapRequest(table: table, have: VersionVector()))
            try expectEqual(fetched.texts, ["a=1"], "rows")
        },
    ]

    private static let refusals: [Case] = [
        sending("SNP-026/unknown", "A snapshot of a table that nobody knows is refused with NO_SUCH_TABLE.") { trial in
            let link = try await trial.joinLink(.node())
            link.send(.snapRequest(SnapRequest(table: Names.table("nobody-made-this"), have: VersionVector())), stream: 2)
            try await link.expectCancel(.noSuchTable, stream: 2)
            try await link.fence()
        },
        sending("SNP-026/dropped", "A snapshot of a dropped table is refused with NO_SUCH_TABLE.") { trial in
            let table = try await trial.source([.put("a", "1")])
            _ = try await trial.client().succeed(.tableDrop(table))
            let link = try await trial.joinLink(.node())
            link.send(.snapRequest(SnapRequest(table: table, have: VersionVector())), stream: 2)
            try await link.expectCancel(.noSuchTable, stream: 2)
        },
        sending(
            "SNP-026/not-replicated", also: ["TAB-007"],
            "A snapshot of a table that the node does not replicate is refused with NO_SUCH_TABLE."
        ) { trial in
            let table = try await trial.table(replicas: [.random()])
            let link = try await trial.joinLink(.node())
            link.send(.snapRequest(SnapRequest(table: table, have: VersionVector())), stream: 2)
            try await link.expectCancel(.noSuchTable, stream: 2)
        },
        sending("SNP-007/in-use", "A SNAP_REQUEST on a stream in use is answered with UNEXPECTED_MESSAGE.") { trial in
            let table = try await trial.source(large: 16)
            let link = try await trial.link(.joiner()) { $0.bulkCredit = 65_536 }
            let request = SnapRequest(table: table, have: VersionVector())
            link.send(.snapRequest(request), stream: 2)
            _ = try await link.expectBegin(2)
            link.send(.snapRequest(request), stream: 2)
            try await link.expectClose(.unexpectedMessage)
        },
        sending("SNP-007/again", "A stream whose snapshot is over may be used again on a join link.") { trial in
            let table = try await trial.source([.put("a", "1")])
            let link = try await trial.joinLink(.node())
            let request = SnapRequest(table: table, have: VersionVector())
            for _ in 0..<2 {
                let fetched = try await link.fetch(request, stream: 2)
                try expectEqual(fetched.texts, ["a=1"], "rows")
            }
        },
        sending("SNP-008/fifth", also: ["LIM-026"], "The fifth snapshot at once on one link is refused with BUSY.") {
            try await fifth($0)
        },
        sending(
            "SNP-005/dropped-meanwhile", also: ["ERR-004"],
            "A snapshot whose table is dropped while it is sent is given up with SNAP_CANCEL(NO_SUCH_TABLE)."
        ) { trial in
            let table = try await trial.source(large: 48)
            let link = try await trial.link(.joiner()) { $0.bulkCredit = 65_536 }
            link.send(.snapRequest(SnapRequest(table: table, have: VersionVector())), stream: 2)
            _ = try await link.expectBegin(2)
            _ = try await trial.client().succeed(.tableDrop(table))
            link.grant(.max, on: .bulk)
            let cancel = try await link.expect("SNAP_CANCEL") { message, _ -> SnapCancel? in
                if case .snapEnd = message { throw CaseFailure("SNAP_CANCEL(NO_SUCH_TABLE)", got: "SNAP_END") }
                if case .snapCancel(let cancel) = message { return cancel }
                return nil
            }
            try expectEqual(cancel.code, ErrorCode.noSuchTable.rawValue, "the code of SNAP_CANCEL")
        },
        sending("SNP-028/stops", "A snapshot that is cancelled by its receiver is not sent on.") { try await stops($0) },
        sending("SNP-018/sender", "SNAP_CANCEL for a snapshot that was never asked for, or is over, is ignored.") { trial in
            let table = try await trial.source([.put("a", "1")])
            let link = try await trial.joinLink(.node())
            link.send(.snapCancel(SnapCancel(.cancelled, text: "")), stream: 8)
            try await link.fence()
            _ = try await link.fetch(SnapRequest(table: table, have: VersionVector()))
            link.send(.snapCancel(SnapCancel(.cancelled, text: "")), stream: 2)
            try await link.fence()
        },
    ]

    private static let contents: [Case] = [
        sending("SNP-010/empty-have", also: ["SNP-009"], "A snapshot for an empty vector is complete.") { trial in
            let table = try await trial.source([.put("a", "1"), .put("b", "2")])
            let fetched = try await trial.joinLink(.node()).fetch(SnapRequest(table: table, have: VersionVector()))
            try expect(fetched.begin.isComplete, "isComplete 1", got: "0")
            try expectEqual(fetched.texts, ["a=1", "b=2"], "rows")
        },
        sending("SNP-009/delta", also: ["SNP-010"], "A snapshot for a vector holds only what that does not cover.") { trial in
            let table = try await trial.source([.put("a", "1"), .put("b", "2"), .put("c", "3")])
            let have = VersionVector((trial.nodeOrigin, try await trial.last(table) - 1))
            let fetched = try await trial.joinLink(.node()).fetch(SnapRequest(table: table, have: have))
            try expect(!fetched.begin.isComplete, "isComplete 0", got: "1")
            try expectEqual(fetched.texts, ["c=3"], "rows")
        },
        sending("SNP-009/nothing-new", also: ["SNP-010"], "A snapshot for a vector that covers all holds nothing.") { trial in
            let table = try await trial.source([.put("a", "1"), .put("b", "2")])
            let have = VersionVector((trial.nodeOrigin, try await trial.last(table)), (Member.stranger(), 9))
            let fetched = try await trial.joinLink(.node()).fetch(SnapRequest(table: table, have: have))
            try expect(!fetched.begin.isComplete, "isComplete 0", got: "1")
            try expectEqual(fetched.texts, [], "rows")
        },
        sending("SNP-009/foreign-vector", also: ["SNP-010"], "A vector of other origins covers nothing of the node's.") { trial in
            let table = try await trial.source([.put("a", "1")])
            let have = VersionVector((Member.stranger(), 9))
            let fetched = try await trial.joinLink(.node()).fetch(SnapRequest(table: table, have: have))
            try expectEqual(fetched.texts, ["a=1"], "rows")
        },
        sending(
            "SNP-009/tombstones", also: ["MRG-002", "TAB-012"], "A snapshot holds tombstones, with the version of the delete."
        ) {
            trial in
            let table = try await trial.source([.put("a", "1"), .put("b", "2"), .delete("a", "x")])
            let last = try await trial.last(table)
            let fetched = try await trial.joinLink(.node()).fetch(
                SnapRequest(table: table, have: VersionVector((trial.nodeOrigin, last - 1))))
            try expectEqual(fetched.texts, ["a=(deleted )"], "rows")
            try expectEqual(
                fetched.rows[0].version.dot, Dot(origin: trial.nodeOrigin, sequence: last), "the dot of the tombstone")
        },
        sending("TAB-012/bag", also: ["MRG-002"], "In a bag a tombstone has the value that was deleted.") { trial in
            let table = try await trial.source([.put("a", "1"), .put("a", "2"), .delete("a", "1")], type: .bag)
            let last = try await trial.last(table)
            let fetched = try await trial.joinLink(.node()).fetch(
                SnapRequest(table: table, have: VersionVector((trial.nodeOrigin, last - 1))), shape: TableShape(type: .bag))
            try expectEqual(fetched.texts, ["a=(deleted 1)"], "rows")
        },
        sending("SNP-021/single-row", "A row that is longer than a chunk may be comes in a chunk of its own.") { trial in
            let table = try await trial.source([
                .put("a", "1"), .put("b", String(repeating: "x", count: 300_000)), .put("c", "3"),
            ])
            let fetched = try await trial.joinLink(.node()).fetch(SnapRequest(table: table, have: VersionVector()))
            try expectEqual(fetched.rows.map(\.value.count).sorted(), [1, 1, 300_000], "lengths of values")
        },
        sending("SNP-020/only-none", also: ["SNP-030"], "A receiver that lists no codec but none is sent chunks of that codec.") {
            trial in
            let table = try await trial.source(large: 4)
            let link = try await trial.link(.joiner()) { $0.codecs = [Codec.none.rawValue, Grease.value(3)] }
            let fetched = try await link.fetch(SnapRequest(table: table, have: VersionVector()))
            try expectEqual(Set(fetched.chunks.map(\.chunk.codec)), [.none], "codecs")
        },
        sending("SNP-030/crc", also: ["SNP-020", "SNP-022"], "What is packed has a CRC, and unpacks to a canonical row block.") {
            trial in
            let rows = (0..<2000).map { Operation.put("key-\($0)", "value-\($0 % 10)") }
            let table = try await trial.source(rows)
            let fetched = try await trial.joinLink(.node()).fetch(SnapRequest(table: table, have: VersionVector()))
            try expectEqual(fetched.rows.count, 2000, "rows")
        },
    ]

    private static let buckets: [Case] =
        [
            (TableType.set, MergeRule.lww, "set"), (.orderedSet, .lww, "ordered-set"), (.bag, .lww, "bag"),
            (.set, .owner, "owner"),
            (.bag, .owner, "owner-bag"),
        ].map { type, merge, word in
            sending(
                "SNP-006/\(word)", also: ["SNP-009", "SNP-027", "LIM-010", "VER-020"],
                "Of a table of this kind, each part of the buckets holds exactly the rows whose hash says so."
            ) {
                try await ranges($0, TableShape(type: type, merge: merge))
            }
        }
        + [("full", UInt16(1023), true), ("beyond", UInt16(1024), false)].map { word, last, isGood in
            sending(
                "LIM-010/last-bucket-\(word)", also: ["SNP-001"],
                "A range up to bucket \(last) is \(isGood ? "served" : "malformed")."
            ) {
                trial in
                let table = try await trial.source([.put("a", "1")])
                let link = try await trial.joinLink(.node())
                link.send(.snapRequest(SnapRequest(table: table, lastBucket: last, have: VersionVector())), stream: 2)
                if isGood { _ = try await link.expectBegin(2) } else { try await link.expectClose(.malformed) }
            }
        }
}

extension Catalogue {
    private static func wholeCopy(_ trial: Trial) async throws {
        let table = try await trial.source([.put("a", "1"), .put("b", "2"), .put("c", "3")])
        let fetched = try await trial.joinLink(.node()).fetch(SnapRequest(table: table, have: VersionVector()))
        try expectEqual(fetched.texts, ["a=1", "b=2", "c=3"], "rows")
        try expectEqual(fetched.begin.rows, 3, "rows of SNAP_BEGIN")
        let dots = Set(fetched.rows.map(\.version.dot.sequence))
        let last = try await trial.last(table)
        try expectEqual(dots, [last - 2, last - 1, last], "sequences of the rows")
    }

    private static func manyChunks(_ trial: Trial) async throws {
        let table = try await trial.source(large: 20)
        let fetched = try await trial.joinLink(.node()).fetch(SnapRequest(table: table, have: VersionVector()))
        try expectEqual(fetched.rows.count, 20, "rows")
        try expect(fetched.chunks.count > 4, "several chunks for 1.2 MB", got: "\(fetched.chunks.count)")
        try expect(fetched.chunks.contains { $0.rows.isEmpty == false }, "rows", got: "none")
    }

    private static func smallCredit(_ trial: Trial) async throws {
        let table = try await trial.source(large: 12)
        let link = try await trial.link(.joiner()) { $0.bulkCredit = 65_536 }
        let request = SnapRequest(table: table, have: VersionVector())
        link.send(.snapRequest(request), stream: 2)
        _ = try await link.expectBegin(2)
        var bytes: UInt64 = 0
        var limit: UInt64 = 65_536
        var rows: UInt64 = 0
        while true {
            limit += 100_000
            link.grant(limit, on: .bulk)
            try await link.fence { message in
                if case .snapEnd(let end) = message { rows = end.rows }
                return nil
            }
            bytes = UInt64(link.heard.filter { $0.header.lane == Lane.bulk.rawValue }.count)
            if rows > 0 { break }
            try expect(limit < 4_000_000, "SNAP_END within 4 MB of credit", got: "\(bytes) messages of lane 3")
        }
        try expectEqual(rows, 12, "rows of SNAP_END")
    }

    private static func fifth(_ trial: Trial) async throws {
        let table = try await trial.source(large: 20)
        let link = try await trial.link(.joiner()) { $0.bulkCredit = 65_536 }
        let request = SnapRequest(table: table, have: VersionVector())
        for stream in 1...5 { link.send(.snapRequest(request), stream: UInt32(stream)) }
        try await link.fence()
        link.grant(.max, on: .bulk)
        var ended: Set<UInt32> = []
        var refused: [UInt32: UInt16] = [:]
        func note(_ message: Message, _ stream: UInt32) -> Bool? {
            switch message {
            case .snapEnd: ended.insert(stream)
            case .snapCancel(let cancel): refused[stream] = cancel.code
            default: return nil
            }
            return true
        }
        // The refusal may have come before the credit was used up.
        for entry in link.heard { _ = note(entry.message, entry.header.stream) }
        while ended.count + refused.count < 5 {
            let patience = trial.timing.reaction * 4
            _ = try await link.expect("the end of five snapshots", within: patience) { note($0, $1.stream) }
        }
        try expectEqual(ended, [1, 2, 3, 4], "streams of the snapshots that were served")
        try expectEqual(refused, [5: ErrorCode.busy.rawValue], "streams that were refused, and why")
    }

    private static func stops(_ trial: Trial) async throws {
        let table = try await trial.source(large: 64)
        let link = try await trial.link(.joiner()) { $0.bulkCredit = 65_536 }
        link.send(.snapRequest(SnapRequest(table: table, have: VersionVector())), stream: 2)
        _ = try await link.expectBegin(2)
        link.send(.snapCancel(SnapCancel(.cancelled, text: "enough")), stream: 2)
        try await link.fence()
        link.grant(.max, on: .bulk)
        // What the node had packed before may still come: a message is sent whole once it was begun.
        let small = try await trial.link(.joiner())
        _ = try await small.fetch(SnapRequest(table: table, have: VersionVector()))
        try await link.fence { if case .snapEnd = $0 { "the snapshot was cancelled" } else { nil } }
        let bytes = link.heard.reduce(0) { sum, entry in
            if case .snapChunk(let chunk) = entry.message { sum + chunk.data.count } else { sum }
        }
        try expect(bytes < 2_000_000, "less than half of the snapshot after SNAP_CANCEL", got: "\(bytes) bytes")
    }

    private static func ranges(_ trial: Trial, _ shape: TableShape) async throws {
        let rows = (0..<40).map { Operation.put("key-\($0 / 2)", "value-\($0 % 3)") }
        let table = try await trial.source(rows, type: shape.type, merge: shape.merge)
        let link = try await trial.joinLink(.node())
        let all = try await link.fetch(SnapRequest(table: table, have: VersionVector()), shape: shape)
        let busy = all.rows.map { UInt16(shape.bucket($0)) }.sorted()
        let cuts: [(UInt16, UInt16)] = [(0, 511), (512, 1023), (busy[0], busy[0]), (busy[3], busy[9]), (1023, 1023), (0, 0)]
        for (index, cut) in cuts.enumerated() {
            let request = SnapRequest(table: table, firstBucket: cut.0, lastBucket: cut.1, have: VersionVector())
            let part = try await link.fetch(request, stream: UInt32(4 + index * 2), shape: shape)
            let expected = all.rows.filter { (cut.0...cut.1).contains(UInt16(shape.bucket($0))) }.map(\.text).sorted()
            try expectEqual(part.texts, expected, "rows of the buckets \(cut.0) to \(cut.1)")
        }
    }
}

extension Trial {
    /// 60000 bytes that no codec makes smaller, not even when they come twice: its window is shorter.
    private static let noise: [UInt8] = {
        var random = SplitMix64(seed: 7)
        return (0..<7500).flatMap { _ in Raw.integer(random.next()) }
    }()

    /// The node's life as the writer of operations.
    var nodeOrigin: Origin { Origin(node: target.node, incarnation: target.incarnation) }

    /// The node's last operation on a table. A table that existed before in this life of the node goes on counting.
    func last(_ table: TableName) async throws -> UInt64 { try await info(table).vector.sequence(of: nodeOrigin) }

    /// A table of the node alone that has been written to, each operation as a group of its own when they are few.
    func source(_ operations: [Operation], type: TableType = .set, merge: MergeRule = .lww) async throws -> TableName {
        let table = try await table(type: type, merge: merge, replicas: [target.node])
        if operations.count > 100 {
            try await write(table, operations)
        } else {
            for operation in operations { try await write(table, [operation]) }
        }
        return table
    }

    /// A table of rows of 60000 bytes that no codec makes smaller.
    func source(large count: Int) async throws -> TableName {
        let table = try await table(replicas: [target.node])
        for index in 0..<count {
            let value = Raw.integer(UInt64(index)) + Self.noise
            try await write(table, [Operation(.put, key: Array("large-\(index)".utf8), value: value)])
        }
        return table
    }
}

extension Identity {
    /// A node of another cluster that opens join links.
    static func joiner() -> Identity {
        var identity = node("joiner")
        identity.intent = .join
        return identity
    }
}

extension Conversation {
    /// JOIN_ACCEPT or JOIN_REJECT.
    func expectAnswer() async throws -> Message {
        try await expect("JOIN_ACCEPT or JOIN_REJECT") { message, _ in
            switch message {
            case .joinAccept, .joinReject: message
            default: nil
            }
        }
    }
}
