import ClusterModel
import ClusterStateMachine
import Testing

/// Random faults, then peace: every node ends with the same view, and it is the truth.
@Suite struct ConvergenceTests {
    @Test(arguments: 1...100) func killsAndPartitionsEndInOneView(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let numbers = Array(1...(3 + Int(seed % 3)))
        var network = VirtualNetwork.cluster(numbers.count, seed: seed)
        for _ in 0..<12 {
            disturb(&network, numbers, &random)
            network.run(for: .milliseconds(.random(in: 0...1500, using: &random)))
        }
        network.heal()
        for number in numbers {
            network.wake(Sample.node(number))
            network.restart(Sample.node(number))
        }
        #expect(settles(&network, numbers))
        for member in numbers { #expect(network.all(numbers, see: member, .up)) }
        let settled = network.now
        network.run(for: .seconds(6))
        for number in numbers {
            #expect(network.count(number, since: settled) { if case .memberChanged = $0 { true } else { false } } == 0)
        }
    }

    /// With some left dead the living agree on that, too.
    @Test(arguments: 1...30) func theDeadAreDownForAll(seed: UInt64) {
        var random = SplitMix64(seed: seed &* 7919)
        let numbers = [1, 2, 3, 4, 5]
        var network = VirtualNetwork.cluster(numbers.count, seed: seed)
        for _ in 0..<6 {
            disturb(&network, numbers, &random)
            network.run(for: .milliseconds(.random(in: 0...800, using: &random)))
        }
        network.heal()
        for number in numbers { network.wake(Sample.node(number)) }
        network.kill(Sample.node(1))
        let living = numbers.filter { network.hosts[Sample.node($0)]?.state == .running }
        network.run(for: .seconds(1))
        #expect(settles(&network, living))
        for member in numbers { #expect(network.all(living, see: member, living.contains(member) ? .up : .down)) }
    }

    @Test func oneSeedGivesOneHistory() {
        func history() -> [String] {
            var random = SplitMix64(seed: 4)
            var network = VirtualNetwork.cluster(4, seed: 4)
            for _ in 0..<8 {
                disturb(&network, [1, 2, 3, 4], &random)
                network.run(for: .milliseconds(300))
            }
            return network.log.map { "\($0.time) \($0.node) \($0.action)" }
        }
        #expect(history() == history())
    }

    /// Whether all are linked and have one view within 20 s, and still after the next second.
    private func settles(_ network: inout VirtualNetwork, _ numbers: [Int]) -> Bool {
        var calm = 0
        for _ in 0..<20 {
            network.run(for: .seconds(1))
            calm = network.isMesh(numbers) && network.agree(numbers) ? calm + 1 : 0
            if calm == 2 { return true }
        }
        return false
    }

    private func disturb(_ network: inout VirtualNetwork, _ numbers: [Int], _ random: inout SplitMix64) {
        guard let a = numbers.randomElement(using: &random), let b = numbers.randomElement(using: &random) else { return }
        switch Int.random(in: 0..<8, using: &random) {
        case 0: network.kill(Sample.node(a))
        case 1: network.restart(Sample.node(a))
        case 2, 3: if a != b { network.cut(Sample.node(a), Sample.node(b)) }
        case 4: if a != b { network.cutOneWay(from: Sample.node(a), to: Sample.node(b)) }
        case 5: network.heal()
        case 6: if network.hosts[Sample.node(a)]?.state == .running { network.hang(Sample.node(a)) }
        default: network.wake(Sample.node(a))
        }
    }
}
