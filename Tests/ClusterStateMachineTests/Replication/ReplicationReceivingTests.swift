import ClusterModel
import ClusterStateMachine
import Testing

/// REP-001, REP-010: what comes, and what is acknowledged.
@Suite struct ReplicationReceivingTests {
    typealias Fixture = ReplicationFixture
    private let two = NodeID(2)

    private func operations(
        _ fixture: inout Fixture, _ first: UInt64, _ last: UInt64, origin: Origin = Fixture.origin(2), have: UInt64? = nil
    ) -> OperationsVerdict {
        let have = have ?? fixture.local.vector.sequence(of: origin)
        return fixture.replication.receivedOperations(
            fixture.name, origin: origin, first: first, last: last, from: two, have: have, elapsed: fixture.now)
    }

    /// Operations come, are applied, and the vector follows.
    private func apply(_ fixture: inout Fixture, _ first: UInt64, _ last: UInt64) {
        #expect(operations(&fixture, first, last) == .apply)
        if first == fixture.local.vector.sequence(of: Fixture.origin(2)) + 1 {
            fixture.local.vector.raise(Fixture.origin(2), to: last)
        }
        fixture.replication.applied(fixture.name, last: last, from: two)
    }

    private func ack(_ fixture: Fixture, _ applied: UInt64, durable: UInt64) -> Ack {
        Ack(table: fixture.name, origin: Fixture.origin(2), received: applied, applied: applied, durable: durable)
    }

