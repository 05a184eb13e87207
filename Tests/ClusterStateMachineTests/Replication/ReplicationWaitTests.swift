import ClusterModel
import ClusterStateMachine
import Testing

/// REP-030: when a write is answered.
@Suite struct ReplicationWaitTests {
    typealias Fixture = ReplicationFixture

    private func outcome(_ id: UInt64, _ replicas: Int, _ wanted: Int, timedOut: Bool = false) -> WaitOutcome {
        WaitOutcome(id: id, replicas: replicas, wanted: wanted, isTimedOut: timedOut)
    }

    @Test func localInMemoryIsDoneAtOnce() throws {
        var fixture = try Fixture()
        _ = fixture.write()
        #expect(fixture.wait(1, .local) == outcome(1, 1, 1))
    }

    @Test func aloneEveryLevelIsDoneAtOnce() throws {
        var fixture = try Fixture(live: [])
        _ = fixture.write()
        #expect(fixture.wait(1, .all) == outcome(1, 1, 1))
        #expect(fixture.wait(2, .majority) == outcome(2, 1, 1))
    }

    @Test func allWaitsForEveryReplicaAndMajorityForHalf() throws {
        var fixture = try Fixture(live: [2, 3, 4])
        try fixture.connect([2, 3, 4])
        _ = fixture.write()
        #expect(fixture.wait(1, .all) == nil)
        #expect(fixture.wait(2, .majority) == nil)
        #expect(fixture.ack(2, 1).isEmpty)
        #expect(fixture.ack(3, 1) == [.complete(outcome(2, 3, 3))])
        #expect(fixture.ack(4, 1) == [.complete(outcome(1, 4, 4))])
    }

    @Test func oneCumulativeAckAnswersManyInOrder() throws {
        var fixture = try Fixture(live: [2])
        try fixture.connect([2])
        for id in 1...3000 {
            _ = fixture.write()
            #expect(fixture.wait(UInt64(id), .all) == nil)
        }
        let actions = fixture.ack(2, 2000)
        #expect(actions == (1...2000).map { .complete(outcome(UInt64($0), 2, 2)) })
        #expect(fixture.replication.waiting == 1000)
        #expect(fixture.ack(2, 1500).isEmpty)
        #expect(fixture.ack(2, 3000).count == 1000)
    }

    @Test func replicaThatGoesDownStopsCounting() throws {
        var fixture = try Fixture()
        try fixture.connect([2, 3])
        _ = fixture.write()
        #expect(fixture.wait(1, .all) == nil)
        #expect(fixture.ack(2, 1).isEmpty)
        let suspect = try Fixture.members([(1, .up), (2, .up), (3, .suspect)])
        #expect(fixture.replication.members(suspect, elapsed: fixture.now).isEmpty)
        let down = try Fixture.members([(1, .up), (2, .up), (3, .down)])
        #expect(fixture.replication.members(down, elapsed: fixture.now) == [.complete(outcome(1, 2, 2))])
    }

    @Test func lostLinkAloneDoesNotMakeAReplicaStopCounting() throws {
        var fixture = try Fixture(live: [2])
        try fixture.connect([2])
        _ = fixture.write()
        #expect(fixture.wait(1, .all) == nil)
        #expect(fixture.replication.linkDown(NodeID(2), elapsed: fixture.now).isEmpty)
        _ = fixture.link(2)
        #expect(fixture.state(2, [(1, 1)]) == [.complete(outcome(1, 2, 2))], "it had the write before the link was lost")
    }

    @Test func newReplicaCountsForLaterWritesOnly() throws {
        var fixture = try Fixture(live: [2])
        try fixture.connect([2])
        _ = fixture.write()
        #expect(fixture.wait(1, .all) == nil)
        _ = fixture.replication.members(try Fixture.members([(1, .up), (2, .up), (3, .up)]), elapsed: fixture.now)
        _ = fixture.write()
        #expect(fixture.wait(2, .all) == nil, "3 has no link yet and does not count")
        _ = fixture.link(3)
        _ = fixture.write()
        #expect(fixture.wait(3, .all) == nil)
        let first = fixture.ack(2, 3) + fixture.tick(after: .milliseconds(20))
        #expect(first == [.complete(outcome(1, 2, 2)), .complete(outcome(2, 2, 2))])
        _ = fixture.state(3, [])
        #expect(fixture.ack(3, 3) == [.complete(outcome(3, 3, 3))])
    }

