import Foundation

/// Wireshark's program for the terminal, as a judge that shares nothing with this project.
enum Tshark {
    static let path = ["/usr/bin/tshark", "/usr/local/bin/tshark"].first { FileManager.default.isExecutableFile(atPath: $0) }

    /// Its output lines for a file.
    static func lines(_ file: String, _ arguments: [String]) throws -> [String] {
        let process = Process()
        process.executableURL = URL(filePath: path ?? "tshark")
        process.arguments = ["-r", file] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// What it finds odd about the TCP of a file: packet number and finding.
    static func oddities(_ file: String) throws -> [String] {
        let checks = ["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]
        let filter = "tcp.analysis.flags || tcp.checksum.status != 1 || (ip && ip.checksum.status != 1) || _ws.malformed"
        return try lines(file, checks + ["-Y", filter, "-T", "fields", "-e", "frame.number", "-e", "_ws.col.Info"])
    }
}
