/// How long the suite waits, from the round trip that it measured at the start.
struct Timing: Sendable {
    /// For a reaction to something that was sent.
    var reaction: Duration
    /// As given with `--timeout-scale`.
    var scale: Double

    /// - Parameter roundTrip: of a call on an idle link.
    init(roundTrip: Duration, scale: Double) {
        self.scale = scale
        reaction = max(.seconds(3), roundTrip * 100) * scale
    }
}
