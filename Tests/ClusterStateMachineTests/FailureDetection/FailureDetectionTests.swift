import ClusterModel
import ClusterStateMachine
import Testing

/// What several nodes make of failures, in virtual time at the LAN preset.
@Suite struct FailureDetectionTests {
    @Test(arguments: 1...20) func aKilledProcessIsDownForAllWithin100Milliseconds(seed: UInt64) throws {
        let size = 2 + Int(seed) % 4
        var network = VirtualNetwork.cluster(size, seed: seed)
        try #require(network.isMesh(Array(1...size)))
        network.kill(Sample.node(2))
        let others = (1...size).filter { $0 != 2 }
        let time = try #require(network.run(within: .seconds(5)) { $0.all(others, see: 2, .down) })
        #expect(time < .milliseconds(100), "took \(time)")
        network.run(for: .seconds(1))
        #expect(network.agree(others))
    }

    @Test(arguments: 1...20) func aHungProcessIsDownForAllWithinOneAndAHalfSeconds(seed: UInt64) throws {
        let size = 2 + Int(seed) % 4
        var network = VirtualNetwork.cluster(size, seed: seed)
        network.run(for: .milliseconds(Int64(seed) * 13))
        network.hang(Sample.node(2))
        let others = (1...size).filter { $0 != 2 }
        let time = try #require(network.run(within: .seconds(5)) { $0.all(others, see: 2, .down) })
        #expect(time < .milliseconds(1500), "took \(time)")
        #expect(time > .milliseconds(700), "took \(time)")
    }

    /// Beyond 16 members missing answers are waited for longer, but here all answer.
    @Test func alsoInALargerCluster() throws {
        var network = VirtualNetwork.cluster(17)
        network.hang(Sample.node(2))
        let others = (1...17).filter { $0 != 2 }
        let time = try #require(network.run(within: .seconds(5)) { $0.all(others, see: 2, .down) })
        #expect(time < .milliseconds(1500), "took \(time)")
    }

    @Test func aHungProcessThatGoesOnRefutes() {
        var network = VirtualNetwork.cluster(3)
        network.hang(Sample.node(2))
        network.run(for: .seconds(20))
        #expect(network.all([1, 3], see: 2, .down))
        network.wake(Sample.node(2))
        network.run(for: .seconds(6))
        #expect(network.isMesh([1, 2, 3]))
        #expect(network.all([1, 2, 3], see: 2, .up))
        #expect(network.all([1, 2, 3], see: 1, .up) && network.all([1, 2, 3], see: 3, .up))
        #expect(network.agree([1, 2, 3]))
        #expect(network.machine(1)?.record(of: Sample.node(2))?.incarnation == 2, "same life")
        #expect((network.machine(1)?.record(of: Sample.node(2))?.refutation ?? 0) > 0)
    }

