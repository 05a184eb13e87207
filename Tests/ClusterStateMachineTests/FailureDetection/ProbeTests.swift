import ClusterModel
import ClusterStateMachine
import Testing

/// What a suspicion asks, and what a helper answers when it is asked for another member.
@Suite struct ProbeTests {
    /// A bench with a link dialed in by node 2 (the asker) and, on demand, by node 3 (the target).
    private static func bench(withTarget: Bool) -> (bench: Bench, asker: LinkID, target: LinkID?) {
        var bench = Bench()
        bench.start()
        let asker = bench.dialIn(Sample.hello(2)).link
        let target = withTarget ? bench.dialIn(Sample.hello(3)).link : nil
        return (bench, asker, target)
    }

    private static func request(_ target: Int) -> Message { .probeRequest(ProbeRequest(number: 9, target: Sample.node(target))) }

    private static func reply(_ target: Int, _ isReachable: Bool) -> Message {
        .probeReply(ProbeReply(number: 9, target: Sample.node(target), isReachable: isReachable))
    }

    @Test func aTargetHeardLatelyIsReachableAtOnce() {
        var (bench, asker, _) = Self.bench(withTarget: true)
        let actions = bench.hand(.message(asker, Self.request(3), sequence: 3))
        #expect(actions == [.send(asker, Self.reply(3, true))])
    }

    @Test func aQuietTargetIsPingedFirst() throws {
        var (bench, asker, link) = Self.bench(withTarget: true)
        let target = try #require(link)
        _ = bench.pass(.milliseconds(300))
        let asked = bench.hand(.message(asker, Self.request(3), sequence: 3))
        #expect(!asked.contains(.send(asker, Self.reply(3, true))))
        #expect(asked.contains { if case .sendPing(target, _) = $0 { true } else { false } })
        let heard = bench.hand(.frameHeard(target, .ack, sequence: 3))
        #expect(heard == [.send(asker, Self.reply(3, true))])
    }

    @Test func aTargetThatStaysQuietIsUnreachableAfterAnInterval() {
        var (bench, asker, _) = Self.bench(withTarget: true)
        _ = bench.pass(.milliseconds(300))
        _ = bench.hand(.message(asker, Self.request(3), sequence: 3))
        #expect(!bench.pass(.milliseconds(249)).contains(.send(asker, Self.reply(3, false))))
        #expect(bench.pass(.milliseconds(1)).contains(.send(asker, Self.reply(3, false))))
    }

    @Test func aTargetWithoutLinkIsDialedAndItsRefusalIsTheAnswer() throws {
        var (bench, asker, _) = Self.bench(withTarget: false)
        let dial = try #require(bench.hand(.message(asker, Self.request(3), sequence: 3)).dial(to: 3))
        #expect(bench.hand(.dialFailed(dial, .refused)).contains(.send(asker, Self.reply(3, false))))
    }

    @Test func unknownAndBlockedTargetsAreUnreachable() {
        var (bench, asker, _) = Self.bench(withTarget: false)
        #expect(bench.hand(.message(asker, Self.request(8), sequence: 3)) == [.send(asker, Self.reply(8, false))])
        _ = bench.hand(.block([Sample.node(3)]))
        #expect(bench.hand(.message(asker, Self.request(3), sequence: 4)).contains(.send(asker, Self.reply(3, false))))
    }

    @Test func anAskerThatGoesAwayIsNotAnswered() throws {
        var (bench, asker, _) = Self.bench(withTarget: false)
        let dial = try #require(bench.hand(.message(asker, Self.request(3), sequence: 3)).dial(to: 3))
        _ = bench.hand(.closed(asker, .eof))
        let actions = bench.hand(.dialFailed(dial, .refused))
        #expect(!actions.contains { if case .send(asker, _) = $0 { true } else { false } })
    }

    /// Node 2 is lost and cannot be dialed; node 3, the only helper, is asked.
    private static func asking() throws -> (bench: Bench, helper: LinkID, number: UInt64, actions: [NodeAction]) {
        var bench = Bench()
        bench.start()
        let lost = bench.dialIn(Sample.hello(2, incarnation: 2)).link
        let helper = bench.dialIn(Sample.hello(3, incarnation: 2)).link
        bench.answersPings = true
        _ = bench.pass(.seconds(2))
        let actions = bench.hand(.closed(lost, .reset))
        let asked = actions.compactMap { action -> UInt64? in
            if case .send(helper, .probeRequest(let request)) = action, request.target == Sample.node(2) {
                request.number
            } else {
                nil
            }
        }
        let number = try #require(asked.first)
        let dial = try #require(actions.dial(to: 2))
        let refused = bench.hand(.dialFailed(dial, .refused))
        return (bench, helper, number, actions + refused)
    }

    private static func reply(_ number: UInt64, _ isReachable: Bool) -> Message {
        .probeReply(ProbeReply(number: number, target: Sample.node(2), isReachable: isReachable))
    }

    private static func state(_ bench: Bench) -> MemberState? { bench.machine.record(of: Sample.node(2))?.state }

    @Test func aSuspicionIsToldAndTheHelperDecidesIt() throws {
        var (bench, helper, number, actions) = try Self.asking()
        #expect(actions.records(on: helper).map(\.state) == [.suspect])
        #expect(Self.state(bench) == .suspect)
        let foreign = bench.hand(.message(helper, Self.reply(number + 1, false), sequence: 5))
        #expect(foreign == [], "an answer to another question")
        let answer = bench.hand(.message(helper, Self.reply(number, false), sequence: 6))
        #expect(Self.state(bench) == .down)
        #expect(answer.records(on: helper).map(\.state) == [.down])
    }

    @Test func aHelperThatReachesItEndsTheSuspicion() throws {
        var (bench, helper, number, _) = try Self.asking()
        let answer = bench.hand(.message(helper, Self.reply(number, true), sequence: 5))
        #expect(answer.contains(.report(.unreachableFromHere(Sample.node(2), reachedBy: Sample.node(3)))))
        _ = bench.pass(.seconds(2))
        #expect(Self.state(bench) == .suspect, "until it refutes")
    }

    @Test func aHelperThatIsLostItselfHelpsNoMore() throws {
        var (bench, helper, _, _) = try Self.asking()
        _ = bench.hand(.closed(helper, .reset))
        #expect(Self.state(bench) == .down)
    }

    @Test func silentHelpersCountAsNoAfterTwoIntervals() throws {
        var (bench, _, _, _) = try Self.asking()
        _ = bench.pass(.milliseconds(499))
        #expect(Self.state(bench) == .suspect)
        _ = bench.pass(.milliseconds(1))
        #expect(Self.state(bench) == .down)
    }
}
