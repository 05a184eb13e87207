import ClusterModel
import WireFormat

// Stamps, dots, vectors and their hashes.
extension Catalogue {
    static let versions: [Case] = stamps + seen + order + badVectors + floors + hashes

    private static func versioned(
        _ id: String, also: [String] = [], _ summary: String, isolation: Isolation = .membership,
        _ run: @escaping @Sendable (Trial) async throws -> Void
    ) -> Case { Case(id, also: also, summary, profile: .tables, isolation: isolation, run: run) }

    private static let stamps: [Case] = [
        versioned(
            "VER-001/clock", also: ["REP-004"], "Each write has a stamp of the clock, above the one before.", isolation: .shared
        ) {
            trial in
            let table = try await trial.table(replicas: [trial.target.node])
            var last = Stamp.zero
            for index in 0..<20 {
                let before = Clock.milliseconds
                let stamp = try await trial.write(table, [.put("a", "\(index)")]).stamp
                try expect(stamp > last, "a stamp above \(last.value)", got: "\(stamp.value)")
                try expect(
                    stamp.milliseconds + 100 >= before && stamp.milliseconds <= before + 60_000, "a stamp of the clock \(before)",
                    got: "\(stamp.milliseconds)")
                try expectEqual(try await trial.rows(table, "a").map(\.version.stamp), [stamp], "the stamp of the row")
                last = stamp
            }
        },
        versioned(
            "VER-002/numbers", also: ["VER-006"], "The operations of a table are numbered from 1 without gaps.",
            isolation: .shared
        ) {
            trial in
            let table = try await trial.table(replicas: [trial.target.node])
            let first = try await trial.info(table).vector.sequence(of: trial.nodeOrigin)
            var last = first
            for count in [1, 3, 1, 10] {
                let operations = (0..<count).map { Operation.put("k\($0)", "v") }
                let result = try await trial.write(table, operations)
                try expectEqual(result.last, last + UInt64(count), "the sequence of the last operation")
                last = result.last
            }
            try expectEqual(try await trial.info(table).vector, VersionVector((trial.nodeOrigin, last)), "the vector")
        },
        versioned(
            "VER-002/dropped-between", "No number is used for two operations, though the table was dropped in between.",
            isolation: .shared
        ) { trial in
            let table = try await trial.table(replicas: [trial.target.node])
            let first = try await trial.write(table, [.put("a", "1"), .put("b", "1")]).last
            let again = try await trial.table(replicas: [trial.target.node])
            try expectEqual(try await trial.write(again, [.put("a", "2")]).last, first + 1, "the sequence of the next operation")
        },
    ]

    /// A stamp two seconds ahead of all clocks, and the node's next own one above it.
    private static func ahead(
        _ word: String, _ what: String, _ tell: @escaping @Sendable (Trial, Member, TableName, Stamp) async throws -> Void
    ) -> Case {
        versioned(
            "VER-004/\(word)", also: ["VER-001"], "A write after a stamp was seen in \(what) has a higher one.", isolation: .alone
        ) { trial in
            let (member, table) = try await trial.memberAndTable()
            let future = Stamp(
                max(member.stamp().value, try await trial.write(table, [.put("now", "1")]).stamp.value) + 2000 << 16)
            try await tell(trial, member, table, future)
            let stamp = try await trial.write(table, [.put("then", "1")]).stamp
            try expect(stamp > future, "a stamp above \(future.value)", got: "\(stamp.value)")
            try expect(stamp.value < future.value + 2000 << 16, "the next stamp", got: "\(stamp.value), seen was \(future.value)")
        }
    }

    private static let seen: [Case] = [
        ahead("operation", "an operation") { _, member, table, future in
            try await member.write(table, [.put("a", "1")], stamp: future)
        },
        ahead("row", "a row of a snapshot") { _, member, table, future in
            let origin = Member.stranger()
            try await member.bring(table, [.of(origin, 1, "a", "1", stamp: future)], vector: VersionVector((origin, 1)))
        },
        ahead("definition", "a definition") { trial, member, table, future in
            var definition = try await trial.info(table).definition
            definition.version = RowVersion(stamp: future, dot: Dot(origin: member.origin, sequence: future.value))
            member.link.send(.definitions(Definitions([definition])))
            try await member.link.fence()
        },
        ahead("hello", "the clock of a HELLO") { trial, member, _, future in
            _ = try await trial.again(member) { $0.clock = future.milliseconds + 1 }
        },
    ]

