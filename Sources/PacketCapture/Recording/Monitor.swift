internal import Glibc

/// State that threads share, and wait for.
@safe final class Monitor<State>: @unchecked Sendable {
    // The system's objects must not move.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var state: State

    init(_ state: State) {
        self.state = state
        unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    func withLock<Result>(_ body: (inout State) -> Result) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return body(&state)
    }

    /// Tries again each time somebody calls `wakeAll`, until it gets a result or the time is over.
    /// - Returns: nil when also the last attempt, at the end of the time, had none.
    @discardableResult
    func wait<Result>(atMost duration: Duration, for attempt: (inout State) -> Result?) -> Result? {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        if let result = attempt(&state) { return result }
        guard duration > .zero else { return nil }
        var deadline = Self.time(after: duration)
        while unsafe pthread_cond_timedwait(condition, mutex, &deadline) == 0 {
            if let result = attempt(&state) { return result }
        }
        return attempt(&state)
    }

    func wakeAll() { unsafe pthread_cond_broadcast(condition) }

    private static func time(after duration: Duration) -> timespec {
        var now = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        let (seconds, attoseconds) = duration.components
        let nanoseconds = now.tv_nsec + Int(attoseconds / 1_000_000_000)
        return timespec(tv_sec: now.tv_sec + Int(seconds) + nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
    }
}
