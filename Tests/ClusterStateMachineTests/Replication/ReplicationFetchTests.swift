import ClusterModel
import ClusterStateMachine
import Testing

/// SNP-001 to SNP-014 and REP-023: who is asked for a snapshot, and what becomes of it.
@Suite struct ReplicationFetchTests {
    typealias Fixture = ReplicationFixture
    private let two = NodeID(2)
    private let three = NodeID(3)
    private let end = SnapEnd(chunks: 0, rows: 0, digest: 0)

    private func begin(
        _ fixture: inout Fixture, _ peer: NodeID, _ stream: UInt32, _ entries: [(UInt128, UInt64)], isComplete: Bool = false
    ) -> [ReplicationAction] {
        let begin = SnapBegin(table: fixture.name, vector: Fixture.vector(entries), isComplete: isComplete, rows: 100)
        return fixture.replication.received(begin, stream: stream, from: peer, elapsed: fixture.now)
    }

    private func chunk(
        _ fixture: inout Fixture, _ peer: NodeID, _ stream: UInt32, number: UInt32, next: UInt16
    ) -> [ReplicationAction] {
        fixture.replication.receivedChunk(
            number: number, nextBucket: next, rows: 10, digest: 7, stream: stream, from: peer, elapsed: fixture.now)
    }

    private func finish(
        _ fixture: inout Fixture, _ peer: NodeID, _ stream: UInt32, chunks: UInt32
    ) -> [ReplicationAction] {
        let end = SnapEnd(chunks: chunks, rows: UInt64(chunks) * 10, digest: UInt64(chunks) * 7)
        return fixture.replication.received(end, stream: stream, from: peer, elapsed: fixture.now)
    }

    @Test func operationsThatAreStreamedAreNotAskedFor() throws {
        var fixture = try Fixture()
        fixture.own([(2, 5), (3, 5)])
        _ = fixture.link(2)
        _ = fixture.link(3)
        #expect(fixture.state(3, [(3, 50)], streamable: 6).isEmpty, "3 streams from 6 on")
        #expect(fixture.state(2, [(2, 50), (3, 40)], streamable: 1).isEmpty)
        #expect(fixture.tick(after: .seconds(1)).isEmpty)
    }

    @Test func gapInThePeersStreamIsAskedFor() throws {
        var fixture = try Fixture()
        fixture.own([(2, 5)])
        _ = fixture.link(2)
        let requests = Fixture.requests(fixture.state(2, [(2, 50)], streamable: 7))
        #expect(requests.count == 1)
        #expect(requests.first?.request == SnapRequest(table: fixture.name, have: Fixture.vector([(2, 5)])))
        #expect(requests.first?.stream == 1, "the lower node takes the odd ids")
    }

    @Test func thePeerThatHasMostIsAskedOnceAllHaveSpoken() throws {
        var fixture = try Fixture(live: [2, 3, 4])
        for node in [2, 3] as [UInt128] { _ = fixture.link(node) }
        #expect(fixture.state(2, [(4, 10)]).isEmpty, "3 has not spoken")
        let requests = Fixture.requests(fixture.state(3, [(4, 30)]))
        #expect(requests.map(\.peer) == [three])
        #expect(fixture.state(2, [(4, 60)]).isEmpty, "one at a time")
    }

    @Test func silentPeerIsNotWaitedForLong() throws {
        var fixture = try Fixture(live: [2, 3, 4])
        for node in [2, 3] as [UInt128] { _ = fixture.link(node) }
        _ = fixture.state(2, [(4, 10)])
        #expect(fixture.tick(after: .milliseconds(49)).isEmpty)
        #expect(Fixture.requests(fixture.tick(after: .milliseconds(1))).map(\.peer) == [two])
    }

    @Test func deadLifeOfTheOwnNodeIsAskedForButNotTheCurrentOne() throws {
        var fixture = try Fixture()
        fixture.replication = Replication(origin: Fixture.origin(1, 2))
        _ = fixture.replication.define(fixture.local, elapsed: .zero)
        _ = fixture.link(2)
        #expect(Fixture.requests(fixture.state(2, [(1, 10)])).count == 1)
        var other = try Fixture()
        _ = other.link(2)
        #expect(other.state(2, [(1, 10)]).isEmpty)
    }