    private static let order: [Case] = [
        winner("stamp", "higher stamp", low: [9, 9, 0], high: [3, 3, 1]),
        winner("node", "higher node id at the same stamp", low: [3, 9, 0], high: [9, 3, 0]),
        winner("incarnation", "higher incarnation of one node at the same stamp", low: [3, 3, 0], high: [3, 9, 0]),
        versioned("VER-005/sequence", also: ["MRG-001"], "Of two operations of one origin at one stamp the later wins.") {
            trial in
            let (member, table) = try await trial.memberAndTable()
            try await member.write(table, [.put("a", "1"), .put("a", "2"), .delete("b"), .put("b", "3")])
            try expectEqual(try await trial.texts(table, "a"), ["a=2"], "the row")
            try expectEqual(try await trial.texts(table, "b"), ["b=3"], "the row")
        },
    ]

    /// - Parameters: what is added to node id, incarnation and stamp of each version.
    private static func winner(_ word: String, _ what: String, low: [UInt64], high: [UInt64]) -> Case {
        versioned(
            "VER-005/\(word)", also: ["MRG-001"], "Of two versions of a row the one with the \(what) wins, in either order."
        ) { trial in
            try await compete(trial, low: low, high: high)
        }
    }

    private static func compete(_ trial: Trial, low: [UInt64], high: [UInt64]) async throws {
        let (member, table) = try await trial.memberAndTable()
        let base = NodeID.random().value >> 1
        let stamp = member.stamp()
        var vector = VersionVector()
        for (index, key) in ["a", "b"].enumerated() {
            for (word, offsets) in index == 0 ? [("low", low), ("high", high)] : [("high", high), ("low", low)] {
                let origin = Origin(node: NodeID(base + UInt128(offsets[0])), incarnation: offsets[1])
                let row = Row.of(origin, UInt64(index + 1), key, word, stamp: Stamp(stamp.value + offsets[2]))
                vector.raise(origin, to: UInt64(index + 1))
                try await member.bring(table, [row], vector: vector)
            }
            try expectEqual(try await trial.texts(table, key), ["\(key)=high"], "the row")
        }
    }

    private static let whole = VersionVector.whole

    private static let notCanonical: [(String, [(UInt128, UInt64, UInt64)])] = [
        ("descending", [(2, 1, 1), (1, 1, 1)]), ("twice", [(1, 1, 1), (1, 1, 2)]),
        ("incarnation-descending", [(1, 2, 1), (1, 1, 1)]),
        ("sequence-0", [(1, 1, 0)]), ("two-floors", [(1, 1, whole), (1, 2, whole)]),
        ("before-floor", [(1, 1, 5), (1, 2, whole)]),
    ]

    private static let badVectors: [Case] =
        notCanonical.flatMap { word, entries in
            [
                versioned(
                    "VER-007/request-\(word)", also: ["SNP-001"], "A SNAP_REQUEST whose vector is not canonical is malformed.",
                    isolation: .shared
                ) { trial in
                    let link = try await trial.joinLink(.joiner())
                    let frame = OutgoingFrame(
                        .snapRequest(SnapRequest(table: Names.table("t"), have: VersionVector())), stream: 2)
                    link.send(frame.replacingEnd(4, by: Raw.vector(entries)))
                    try await link.expectClose(.malformed)
                },
                versioned("VER-007/state-\(word)", also: ["REP-020"], "A TABLE_STATE whose vector is not canonical is malformed.")
                { trial in
                    let (member, table) = try await trial.memberAndTable()
                    let state = TableState(
                        table: table, vector: VersionVector(), digest: 0, rows: 0, streamable: 1, origin: member.origin,
                        wantsReply: false)
                    let frame = OutgoingFrame(.tableState(state))
                    let head = Raw.text(table.text)
                    member.link.send(frame.replacing(head + [0, 0, 0, 0], by: head + Raw.vector(entries)))
                    try await member.link.expectClose(.malformed)
                },
            ]
        }
        + [(16384, true), (16385, false)].map { count, isGood in
            versioned(
                "LIM-014/entries-\(count)", also: ["VER-007"],
                "A vector of \(count) entries is \(isGood ? "read" : "malformed").",
                isolation: .shared
            ) { trial in
                let link = try await trial.joinLink(.joiner())
                let frame = OutgoingFrame(.snapRequest(SnapRequest(table: Names.table("t"), have: VersionVector())), stream: 2)
                let entries = (1...UInt128(count)).map { ($0, UInt64(1), UInt64(1)) }
                let sizes = Array(repeating: Limits.frameBodyDefault, count: count * 32 / Limits.frameBodyDefault + 1)
                link.send(frame.replacingEnd(4, by: Raw.vector(entries)).cut(sizes))
                if isGood { try await link.expectCancel(.noSuchTable, stream: 2) } else { try await link.expectClose(.malformed) }
            }
        }

