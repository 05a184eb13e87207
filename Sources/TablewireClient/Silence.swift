/// Counts intervals of silence. Any message proves the link, so a PING is needed only after an interval without one (HRT-001).
struct Silence {
    private(set) var ticks = 0
    private var pings: UInt64 = 0

    mutating func heard() { ticks = 0 }

    /// One interval is over. Returns the number of the PING to send, nil when something was heard in the interval.
    mutating func tick() -> UInt64? {
        ticks += 1
        guard ticks > 1 else { return nil }
        pings += 1
        return pings
    }
}
