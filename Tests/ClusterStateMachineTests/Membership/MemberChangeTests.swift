import ClusterModel
import ClusterStateMachine
import Testing

/// Joining, leaving, removing and cutting off, between several nodes.
@Suite struct MemberChangeTests {
    @Test func aRemovedMemberIsToldAndToldAgainWhenItReturns() {
        var network = VirtualNetwork.cluster(3)
        network.hand(.remove(Sample.node(2)), to: Sample.node(1))
        network.run(for: .seconds(1))
        #expect(network.all([1, 3], see: 2, .removed))
        #expect(network.count(2) { $0 == .selfRemoved } == 1)
        #expect(network.closes(by: 1) == [.removed])
        #expect(!network.isReachable(2, from: 3))
    }

    @Test func aMemberRemovedWhileDownIsToldWhenItReturns() {
        var network = VirtualNetwork.cluster(3)
        network.kill(Sample.node(2))
        network.run(for: .seconds(1))
        network.hand(.remove(Sample.node(2)), to: Sample.node(3))
        network.run(for: .seconds(1))
        let back = network.now
        network.restart(Sample.node(2))
        network.run(for: .seconds(2))
        #expect(network.count(2) { $0 == .selfRemoved } == 1)
        let closes = network.closes(by: 1, since: back) + network.closes(by: 3, since: back)
        #expect(!closes.isEmpty && closes.allSatisfy { $0 == .removed })
        #expect(network.count(1, since: back) { if case .linkUp = $0 { true } else { false } } == 0)
        #expect(network.all([1, 3], see: 2, .removed))
    }

    @Test func aMemberThatLeavesIsGoneWithoutSuspicion() {
        var network = VirtualNetwork.cluster(3)
        let start = network.now
        network.hand(.leave, to: Sample.node(2))
        network.run(for: .milliseconds(100))
        network.hand(.drained, to: Sample.node(2))
        network.run(for: .seconds(2))
        #expect(network.history(of: 2, at: 1, since: start) == [.leaving, .left])
        #expect(network.history(of: 2, at: 3, since: start) == [.leaving, .left])
        #expect(network.machine(2)?.linkCount == 0)
        #expect(network.agree([1, 3]) && network.isMesh([1, 3]))
    }

    @Test func aMemberKilledWhileLeavingHasLeft() {
        var network = VirtualNetwork.cluster(3)
        network.hand(.leave, to: Sample.node(2))
        network.run(for: .milliseconds(100))
        network.kill(Sample.node(2))
        network.run(for: .seconds(1))
        #expect(network.all([1, 3], see: 2, .left))
    }

    @Test func aJoinerBecomesAMemberOfAll() throws {
        var network = VirtualNetwork.cluster(2)
        var identity = Sample.identity(3)
        identity.cluster = ClusterID(3)
        network.start(identity, members: [])
        let made = network.makeJoinLink(for: 3)
        let link = try #require(made)
        network.hand(.dialJoin(link, Sample.address(1)), to: Sample.node(3))
        network.run(for: .milliseconds(10))
        #expect(network.count(3) { if case .joinLinkUp(link, _) = $0 { true } else { false } } == 1)
        network.say(.joinRequest(JoinRequest(mode: .refuse, isDryRun: false, tables: [])), on: link, by: 3)
        network.run(for: .milliseconds(10))
        #expect(network.count(1) { if case .joinRequested = $0 { true } else { false } } == 1)

        let joining = Sample.record(3, .joining, joined: 100)
        network.hand(.admit(joining), to: Sample.node(1))
        network.run(for: .milliseconds(10))
        #expect(network.all([1, 2], see: 3, .joining))
        let members = try #require(network.machine(1)?.members)
        network.hand(.becomeMember(Sample.cluster, members, joined: joining.joined), to: Sample.node(3))
        network.run(for: .seconds(2))
        #expect(network.closes(by: 3).first == .joined)
        #expect(network.count(3) { if case .joinFailed = $0 { true } else { false } } == 0)
        #expect(network.isMesh([1, 2, 3]) && network.agree([1, 2, 3]))
        #expect(network.all([1, 2, 3], see: 3, .up))
        #expect(network.machine(3)?.identity.cluster == Sample.cluster)
    }