    private static let floors: [Case] =
        [
            ("same", UInt64(0), true), ("later", 1, true), ("earlier", UInt64.max, false),
        ].map { word, offset, isCovered in
            versioned(
                "VER-009/\(word)", also: ["SNP-009", "SNP-010"],
                "A floor in the \(word) incarnation \(isCovered ? "covers" : "does not cover") what the node wrote.",
                isolation: .shared
            ) { trial in
                let table = try await trial.source([.put("a", "1")])
                let floor = Origin(node: trial.target.node, incarnation: trial.target.incarnation &+ offset)
                let fetched = try await trial.joinLink(.joiner()).fetch(
                    SnapRequest(table: table, have: VersionVector((floor, VersionVector.whole))))
                try expectEqual(fetched.texts, isCovered ? [] : ["a=1"], "rows")
            }
        } + [
            versioned(
                "VER-009/merged", also: ["MRG-004", "SNP-012"], "What a floor covers that came with a snapshot is ignored."
            ) { trial in
                let (member, table) = try await trial.memberAndTable()
                let later = Origin(node: member.origin.node, incarnation: member.origin.incarnation + 1)
                try await member.bring(table, [], vector: VersionVector((later, VersionVector.whole)))
                member.link.send(.operations(member.operations(table, [.put("a", "1")])))
                try await member.link.fence()
                try expectEqual(try await trial.texts(table, "a"), [], "rows")
            }
        ]

    private static let hashes: [Case] =
        [
            versioned(
                "VER-012/ping", also: ["VER-020", "HRT-011", "REP-020"],
                "The vector hash of PING is that of the vector of TABLE_STATE."
            ) {
                trial in
                let (empty, full) = (try await trial.table("empty"), try await trial.table("full"))
                try await trial.write(full, [.put("a", "1"), .put("b", "2")])
                let member = try await trial.member()
                let last = try await trial.last(full)
                let entries = VersionVector((trial.nodeOrigin, last))
                let origin = trial.nodeOrigin
                let body = Raw.entry(origin.node.value, origin.incarnation, last)
                try expectEqual(try member.heardState(full).vector, entries, "the vector of TABLE_STATE")
                let ping = try member.heardPing()
                try expectEqual(
                    ping.tables.first { $0.table == full }?.vectorHash, XXH64.hash(body.span), "the hash of a vector of one entry"
                )
                try expectEqual(
                    ping.tables.first { $0.table == empty }?.vectorHash, 0xef46_db37_51d8_e999, "the hash of an empty vector")
            }
        ]
        + [("short", [0, 1, 3, 4, 7, 8]), ("stripes", [31, 32, 33, 63, 64, 65]), ("long", [100, 1000, 65_536])].map {
            word, lengths in
            versioned(
                "VER-020/\(word)", also: ["DIG-001", "DIG-002", "DIG-003", "DIG-011"],
                "Rows with keys of any length have the published hash: seen in the digests of buckets."
            ) { trial in
                let (member, table) = try await trial.memberAndTable()
                let operations = lengths.map {
                    Operation(.put, key: (0..<$0).map { UInt8(truncatingIfNeeded: $0 &* 37) }, value: [1])
                }
                try await trial.write(table, operations)
                try await member.expectDigests(table, of: try await trial.scan(table), .set)
            }
        }
}

extension OutgoingFrame {
    /// The same with its last bytes replaced.
    func replacingEnd(_ count: Int, by bytes: [UInt8]) -> OutgoingFrame {
        var frame = self
        frame.body = frame.body.dropLast(count) + bytes
        return frame
    }
}

extension Member {
    /// The newest TABLE_STATE of a table that has come on this link.
    func heardState(_ table: TableName) throws -> TableState {
        for entry in link.heard.reversed() {
            if case .tableState(let state) = entry.message, state.table == table { return state }
        }
        throw CaseFailure("TABLE_STATE of \(table)", got: "none")
    }

    fileprivate func heardPing() throws -> Ping {
        for entry in link.heard { if case .ping(let ping) = entry.message { return ping } }
        throw CaseFailure("PING", got: "none")
    }

    /// Asks for the bucket digests and compares them with those of rows.
    @discardableResult
    func expectDigests(_ table: TableName, of rows: [Row], _ shape: TableShape) async throws -> Digests {
        link.send(.digestRequest(DigestRequest(table: table)))
        let digests = try await link.expect("DIGESTS of \(table)") { message, _ in
            if case .digests(let digests) = message, digests.table == table { digests } else { nil }
        }
        let expected = shape.digests(rows)
        for bucket in 0..<Limits.buckets {
            try expectEqual(digests.buckets[bucket], expected[bucket], "the digest of bucket \(bucket)")
        }
        return digests
    }
}