    @Test func endSettlesAdoptsAndTellsEverybody() throws {
        var fixture = try Fixture()
        try fixture.connect([3])
        _ = fixture.link(2)
        let stream = try #require(Fixture.requests(fixture.state(2, [(4, 10)])).first).stream
        #expect(begin(&fixture, two, stream, [(4, 12)], isComplete: true).isEmpty)
        #expect(chunk(&fixture, two, stream, number: 0, next: 400).isEmpty)
        let vector = Fixture.vector([(4, 12)])
        let settlement = Settlement(
            table: fixture.name, peer: two, stream: stream, buckets: 0...1023, vector: vector, isComplete: true)
        #expect(
            finish(&fixture, two, stream, chunks: 1) == [
                .settle(settlement), .adopt(table: fixture.name, vector: vector),
                .sendState(to: two, table: fixture.name, wantsReply: false),
                .sendState(to: three, table: fixture.name, wantsReply: false),
            ])
        fixture.own([(4, 12)])
        #expect(fixture.tick().isEmpty)
        #expect(!fixture.replication.wants(stream: stream, from: two))
    }

    /// The link is lost after bucket 511; another peer is asked for the rest only, and the meet of both vectors is adopted.
    @Test func lostSnapshotResumesFromAnotherPeer() throws {
        var fixture = try Fixture()
        _ = fixture.link(2)
        let first = try #require(Fixture.requests(fixture.state(2, [(4, 10), (5, 3)])).first)
        _ = begin(&fixture, two, first.stream, [(4, 10), (5, 3)], isComplete: true)
        _ = chunk(&fixture, two, first.stream, number: 0, next: 512)
        let lost = fixture.replication.linkDown(two, elapsed: fixture.now)
        let settlement = Settlement(
            table: fixture.name, peer: two, stream: first.stream, buckets: 0...511, vector: Fixture.vector([(4, 10), (5, 3)]),
            isComplete: true)
        #expect(lost == [.settle(settlement)])
        _ = fixture.link(3)
        let second = try #require(Fixture.requests(fixture.state(3, [(4, 14)])).first)
        #expect(second.request.firstBucket == 512)
        #expect(second.request.lastBucket == 1023)
        _ = begin(&fixture, three, second.stream, [(4, 14)])
        let actions = finish(&fixture, three, second.stream, chunks: 0)
        #expect(actions.contains(.adopt(table: fixture.name, vector: Fixture.vector([(4, 10)]))))
        fixture.own([(4, 10)])
        let third = try #require(Fixture.requests(fixture.tick()).first, "3 has more of origin 4 than the copy claims")
        #expect(third.request.firstBucket == 0)
    }

    @Test func snapshotThatLacksOnlyItsEndAsksForTheLastBucketAgain() throws {
        var fixture = try Fixture()
        _ = fixture.link(2)
        let first = try #require(Fixture.requests(fixture.state(2, [(4, 10)])).first)
        _ = begin(&fixture, two, first.stream, [(4, 10)])
        _ = chunk(&fixture, two, first.stream, number: 0, next: 1024)
        _ = fixture.replication.linkDown(two, elapsed: fixture.now)
        _ = fixture.link(2)
        let second = try #require(Fixture.requests(fixture.state(2, [(4, 10)])).first)
        #expect(second.request.firstBucket == 1023)
    }

    @Test func wrongSumIsCancelledAndAskedOfAnother() throws {
        var fixture = try Fixture()
        try fixture.connect([3])
        _ = fixture.link(2)
        let first = try #require(Fixture.requests(fixture.state(2, [(4, 10)])).first)
        _ = begin(&fixture, two, first.stream, [(4, 10)])
        _ = chunk(&fixture, two, first.stream, number: 0, next: 700)
        let actions = fixture.replication.received(end, stream: first.stream, from: two, elapsed: fixture.now)
        guard case .send(.snapCancel(let cancel), two, first.stream)? = actions.first else {
            Issue.record("expected SNAP_CANCEL, got \(actions)")
            return
        }
        #expect(cancel.code == ErrorCode.snapshotMismatch.rawValue)
        guard case .settle(let settlement) = actions[1] else { return }
        #expect(settlement.buckets == nil)
        #expect(fixture.tick().isEmpty, "2 pauses")
        #expect(Fixture.requests(fixture.state(3, [(4, 9)])).map(\.peer) == [three])
    }

    @Test func cancelledSnapshotIsAskedAgainAfterAPauseThatGrows() throws {
        var fixture = try Fixture()
        _ = fixture.link(2)
        var stream = try #require(Fixture.requests(fixture.state(2, [(4, 10)])).first).stream
        for pause in [500, 1000, 2000, 4000] {
            let cancel = SnapCancel(.busy, text: "busy")
            _ = fixture.replication.received(cancel, stream: stream, from: two, elapsed: fixture.now)
            #expect(Fixture.requests(fixture.tick(after: .milliseconds(pause - 1))).isEmpty)
            stream = try #require(Fixture.requests(fixture.tick(after: .milliseconds(1))).first, "after \(pause) ms").stream
        }
        #expect(stream == 9)
    }

    @Test func silentSnapshotIsGivenUpAndKeepsWhatCame() throws {
        var fixture = try Fixture()
        _ = fixture.link(2)
        let stream = try #require(Fixture.requests(fixture.state(2, [(4, 10)])).first).stream
        _ = begin(&fixture, two, stream, [(4, 10)])
        _ = fixture.tick(after: .seconds(20))
        _ = chunk(&fixture, two, stream, number: 0, next: 100)
        #expect(fixture.tick(after: .seconds(29)).isEmpty)
        let actions = fixture.tick(after: .seconds(1))
        #expect(actions.count == 2)
        let again = try #require(Fixture.requests(fixture.tick(after: .seconds(1))).first)
        #expect(again.request.firstBucket == 100)
        #expect(chunk(&fixture, two, stream, number: 1, next: 200).isEmpty, "a chunk that was on its way")
    }

    @Test(arguments: [(1, 50), (0, 1025), (0, 99)] as [(UInt32, UInt16)])
    func chunkOutOfOrderEndsTheSnapshot(number: UInt32, next: UInt16) throws {
        var fixture = try Fixture()
        _ = fixture.link(2)
        let stream = try #require(Fixture.requests(fixture.state(2, [(4, 10)])).first).stream
        _ = begin(&fixture, two, stream, [(4, 10)])
        _ = chunk(&fixture, two, stream, number: 0, next: 100)
        let actions = chunk(&fixture, two, stream, number: number == 0 ? 1 : 7, next: next)
        #expect(actions.count == 2)
        #expect(!fixture.replication.wants(stream: stream, from: two))
    }

    @Test func messagesOfSnapshotsNobodyAskedForCloseTheLink() throws {
        var fixture = try Fixture()
        try fixture.connect([2])
        #expect(Fixture.closes(begin(&fixture, two, 1, [])) == [.unexpectedMessage])
        #expect(Fixture.closes(chunk(&fixture, two, 4, number: 0, next: 1)) == [.unexpectedMessage])
        #expect(Fixture.closes(finish(&fixture, two, 0, chunks: 0)) == [.unexpectedMessage])
    }

    @Test func chunkAndEndBeforeBeginCloseTheLink() throws {
        var fixture = try Fixture()
        _ = fixture.link(2)
        let stream = try #require(Fixture.requests(fixture.state(2, [(4, 10)])).first).stream
        #expect(Fixture.closes(chunk(&fixture, two, stream, number: 0, next: 1)) == [.unexpectedMessage])
        #expect(Fixture.closes(finish(&fixture, two, stream, chunks: 0)) == [.unexpectedMessage])
        #expect(begin(&fixture, two, stream, [(4, 10)]).isEmpty)
        #expect(Fixture.closes(begin(&fixture, two, stream, [(4, 10)])) == [.unexpectedMessage])
    }

    /// LIM-026 in both directions.
    @Test func noMoreSnapshotsThanALinkMayCarry() throws {
        var fixture = try Fixture()
        var serves = 0
        _ = fixture.link(2)
        for index in 0..<5 as Range<UInt32> {
            let request = SnapRequest(table: fixture.name, have: VersionVector())
            let actions = fixture.replication.received(request, stream: 2 + 2 * index, from: two)
            if case .serve? = actions.first { serves += 1 }
        }
        #expect(serves == Limits.snapshotsPerLink)
        fixture.replication.served(to: two, stream: 4)
        let request = SnapRequest(table: fixture.name, have: VersionVector())
        #expect(fixture.replication.received(request, stream: 20, from: two) == [.serve(to: two, stream: 20, request)])
        #expect(Fixture.closes(fixture.replication.received(request, stream: 20, from: two)) == [.unexpectedMessage])
        #expect(Fixture.closes(fixture.replication.received(request, stream: 21, from: two)) == [.unexpectedMessage])
        let cancel = SnapCancel(.cancelled, text: "")
        #expect(
            fixture.replication.received(cancel, stream: 20, from: two, elapsed: fixture.now)
                == [.stopServing(to: two, stream: 20)])
        #expect(fixture.replication.linkDown(two, elapsed: fixture.now).count == 3)
    }

    @Test func moreTablesThanSnapshotsTakeTurns() throws {
        var fixture = try Fixture()
        var tables: [TableName: LocalTable] = [:]
        for number in 1...6 {
            var table = fixture.local
            table.definition.name = try #require(TableName("t\(number)"))
            tables[table.name] = table
            _ = fixture.replication.define(table, elapsed: .zero)
        }
        _ = fixture.link(2)
        var running: [UInt32] = []
        for table in tables.values.sorted(by: { $0.name < $1.name }) {
            let state = TableState(
                table: table.name, vector: Fixture.vector([(4, 9)]), digest: 0, rows: 0, streamable: 1,
                origin: Fixture.origin(2), wantsReply: false)
            running += Fixture.requests(fixture.replication.received(state, from: two, local: table, elapsed: fixture.now))
                .map(\.stream)
        }
        fixture.now += .milliseconds(60)
        running += Fixture.requests(fixture.replication.tick(elapsed: fixture.now) { tables[$0] }).map(\.stream)
        #expect(running.count == Limits.snapshotsPerLink)
        _ = fixture.replication.snapshotFailed(
            stream: try #require(running.first), from: two, .snapshotMismatch, text: "", elapsed: fixture.now)
        let more = Fixture.requests(fixture.replication.tick(elapsed: fixture.now) { tables[$0] })
        #expect(more.count == 1)
    }
}
