import ClusterModel
import ClusterStateMachine
import Testing

/// REP-024, HRT-011, DIG-010: finding out that replicas differ, and repairing them.
@Suite struct ReplicationComparingTests {
    typealias Fixture = ReplicationFixture
    private let two = NodeID(2)

    private func ping(
        _ fixture: inout Fixture, _ hash: UInt64, from node: UInt128 = 2, after: Duration = .milliseconds(250)
    )
        -> [ReplicationAction]
    {
        fixture.now += after
        let local = fixture.local
        let hashes = [Ping.TableHash(table: fixture.name, vectorHash: hash)]
        return fixture.replication.ping(hashes, from: NodeID(node), local: { _ in local }, elapsed: fixture.now)
    }

    private func asks(_ fixture: Fixture) -> [ReplicationAction] {
        [.sendState(to: two, table: fixture.name, wantsReply: true)]
    }

    /// A table that was dropped here has no buckets to compare with (TAB-016).
    @Test func digestsOfADroppedTableAreIgnored() throws {
        var fixture = try ReplicationFixture()
        try fixture.connect([2])
        fixture.local.definition.exists = false
        fixture.local.definition.version.stamp = Stamp(2)
        _ = fixture.replication.define(fixture.local, elapsed: fixture.now)
        let digests = Digests(table: fixture.name, vector: fixture.local.vector, buckets: Array(repeating: 1, count: 1024))
        let actions = fixture.replication.received(
            digests, from: NodeID(2), local: fixture.local, buckets: [], elapsed: fixture.now)
        #expect(actions == [])
    }

    @Test func twoDifferentHashesInARowAskForTheStateOnceASecond() throws {
        var fixture = try Fixture()
        try fixture.connect([2])
        #expect(ping(&fixture, 99).isEmpty)
        #expect(ping(&fixture, fixture.local.vectorHash).isEmpty)
        #expect(ping(&fixture, 99).isEmpty)
        #expect(ping(&fixture, 98) == asks(fixture))
        #expect(ping(&fixture, 97).isEmpty)
        #expect(ping(&fixture, 97).isEmpty)
        #expect(ping(&fixture, 97).isEmpty)
        #expect(ping(&fixture, 97) == asks(fixture))
    }

    @Test func quietTableIsVerifiedOnceAfterEachChange() throws {
        var fixture = try Fixture()
        try fixture.connect([2])
        for _ in 0..<100 { #expect(ping(&fixture, fixture.local.vectorHash).isEmpty, "equal at link-up") }
        _ = fixture.write()
        for _ in 0..<40 { #expect(ping(&fixture, fixture.local.vectorHash).isEmpty) }
        #expect(ping(&fixture, fixture.local.vectorHash) == asks(fixture))
        #expect(fixture.state(2, [(1, 1)]).isEmpty)
        for _ in 0..<100 { #expect(ping(&fixture, fixture.local.vectorHash).isEmpty) }
    }

    @Test func differentDigestsOfEqualVectorsTwiceAskForTheBuckets() throws {
        var fixture = try Fixture()
        try fixture.connect([2])
        #expect(fixture.state(2, digest: 5).isEmpty)
        #expect(ping(&fixture, fixture.local.vectorHash).isEmpty)
        fixture.now += .seconds(1)
        #expect(ping(&fixture, fixture.local.vectorHash) == asks(fixture), "looked at again soon")
        let request = ReplicationAction.send(.digestRequest(DigestRequest(table: fixture.name)), to: two, stream: 0)
        #expect(fixture.state(2, digest: 6) == [request])
    }

    @Test func agreementBetweenTwoDisagreementsForgetsTheFirst() throws {
        var fixture = try Fixture()
        try fixture.connect([2])
        #expect(fixture.state(2, digest: 5).isEmpty)
        #expect(fixture.state(2, digest: 0).isEmpty)
        #expect(fixture.state(2, digest: 5).isEmpty)
    }

    @Test func differingBucketsAreFetchedOneRangeAfterTheOther() throws {
        var fixture = try Fixture()
        try fixture.connect([2])
        var theirs = [UInt64](repeating: 0, count: Limits.buckets)
        for bucket in [3, 5, 900] { theirs[bucket] = 1 }
        let digests = Digests(table: fixture.name, vector: VersionVector(), buckets: theirs)
        let own = [UInt64](repeating: 0, count: Limits.buckets)
        let actions = fixture.replication.received(
            digests, from: two, local: fixture.local, buckets: own, elapsed: fixture.now)
        let first = try #require(Fixture.requests(actions).first)
        #expect(first.request == SnapRequest(table: fixture.name, firstBucket: 3, lastBucket: 5, have: VersionVector()))
        let begin = SnapBegin(table: fixture.name, vector: VersionVector(), isComplete: true, rows: 0)
        _ = fixture.replication.received(begin, stream: first.stream, from: two, elapsed: fixture.now)
        let end = SnapEnd(chunks: 0, rows: 0, digest: 0)
        let ended = fixture.replication.received(end, stream: first.stream, from: two, elapsed: fixture.now)
        #expect(ended.count == 1, "settled, but no vector is adopted: \(ended)")
        let second = try #require(Fixture.requests(fixture.tick()).first)
        #expect(second.request.firstBucket == 900)
        #expect(second.request.lastBucket == 900)
    }

    @Test func bucketsOfAnotherVectorAreNotCompared() throws {
        var fixture = try Fixture()
        try fixture.connect([2])
        let theirs = [UInt64](repeating: 1, count: Limits.buckets)
        let digests = Digests(table: fixture.name, vector: Fixture.vector([(1, 1)]), buckets: theirs)
        let own = [UInt64](repeating: 0, count: Limits.buckets)
        let actions = fixture.replication.received(
            digests, from: two, local: fixture.local, buckets: own, elapsed: fixture.now)
        #expect(actions.isEmpty)
        let short = Digests(table: fixture.name, vector: VersionVector(), buckets: [1])
        let closes = fixture.replication.received(
            short, from: two, local: fixture.local, buckets: own, elapsed: fixture.now)
        #expect(Fixture.closes(closes) == [.malformed])
    }

    @Test func digestRequestIsAnswered() throws {
        var fixture = try Fixture()
        try fixture.connect([2])
        let actions = fixture.replication.received(DigestRequest(table: fixture.name), from: two)
        #expect(actions == [.sendDigests(to: two, table: fixture.name)])
    }

    @Test func stateOfAForeignOriginClosesTheLink() throws {
        var fixture = try Fixture()
        _ = fixture.link(2)
        let state = TableState(
            table: fixture.name, vector: VersionVector(), digest: 0, rows: 0, streamable: 1, origin: Fixture.origin(2, 9),
            wantsReply: false)
        let actions = fixture.replication.received(state, from: two, local: fixture.local, elapsed: fixture.now)
        #expect(Fixture.closes(actions) == [.malformed])
    }
}