    @Test func aJoinThatIsRefusedFails() throws {
        var network = VirtualNetwork.cluster(1)
        var identity = Sample.identity(3)
        identity.cluster = ClusterID(3)
        network.start(identity, members: [])
        network.setSecret(of: Sample.node(3), "another")
        let made = network.makeJoinLink(for: 3)
        let link = try #require(made)
        network.hand(.dialJoin(link, Sample.address(1)), to: Sample.node(3))
        network.run(for: .milliseconds(10))
        #expect(network.closes(by: 1) == [.authenticationFailed])
        #expect(
            network.count(3) {
                if case .joinFailed(link, .closedByPeer(let close)) = $0 { close.name == "AUTHENTICATION_FAILED" } else { false }
            } == 1)
    }

    @Test func joiningWithoutContactExpiresByTheCoordinator() {
        var bench = Bench(members: [Sample.record(1), Sample.record(2)])
        bench.start()
        _ = bench.hand(.admit(Sample.record(4, .joining)))
        _ = bench.pass(Limits.joiningTime - .milliseconds(1))
        #expect(bench.machine.record(of: Sample.node(4))?.state == .joining)
        _ = bench.pass(.milliseconds(1))
        #expect(bench.machine.record(of: Sample.node(4))?.state == .removed)
    }

    @Test func aLongCopyRenewsTheJoiningRecord() {
        var bench = Bench(members: [Sample.record(1)])
        bench.start()
        let link = bench.dialIn(Sample.hello(4, intent: .join)).link
        _ = bench.hand(.admit(Sample.record(4, .joining)))
        bench.answersPings = true
        _ = bench.pass(Limits.joiningTime + .seconds(100))
        #expect(bench.machine.linkCount == 1, "\(link) lives")
        #expect(bench.machine.record(of: Sample.node(4))?.state == .joining)
        #expect((bench.machine.record(of: Sample.node(4))?.refutation ?? 0) >= 4)
    }

    @Test func autocleanCountsFromTheRecordedTime() {
        var members = [Sample.record(1), Sample.record(2, .down)]
        members[1].downSince = VirtualNetwork.epoch - 9_000
        var bench = Bench(members: members, configuration: NodeConfiguration(autoclean: .seconds(10)))
        bench.start()
        _ = bench.pass(.milliseconds(999))
        #expect(bench.machine.record(of: Sample.node(2))?.state == .down)
        _ = bench.pass(.milliseconds(2))
        #expect(bench.machine.record(of: Sample.node(2))?.state == .removed)
    }

    @Test func blockedMembersAreCutOffWithoutAWordAndComeBack() {
        var network = VirtualNetwork.cluster(3)
        let start = network.now
        network.hand(.block([Sample.node(2), Sample.node(3)]), to: Sample.node(1))
        network.run(for: .seconds(5))
        #expect(network.closes(by: 1, since: start) == [])
        #expect(network.all([1], see: 2, .down) && network.all([1], see: 3, .down) && network.all([2, 3], see: 1, .down))
        #expect(network.isMesh([2, 3]) && !network.isReachable(1, from: 2))
        network.hand(.block([]), to: Sample.node(1))
        network.run(for: .seconds(7))
        #expect(network.isMesh([1, 2, 3]) && network.agree([1, 2, 3]))
    }

    @Test func differentViewsAreSentAgainOnceASecond() {
        var bench = Bench(members: [Sample.record(1), Sample.record(2)])
        bench.start()
        let link = bench.dialIn(Sample.hello(2)).link
        _ = bench.hand(.viewChanged(hash: 1))
        bench.answersPings = true
        var sent = 0
        for number in 1...20 {
            _ = bench.pass(.milliseconds(100))
            let ping = Ping(number: UInt64(number), clock: 0, viewHash: 2)
            let actions = bench.hand(.message(link, .ping(ping), sequence: 3))
            if number == 1 { #expect(!actions.contains(.resendDefinitions(link)), "one alone may be a change on its way") }
            if actions.contains(.resendDefinitions(link)) {
                sent += 1
                #expect(actions.records(on: link) == bench.machine.members)
            }
        }
        #expect(sent == 2)
    }

    @Test func ofTwoWithOneNameTheLaterIsRefused() {
        var late = Sample.record(3, joined: 30)
        late.name = Sample.name(2)
        var bench = Bench(members: [Sample.record(1), Sample.record(2), late])
        bench.start()
        var hello = Sample.hello(3)
        hello.name = Sample.name(2)
        #expect(bench.dialIn(hello).after.closes == [.nameConflict])
        #expect(bench.dialIn(Sample.hello(2)).after.closes == [])
    }

    @Test func dialsPauseLongerAndLongerButNeverEnd() {
        var bench = Bench(members: [Sample.record(1), Sample.record(2)])
        var times: [Duration] = []
        var actions = bench.hand(.started)
        while times.count < 20 {
            for link in actions.dials {
                times.append(bench.now)
                _ = bench.hand(.dialFailed(link, .refused))
            }
            actions = bench.pass(.milliseconds(1))
        }
        let pauses = zip(times.dropFirst(), times).map { $0 - $1 }
        #expect(pauses[0] <= .milliseconds(51) && pauses[0] >= .milliseconds(24))
        #expect(pauses[6] >= .milliseconds(1600))
        #expect(pauses.allSatisfy { $0 <= .milliseconds(5001) })
        #expect(pauses.suffix(5).allSatisfy { $0 >= .milliseconds(2500) })
    }
}
