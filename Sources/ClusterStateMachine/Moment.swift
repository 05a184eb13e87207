/// A reading of both clocks, taken by the shell. The core never asks for the time itself.
public struct Moment: Hashable, Sendable {
    /// Time since the node started, from a clock that never runs backwards. All timers count in it.
    public var elapsed: Duration
    /// The system clock, milliseconds since 1970. Only told to people and to peers, never used for timers.
    public var wall: UInt64

    public init(elapsed: Duration, wall: UInt64) {
        self.elapsed = elapsed
        self.wall = wall
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }

    /// Whole microseconds, rounded down.
    var microseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }
}
