import ClusterModel
import WireFormat

// The node as the receiver of snapshots from a member.
extension Catalogue {
    static let snapshotReceiving: [Case] = needs + ends + order + afterwards + memberLink

    private static func receiving(
        _ id: String, also: [String] = [], _ summary: String, _ run: @escaping @Sendable (Trial) async throws -> Void
    ) -> Case { Case(id, also: also, summary, profile: .tables, isolation: .membership, run: run) }

    private static let needs: [Case] = [
        receiving(
            "REP-023/unknown-origin", also: ["SNP-001", "SNP-007", "SNP-012"],
            "What no link streams is asked for by SNAP_REQUEST with the node's own vector."
        ) { trial in
            let (member, table) = try await trial.memberAndTable()
            try await trial.write(table, [.put("a", "1")])
            let origin = Member.stranger()
            let (request, stream) = try await member.lure(table, VersionVector((origin, 1)))
            try expectEqual(request.have, VersionVector((trial.nodeOrigin, try await trial.last(table))), "have")
            try expectEqual([request.firstBucket, request.lastBucket], [0, 1023], "the buckets")
            try expect(
                stream % 2 == (trial.target.node < member.identity.node ? 1 : 0) && stream > 0, "its kind of stream",
                got: "\(stream)")
            let row = Row.of(origin, 1, "b", "2", stamp: member.stamp())
            member.serve(table, [row], stream: stream, vector: VersionVector((origin, 1)))
            try await member.link.fence()
            try expectEqual(try await trial.scan(table).map(\.text).sorted(), ["a=1", "b=2"], "rows")
            try expectEqual(try await trial.info(table).vector.sequence(of: origin), 1, "the vector")
        },
        receiving(
            "REP-023/not-streamable", also: ["REP-021", "SNP-001"],
            "Operations that the member cannot stream any more are asked for."
        ) {
            trial in
            let (member, table) = try await trial.memberAndTable()
            member.announce(table, vector: VersionVector((member.origin, 5)), streamable: 4)
            _ = try await member.expectRequest(table)
        },
        receiving("REP-023/streamed", "Operations that the member will stream are not asked for.") { trial in
            let (member, table) = try await trial.memberAndTable()
            member.announce(table, vector: VersionVector((member.origin, 5)), streamable: 1)
            try await expectNoRequest(trial, member, table)
        },
        receiving("REP-023/other-link", "Operations that another member streams without gap are not asked for.") { trial in
            let table = try await trial.table()
            let (first, second) = (try await trial.member(.node("first")), try await trial.member(.node("second")))
            second.announce(table)
            try await second.link.fence()
            first.announce(table, vector: VersionVector((second.origin, 3)))
            try await expectNoRequest(trial, first, table)
        },
        receiving("REP-023/nothing-new", "From a member that has nothing more nothing is asked for.") { trial in
            let (member, table) = try await trial.memberAndTable()
            try await trial.write(table, [.put("a", "1")])
            member.announce(table, vector: try await trial.info(table).vector)
            try await expectNoRequest(trial, member, table)
        },
        receiving("SNP-007/new-stream", also: ["SNP-001"], "Each request has a stream that was not used before on the link.") {
            trial in
            let (member, table) = try await trial.memberAndTable()
            var streams: Set<UInt32> = []
            var vector = VersionVector()
            for _ in 0..<4 {
                vector.raise(Member.stranger(), to: 1)
                let (_, stream) = try await member.lure(table, vector)
                try expect(streams.insert(stream).inserted, "a new stream", got: "\(stream)")
                member.serve(table, [], stream: stream, vector: vector)
                try await member.link.fence()
            }
        },
    ]

    private static func expectNoRequest(_ trial: Trial, _ member: Member, _ table: TableName) async throws {
        try await member.link.fence()
        // A node may wait a little for the states of others before it asks.
        try await Clock.letPass(.milliseconds(200))
        try await member.link.fence {
            if case .snapRequest(let request) = $0, request.table == table { "it comes by a stream, or is there" } else { nil }
        }
    }

