import Dispatch
import Glibc

/// Lets work run until it is done or until someone presses Ctrl-C.
enum Interruption {
    enum Ending {
        case finished
        case failed(any Error)
        case interrupted
    }

    /// - Parameters:
    ///   - work: cancelled at the first SIGINT, SIGTERM or SIGHUP.
    ///   - onInterrupt: called then, before the cancellation.
    /// - Returns: when `work` has returned, whatever ended it.
    static func race(
        _ work: @escaping @Sendable () async throws -> Void, onInterrupt: @escaping @Sendable () -> Void
    ) async -> Ending {
        let (signals, continuation) = AsyncStream.makeStream(of: Void.self)
        let sources = [SIGINT, SIGTERM, SIGHUP].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield() }
            source.resume()
            return source
        }
        defer { for source in sources { source.cancel() } }
        return await withTaskGroup(of: Ending?.self) { group in
            group.addTask {
                do {
                    try await work()
                    return .finished
                } catch {
                    return .failed(error)
                }
            }
            group.addTask {
                for await _ in signals {
                    onInterrupt()
                    return .interrupted
                }
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            await group.waitForAll()
            return first ?? .finished
        }
    }
}
