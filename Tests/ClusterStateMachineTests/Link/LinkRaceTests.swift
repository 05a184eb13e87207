import ClusterModel
import ClusterStateMachine
import Testing

@Suite struct LinkRaceTests {
    /// Whatever the order in which dials cross, both ends keep the same single link, and it stays.
    @Test(arguments: 1...60) func bothEndsKeepTheSameLink(seed: UInt64) {
        var network = VirtualNetwork(seed: seed)
        network.latency = .microseconds(20)...(.milliseconds(Int64(seed % 5) + 1))
        let members = [1, 2, 3].map { Sample.record($0) }
        for number in [1, 2, 3] {
            network.start(Sample.identity(number, incarnation: 2), members: members)
            network.run(for: .microseconds(Int64(seed) * 37 % 900))
        }
        network.run(for: .seconds(2))
        #expect(network.isMesh([1, 2, 3]))
        #expect(network.agree([1, 2, 3]))
        let settled = network.now
        network.run(for: .seconds(4))
        for number in [1, 2, 3] {
            #expect(network.machine(number)?.linkCount == 2)
            #expect(network.count(number, since: settled) { if case .linkDown = $0 { true } else { false } } == 0)
        }
    }

    /// Node 1 is the lower of the two: the link that node 2 dialed stays.
    @Test func aLinkDialedByTheHigherNodeReplacesOurs() throws {
        var bench = Bench(members: [Sample.record(1), Sample.record(2)])
        let ours = try #require(bench.hand(.started).dial(to: 2))
        _ = bench.dialOut(ours, answering: Sample.hello(2)) + bench.confirm(ours)
        let (theirs, _, after) = bench.dialIn(Sample.hello(2))
        #expect(after.closes == [.duplicateLink])
        #expect(after.linksDown == [ours])
        #expect(after.linksUp == [theirs])
        #expect(bench.machine.link(to: Sample.node(2)) == theirs)
    }

    @Test func aLinkThatWeDialedLosesAgainstOneOfTheHigherNode() throws {
        var bench = Bench(members: [Sample.record(1), Sample.record(2)])
        let ours = try #require(bench.hand(.started).dial(to: 2))
        _ = bench.hand(.dialed(ours)) + bench.hand(.preface(ours, Preface()))
        _ = bench.hand(.message(ours, .hello(Sample.hello(2)), sequence: 0))
        let theirs = bench.dialIn(Sample.hello(2))
        #expect(theirs.after.linksUp == [theirs.link])
        #expect(theirs.after.closes == [], "past our proof the rule decides, not the order")
        let end = bench.hand(.proof(ours, isValid: true, sequence: 1))
        #expect(end.closes == [.duplicateLink])
        #expect(end.contains { if case .sendPing(theirs.link, _) = $0 { true } else { false } }, "the kept link is verified")
        #expect(bench.machine.link(to: Sample.node(2)) == theirs.link)
    }

    @Test func anAttemptThatHasNotProvedAnythingIsGivenUp() throws {
        var bench = Bench(members: [Sample.record(1), Sample.record(2)])
        let ours = try #require(bench.hand(.started).dial(to: 2))
        let theirs = bench.dialIn(Sample.hello(2))
        #expect(theirs.after.contains(.drop(ours)))
        #expect(bench.machine.linkCount == 1)
    }

    @Test func aLaterLifeReplacesAtOnceAndAnEarlierOneIsStale() {
        var bench = Bench(members: [Sample.record(1), Sample.record(2)])
        bench.start()
        let first = bench.dialIn(Sample.hello(2, incarnation: 4))
        let second = bench.dialIn(Sample.hello(2, incarnation: 5))
        #expect(second.after.linksDown == [first.link])
        #expect(second.after.linksUp == [second.link])
        #expect(bench.dialIn(Sample.hello(2, incarnation: 4)).after.closes == [.staleIncarnation])
        #expect(bench.machine.link(to: Sample.node(2)) == second.link)
    }

    @Test func aSecondLinkOfTheSameDialerReplacesTheFirst() {
        var bench = Bench(members: [Sample.record(1), Sample.record(2)])
        bench.start()
        let first = bench.dialIn(Sample.hello(2))
        let second = bench.dialIn(Sample.hello(2))
        #expect(second.after.linksDown == [first.link])
        #expect(bench.machine.link(to: Sample.node(2)) == second.link)
    }
}