    private static let ends: [Case] = [
        receiving(
            "SNP-011/removes", also: ["SNP-012"], "A complete snapshot removes rows that did not come and that its vector covers."
        ) {
            trial in
            let (member, table) = try await trial.memberAndTable()
            let origin = Member.stranger()
            let stamp = member.stamp()
            let rows = ["a", "b", "c"].enumerated().map { Row.of(origin, UInt64($0 + 1), $1, "1", stamp: stamp) }
            try await member.bring(table, rows, vector: VersionVector((origin, 3)))
            try await trial.write(table, [.put("own", "1")])
            let vector = VersionVector((origin, 4))
            try await member.bring(table, [rows[1]], vector: vector, isComplete: true)
            try expectEqual(try await trial.scan(table).map(\.text).sorted(), ["b=1", "own=1"], "rows")
            try expectEqual(try await trial.info(table).vector.sequence(of: origin), 4, "the vector")
        },
        receiving("SNP-011/not-complete", "A snapshot that is not complete removes nothing.") { trial in
            let (member, table) = try await trial.memberAndTable()
            let origin = Member.stranger()
            let rows = ["a", "b"].enumerated().map { Row.of(origin, UInt64($0 + 1), $1, "1", stamp: member.stamp()) }
            try await member.bring(table, rows, vector: VersionVector((origin, 2)))
            try await member.bring(table, [], vector: VersionVector((origin, 3)))
            try expectEqual(try await trial.scan(table).map(\.text).sorted(), ["a=1", "b=1"], "rows")
        },
        receiving(
            "SNP-031/collected", also: ["SNP-010", "SNP-011"],
            "After a complete snapshot its collected is the node's, which owes a complete one to who lacks it."
        ) { trial in
            let (member, table) = try await trial.memberAndTable()
            let (origin, other) = (Member.stranger(), Member.stranger())
            try await member.bring(
                table, [], vector: VersionVector((origin, 5), (other, 2)), collected: VersionVector((origin, 4)), isComplete: true
            )
            let link = try await trial.joinLink(.joiner())
            for (index, (have, isComplete)) in [
                (VersionVector((origin, 4)), false), (VersionVector((origin, 3)), true), (VersionVector((other, 2)), true),
            ].enumerated() {
                let fetched = try await link.fetch(SnapRequest(table: table, have: have), stream: UInt32(index + 1))
                try expectEqual(fetched.begin.isComplete, isComplete, "isComplete for \(have.entries.map(\.sequence))")
            }
        },
        receiving("SNP-031/not-complete", "The collected of a snapshot that is not complete is not taken.") { trial in
            let (member, table) = try await trial.memberAndTable()
            let origin = Member.stranger()
            try await member.bring(table, [], vector: VersionVector((origin, 5)), collected: VersionVector((origin, 4)))
            let link = try await trial.joinLink(.joiner())
            let fetched = try await link.fetch(SnapRequest(table: table, have: VersionVector((origin, 3))), stream: 1)
            try expectEqual(fetched.begin.isComplete, false, "isComplete")
        },
        receiving("SNP-012/before-the-end", also: ["VER-006"], "Before a snapshot ends its vector is not the node's.") { trial in
            let (member, table) = try await trial.memberAndTable()
            let origin = Member.stranger()
            let row = Row.of(origin, 1, "a", "1", stamp: member.stamp())
            let (_, stream) = try await member.lure(table, VersionVector((origin, 1)))
            member.begin(table, stream: stream, vector: VersionVector((origin, 1)))
            member.send(Member.chunk([row]), stream: stream)
            try await member.link.fence()
            try expectEqual(try await trial.texts(table, "a"), ["a=1"], "a row that came")
            try expectEqual(try await trial.info(table).vector, VersionVector(), "the vector")
            member.end([row], stream: stream)
            try await member.link.fence()
            try expectEqual(try await trial.info(table).vector, VersionVector((origin, 1)), "the vector")
        },
        receiving(
            "SNP-012/link-lost", also: ["SNP-014", "SNP-019"],
            "After a link is lost in a snapshot, the vector is raised only to what all parts were sent with."
        ) { try await resumed($0) },
    ]

    private static func resumed(_ trial: Trial) async throws {
        let (member, table) = try await trial.memberAndTable()
        let (one, two) = (Member.stranger(), Member.stranger())
        let (_, stream) = try await member.lure(table, VersionVector((one, 5)))
        member.begin(table, stream: stream, vector: VersionVector((one, 5)))
        let row = Row.of(one, 1, "a", "1", stamp: member.stamp())
        let next = UInt16(TableShape.set.bucket(row)) + 1
        member.send(Member.chunk([row], nextBucket: next), stream: stream)
        try await member.link.fence()
        await member.link.connection.reset()
        let again = try await trial.again(member)
        try expectEqual(try await trial.info(table).vector, VersionVector(), "the vector after a part")
        again.announce(table, vector: VersionVector((one, 4), (two, 7)))
        let (request, second) = try await again.expectRequest(table, within: trial.timing.reaction * 2)
        let isRest = request.firstBucket > 0
        try expect(
            request.firstBucket <= next && request.lastBucket == 1023, "all buckets that did not come",
            got: "\(request.firstBucket)")
        again.serve(table, isRest ? [] : [row], stream: second, vector: VersionVector((one, 4), (two, 7)))
        try await again.link.fence()
        let expected = isRest ? VersionVector((one, 4)) : VersionVector((one, 4), (two, 7))
        try expectEqual(try await trial.info(table).vector, expected, "the vector")
        try expectEqual(try await trial.texts(table, "a"), ["a=1"], "the row that had come")
    }

