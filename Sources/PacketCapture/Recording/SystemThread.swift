internal import Glibc

/// A thread of its own, for work that may wait for disks, terminals or sockets.
public final class SystemThread: @unchecked Sendable {
    private final class Work {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    // Written once before anybody else has this object; `join` is called by one owner.
    private var thread = pthread_t()

    /// Starts at once.
    /// - Throws: `RecordingError.failed` when the system has no thread left.
    public init(_ body: @escaping @Sendable () -> Void) throws(RecordingError) {
        let work = unsafe Unmanaged.passRetained(Work(body))
        let code = unsafe pthread_create(
            &thread, nil,
            { argument in
                if let argument = unsafe argument { unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, work.toOpaque())
        guard code == 0 else {
            unsafe work.release()
            throw .failed(file: "a new thread", code: code)
        }
    }

    /// Waits for its end; to be called once.
    public func join() {
        pthread_join(thread, nil)
    }
}