    @Test func joinerThatIsLinkedAlreadyCountsFromItsStateUpOn() throws {
        var fixture = try Fixture(live: [2])
        try fixture.connect([2])
        let joining = try Fixture.members([(1, .up), (2, .up), (3, .joining)])
        #expect(fixture.replication.members(joining, elapsed: fixture.now).isEmpty)
        try fixture.connect([3])
        _ = fixture.write()
        #expect(fixture.wait(1, .all) == nil)
        #expect(fixture.wait(2, .majority) == nil)
        _ = fixture.replication.members(try Fixture.members([(1, .up), (2, .up), (3, .up)]), elapsed: fixture.now)
        _ = fixture.write()
        #expect(fixture.wait(3, .all) == nil)
        let actions = fixture.ack(2, 2) + fixture.tick(after: .milliseconds(20))
        #expect(actions == [.complete(outcome(2, 2, 2)), .complete(outcome(1, 2, 2))])
        #expect(fixture.ack(3, 2) == [.complete(outcome(3, 3, 3))])
    }

    @Test func deadlineEndsAWaitAndSaysHowManyHaveIt() throws {
        var fixture = try Fixture()
        try fixture.connect([2, 3])
        _ = fixture.write()
        #expect(fixture.wait(1, .all, deadline: .seconds(3)) == nil)
        _ = fixture.write()
        #expect(fixture.wait(2, .all, deadline: .seconds(2)) == nil)
        _ = fixture.ack(2, 2)
        #expect(fixture.replication.nextTick == .seconds(2))
        #expect(fixture.tick(after: .milliseconds(999)).isEmpty)
        #expect(fixture.tick(after: .milliseconds(1)) == [.complete(outcome(2, 2, 3, timedOut: true))])
        #expect(fixture.tick(after: .seconds(1)) == [.complete(outcome(1, 2, 3, timedOut: true))])
        #expect(fixture.replication.waiting == 0)
    }

    @Test func discCountsWhatIsOnDisk() throws {
        var fixture = try Fixture(live: [2], storage: .disc)
        try fixture.connect([2])
        _ = fixture.write()
        #expect(fixture.wait(1, .local) == nil)
        #expect(fixture.wait(2, .all) == nil)
        let mark = fixture.replication.syncBegins(fixture.name)
        _ = fixture.write()
        #expect(fixture.wait(3, .local) == nil)
        #expect(fixture.ack(2, 2, durable: 0).isEmpty)
        #expect(fixture.replication.syncEnded(mark) == [.complete(outcome(1, 1, 1))], "the second write is not synced yet")
        #expect(fixture.ack(2, 2, durable: 1) == [.complete(outcome(2, 2, 2))])
    }

    @Test func discWithSyncIntervalCountsWhatIsApplied() throws {
        var fixture = try Fixture(live: [2], storage: .disc)
        fixture.local.definition.syncIntervalMilliseconds = 200
        _ = fixture.replication.define(fixture.local, elapsed: .zero)
        try fixture.connect([2])
        _ = fixture.write()
        #expect(fixture.wait(1, .local) == outcome(1, 1, 1))
        #expect(fixture.wait(2, .all) == nil)
        #expect(fixture.ack(2, 1, durable: 0) == [.complete(outcome(2, 2, 2))])
    }

    /// The stream to 2 skipped 1...20: an ACK of 21 says nothing of them, and does not wait for them either.
    @Test func ackBeyondAHoleDoesNotCoverTheHole() throws {
        var fixture = try Fixture(live: [2])
        for _ in 1...20 { _ = fixture.write() }
        #expect(fixture.wait(1, .all) == nil)
        fixture.local.streamable = 21
        _ = fixture.link(2)
        #expect(fixture.state(2).isEmpty)
        #expect(fixture.write() == [NodeID(2)])
        #expect(fixture.wait(2, .all) == nil)
        #expect(fixture.ack(2, 21) + fixture.tick() == [.complete(outcome(2, 2, 2))])
        #expect(fixture.replication.waiting == 1)
        #expect(fixture.state(2, [(1, 21)]) == [.complete(outcome(1, 2, 2))], "the copy has filled the hole")
    }

    @Test func droppedTableEndsItsWaits() throws {
        var fixture = try Fixture()
        _ = fixture.write()
        #expect(fixture.wait(1, .all) == nil)
        fixture.local.definition.exists = false
        #expect(fixture.replication.define(fixture.local, elapsed: fixture.now) == [.complete(outcome(1, 1, 3, timedOut: true))])
        #expect(fixture.wait(2, .all) == outcome(2, 0, 1, timedOut: true))
    }

    @Test func newIncarnationEndsWaits() throws {
        var fixture = try Fixture()
        _ = fixture.write()
        #expect(fixture.wait(1, .all) == nil)
        let renewed = fixture.replication.renewed(Fixture.origin(1, 7), tables: [fixture.local], elapsed: fixture.now)
        #expect(renewed == [.complete(outcome(1, 1, 3, timedOut: true))])
        #expect(fixture.replication.origin == Fixture.origin(1, 7))
    }
}
