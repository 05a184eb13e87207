import ClusterModel
import Testing

@testable import ClusterStateMachine

@Suite struct HeartbeatTests {
    @Test func theLongerAnnouncementCounts() {
        var hello = Sample.hello(2)
        hello.heartbeatInterval = 1000
        hello.heartbeatDeadline = 500
        let heartbeat = Heartbeat(own: .lan, peer: hello, at: .zero)
        #expect(heartbeat.interval == .seconds(1))
        #expect(heartbeat.deadline == .seconds(2), "never below two intervals")
    }

    @Test func pingsComeWithinAnIntervalAndAtMostAQuarterEarly() {
        var heartbeat = Heartbeat(own: .lan, peer: Sample.hello(2), at: .zero)
        #expect(heartbeat.ping(at: .seconds(1), jitter: 0) == 1)
        #expect(heartbeat.nextPing == .seconds(1) + .milliseconds(250))
        #expect(heartbeat.ping(at: .seconds(2), jitter: 1) == 2)
        #expect(heartbeat.nextPing == .seconds(2) + .microseconds(187_500))
    }

    @Test func silenceForADeadlineIsAFailureAndNotBefore() {
        let heartbeat = Heartbeat(own: .lan, peer: Sample.hello(2), at: .seconds(1))
        #expect(heartbeat.failure(at: .seconds(1) + .milliseconds(749)) == nil)
        #expect(heartbeat.failure(at: .seconds(1) + .milliseconds(750)) == .silent(.milliseconds(750)))
    }

    @Test func framesWithoutPongsProveTheLinkButNotTheControlLoop() {
        var heartbeat = Heartbeat(own: .lan, peer: Sample.hello(2), at: .zero)
        _ = heartbeat.ping(at: .zero, jitter: 0)
        heartbeat.heard(at: .milliseconds(740))
        #expect(heartbeat.failure(at: .milliseconds(749)) == nil)
        #expect(heartbeat.failure(at: .milliseconds(750)) == .unanswered(1))
    }

    @Test func aPongGivesRoundTripAndOffsetAndOnlyAnswersWhatWasAsked() {
        var heartbeat = Heartbeat(own: .lan, peer: Sample.hello(2), at: .zero)
        let now = Moment(elapsed: .milliseconds(10), wall: 5000)
        let unasked = heartbeat.pong(Pong(number: 1, echo: 0, clock: 0), at: now)
        #expect(!unasked)
        let number = heartbeat.ping(at: .zero, jitter: 0)
        let answered = heartbeat.pong(Pong(number: number, echo: 0, clock: 7000), at: now)
        #expect(answered)
        #expect(heartbeat.roundTrip == .milliseconds(10))
        #expect(heartbeat.clockOffset == 2005)
        let tooHigh = heartbeat.pong(Pong(number: number + 1, echo: 0, clock: 0), at: now)
        #expect(!tooHigh)
    }

    @Test func sleepDoesNotCountAndLeavesAnInterval() {
        var heartbeat = Heartbeat(own: .lan, peer: Sample.hello(2), at: .zero)
        heartbeat.postpone(by: .milliseconds(400), at: .milliseconds(1100))
        #expect(heartbeat.failure(at: .milliseconds(1349)) == nil)
        #expect(heartbeat.failure(at: .milliseconds(1350)) != nil)
    }

    @Test func suspicionsTakeLongerInLargeClusters() {
        #expect([2, 16, 17, 32, 33, 1024].map { Suspicion.intervals(members: $0) } == [2, 2, 3, 3, 4, 8])
    }

    @Test func awarenessGrowsWithLatenessAndRecovers() {
        var awareness = Awareness()
        let interval = Duration.milliseconds(250)
        let small = awareness.lateness(due: .milliseconds(100), interval: interval, at: .milliseconds(149))
        #expect(small == .zero)
        let late = awareness.lateness(due: .milliseconds(200), interval: interval, at: .milliseconds(600))
        #expect(late == .milliseconds(400))
        #expect(awareness.score == 1)
        let again = awareness.lateness(due: .milliseconds(200), interval: interval, at: .milliseconds(601))
        #expect(again == .zero, "the same sleep counts once")
        for tick in 1...14 {
            _ = awareness.lateness(due: nil, interval: interval, at: .milliseconds(601 + tick * 250))
            _ = awareness.lateness(due: .seconds(100), interval: interval, at: .milliseconds(602 + tick * 250))
        }
        #expect(awareness.score == 0)
    }
}
