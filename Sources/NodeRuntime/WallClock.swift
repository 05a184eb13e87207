#if canImport(Glibc)
import Glibc
#endif

/// The system clock with the configured offset, and the time since the node started.
struct WallClock {
    let offset: Duration
    private let start = ContinuousClock.now

    /// Milliseconds since 1970.
    var milliseconds: UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        let now = Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
        return UInt64(max(0, now + offset.components.seconds * 1000))
    }

    /// Monotonic.
    var elapsed: Duration { ContinuousClock.now - start }
}
