/// Asks again and again until something holds: other processes tell nobody when they are done.
enum Waiting {
    /// - Parameters:
    ///   - what: completes the sentence "waited for …".
    ///   - step: between two questions; the resolution of what is measured with it.
    ///   - holds: an error is as good as false; the last one is told when time is over.
    static func until(
        _ what: String, atMost limit: Duration = .seconds(120), step: Duration = .milliseconds(2),
        holds: () async throws -> Bool
    ) async throws {
        let end = ContinuousClock.now + limit
        var problem = ""
        while true {
            do {
                if try await holds() { return }
            } catch let error as MeasurementError {
                throw error
            } catch {
                problem = ", last: \(error)"
            }
            guard ContinuousClock.now < end else { throw MeasurementError("waited \(limit) for \(what)\(problem)") }
            try await pause(step)
        }
    }

    /// Lets time go by: for the machine to become quiet, or between two looks at something that tells nobody of its changes.
    static func pause(_ time: Duration) async throws { try await Task.sleep(for: time) }
}
