import Foundation

/// Wireshark's program for the terminal, with the dissector of the spec.
enum Tshark {
    static let path = ["/usr/bin/tshark", "/usr/local/bin/tshark"].first { FileManager.default.isExecutableFile(atPath: $0) }
    static let isMissing = "tshark is not here: apt-get install tshark"

    /// Where it prints: a file, which holds what a pipe might not.
    static let output = "tshark.out"

    /// Shows a capture.
    /// - Returns: what it says on standard error.
    static func run(on capture: URL, _ arguments: [String], in folder: URL) throws -> String {
        let (output, errors) = (folder.appending(path: output), folder.appending(path: "tshark.err"))
        for file in [output, errors] { try Data().write(to: file) }
        let process = Process()
        process.executableURL = URL(filePath: path ?? "tshark")
        process.arguments = ["-X", "lua_script:\(DissectorFile.url.path)", "-r", capture.path] + arguments
        // A home of its own: otherwise the preferences and plugins of whoever runs this would be tested with it.
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": folder.path, "TZ": "UTC", "LC_ALL": "C.UTF-8"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        process.waitUntilExit()
        return String(decoding: try Data(contentsOf: errors), as: UTF8.self)
    }
}

/// A folder that goes with the value.
final class TemporaryFolder {
    let url = FileManager.default.temporaryDirectory.appending(path: "dissector-\(UUID().uuidString)")
    init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(at: url) }
    func file(_ name: String) -> URL { url.appending(path: name) }
}
