import Glibc
import ProgramTerminal

/// One line on standard error that grows with the work, for people who wait longer than a second.
struct ProgressMeter {
    private let isShown = Terminal.isTerminal(STDERR_FILENO)
    private let clock = ContinuousClock()
    private let start = ContinuousClock.now
    private var next = ContinuousClock.now + .seconds(1)
    private var hasLine = false

    mutating func show(_ progress: LoadProgress) {
        guard isShown, clock.now >= next else { return }
        next = clock.now + .milliseconds(200)
        hasLine = true
        let seconds = Quantity.seconds(clock.now - start)
        StandardError.write("\r\u{1B}[K\(Quantity.count(progress.rows, "row")), \(progress.rate(seconds: seconds))")
    }

    /// Leaves no trace of the line.
    mutating func clear() {
        guard hasLine else { return }
        hasLine = false
        StandardError.write("\r\u{1B}[K")
    }
}
