import ClusterModel
import WireFormat

// Comparing two copies, and repairing them.
extension Catalogue {
    static let digests: [Case] = sums + requests + repairs

    private static func digest(
        _ id: String, also: [String] = [], _ summary: String, _ run: @escaping @Sendable (Trial) async throws -> Void
    ) -> Case { Case(id, also: also, summary, profile: .tables, isolation: .membership, run: run) }

    private static let sums: [Case] =
        [
            (TableType.set, MergeRule.lww, "set"), (.orderedSet, .lww, "ordered-set"), (.bag, .lww, "bag"),
            (.set, .owner, "owner"),
            (.bag, .owner, "owner-bag"),
        ].map { type, rule, word in
            digest(
                "DIG-001/\(word)", also: ["DIG-002", "DIG-003", "DIG-011", "VER-020", "LIM-010"],
                "DIGESTS has the sum of the live rows of each bucket; their sum is that of the table."
            ) { trial in
                let (member, table) = try await trial.memberAndTable(type: type, merge: rule)
                let shape = TableShape(type: type, merge: rule)
                try await trial.write(table, (0..<50).map { .put("key-\($0)", "value-\($0)") })
                try await trial.write(table, [.delete("key-7", "value-7")])
                try await member.write(table, [.put("theirs", "1"), .put("key-3", "other")])
                let rows = try await trial.scan(table)
                let digests = try await member.expectDigests(table, of: rows, shape)
                try expectEqual(digests.vector, try await trial.info(table).vector, "the vector of DIGESTS")
                let sum = shape.digests(rows).reduce(0, &+)
                try expectEqual(try await trial.info(table).digest, sum, "the digest of tableInfo")
                try expectEqual(try await member.askState(table).digest, sum, "the digest of TABLE_STATE")
            }
        } + [
            digest("DIG-002/tombstones", also: ["DIG-003"], "Tombstones are in no digest.") { trial in
                let (member, table) = try await trial.memberAndTable()
                try await trial.write(table, [.put("a", "1"), .put("b", "2"), .delete("a"), .delete("b")])
                try await member.expectDigests(table, of: [], .set)
                try expectEqual(try await member.askState(table).digest, 0, "the digest of TABLE_STATE")
            },
            digest("DIG-011/empty", "DIGESTS of an empty table are 1024 zeros.") { trial in
                let (member, table) = try await trial.memberAndTable()
                try await member.expectDigests(table, of: [], .set)
            },
            digest("DIG-011/cut", "DIGESTS of less than 1024 buckets are malformed.") { trial in
                let (member, table) = try await trial.memberAndTable()
                let digests = Digests(table: table, vector: VersionVector(), buckets: Array(repeating: 1, count: 1024))
                var frame = OutgoingFrame(.digests(digests))
                frame.body.removeLast(8)
                member.link.send(frame)
                try await member.link.expectClose(.malformed)
            },
        ]

    private static let requests: [Case] = [
        digest(
            "DIG-012/two-states", also: ["DIG-010"],
            "After two states with the node's vector and another digest the node asks for digests."
        ) {
            trial in
            let (member, table) = try await trial.memberAndTable()
            try await trial.write(table, [.put("a", "1")])
            let state = try await member.askState(table)
            member.announce(table, vector: state.vector, digest: state.digest &+ 1, rows: 1)
            try await member.link.fence {
                if case .digestRequest(let request) = $0, request.table == table { "one state differed" } else { nil }
            }
            member.announce(table, vector: state.vector, digest: state.digest &+ 1, rows: 1)
            _ = try await member.link.expect("DIGEST_REQUEST") { message, _ -> Bool? in
                if case .digestRequest(let request) = message, request.table == table { true } else { nil }
            }
        },
        digest("DIG-012/not-in-a-row", "Two states that differ with an equal one between ask for nothing.") { trial in
            let (member, table) = try await trial.memberAndTable()
            try await trial.write(table, [.put("a", "1")])
            let state = try await member.askState(table)
            for difference in [1, 0, 1, 0] {
                member.announce(table, vector: state.vector, digest: state.digest &+ UInt64(difference), rows: 1)
            }
            try await member.link.fence {
                if case .digestRequest(let request) = $0, request.table == table { "no two in a row" } else { nil }
            }
        },
        digest("DIG-012/other-vector", "States with another vector and another digest ask for no digests.") { trial in
            let (member, table) = try await trial.memberAndTable()
            try await trial.write(table, [.put("a", "1")])
            for _ in 0..<3 { member.announce(table, digest: 77) }
            try await member.link.fence {
                if case .digestRequest(let request) = $0, request.table == table { "the vectors differ" } else { nil }
            }
        },
    ]