    @Test func verdicts() throws {
        var fixture = try Fixture()
        #expect(operations(&fixture, 1, 1) == .ignore, "no link")
        try fixture.connect([2])
        #expect(operations(&fixture, 1, 3) == .apply)
        let unknown = try #require(TableName("unknown"))
        #expect(
            fixture.replication.receivedOperations(
                unknown, origin: Fixture.origin(2), first: 1, last: 1, from: two, have: nil, elapsed: fixture.now) == .ignore)
        let bad = [operations(&fixture, 1, 1, origin: Fixture.origin(3)), operations(&fixture, 0, 1), operations(&fixture, 3, 2)]
        for verdict in bad {
            guard case .violation(.malformed, _) = verdict else {
                Issue.record("\(verdict)")
                continue
            }
        }
    }

    @Test func nonReplicaIgnoresOperations() throws {
        var fixture = try Fixture()
        try fixture.connect([2])
        fixture.local.definition.replicas = [two]
        _ = fixture.replication.define(fixture.local, elapsed: fixture.now)
        #expect(operations(&fixture, 1, 1) == .ignore)
    }

    @Test func acksAreCumulativeAndTakenOnce() throws {
        var fixture = try Fixture()
        try fixture.connect([2])
        #expect(fixture.replication.takeAcks(two).isEmpty)
        apply(&fixture, 1, 3)
        apply(&fixture, 4, 4)
        #expect(fixture.replication.takeAcks(two) == [ack(fixture, 4, durable: 4)])
        #expect(fixture.replication.takeAcks(two).isEmpty)
    }

    @Test func durableFollowsTheSync() throws {
        var fixture = try Fixture(storage: .disc)
        try fixture.connect([2])
        apply(&fixture, 1, 3)
        let mark = fixture.replication.syncBegins(fixture.name)
        apply(&fixture, 4, 5)
        #expect(fixture.replication.takeAcks(two) == [ack(fixture, 5, durable: 0)])
        #expect(fixture.replication.syncEnded(mark).isEmpty)
        #expect(fixture.replication.takeAcks(two) == [ack(fixture, 5, durable: 3)])
    }

    @Test func whatIsOnDiskStaysSoAcrossLinks() throws {
        var fixture = try Fixture(storage: .disc)
        try fixture.connect([2])
        apply(&fixture, 1, 3)
        _ = fixture.replication.syncEnded(fixture.replication.syncBegins(fixture.name))
        _ = fixture.replication.linkDown(two, elapsed: fixture.now)
        _ = fixture.link(2)
        _ = fixture.state(2, [(2, 3)])
        #expect(fixture.replication.takeAcks(two) == [ack(fixture, 3, durable: 3)], "a writer there may still wait for it")
    }

    /// Beyond a gap nothing is durable "through" a sequence until the gap is filled and the disk has it.
    @Test func gapHoldsDurableBack() throws {
        var fixture = try Fixture(storage: .disc)
        _ = fixture.link(2)
        let request = try #require(Fixture.requests(fixture.state(2, [(2, 20)], streamable: 11)).first)
        apply(&fixture, 11, 20)
        _ = fixture.replication.syncEnded(fixture.replication.syncBegins(fixture.name))
        #expect(fixture.replication.takeAcks(two) == [ack(fixture, 20, durable: 0)])
        let begin = SnapBegin(table: fixture.name, vector: Fixture.vector([(2, 20)]), isComplete: false, rows: 0)
        _ = fixture.replication.received(begin, stream: request.stream, from: two, elapsed: fixture.now)
        let end = SnapEnd(chunks: 0, rows: 0, digest: 0)
        _ = fixture.replication.received(end, stream: request.stream, from: two, elapsed: fixture.now)
        fixture.own([(2, 20)])
        #expect(fixture.replication.takeAcks(two) == [ack(fixture, 20, durable: 0)])
        _ = fixture.replication.syncEnded(fixture.replication.syncBegins(fixture.name))
        #expect(fixture.replication.takeAcks(two) == [ack(fixture, 20, durable: 20)])
    }

    @Test func gapThatNobodyAnnouncedIsAskedFor() throws {
        var fixture = try Fixture()
        _ = fixture.link(2)
        #expect(fixture.state(2, [(2, 20)], streamable: 1).isEmpty)
        apply(&fixture, 11, 12)
        #expect(Fixture.requests(fixture.tick()).map(\.peer) == [two])
    }

    /// The peer streamed while this node was no replica: it believes all was taken.
    @Test func streamThatDoesNotComeIsAskedForAfterAWhile() throws {
        var fixture = try Fixture()
        _ = fixture.link(2)
        #expect(fixture.state(2, [(2, 20)]).isEmpty)
        #expect(fixture.state(2, [(2, 20)]).isEmpty)
        fixture.now += .seconds(1)
        #expect(Fixture.requests(fixture.state(2, [(2, 20)])).count == 1)
        var moving = try Fixture()
        _ = moving.link(2)
        _ = moving.state(2, [(2, 20)])
        apply(&moving, 1, 5)
        moving.now += .seconds(1)
        #expect(moving.state(2, [(2, 20)]).isEmpty, "it does come, slowly")
    }

    /// MRG-020: only what the peer said in order, before its operations, counts as known to it.
    @Test func knowledgeFollowsAcksAndStatesButNotPings() throws {
        var fixture = try Fixture()
        #expect(fixture.replication.knowledge(of: two, table: fixture.name) == nil)
        for _ in 1...5 { _ = fixture.write() }
        _ = fixture.link(2)
        #expect(fixture.replication.knowledge(of: two, table: fixture.name) == nil)
        _ = fixture.state(2, [(1, 2), (2, 7)])
        let vector = Fixture.vector([(1, 2), (2, 7)])
        #expect(
            fixture.replication.knowledge(of: two, table: fixture.name)
                == PeerKnowledge(vector: vector, through: 7, ownAcked: 2))
        let hash = Ping.TableHash(table: fixture.name, vectorHash: fixture.local.vectorHash)
        let local = fixture.local
        _ = fixture.replication.ping([hash], from: two, local: { _ in local }, elapsed: fixture.now)
        #expect(fixture.replication.knowledge(of: two, table: fixture.name)?.ownAcked == 2)
        _ = fixture.ack(2, 4)
        #expect(fixture.replication.knowledge(of: two, table: fixture.name)?.ownAcked == 4)
        _ = fixture.state(2, [(1, 5), (2, 9)])
        #expect(
            fixture.replication.knowledge(of: two, table: fixture.name)
                == PeerKnowledge(vector: vector, through: 7, ownAcked: 5))
    }
}
