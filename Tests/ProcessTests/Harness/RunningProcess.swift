import Foundation
import Glibc

/// A process that was started by these tests, and that ends with them whatever happens.
final class RunningProcess: Sendable {
    private let process: Process
    let id: Int32

    init(_ process: Process) {
        self.process = process
        id = process.processIdentifier
        Undertaker.shared.watch(id)
    }

    var isRunning: Bool {
        let isRunning = process.isRunning
        if !isRunning { Undertaker.shared.forget(id) }
        return isRunning
    }

    /// The exit code, or 128 and the signal, as a shell shows it.
    var exitCode: Int32 {
        process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
    }

    func signal(_ number: Int32) {
        if process.isRunning { Glibc.kill(id, number) }
    }

    func kill() { signal(SIGKILL) }

    func waitForEnd() {
        process.waitUntilExit()
        Undertaker.shared.forget(id)
    }

    /// Highest resident memory so far, bytes, as the kernel counts it.
    var peakMemory: Int? { statusField("VmHWM") }
    /// Resident memory now, bytes.
    var memory: Int? { statusField("VmRSS") }

    private func statusField(_ name: String) -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8) else { return nil }
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + ":") }
        return line.flatMap { Int($0.split(whereSeparator: \.isWhitespace)[1]) }.map { $0 * 1024 }
    }
}

/// Ends the processes of a test run that crashed or was interrupted: a shell that reads what we start and what has ended, and kills
/// the rest when its input ends, which is when we are gone.
private final class Undertaker: Sendable {
    static let shared = Undertaker()
    private let input: FileHandle?

    private init() {
        let script = """
            trap '' INT TERM HUP
            while read -r sign pid; do
                if [ "$sign" = + ]; then pids="$pids $pid "; else pids=$(echo "$pids" | sed "s/ $pid / /"); fi
            done
            [ -z "${pids// /}" ] || kill -9 $pids
            """
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = ["-c", script]
        process.standardInput = pipe
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        do {
            try process.run()
            input = pipe.fileHandleForWriting
        } catch {
            input = nil
        }
    }

    func watch(_ id: Int32) { tell("+ \(id)\n") }
    func forget(_ id: Int32) { tell("- \(id)\n") }

    private func tell(_ line: String) {
        try? input?.write(contentsOf: Data(line.utf8))
    }
}
