import Foundation
import PacketCapture
import Testing
import TrafficDecoder

/// What wiredump prints of a capture.
enum Wiredump {
    /// The built program, which stands beside the test bundle; nil when the core is built alone.
    static let program: URL? = {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        let url = URL(filePath: own).deletingLastPathComponent().appending(path: "wiredump")
        return FileManager.default.isExecutableFile(atPath: url.path) ? url : nil
    }()

    /// The lines of `wiredump --json`. Without the program the library that it consists of makes them.
    static func json(of capture: URL, in folder: URL) throws -> String {
        guard let program else { return try library(capture) }
        let (output, errors) = (folder.appending(path: "wiredump.out"), folder.appending(path: "wiredump.err"))
        for file in [output, errors] { try Data().write(to: file) }
        let process = Process()
        process.executableURL = program
        process.arguments = ["--json", capture.path]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        process.waitUntilExit()
        // 4 when packets are missing.
        let isFine = process.terminationStatus == 0 || process.terminationStatus == 4
        let said = try String(contentsOf: errors, encoding: .utf8)
        #expect(isFine, "\(capture.lastPathComponent): exit code \(process.terminationStatus): \(said)")
        return try String(contentsOf: output, encoding: .utf8)
    }

    private static func library(_ capture: URL) throws -> String {
        let text = Collected()
        let output = FrameForm.json.output(ViewOptions(), FrameSelection()) { text.append($0) }
        let decoder = TrafficDecoder(.everything, output)
        var reassembler = Reassembler()
        var reader = try CaptureReader(opening: capture.path)
        while try reader.next({ reassembler.take($0, $1, into: decoder) }) {}
        reassembler.finish(into: decoder)
        output.finish()
        return String(decoding: text.bytes, as: UTF8.self)
    }

    private final class Collected {
        private(set) var bytes: [UInt8] = []
        func append(_ span: Span<UInt8>) -> Bool {
            for index in span.indices { bytes.append(span[index]) }
            return true
        }
    }
}