    /// Buckets that differ, and the ranges that the node has to ask for.
    private static let repairs: [Case] =
        [
            ("one", [7], [7...7]), ("both-ends", [0, 1023], [0...0, 1023...1023]), ("neighbours", [5, 6, 7], [5...7]),
            ("fifteen-between", [100, 116], [100...116]), ("sixteen-between", [100, 117], [100...100, 117...117]),
        ].map { word, buckets, ranges in
            digest(
                "DIG-013/\(word)", also: ["SNP-001", "SNP-007"],
                "On DIGESTS the buckets that differ are asked for, with an empty have, in ranges."
            ) { trial in
                try await repair(trial, buckets, ranges)
            }
        } + [
            digest("DIG-013/equal", "On DIGESTS that are equal nothing is asked for.") { trial in
                let (member, table) = try await trial.memberAndTable()
                try await trial.write(table, [.put("a", "1")])
                let digests = try await member.expectDigests(table, of: try await trial.scan(table), .set)
                member.link.send(.digests(digests))
                try await member.link.fence { if case .snapRequest = $0 { "nothing differs" } else { nil } }
            },
            digest("DIG-013/other-vector", "DIGESTS with another vector are ignored.") { trial in
                let (member, table) = try await trial.memberAndTable()
                try await trial.write(table, [.put("a", "1")])
                var digests = try await member.expectDigests(table, of: try await trial.scan(table), .set)
                digests.vector = VersionVector()
                digests.buckets[3] &+= 1
                member.link.send(.digests(digests))
                try await member.link.fence { if case .snapRequest = $0 { "the vectors differ" } else { nil } }
            },
            digest(
                "DIG-013/repairs", also: ["SNP-011", "MRG-001"], "A repair brings what is missing and removes what is not there."
            ) { trial in
                let (member, table) = try await trial.memberAndTable()
                try await trial.write(table, [.put("a", "1")])
                let old = try await trial.rows(table, "a")[0]
                let bucket = UInt16(TableShape.set.bucket(old))
                var digests = try await member.expectDigests(table, of: [old], .set)
                digests.buckets[Int(bucket)] = 0
                member.link.send(.digests(digests))
                let (request, stream) = try await member.expectRequest(table)
                try expect((request.firstBucket...request.lastBucket).contains(bucket), "bucket \(bucket)", got: "others")
                member.serve(table, [], stream: stream, vector: digests.vector, isComplete: true)
                try await member.link.fence()
                try expectEqual(try await trial.texts(table, "a"), [], "the row that the other copy does not have")
            },
        ]

    private static func repair(_ trial: Trial, _ buckets: [Int], _ ranges: [ClosedRange<UInt16>]) async throws {
        let (member, table) = try await trial.memberAndTable()
        try await trial.write(table, [.put("a", "1")])
        var digests = try await member.expectDigests(table, of: try await trial.scan(table), .set)
        for bucket in buckets { digests.buckets[bucket] &+= 1 }
        member.link.send(.digests(digests))
        var asked: [ClosedRange<UInt16>] = []
        var streams: Set<UInt32> = []
        while asked.count < ranges.count {
            let (request, stream) = try await member.expectRequest(table)
            try expect(request.have.isEmpty, "an empty have", got: "\(request.have.entries.count) entries")
            try expect(stream != 0 && streams.insert(stream).inserted, "a stream of its own", got: "\(stream)")
            let isOdd = trial.target.node < member.identity.node
            try expect((stream % 2 == 1) == isOdd, isOdd ? "an odd stream" : "an even stream", got: "\(stream)")
            asked.append(request.firstBucket...request.lastBucket)
            member.serve(table, [], stream: stream, vector: VersionVector(), isComplete: false)
        }
        try expectEqual(asked.sorted { $0.lowerBound < $1.lowerBound }, ranges, "ranges")
        try await member.link.fence { if case .snapRequest = $0 { "all ranges were asked for" } else { nil } }
    }
}
