#if canImport(Glibc)
import Glibc
#endif

/// The system's clock.
enum Clock {
    /// Milliseconds since 1970.
    static var milliseconds: UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
    }

    /// Lets time pass, for cases about what happens after a time, or does not.
    static func letPass(_ time: Duration) async throws { try await Task.sleep(for: time) }
}