    private static let order: [Case] = [
        mismatch("first-not-0", "whose first chunk is not number 0") { member, stream, rows in
            member.send(Member.chunk(rows, number: 1), stream: stream)
        },
        mismatch("number-twice", "that has a number twice") { member, stream, rows in
            member.send(Member.chunk([rows[0]], nextBucket: 0), stream: stream)
            member.send(Member.chunk([rows[1]]), stream: stream)
        },
        mismatch("number-skipped", "that skips a number") { member, stream, rows in
            member.send(Member.chunk([rows[0]], nextBucket: 0), stream: stream)
            member.send(Member.chunk([rows[1]], number: 2), stream: stream)
        },
        mismatch("next-bucket-falls", "whose nextBucket falls") { member, stream, rows in
            member.send(Member.chunk([rows[0]], nextBucket: 1000), stream: stream)
            member.send(Member.chunk([rows[1]], number: 1, nextBucket: 999), stream: stream)
        },
        mismatch("end-chunks", "whose end counts more chunks") { member, stream, rows in
            member.send(Member.chunk(rows), stream: stream)
            member.end(rows, chunks: 2, stream: stream)
        },
        mismatch("end-rows", "whose end counts more rows") { member, stream, rows in
            member.send(Member.chunk(rows), stream: stream)
            let digest = rows.reduce(UInt64(0)) { $0 &+ TableShape.set.digest($1) }
            member.link.send(.snapEnd(SnapEnd(chunks: 1, rows: 3, digest: digest)), stream: stream)
        },
        mismatch("end-digest", "whose end has another digest") { member, stream, rows in
            member.send(Member.chunk(rows), stream: stream)
            member.link.send(.snapEnd(SnapEnd(chunks: 1, rows: 2, digest: 1)), stream: stream)
        },
    ]

    private static func mismatch(
        _ word: String, _ what: String, _ send: @escaping @Sendable (Member, UInt32, [Row]) -> Void
    ) -> Case {
        receiving(
            "SNP-017/\(word)", also: ["SNP-005", "SNP-012", "SNP-018"],
            "A snapshot \(what) is given up with SNAPSHOT_MISMATCH, and what still comes of it ignored."
        ) { trial in
            let (member, table) = try await trial.memberAndTable()
            let origin = Member.stranger()
            let rows = ["a", "b"].enumerated().map { Row.of(origin, UInt64($0 + 1), $1, "1", stamp: member.stamp()) }
            let (_, stream) = try await member.lure(table, VersionVector((origin, 2)))
            member.begin(table, stream: stream, vector: VersionVector((origin, 2)))
            send(member, stream, rows)
            try await member.link.expectCancel(.snapshotMismatch, stream: stream)
            try expectEqual(try await trial.info(table).vector, VersionVector(), "the vector")
            member.send(Member.chunk([.of(origin, 3, "late", "1", stamp: member.stamp())], number: 2), stream: stream)
            member.end([], chunks: 0, stream: stream)
            member.begin(table, stream: stream, vector: VersionVector((origin, 2)))
            member.link.send(.snapCancel(SnapCancel(.cancelled, text: "")), stream: stream)
            try await member.link.fence()
            try expectEqual(try await trial.texts(table, "late"), [], "a row of a snapshot that was given up")
            try expectEqual(try await trial.info(table).vector, VersionVector(), "the vector")
        }
    }

