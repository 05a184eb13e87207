import ClusterModel
import ClusterStateMachine
import Testing

@Suite struct FailureDetectionTests {
    @Test(arguments: 1...20) func aKilledProcessIsDownForAllWithin100Milliseconds(seed: UInt64) throws {
        var network = VirtualNetwork.cluster(3, seed: seed)
        try #require(network.isMesh([1, 2, 3]))
        network.kill(Sample.node(2))
        let time = try #require(network.run(within: .seconds(5)) { $0.all([1, 3], see: 2, .down) })
        #expect(time < .milliseconds(100), "took \(time)")
    }

    @Test(arguments: 1...20) func aHungProcessIsDownForAllWithinOneAndAHalfSeconds(seed: UInt64) throws {
        var network = VirtualNetwork.cluster(3, seed: seed)
        network.run(for: .milliseconds(Int64(seed) * 13))
        network.hang(Sample.node(2))
        let time = try #require(network.run(within: .seconds(5)) { $0.all([1, 3], see: 2, .down) })
        #expect(time < .milliseconds(1500), "took \(time)")
        #expect(time > .milliseconds(700), "took \(time)")
    }

    @Test func pausesOf300MillisecondsRaiseNothing() throws {
        var network = VirtualNetwork.cluster(3)
        let start = network.now
        for round in 0..<60 {
            network.pause(Sample.node(1 + round % 3), for: .milliseconds(300))
            network.run(for: .milliseconds(333 + Int64(round) * 7 % 100))
        }
        for observer in 1...3 {
            for member in 1...3 { #expect(network.history(of: member, at: observer, since: start) == []) }
        }
        #expect(network.isMesh([1, 2, 3]))
    }
}
