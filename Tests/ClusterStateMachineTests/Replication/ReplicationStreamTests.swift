import ClusterModel
import ClusterStateMachine
import Testing

/// REP-001, REP-020 to REP-022: who streams from where.
@Suite struct ReplicationStreamTests {
    typealias Fixture = ReplicationFixture
    private let two = NodeID(2)

    @Test func linkUpSendsTheStateOfSharedTablesOnly() throws {
        var fixture = try Fixture()
        var elsewhere = fixture.local
        elsewhere.definition.name = try #require(TableName("elsewhere"))
        elsewhere.definition.replicas = [NodeID(1), NodeID(3)]
        #expect(fixture.replication.define(elsewhere, elapsed: .zero).isEmpty)
        #expect(fixture.link(2) == [.sendState(to: two, table: fixture.name, wantsReply: false)])
        #expect(fixture.link(3).count == 2)
        #expect(fixture.replication.sharedTables(two) == [fixture.name])
    }

    /// The peer's entry for the own origin, the ring's first sequence, and where the stream begins.
    @Test(arguments: [(0, 1, 1), (4, 1, 5), (4, 8, 8), (9, 10, 10)] as [(UInt64, UInt64, UInt64)])
    func streamBeginsAfterWhatThePeerHas(has: UInt64, streamable: UInt64, from: UInt64) throws {
        var fixture = try Fixture(last: 10, streamable: streamable)
        _ = fixture.link(2)
        let held: [(UInt128, UInt64)] = has == 0 ? [] : [(UInt128(1), has)]
        let actions = fixture.state(2, held)
        #expect(actions == [.stream(to: two, table: fixture.name, from: from)])
    }

    @Test func peerThatHasAllIsLiveAtOnce() throws {
        var fixture = try Fixture(last: 10)
        try fixture.connect([2])
        #expect(fixture.write() == [two])
    }

    @Test func peerGetsNothingBeforeItsState() throws {
        var fixture = try Fixture()
        _ = fixture.link(2)
        #expect(fixture.write().isEmpty)
        #expect(fixture.state(2) == [.stream(to: two, table: fixture.name, from: 1)])
    }

    @Test func readingGoesOnUntilThePeerIsLevel() throws {
        var fixture = try Fixture(last: 10)
        _ = fixture.link(2)
        _ = fixture.state(2)
        let more = fixture.replication.streamed(fixture.name, first: 1, last: 6, bytes: 600, to: two)
        #expect(more == [.stream(to: two, table: fixture.name, from: 7)])
        #expect(fixture.write().isEmpty, "still reading: the write is read, too")
        #expect(fixture.replication.streamed(fixture.name, first: 7, last: 11, bytes: 500, to: two).isEmpty)
        #expect(fixture.write() == [two])
        #expect(fixture.replication.queued(two) == 1200)
    }

    @Test func stateThatWantsAReplyGetsOneBeforeTheStream() throws {
        var fixture = try Fixture(last: 1)
        _ = fixture.link(2)
        let actions = fixture.state(2, wantsReply: true)
        #expect(
            actions == [
                .sendState(to: two, table: fixture.name, wantsReply: false), .stream(to: two, table: fixture.name, from: 1),
            ])
    }

    @Test func fullQueueTakesThePeerOffTheStreamUntilItHasDrained() throws {
        var fixture = try Fixture(settings: ReplicationSettings(peerQueue: 300, peerQueueResume: 100))
        try fixture.connect([2, 3])
        for _ in 1...3 { #expect(fixture.write() == [two, NodeID(3)]) }
        #expect(fixture.replication.drained(NodeID(3), queued: 0).isEmpty)
        #expect(fixture.write() == [NodeID(3)], "the queue of 2 is full")
        #expect(fixture.replication.queued(two) == 300)
        #expect(fixture.replication.drained(two, queued: 101).isEmpty)
        #expect(fixture.write() == [NodeID(3)], "off the stream it stays until it is drained")
        let actions = fixture.replication.drained(two, queued: 100)
        #expect(
            actions == [
                .sendState(to: two, table: fixture.name, wantsReply: false), .stream(to: two, table: fixture.name, from: 4),
            ])
        #expect(fixture.replication.streamed(fixture.name, first: 4, last: 5, bytes: 200, to: two).isEmpty)
        #expect(fixture.replication.queued(two) == 300)
    }

    @Test func emptyQueueTakesAnOperationLargerThanTheBudget() throws {
        var fixture = try Fixture(settings: ReplicationSettings(peerQueue: 300, peerQueueResume: 100))
        try fixture.connect([2])
        #expect(fixture.write(bytes: 5000) == [two])
        #expect(fixture.write().isEmpty)
    }

    @Test func skippedOperationsAreToldByState() throws {
        var fixture = try Fixture(last: 10)
        _ = fixture.link(2)
        _ = fixture.state(2)
        let actions = fixture.replication.streamed(fixture.name, first: 1, last: 0, bytes: 0, to: two)
        #expect(actions == [.sendState(to: two, table: fixture.name, wantsReply: false)])
        #expect(fixture.write() == [two])
    }

    @Test func linkDownEndsTheStream() throws {
        var fixture = try Fixture()
        try fixture.connect([2])
        #expect(fixture.replication.linkDown(two, elapsed: fixture.now).isEmpty)
        #expect(fixture.write().isEmpty)
    }

    @Test func tableThatIsCreatedLaterAsksLinkedPeers() throws {
        var fixture = try Fixture()
        try fixture.connect([2])
        var other = fixture.local
        other.definition.name = try #require(TableName("other"))
        let actions = fixture.replication.define(other, elapsed: fixture.now)
        #expect(actions == [.sendState(to: two, table: other.name, wantsReply: true)])
    }

    @Test func behindCountsWhatIsNotAcknowledged() throws {
        var fixture = try Fixture()
        try fixture.connect([2])
        for _ in 1...5 { _ = fixture.write() }
        #expect(fixture.replication.behind(two) == 5)
        _ = fixture.ack(2, 3)
        #expect(fixture.replication.behind(two) == 2)
    }

    @Test(arguments: [(2, 1, 0), (1, 2, 0), (99, 99, 99)] as [(UInt64, UInt64, UInt64)])
    func ackThatCannotBeClosesTheLink(applied: UInt64, durable: UInt64, received: UInt64) throws {
        var fixture = try Fixture()
        try fixture.connect([2])
        _ = fixture.write()
        let ack = Ack(table: fixture.name, origin: Fixture.origin, received: received, applied: applied, durable: durable)
        #expect(Fixture.closes(fixture.replication.received(ack, from: two)) == [.malformed])
    }
}
