import ClusterModel
import ClusterStateMachine
import Testing

/// A member that ended its link with a word has just spoken: that is no sign of trouble (FDT-001).
@Suite struct ClosedLinkTests {
    /// Lets time pass in which every dial is refused.
    private static func passRefused(_ bench: inout Bench, _ duration: Duration, after first: [NodeAction]) -> [NodeAction] {
        let end = bench.now + duration
        var all = first
        var fresh = first
        while true {
            while let link = fresh.dials.first { fresh = bench.hand(.dialFailed(link, .refused)) }
            guard let due = bench.machine.nextDeadline, due <= end else { break }
            bench.now = max(bench.now, due)
            fresh = bench.hand(.timeout)
            all += fresh
        }
        bench.now = end
        return all
    }

    private static func linked() -> (bench: Bench, link: LinkID) {
        var bench = Bench(members: [Sample.record(1), Sample.record(2)])
        bench.start()
        let link = bench.dialIn(Sample.hello(2, incarnation: 2)).link
        return (bench, link)
    }

    @Test(arguments: [ErrorCode.internalError, .heartbeatTimeout, .malformed, .duplicateLink])
    func itsCloseIsNoSignOfTrouble(_ code: ErrorCode) {
        var (bench, link) = Self.linked()
        let closed = bench.hand(.message(link, .close(Close(code)), sequence: 3))
        let actions = Self.passRefused(&bench, .milliseconds(4900), after: closed)
        #expect(actions.dials.count > 2)
        #expect(bench.machine.record(of: Sample.node(2))?.state == .up)
        _ = Self.passRefused(&bench, .seconds(10), after: [])
        #expect(bench.machine.record(of: Sample.node(2))?.state == .down, "nobody has reached it for the recheck time")
    }

    @Test func norIsOurOwnClose() {
        var (bench, link) = Self.linked()
        let closed = bench.hand(
            .wireError(link, .malformed, offendingType: 0, offendingSequence: 0, text: "wrong"))
        _ = Self.passRefused(&bench, .milliseconds(4900), after: closed)
        #expect(bench.machine.record(of: Sample.node(2))?.state == .up)
    }

    @Test func whoStopsIsDownAtOnce() {
        var (bench, link) = Self.linked()
        _ = bench.hand(.message(link, .close(Close(.shuttingDown)), sequence: 3))
        #expect(bench.machine.record(of: Sample.node(2))?.state == .down)
    }
}
