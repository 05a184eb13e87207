import ClusterModel
import ClusterStateMachine
import Testing

/// What a helper answers when it is asked for another member.
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
}