    @Test(arguments: 1...10) func pausesOf300MillisecondsRaiseNothing(seed: UInt64) {
        var network = VirtualNetwork.cluster(3, seed: seed)
        let start = network.now
        for round in 0..<40 {
            network.pause(Sample.node(1 + round % 3), for: .milliseconds(300))
            network.run(for: .milliseconds(40 + Int64(round) * 71 % 400))
        }
        network.run(for: .seconds(1))
        for observer in 1...3 {
            for member in 1...3 { #expect(network.history(of: member, at: observer, since: start) == []) }
        }
        #expect(network.isMesh([1, 2, 3]))
    }

    /// A node that was itself asleep for long blames nobody: the others' frames waited in its sockets.
    @Test func aNodeThatWasLateSuspectsNobody() {
        var network = VirtualNetwork.cluster(3)
        network.pause(Sample.node(2), for: .milliseconds(740))
        network.run(for: .seconds(3))
        #expect(network.history(of: 1, at: 2, since: .seconds(3)) == [])
        #expect(network.reports(by: 2, since: .seconds(3)).contains { if case .late = $0 { true } else { false } })
    }

    @Test func unreachableFromHereIsNotDown() {
        var network = VirtualNetwork.cluster(3)
        network.cut(Sample.node(1), Sample.node(2))
        network.run(for: .seconds(30))
        #expect(!network.isReachable(2, from: 1) && !network.isReachable(1, from: 2))
        #expect(network.all([1, 2, 3], see: 1, .up) && network.all([1, 2, 3], see: 2, .up))
        for observer in 1...3 {
            #expect(!network.history(of: 1, at: observer, since: .seconds(3)).contains(.down))
            #expect(!network.history(of: 2, at: observer, since: .seconds(3)).contains(.down))
        }
        let settled = network.now
        network.run(for: .seconds(30))
        #expect(network.history(of: 2, at: 3, since: settled) == [], "asking again is quiet")
        network.heal()
        network.run(for: .seconds(8))
        #expect(network.isMesh([1, 2, 3]) && network.agree([1, 2, 3]))
    }

    @Test func aPathCutInOneDirectionIsUnreachableToo() {
        var network = VirtualNetwork.cluster(3)
        network.cutOneWay(from: Sample.node(2), to: Sample.node(1))
        network.run(for: .seconds(20))
        #expect(!network.isReachable(2, from: 1))
        #expect(network.all([1, 2, 3], see: 1, .up) && network.all([1, 2, 3], see: 2, .up))
    }

    @Test func partitionedSidesDeclareEachOtherDownAndHealWithoutRestart() {
        var network = VirtualNetwork.cluster(4)
        for a in [1, 2] { for b in [3, 4] { network.cut(Sample.node(a), Sample.node(b)) } }
        network.run(for: .seconds(5))
        #expect(network.all([1, 2], see: 3, .down) && network.all([1, 2], see: 4, .down))
        #expect(network.all([3, 4], see: 1, .down) && network.all([3, 4], see: 2, .down))
        network.heal()
        network.run(for: .seconds(8))
        for member in 1...4 { #expect(network.all([1, 2, 3, 4], see: member, .up)) }
        #expect(network.isMesh([1, 2, 3, 4]) && network.agree([1, 2, 3, 4]))
        #expect(network.hosts.values.allSatisfy { $0.machine.identity.incarnation == 2 })
    }

    /// Who is linked with a member does not show it as down because somebody else, cut off, says so.
    @Test func aLinkOutweighsHearsay() {
        var network = VirtualNetwork.cluster(3)
        network.cut(Sample.node(1), Sample.node(2))
        network.cut(Sample.node(1), Sample.node(3))
        network.run(for: .seconds(5))
        #expect(network.state(of: 2, at: 1) == .down)
        let healed = network.now
        network.heal()
        network.run(for: .seconds(8))
        #expect(network.history(of: 2, at: 3, since: healed).allSatisfy { $0 == .up })
        #expect(network.history(of: 3, at: 2, since: healed).allSatisfy { $0 == .up })
        #expect(network.agree([1, 2, 3]))
    }

    @Test func aRestartIsANewLifeForAll() {
        var network = VirtualNetwork.cluster(3)
        network.kill(Sample.node(2))
        network.run(for: .seconds(2))
        network.restart(Sample.node(2))
        network.run(for: .seconds(1))
        #expect(network.isMesh([1, 2, 3]) && network.agree([1, 2, 3]))
        #expect(network.machine(1)?.record(of: Sample.node(2))?.incarnation == 3)
        #expect(network.all([1, 2, 3], see: 2, .up))
    }

    @Test func aCleanStopIsDownAtOnceByItsOwnWord() throws {
        var network = VirtualNetwork.cluster(3)
        let stop = network.now
        network.hand(.shutDown, to: Sample.node(2))
        network.kill(Sample.node(2))
        let time = try #require(network.run(within: .seconds(1)) { $0.all([1, 3], see: 2, .down) })
        #expect(time < .milliseconds(5))
        #expect(network.history(of: 2, at: 1, since: stop) == [.down], "never suspected")
        #expect(network.reports(by: 1, since: stop).contains(.declaredDown(Sample.node(2), by: Sample.node(2))))
    }

    @Test func downSinceIsTheEarliestEverywhere() {
        var network = VirtualNetwork.cluster(4)
        network.setClock(of: Sample.node(3), offset: 40)
        network.kill(Sample.node(2))
        network.run(for: .seconds(3))
        #expect(network.agree([1, 3, 4]))
        #expect((network.machine(1)?.record(of: Sample.node(2))?.downSince ?? 0) >= VirtualNetwork.epoch)
    }
}