    private static let afterwards: [Case] = [
        receiving("SNP-018/over", "Messages of a snapshot that is over are ignored.") { trial in
            let (member, table) = try await trial.memberAndTable()
            let origin = Member.stranger()
            let (_, stream) = try await member.lure(table, VersionVector((origin, 1)))
            member.serve(table, [], stream: stream, vector: VersionVector((origin, 1)))
            try await member.link.fence()
            member.serve(
                table, [.of(origin, 2, "late", "1", stamp: member.stamp())], stream: stream, vector: VersionVector((origin, 9)))
            member.link.send(.snapCancel(SnapCancel(.cancelled, text: "")), stream: stream)
            try await member.link.fence()
            try expectEqual(try await trial.texts(table, "late"), [], "rows")
            try expectEqual(try await trial.info(table).vector, VersionVector((origin, 1)), "the vector")
        },
        receiving("SNP-018/cancelled", also: ["ERR-003"], "A snapshot that the sender gives up, with whatever code, is over.") {
            trial in
            let (member, table) = try await trial.memberAndTable()
            let origin = Member.stranger()
            let (_, stream) = try await member.lure(table, VersionVector((origin, 1)))
            member.begin(table, stream: stream, vector: VersionVector((origin, 1)))
            var cancel = SnapCancel(.busy, text: "from a later version")
            cancel.code = 0x7777
            member.link.send(.snapCancel(cancel), stream: stream)
            member.end([], chunks: 0, stream: stream)
            try await member.link.fence()
            try expectEqual(try await trial.info(table).vector, VersionVector(), "the vector")
        },
        unexpected("begin-unasked", "SNAP_BEGIN of a snapshot that was never requested") { member, table, _ in
            member.begin(table, stream: 4001, vector: VersionVector())
        },
        unexpected("chunk-unasked", "SNAP_CHUNK of a snapshot that was never requested") { member, _, _ in
            member.send(Member.chunk([.of(Member.stranger(), 1, "a", "1", stamp: Stamp(1))]), stream: 4001)
        },
        unexpected("end-unasked", "SNAP_END of a snapshot that was never requested") { member, _, _ in
            member.end([], chunks: 0, stream: 4001)
        },
        unexpected("second-begin", "a second SNAP_BEGIN") { member, table, stream in
            member.begin(table, stream: stream, vector: VersionVector())
            member.begin(table, stream: stream, vector: VersionVector())
        },
        unexpected("other-table", "SNAP_BEGIN of another table") { member, _, stream in
            member.begin(Names.table("another"), stream: stream, vector: VersionVector())
        },
        unexpected("chunk-first", "SNAP_CHUNK before SNAP_BEGIN") { member, _, stream in
            member.send(Member.chunk([.of(Member.stranger(), 1, "a", "1", stamp: Stamp(1))]), stream: stream)
        },
        unexpected("end-first", "SNAP_END before SNAP_BEGIN") { member, _, stream in member.end([], chunks: 0, stream: stream) },
    ]

    private static func unexpected(
        _ word: String, _ what: String, _ send: @escaping @Sendable (Member, TableName, UInt32) -> Void
    ) -> Case {
        receiving("SNP-029/\(word)", "On \(what) the link is closed with UNEXPECTED_MESSAGE.") { trial in
            let (member, table) = try await trial.memberAndTable()
            let (_, stream) = try await member.lure(table, VersionVector((Member.stranger(), 1)))
            send(member, table, stream)
            try await member.link.expectClose(.unexpectedMessage)
        }
    }

    private static let memberLink: [Case] = [
        receiving("SNP-007/wrong-kind", "A SNAP_REQUEST on a member link with the node's kind of stream closes the link.") {
            trial in
            let (member, table) = try await trial.memberAndTable()
            let wrong = member.stream(1) % 2 + 1
            member.link.send(.snapRequest(SnapRequest(table: table, have: VersionVector())), stream: wrong)
            try await member.link.expectClose(.unexpectedMessage)
        },
        receiving("SNP-007/zero", "A SNAP_REQUEST on stream 0 of a member link closes the link.") { trial in
            let (member, table) = try await trial.memberAndTable()
            member.link.send(.snapRequest(SnapRequest(table: table, have: VersionVector())), stream: 0)
            try await member.link.expectClose(.unexpectedMessage)
        },
        receiving("SNP-007/in-use-member", "A SNAP_REQUEST on a stream in use on a member link closes the link.") { trial in
            let table = try await trial.source(large: 16)
            let member = try await trial.member { $0.bulkCredit = 65_536 }
            let request = SnapRequest(table: table, have: VersionVector())
            member.link.send(.snapRequest(request), stream: member.stream(1))
            _ = try await member.link.expectBegin(member.stream(1))
            member.link.send(.snapRequest(request), stream: member.stream(1))
            try await member.link.expectClose(.unexpectedMessage)
        },
        receiving("SNP-028/member", "A snapshot that a member cancels is not sent on.") { trial in
            let table = try await trial.source(large: 64)
            let member = try await trial.member { $0.bulkCredit = 65_536 }
            member.link.send(.snapRequest(SnapRequest(table: table, have: VersionVector())), stream: member.stream(1))
            _ = try await member.link.expectBegin(member.stream(1))
            member.link.send(.snapCancel(SnapCancel(.cancelled, text: "enough")), stream: member.stream(1))
            try await member.link.fence()
            member.link.grant(.max, on: .bulk)
            // The next snapshot comes behind what may still come of this one.
            member.link.send(
                .snapRequest(SnapRequest(table: table, firstBucket: 0, lastBucket: 0, have: VersionVector())),
                stream: member.stream(2))
            _ = try await member.link.expect("the end of the next snapshot") { message, header -> Bool? in
                guard case .snapEnd = message else { return nil }
                guard header.stream != member.stream(1) else {
                    throw CaseFailure("no end of what was cancelled", got: "SNAP_END")
                }
                return true
            }
        },
    ]
}
