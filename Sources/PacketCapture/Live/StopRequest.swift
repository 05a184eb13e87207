internal import CKernel
internal import Glibc
internal import Synchronization

/// Asks a loop that waits for sockets or packets to end: from another thread, or when a signal comes.
public final class StopRequest: Sendable {
    /// Becomes readable, and stays so, once it is requested.
    let descriptor: Int32
    private let requested = Atomic(false)

    /// - Throws: `RecordingError.failed` when the system has no descriptor left.
    public init() throws(RecordingError) {
        descriptor = ckernel_flag()
        guard descriptor >= 0 else { throw RecordingError(file: "a new descriptor", code: errno) }
    }

    deinit { close(descriptor) }

    public var isRequested: Bool { requested.load(ordering: .acquiring) }

    public func request() {
        requested.store(true, ordering: .releasing)
        var one: UInt64 = 1
        unsafe _ = write(descriptor, &one, 8)
    }

    /// Requests the stop when SIGINT or SIGTERM comes; another such signal, a second or more later, ends the process. To be called once, before there
    /// are other threads: those that are started later leave these signals to a thread made for them.
    public func requestOnSignals() throws(RecordingError) {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGINT)
        unsafe sigaddset(&signals, SIGTERM)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
        _ = try SystemThread { [signals] in
            var signals = signals
            var received: Int32 = 0
            unsafe _ = sigwait(&signals, &received)
            self.request()
            // Who stops a group of processes sends the same signal twice (timeout(1) does): that is one wish.
            let end = ContinuousClock.now + .seconds(1)
            while ContinuousClock.now < end {
                var wait = timespec(tv_sec: 0, tv_nsec: 50_000_000)
                unsafe _ = sigtimedwait(&signals, nil, &wait)
            }
            // From here on a signal does what it does to every program.
            unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
            while true { pause() }
        }
    }
}
