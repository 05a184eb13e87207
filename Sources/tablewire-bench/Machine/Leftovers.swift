import Dispatch
import Foundation
import Glibc
import Synchronization

/// Processes that were started and directories that were made: nothing stays behind, however this program ends.
final class Leftovers: Sendable {
    static let shared = Leftovers()

    private struct State {
        /// Each with the signal that ends it and all that it started.
        var processes: [Int32: Int32] = [:]
        var directories: Set<String> = []
        var isInterrupted = false
    }

    private let state = Mutex(State())

    /// Starts a process, which is known here before anybody can end this program.
    /// - Parameter signal: SIGKILL, or SIGTERM for a process that must end others before itself.
    func start(_ process: Process, endedBy signal: Int32 = SIGKILL) throws {
        try state.withLock { state in
            guard !state.isInterrupted else { throw MeasurementError("interrupted") }
            try SignalMask.withNothingBlocked { try process.run() }
            state.processes[process.processIdentifier] = signal
        }
    }

    func remove(process: Int32) { state.withLock { $0.processes[process] = nil } }
    func add(directory: String) { state.withLock { _ = $0.directories.insert(directory) } }

    /// Ends and removes everything; returns when that is done, also when somebody else is at it.
    func clear() {
        state.withLock { state in
            for (process, signal) in state.processes {
                kill(process, SIGCONT)
                kill(process, signal)
                // Until it is gone it may still make files in what is removed next.
                if signal == SIGKILL { waitpid(process, nil, 0) }
            }
            for directory in state.directories { try? FileManager.default.removeItem(atPath: directory) }
            state.processes = [:]
            state.directories = []
        }
    }

    /// Whether a signal ends this program: what fails from now on fails because its nodes are gone.
    var isInterrupted: Bool { state.withLock { $0.isInterrupted } }

    /// Makes Ctrl-C and `kill` clear up first, as long as the result lives.
    func clearOnSignals() -> [any DispatchSourceSignal] {
        [SIGINT, SIGTERM, SIGHUP].map { number in
            // A handler, not SIG_IGN: what is ignored here would be ignored by every process that is started.
            signal(number) { _ in }
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                self.state.withLock { $0.isInterrupted = true }
                Progress.clear()
                self.clear()
                exit(128 + number)
            }
            source.resume()
            return source
        }
    }
}

/// Which signals the current thread lets through.
enum SignalMask {
    /// A process inherits the mask of the thread that starts it. Threads of the pool block everything: a program that was started
    /// from one could not be ended with SIGTERM, nor could what it starts.
    static func withNothingBlocked(_ body: () throws -> Void) rethrows {
        var (none, before) = (sigset_t(), sigset_t())
        unsafe sigemptyset(&none)
        unsafe pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { unsafe _ = pthread_sigmask(SIG_SETMASK, &before, nil) }
        try body()
    }
}
