import Dispatch
import Foundation
import Glibc
import ProgramTerminal
import Synchronization

/// Processes that were started, directories and network namespaces that were made: nothing stays behind, however this program ends.
final class Leftovers: Sendable {
    static let shared = Leftovers()

    private struct State {
        /// Each with the signal that ends it and all that it started.
        var processes: [Int32: Int32] = [:]
        var directories: Set<String> = []
        var namespaces: Set<String> = []
        /// Once everything was cleared nothing may start any more.
        var isClosed = false
    }

    private let state = Mutex(State())
    private let clearing = Mutex(())

    /// Starts a process, which is known here before anybody can end this program.
    /// - Parameter signal: SIGKILL, or SIGTERM for a process that must end others before itself.
    func start(_ process: Process, endedBy signal: Int32 = SIGKILL) throws {
        try state.withLock { state in
            guard !state.isClosed else { throw MeasurementError("interrupted") }
            try SignalMask.withNothingBlocked { try process.run() }
            state.processes[process.processIdentifier] = signal
        }
    }

    func remove(process: Int32) { state.withLock { $0.processes[process] = nil } }
    func add(directory: String) { state.withLock { _ = $0.directories.insert(directory) } }
    func add(namespace: String) { state.withLock { _ = $0.namespaces.insert(namespace) } }

    /// Whether `clear` was called: what fails from then on is no news.
    var isCleared: Bool { state.withLock { $0.isClosed } }

    /// Ends and removes everything; nothing can be started afterwards. Whoever calls this meanwhile waits.
    /// - Parameter end: called when everything is gone, before anybody else who waits goes on.
    func clear(then end: () -> Void = {}) {
        clearing.withLock { _ in
            let left = state.withLock { state in
                defer {
                    state = State()
                    state.isClosed = true
                }
                return state
            }
            for (process, signal) in left.processes {
                kill(process, SIGCONT)
                kill(process, signal)
                // Until it is gone it may still make files in what is removed next.
                if signal == SIGKILL { waitpid(process, nil, 0) }
            }
            for namespace in left.namespaces { Self.remove(namespace: namespace) }
            for directory in left.directories { Self.remove(directory: directory) }
            end()
        }
    }

    private static func remove(directory: String) {
        // A process that is about to end may still make a file where others were just removed.
        for _ in 0..<3 where FileManager.default.fileExists(atPath: directory) {
            try? FileManager.default.removeItem(atPath: directory)
        }
    }

    private static func remove(namespace: String) {
        // Not there: it was never made, or somebody else removed it.
        guard FileManager.default.fileExists(atPath: "/run/netns/\(namespace)") else { return }
        let process = Process()
        process.executableURL = SystemProgram.url("ip")
        process.arguments = ["netns", "delete", namespace]
        guard (try? SignalMask.withNothingBlocked { try process.run() }) != nil else { return }
        process.waitUntilExit()
    }

    /// Makes Ctrl-C and `kill` clear up first, as long as the result lives.
    func clearOnSignals() -> [any DispatchSourceSignal] {
        [SIGINT, SIGTERM, SIGHUP].map { number in
            // A handler, not SIG_IGN: what is ignored here would be ignored by every process that is started.
            signal(number) { _ in }
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                Progress.clear()
                Leftovers.shared.clear { exit(128 + number) }
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
