/// How far this node can trust its own timers (after Lifeguard, Dadgar, Phillips and Currey 2018). A node that is itself late
/// would find everybody else silent.
struct Awareness: Hashable, Sendable {
    /// 0 is healthy; each late round adds one, each `recovery` rounds in time take one away.
    private(set) var score = 0
    private var healthySince: Duration = .zero
    private var lastRun: Duration = .zero

    static let highest = 8
    /// Lateness below this part of an interval is the usual jitter of timers.
    static let tolerance = 5
    static let recovery = 10

    /// How long this node was not run although something was due; zero within tolerance.
    /// - Parameter due: the deadline that it waited for.
    mutating func lateness(due: Duration?, interval: Duration, at now: Duration) -> Duration {
        defer { lastRun = max(lastRun, now) }
        guard let due else { return .zero }
        let late = now - max(due, lastRun)
        if late > interval {
            score = min(Self.highest, score + 1)
            healthySince = now
        } else if score > 0, now - healthySince > interval * Self.recovery {
            score -= 1
            healthySince = now
        }
        return late > interval / Self.tolerance ? late : .zero
    }
}
