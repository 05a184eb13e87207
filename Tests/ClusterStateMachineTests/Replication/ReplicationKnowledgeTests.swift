import ClusterModel
import ClusterStateMachine
import Testing

/// TAB-013, VER-008, CAL-030: what all members cover, which lives of nodes are over, where a table stands.
@Suite struct ReplicationKnowledgeTests {
    typealias Fixture = ReplicationFixture
    private let two = NodeID(2)

    // MARK: Tombstones

    /// Three replicas that hold 1:9, 2:9 and 3:9; what 2 and 3 have told of it.
    private func told(_ two: [(UInt128, UInt64)], _ three: [(UInt128, UInt64)]) throws -> Fixture {
        var fixture = try Fixture(live: [2, 3])
        fixture.own([(1, 9), (2, 9), (3, 9)])
        fixture.local.last = 9
        fixture.local.streamable = 10
        _ = fixture.replication.define(fixture.local, elapsed: .zero)
        _ = fixture.link(2)
        _ = fixture.state(2, two)
        #expect(fixture.collectable() == nil, "3 is unknown")
        _ = fixture.link(3)
        _ = fixture.state(3, three, streamable: 10)
        return fixture
    }

    @Test func collectableIsWhatAllCoveredWhenAllCoverWhatAnyHad() throws {
        let all: [(UInt128, UInt64)] = [(1, 9), (2, 9), (3, 9)]
        var fixture = try told([(1, 9), (2, 9), (3, 4)], [(1, 7), (3, 9)])
        #expect(fixture.collectable() == nil, "the first moment")
        _ = fixture.state(2, all)
        #expect(fixture.collectable() == nil, "3 has not told that it has what 2 had")
        _ = fixture.state(3, all)
        #expect(fixture.collectable() == Fixture.vector([(1, 7), (3, 4)]), "covered by all at the first moment")
        #expect(fixture.collectable() == Fixture.vector(all), "for which this was the first")
        _ = fixture.state(3, [(1, 5), (3, 9)])
        #expect(fixture.collectable() == Fixture.vector([(1, 5), (3, 9)]), "3 has lost some")
    }

