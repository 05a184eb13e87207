import Foundation

/// Programs of the system, found by name.
enum SystemProgram {
    /// Where programs of root stand, in case PATH is that of somebody else.
    private static let more = ["/usr/local/sbin", "/usr/sbin", "/sbin"]

    static func url(_ name: String) -> URL? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        return (path.split(separator: ":").map(String.init) + more).map { URL(filePath: $0).appending(path: name) }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
    }

    /// - Throws: a line that names all that are missing.
    static func require(_ names: [String], for what: String) throws {
        let missing = names.filter { url($0) == nil }
        guard missing.isEmpty else {
            throw MeasurementError("\(what) needs what is not installed: \(missing.joined(separator: ", "))")
        }
    }

    /// Runs a program to its end.
    /// - Parameter output: where its standard output goes; it must exist.
    /// - Throws: the last line of its standard error, when it does not end with 0.
    static func run(_ name: String, _ arguments: [String], input: URL? = nil, output: URL? = nil) async throws {
        guard let program = url(name) else { throw MeasurementError("\(name) is not installed") }
        // A pipe holds more than these programs ever complain.
        let errors = Pipe()
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.standardInput = try input.map { try FileHandle(forReadingFrom: $0) } ?? FileHandle.nullDevice
        process.standardOutput = try output.map { try FileHandle(forWritingTo: $0) } ?? FileHandle.nullDevice
        process.standardError = errors
        try Leftovers.shared.start(process)
        defer { Leftovers.shared.remove(process: process.processIdentifier) }
        try await Waiting.until("the end of \(name)", atMost: .seconds(600), step: .milliseconds(1)) { !process.isRunning }
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            let complaint = (try? errors.fileHandleForReading.readToEnd()) ?? Data()
            let last = String(decoding: complaint, as: UTF8.self).split(separator: "\n").last
            let command = ([name] + arguments.prefix(8)).joined(separator: " ")
            throw MeasurementError("\(command): \(last.map(String.init) ?? "it ended with \(process.terminationStatus)")")
        }
    }
}
