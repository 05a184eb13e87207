import Testing

/// Something did not become true in time.
struct Impatience: Error, CustomStringConvertible {
    let description: String
}

/// Asks again and again until something holds. Another process tells nobody when it is done, so there is nothing to await.
/// - Parameter what: completes the sentence "waited for …".
/// - Throws: `Impatience` with the last error when the time is over.
@discardableResult
func eventually(
    _ what: String, within limit: Duration = .seconds(30), until holds: () async throws -> Bool
) async throws -> Duration {
    let start = ContinuousClock.now
    var pause = Duration.milliseconds(2)
    var problem = ""
    while true {
        do {
            if try await holds() { return ContinuousClock.now - start }
            problem = ""
        } catch let error as Hopeless {
            throw error
        } catch {
            problem = ", last: \(error)"
        }
        guard ContinuousClock.now - start < limit else {
            throw Impatience(description: "waited \(limit) for \(what)\(problem)")
        }
        try await Task.sleep(for: pause)
        pause = min(pause * 2, .milliseconds(50))
    }
}

/// Ends an `eventually` at once: it cannot become true any more.
struct Hopeless: Error, CustomStringConvertible {
    let description: String
}

/// Says in the test's output that it did not run, and why.
func skipLoudly(_ reason: String) throws {
    try Test.cancel("skipped: \(reason)")
}