    @Test func downIsNotGone() throws {
        let all: [(UInt128, UInt64)] = [(1, 9), (2, 9), (3, 9)]
        var fixture = try told(all, [(1, 7), (3, 9)])
        _ = fixture.replication.linkDown(NodeID(3), elapsed: fixture.now)
        let down = try Fixture.members([(1, .up), (2, .up), (3, .down)])
        _ = fixture.replication.members(down, elapsed: fixture.now)
        for _ in 0..<3 { #expect(fixture.collectable() == nil) }
        _ = fixture.replication.members(try Fixture.members([(1, .up), (2, .up), (3, .removed)]), elapsed: fixture.now)
        #expect(fixture.collectable() == nil, "all begins anew")
        #expect(fixture.collectable() == Fixture.vector(all))
    }

    /// What has come of a removed member on a link that is still there counts like any other.
    @Test func linkedIsNotGone() throws {
        var fixture = try told([(1, 9), (2, 9), (3, 9)], [(1, 7), (3, 9)])
        _ = fixture.replication.members(try Fixture.members([(1, .up), (2, .up), (3, .removed)]), elapsed: fixture.now)
        for _ in 0..<3 { #expect(fixture.collectable() == nil) }
        _ = fixture.replication.linkDown(NodeID(3), elapsed: fixture.now)
        for _ in 0..<2 { _ = fixture.collectable() }
        #expect(fixture.collectable() == Fixture.vector([(1, 9), (2, 9), (3, 9)]))
    }

    @Test func newLifeHasToTellAnew() throws {
        let all: [(UInt128, UInt64)] = [(1, 9), (2, 9), (3, 9)]
        var fixture = try told(all, all)
        for _ in 0..<2 { _ = fixture.collectable() }
        #expect(fixture.collectable() == Fixture.vector(all))
        _ = fixture.replication.linkDown(NodeID(3), elapsed: fixture.now)
        #expect(fixture.collectable() == Fixture.vector(all), "the same life")
        let members = [try Fixture.member(1, .up), try Fixture.member(2, .up), try Fixture.member(3, .up, incarnation: 2)]
        _ = fixture.replication.members(members, elapsed: fixture.now)
        #expect(fixture.collectable() == nil)
        _ = fixture.link(3, incarnation: 2)
        let state = TableState(
            table: fixture.name, vector: Fixture.vector(all), digest: 0, rows: 0, streamable: 1, origin: Fixture.origin(3, 2),
            wantsReply: false)
        _ = fixture.replication.received(state, from: NodeID(3), local: fixture.local, elapsed: fixture.now)
        #expect(fixture.collectable() == nil, "all begins anew")
        #expect(fixture.collectable() == Fixture.vector(all))
    }

    /// A snapshot that comes in may bring what its sender had and no vector covers.
    @Test func noFirstMomentDuringASnapshot() throws {
        var fixture = try Fixture(live: [2])
        _ = fixture.link(2)
        let stream = try #require(Fixture.requests(fixture.state(2, [(3, 4)])).first).stream
        fixture.own([(3, 4)])
        for _ in 0..<3 { #expect(fixture.collectable() == nil) }
        _ = fixture.replication.received(
            SnapCancel(.cancelled, text: ""), stream: stream, from: two, elapsed: fixture.now)
        #expect(fixture.collectable() == nil, "the first moment")
        #expect(fixture.collectable() == Fixture.vector([(3, 4)]))
    }

    @Test func equalHashesTellAndAcknowledgementsDoNot() throws {
        var fixture = try Fixture(live: [2])
        try fixture.connect([2])
        for _ in 1...4 { _ = fixture.write() }
        _ = fixture.ack(2, 3)
        for _ in 0..<3 { #expect(fixture.collectable() == nil) }
        let local = fixture.local
        let hash = Ping.TableHash(table: fixture.name, vectorHash: local.vectorHash)
        _ = fixture.replication.ping([hash], from: two, local: { _ in local }, elapsed: fixture.now)
        for _ in 0..<2 { _ = fixture.collectable() }
        #expect(fixture.collectable() == Fixture.vector([(1, 4)]))
    }

    // MARK: Dead lives

    /// Node 3 has started again; 2 and 3 say what they have of its first life.
    private func restarted(_ held: UInt64, comparedAt: Duration) throws -> Fixture {
        var fixture = try Fixture(live: [2, 3])
        fixture.own([(3, 9)])
        let members = [try Fixture.member(1, .up), try Fixture.member(2, .up), try Fixture.member(3, .up, incarnation: 2)]
        _ = fixture.replication.members(members, elapsed: .seconds(10))
        fixture.now = comparedAt
        _ = fixture.link(2)
        _ = fixture.state(2, [(3, held)])
        _ = fixture.link(3, incarnation: 2)
        let state = TableState(
            table: fixture.name, vector: Fixture.vector([(3, 9)]), digest: 0, rows: 0, streamable: 1,
            origin: Fixture.origin(3, 2), wantsReply: false)
        _ = fixture.replication.received(state, from: NodeID(3), local: fixture.local, elapsed: fixture.now)
        return fixture
    }

    @Test func deadLifeBecomesAFloorWhenAllHaveTheSameOfIt() throws {
        let fixture = try restarted(9, comparedAt: .seconds(70))
        #expect(fixture.replication.compactable(fixture.local, elapsed: .seconds(70)) == [Fixture.origin(3)])
    }

    @Test func deadLifeStaysWhileAMemberHasLess() throws {
        let fixture = try restarted(8, comparedAt: .seconds(70))
        #expect(fixture.replication.compactable(fixture.local, elapsed: .seconds(90)).isEmpty)
    }

    @Test func deadLifeStaysWhileItMaySpread() throws {
        let fixture = try restarted(9, comparedAt: .seconds(69))
        #expect(fixture.replication.compactable(fixture.local, elapsed: .seconds(90)).isEmpty, "said too early to be final")
    }

    @Test func currentAndRemovedLivesStay() throws {
        var fixture = try restarted(9, comparedAt: .seconds(70))
        let members = [try Fixture.member(1, .up), try Fixture.member(2, .up), try Fixture.member(3, .removed, incarnation: 2)]
        _ = fixture.replication.members(members, elapsed: .seconds(70))
        #expect(fixture.replication.compactable(fixture.local, elapsed: .seconds(90)).isEmpty)
        var current = try Fixture(live: [2])
        current.own([(2, 5)])
        current.now = .seconds(99)
        _ = current.link(2)
        _ = current.state(2, [(2, 5)])
        #expect(current.replication.compactable(current.local, elapsed: .seconds(99)).isEmpty)
    }

    @Test func strayOriginWithoutEntriesGetsAFloor() throws {
        var fixture = try restarted(9, comparedAt: .seconds(70))
        let members = [
            try Fixture.member(1, .up), try Fixture.member(2, .up, incarnation: 4), try Fixture.member(3, .up, incarnation: 2),
        ]
        _ = fixture.replication.members(members, elapsed: .seconds(5))
        let strays = [Fixture.origin(2, 3), Fixture.origin(2, 3)]
        #expect(
            fixture.replication.compactable(fixture.local, strays: strays, elapsed: .seconds(70))
                == [Fixture.origin(2, 3), Fixture.origin(3)])
    }

    /// A peer that said the same as this node sets a floor: it is taken over without a copy.
    @Test func floorOverAnEqualEntryIsAdopted() throws {
        var fixture = try restarted(9, comparedAt: .seconds(70))
        var floor = VersionVector()
        floor.raise(Fixture.origin(3), to: VersionVector.whole)
        let state = TableState(
            table: fixture.name, vector: floor, digest: 0, rows: 0, streamable: 1, origin: Fixture.origin(2), wantsReply: false)
        let actions = fixture.replication.received(state, from: two, local: fixture.local, elapsed: fixture.now)
        #expect(actions == [.adopt(table: fixture.name, vector: floor)])
        var other = try restarted(8, comparedAt: .seconds(70))
        let asked = other.replication.received(state, from: two, local: other.local, elapsed: other.now)
        #expect(Fixture.requests(asked).count == 1, "2 had less before: what its floor stands for has to be copied")
    }

    // MARK: Readiness

    @Test func aloneIsReady() throws {
        let fixture = try Fixture(live: [])
        #expect(fixture.replication.readiness(fixture.local) == ReadinessReport(readiness: .ready))
    }

    @Test func notComparedYetIsLocal() throws {
        var fixture = try Fixture(live: [2])
        let unlinked = fixture.replication.readiness(fixture.local)
        #expect(unlinked.readiness == .local)
        #expect(unlinked.reason == "no other replica has been reached since the start; waiting for n2@127.0.0.1")
        _ = fixture.link(2)
        #expect(fixture.replication.readiness(fixture.local).reason == "waiting to hear from n2@127.0.0.1 what it has")
        _ = fixture.state(2)
        #expect(fixture.replication.readiness(fixture.local).readiness == .ready)
        _ = fixture.replication.linkDown(two, elapsed: fixture.now)
        #expect(fixture.replication.readiness(fixture.local).readiness == .ready, "compared once")
    }

    @Test func copyingTellsRowsAndPeer() throws {
        var fixture = try Fixture(live: [2])
        _ = fixture.link(2)
        let stream = try #require(Fixture.requests(fixture.state(2, [(3, 40)])).first).stream
        let begin = SnapBegin(table: fixture.name, vector: Fixture.vector([(3, 40)]), isComplete: true, rows: 70)
        _ = fixture.replication.received(begin, stream: stream, from: two, elapsed: fixture.now)
        _ = fixture.replication.receivedChunk(
            number: 0, nextBucket: 9, rows: 30, digest: 1, stream: stream, from: two, elapsed: fixture.now)
        #expect(
            fixture.replication.readiness(fixture.local)
                == ReadinessReport(
                    readiness: .catchingUp, reason: "copying from n2@127.0.0.1: 30 of at most 70 rows", peer: two,
                    rowsCopied: 30, rowsTotal: 70, operationsBehind: 40))
    }

    @Test func streamBehindLinkUpIsCatchingUp() throws {
        var fixture = try Fixture(live: [2])
        _ = fixture.link(2)
        _ = fixture.state(2, [(2, 40)])
        let report = fixture.replication.readiness(fixture.local)
        #expect(report.readiness == .catchingUp)
        #expect(report.operationsBehind == 40)
        #expect(report.reason == "n2@127.0.0.1 is sending 40 operations that were written meanwhile")
        fixture.own([(2, 40)])
        #expect(fixture.replication.readiness(fixture.local).readiness == .ready)
    }
}
