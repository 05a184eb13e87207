import ClusterModel

/// PING and PONG of one link (HRT). Any frame proves the link, only a PONG in time proves the peer's control loop.
struct Heartbeat: Hashable, Sendable {
    /// The longer of both ends' announcements (HRT-003).
    let interval: Duration
    let deadline: Duration
    private(set) var nextPing: Duration
    /// Number of the last PING.
    private(set) var number: UInt64 = 0
    /// PINGs without PONG and when they were sent, oldest first. At most as many as fit into a deadline.
    private(set) var unanswered: [Sent] = []
    private(set) var lastHeard: Duration
    private(set) var roundTrip: Duration?
    /// The peer's clock minus ours at the last PONG, milliseconds.
    private(set) var clockOffset: Int64 = 0

    struct Sent: Hashable, Sendable {
        var number: UInt64
        var at: Duration
    }

    /// - Parameter isJoin: nobody is declared down over a join link, and giving up a copy too early costs all of it: four
    ///   times the patience.
    init(own: NodeConfiguration.Heartbeat, peer: Hello, isJoin: Bool = false, at now: Duration) {
        interval = max(own.interval, .milliseconds(Int64(peer.heartbeatInterval)))
        let longest = max(own.deadline, .milliseconds(Int64(peer.heartbeatDeadline)), interval * 2)
        deadline = isJoin ? longest * 4 : longest
        nextPing = now
        lastHeard = now
    }

    mutating func heard(at now: Duration) { lastHeard = now }

    /// Takes the next number and plans the PING after it.
    /// - Parameter jitter: 0 ..< 1; shortens the interval by up to a quarter.
    mutating func ping(at now: Duration, jitter: Double) -> UInt64 {
        number += 1
        unanswered.append(Sent(number: number, at: now))
        nextPing = now + interval * (1 - jitter / 4)
        return number
    }

    /// - Returns: false when no such PING was sent: the peer's fault.
    mutating func pong(_ pong: Pong, at now: Moment) -> Bool {
        guard (1...max(1, number)).contains(pong.number), number > 0 else { return false }
        if let sent = unanswered.first(where: { $0.number == pong.number }) {
            let trip = now.elapsed - sent.at
            roundTrip = trip
            clockOffset = Int64(clamping: pong.clock) - (Int64(clamping: now.wall) - trip.milliseconds / 2)
        }
        unanswered.removeAll { $0.number <= pong.number }
        return true
    }

    /// Why the peer is to be suspected now; nil when it is not.
    func failure(at now: Duration) -> SuspicionCause? {
        if now >= lastHeard + deadline { return .silent(now - lastHeard) }
        if let oldest = unanswered.first, now >= oldest.at + deadline { return .unanswered(oldest.number) }
        return nil
    }

    /// When to look again.
    var next: Duration {
        let silence = lastHeard + deadline
        guard let oldest = unanswered.first else { return min(nextPing, silence) }
        return min(nextPing, silence, oldest.at + deadline)
    }

    /// This node did not run for `lateness`: that time does not count, and at least one interval stays to hear something.
    mutating func postpone(by lateness: Duration, at now: Duration) {
        let floor = now - deadline + interval
        lastHeard = min(now, max(lastHeard + lateness, floor))
        for index in unanswered.indices {
            unanswered[index].at = min(now, max(unanswered[index].at + lateness, floor))
        }
    }
}
