/// Something did not become true in time.
struct OutOfPatience: Error, CustomStringConvertible {
    let description: String
}

/// Asks again and again until something holds: other processes tell nobody when they are done.
enum Patience {
    private static let longestPause = Duration.milliseconds(50)

    /// - Parameters:
    ///   - what: completes the sentence "waited for …".
    ///   - limit: after which there is no more hope.
    ///   - holds: an error is as good as false; the last one is told when time is over.
    /// - Returns: how long it took.
    /// - Throws: `OutOfPatience`, or `CancellationError` when the task is cancelled.
    @discardableResult
    static func wait(
        for what: String, atMost limit: Duration = .seconds(30), until holds: () async throws -> Bool
    ) async throws
        -> Duration
    {
        let start = ContinuousClock.now
        var pause = Duration.milliseconds(2)
        var problem = ""
        while true {
            do {
                if try await holds() { return ContinuousClock.now - start }
            } catch let error as OutOfPatience {
                throw error
            } catch {
                problem = ", last: \(error)"
            }
            guard ContinuousClock.now - start < limit else {
                throw OutOfPatience(description: "waited \(limit) for \(what)\(problem)")
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, longestPause)
        }
    }
}
