import ClusterModel
import ClusterStateMachine
import Testing

/// What a node makes of what others say about itself, and what its operator asks.
@Suite struct OwnRecordTests {
    private static func linked() -> (bench: Bench, link: LinkID) {
        var bench = Bench(members: [Sample.record(1), Sample.record(2)])
        bench.start()
        let link = bench.dialIn(Sample.hello(2)).link
        return (bench, link)
    }

    private static func told(_ records: MemberRecord...) -> (actions: [NodeAction], bench: Bench, link: LinkID) {
        var (bench, link) = linked()
        let actions = bench.hand(.message(link, .members(Members(records)), sequence: 3))
        return (actions, bench, link)
    }

    @Test func aNodeWithoutRecordsIsAClusterOfOne() {
        var bench = Bench(members: [])
        let actions = bench.hand(.started)
        let own = bench.machine.ownRecord
        #expect(own?.state == .up && own?.joined == Stamp(milliseconds: VirtualNetwork.epoch))
        #expect(actions.first == .persistMembers(bench.machine.members))
        #expect(bench.machine.coordinator == Sample.node(1))
    }

    @Test(arguments: [MemberState.suspect, .down, .leaving, .joining]) func aFalseStateIsRefuted(_ state: MemberState) {
        let (actions, bench, link) = Self.told(Sample.record(1, state, refutation: 4))
        #expect(bench.machine.ownRecord?.state == .up)
        #expect(bench.machine.ownRecord?.refutation == 5)
        #expect(actions.records(on: link) == [Sample.record(1, refutation: 5)], "also told to who said it")
    }

    @Test func whatIsBelowOurRecordNeedsNoAnswer() {
        let (actions, bench, _) = Self.told(Sample.record(1, .joining))
        #expect(actions == [])
        #expect(bench.machine.ownRecord == Sample.record(1))
    }

    @Test func aHigherIncarnationOfOursIsRaisedOnceAndLinksAreOpenedAnew() {
        var (actions, bench, link) = Self.told(Sample.record(1, incarnation: 8))
        #expect(actions.contains(.raiseIncarnation(above: 8)))
        let again = bench.hand(.message(link, .members(Members([Sample.record(1, incarnation: 8)])), sequence: 4))
        #expect(again == [])
        actions = bench.hand(.incarnationRaised(9))
        #expect(actions.closes == [.duplicateLink])
        #expect(actions.linksDown == [link])
        #expect(actions.dial(to: 2) != nil)
        #expect(bench.machine.ownRecord == Sample.record(1, incarnation: 9))
    }

    @Test func aStaleIncarnationIsRaisedWhenAnAuthenticatedPeerSaysSo() throws {
        var bench = Bench(members: [Sample.record(1), Sample.record(2)])
        let link = try #require(bench.hand(.started).dial(to: 2))
        _ = bench.dialOut(link, answering: Sample.hello(2))
        let actions = bench.hand(.message(link, .close(Close(.staleIncarnation, detail: 41)), sequence: 2))
        #expect(actions.contains(.raiseIncarnation(above: 41)))
    }

    @Test func aStrangersCloseChangesNothing() throws {
        for close in [Close(.staleIncarnation, detail: 41), Close(.removed, detail: 1)] {
            var bench = Bench(members: [Sample.record(1), Sample.record(2)])
            let link = try #require(bench.hand(.started).dial(to: 2))
            _ = bench.hand(.dialed(link)) + bench.hand(.preface(link, Preface()))
            _ = bench.hand(.message(link, .hello(Sample.hello(2)), sequence: 0))
            let actions = bench.hand(.message(link, .close(close), sequence: 1))
            #expect(!actions.contains(.raiseIncarnation(above: 41)) && !actions.contains(.selfRemoved))
        }
    }

    @Test func removalIsObeyed() {
        var (actions, bench, _) = Self.told(Sample.record(1, .removed))
        #expect(actions.closes == [.leaving])
        #expect(actions.last == .selfRemoved)
        #expect(bench.dialIn(Sample.hello(2)).after.closes == [.leaving], "no member links until it is a member again")
        #expect(bench.pass(.seconds(20)).dials == [])
    }

    @Test func aRemovalOfAnEarlierJoinIsNotObeyed() throws {
        let (actions, _, _) = Self.told(Sample.record(1, .removed, joined: 0))
        #expect(actions == [])
        for (detail, isObeyed) in [(UInt64(0), false), (1, true)] {
            var bench = Bench(members: [Sample.record(1), Sample.record(2)])
            let link = try #require(bench.hand(.started).dial(to: 2))
            _ = bench.dialOut(link, answering: Sample.hello(2))
            let told = bench.hand(.message(link, .close(Close(.removed, detail: detail)), sequence: 2))
            #expect(told.contains(.selfRemoved) == isObeyed)
        }
    }

    @Test func aNodeStartedAsRemovedOnlyWaits() {
        var bench = Bench(members: [Sample.record(1, .removed), Sample.record(2)])
        #expect(bench.hand(.started) == [.selfRemoved])
        #expect(bench.pass(.seconds(10)) == [])
    }

    @Test func leavingIsToldTwiceThenTheLinksEnd() {
        var (bench, link) = Self.linked()
        let leaving = bench.hand(.leave)
        #expect(leaving.records(on: link).map(\.state) == [.leaving])
        #expect(leaving.closes == [])
        let left = bench.hand(.drained)
        #expect(left.records(on: link).map(\.state) == [.left])
        #expect(left.closes == [.leaving])
        #expect(left.last == .left)
    }

    @Test func aChangedAddressIsARefutation() {
        var (bench, link) = Self.linked()
        let actions = bench.hand(.identityChanged(Sample.name(1), Sample.address(5)))
        #expect(actions.records(on: link).map(\.address) == [Sample.address(5)])
        #expect(bench.machine.ownRecord?.refutation == 1)
        #expect(bench.hand(.identityChanged(Sample.name(1), Sample.address(5))) == [])
    }

    @Test func stoppingClosesEveryLinkAndDialsNoMore() {
        var (bench, link) = Self.linked()
        let client = bench.dialIn(Sample.hello(8, role: .client)).link
        let pending = bench.accept()
        let actions = bench.hand(.shutDown)
        #expect(actions.closes == [.shuttingDown, .shuttingDown])
        #expect(actions.contains(.drop(pending)), "silence before the preface")
        #expect(actions.contains { if case .close(client, _) = $0 { true } else { false } })
        #expect(actions.linksDown == [link])
        #expect(bench.pass(.seconds(10)) == [])
        #expect(bench.machine.linkCount == 0 && bench.machine.nextDeadline == nil)
    }

    @Test func persistingComesBeforeTelling() throws {
        var (bench, link) = Self.linked()
        let actions = bench.hand(.leave)
        let persist = try #require(actions.firstIndex { if case .persistMembers = $0 { true } else { false } })
        let send = try #require(actions.firstIndex { if case .send(link, .members) = $0 { true } else { false } })
        #expect(persist < send)
    }
}
