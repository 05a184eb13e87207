import Dispatch
import Foundation
import Glibc
import Testing

/// Everything here starts the built program, one at a time: a machine may have two cores.
@Suite(.serialized) enum Wiredump {
    /// The built program, which stands beside the test bundle. `WIREDUMP_BINARY` names another one, such as a release build.
    static let binary: String = {
        if let path = ProcessInfo.processInfo.environment["WIREDUMP_BINARY"] { return path }
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return URL(filePath: own).deletingLastPathComponent().appending(path: "wiredump").path
    }()

    /// Where `timeout` is what bounds every run: it passes the exit code and the signals on, and gives 124 when the time is over.
    static let bounded = ["-k", "1", "60", binary]
}

/// What one run left behind.
struct Outcome {
    var code: Int32
    var output: Data
    var errors: String

    var text: String { String(decoding: output, as: UTF8.self) }
    var lines: [String] { text.split(separator: "\n").map(String.init) }
    /// Lines of frames: they begin with a number.
    var frames: [String] { lines.filter { $0.prefix(6).contains(where: \.isNumber) } }

    /// Whether standard error is one line by the program's name.
    var complainsOnce: Bool {
        errors.hasPrefix("wiredump: ") && errors.hasSuffix("\n") && errors.filter { $0 == "\n" }.count == 1
    }
}

/// A process of these tests.
final class RunningProgram {
    private let process = Process()
    private let ended = DispatchSemaphore(value: 0)
    private let errorPipe: Pipe?
    private var unread: [UInt8] = []

    /// - Parameter errors: where standard error goes; nil for `nextErrorLine`.
    init(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], input: FileHandle, output: FileHandle,
        errors: FileHandle?
    ) throws {
        errorPipe = errors == nil ? Pipe() : nil
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        var all = ProcessInfo.processInfo.environment
        all["NO_COLOR"] = nil
        process.environment = all.merging(environment) { $1 }
        process.standardInput = input
        process.standardOutput = output
        if let errors { process.standardError = errors } else { process.standardError = errorPipe }
        let ended = ended
        process.terminationHandler = { _ in ended.signal() }
        try process.run()
        try errorPipe?.fileHandleForWriting.close()
    }

    /// Nothing that waits for this process waits longer.
    func endLatest(after seconds: Int) {
        let process = process
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(seconds)) {
            if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        }
    }

    func signal(_ number: Int32) { if process.isRunning { kill(process.processIdentifier, number) } }

    /// - Returns: the exit code, of a signal 128 and its number.
    func waitForEnd() -> Int32 {
        guard ended.wait(timeout: .now() + 70) == .success else {
            signal(SIGKILL)
            Issue.record("a process did not end")
            return -1
        }
        return process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
    }

    /// The next line on standard error. Blocks until it is there; `timeout` ends the process when it never comes.
    func nextErrorLine() throws -> String {
        let handle = try #require(errorPipe).fileHandleForReading
        while true {
            if let end = unread.firstIndex(of: 0x0A) {
                defer { unread.removeSubrange(...end) }
                return String(decoding: unread[..<end], as: UTF8.self)
            }
            let more = handle.availableData
            try #require(!more.isEmpty, "standard error ended after \(String(decoding: unread, as: UTF8.self))")
            unread += more
        }
    }

    /// What is left on standard error, to its end.
    func otherErrors() -> String {
        let rest = (try? errorPipe?.fileHandleForReading.readToEnd()) ?? Data()
        return String(decoding: unread + rest, as: UTF8.self)
    }
}

extension Wiredump {
    /// Runs the program to its end.
    /// - Parameter input: of standard input.
    static func run(_ arguments: [String], environment: [String: String] = [:], input: Data = Data()) throws -> Outcome {
        try run("/usr/bin/timeout", bounded + arguments, environment: environment, input: input)
    }

    /// Runs a script in which `$0` is the program.
    static func shell(_ script: String, _ arguments: [String]) throws -> Outcome {
        try run("/usr/bin/timeout", ["-k", "1", "60", "/bin/bash", "-c", script, binary] + arguments)
    }

    /// Files hold what is said: pipes would block the program while nobody reads.
    private static func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], input: Data = Data()
    ) throws -> Outcome {
        try withFolder { folder in
            let (out, err, into) = (folder / "out", folder / "err", folder / "in")
            for file in [out, err] { try Data().write(to: URL(filePath: file)) }
            try input.write(to: URL(filePath: into))
            let running = try RunningProgram(
                program, arguments, environment: environment, input: try FileHandle(forReadingFrom: URL(filePath: into)),
                output: try FileHandle(forWritingTo: URL(filePath: out)), errors: try FileHandle(forWritingTo: URL(filePath: err))
            )
            let code = running.waitForEnd()
            let errors = String(decoding: try Data(contentsOf: URL(filePath: err)), as: UTF8.self)
            return Outcome(code: code, output: try Data(contentsOf: URL(filePath: out)), errors: errors)
        }
    }

    /// Starts the program and reads what it says on standard error.
    static func start(_ arguments: [String], output: String) throws -> RunningProgram {
        try Data().write(to: URL(filePath: output))
        let running = try RunningProgram(
            binary, arguments, input: FileHandle.nullDevice, output: try FileHandle(forWritingTo: URL(filePath: output)), errors: nil)
        running.endLatest(after: 60)
        return running
    }

    /// Runs the program with a standard output that nobody reads any more.
    static func runIntoClosedPipe(_ arguments: [String]) throws -> (code: Int32, errors: String) {
        let pipe = Pipe()
        try pipe.fileHandleForReading.close()
        let running = try RunningProgram(
            "/usr/bin/timeout", bounded + arguments, input: FileHandle.nullDevice, output: pipe.fileHandleForWriting, errors: nil)
        let errors = running.otherErrors()
        return (running.waitForEnd(), errors)
    }
}

/// A folder that is gone afterwards.
func withFolder<Result>(_ body: (Folder) throws -> Result) throws -> Result {
    let url = FileManager.default.temporaryDirectory.appending(path: "wiredump-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: url) }
    return try body(Folder(path: url.path))
}

struct Folder {
    let path: String

    static func / (folder: Folder, name: String) -> String { folder.path + "/" + name }

    /// - Returns: the path of a new file.
    func file(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
        try Data(bytes).write(to: URL(filePath: self / name))
        return self / name
    }
}

/// What the repository holds.
enum Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    static func capture(_ name: String) -> String { root.appending(path: "Tests/Captures/\(name)").path }

    /// All captures, in the order of their names.
    static let captures = [
        "cut.pcap", "gap.pcapng", "join.pcap", "leave.pcapng", "middle.pcap", "packed.pcap.gz", "partition.pcap",
        "replication.pcapng", "secret.pcap", "watch.pcap",
    ]
}

/// An object of JSON.
func object(_ text: some StringProtocol) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "no object: \(text)")
}
