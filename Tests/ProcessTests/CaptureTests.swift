import ClusterModel
import Foundation
import Glibc
import PacketCapture
import Testing

extension Scenarios {
    /// `tablewire node --capture FILE`.
    @Suite struct CaptureTests {
        /// What passed until then can be read while the node runs, and after it was killed in the middle of its work.
        @Test func whatPassedIsInTheFileAlsoAfterAKill() async throws {
            try await withTestbed { testbed in
                let file = testbed.directory.appending(path: "n1.pcapng")
                let node = try await testbed.node("n1", options: ["--capture", file.path])
                try await node.start()
                let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
                #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
                let table = try TableDefinition.named("rows")
                try await node.create(table)
                try await node.put("the-key", "the-value", in: table)
                try await eventually("the row to be in the file") { try Capture(file).contains("the-value") }
                try await node.kill()
                let capture = try Capture(file)
                #expect(capture.contains("the-key"))
                #expect(capture.beginsWithPreface)
                // The next start begins a new one.
                try await node.start()
                #expect(try await node.stop() == 0)
                let next = try Capture(file)
                #expect(!next.contains("the-key"))
                #expect(next.isWhole)
            }
        }

        /// Only root may mount a small disk.
        @Test(.enabled(if: geteuid() == 0, "a small disk can only be mounted by root"))
        func aFullDiskEndsTheCaptureAndNotTheNode() async throws {
            try await withTestbed { testbed in
                let disk = testbed.directory.appending(path: "small")
                try FileManager.default.createDirectory(at: disk, withIntermediateDirectories: false)
                let mounted = try await Program.run(
                    ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk.path], of: URL(filePath: "/bin/mount"),
                    files: testbed.directory)
                guard mounted.code == 0 else { return try skipLoudly("cannot mount a small disk: \(mounted.errors)") }
                defer { _ = unsafe umount2(disk.path, Int32(MNT_DETACH)) }
                let file = disk.appending(path: "n1.pcapng")
                let node = try await testbed.node("n1", options: ["--capture", file.path])
                try await node.start()
                let table = try TableDefinition.named("rows")
                try await node.create(table)
                // 3 MB; a heartbeat has to pass after the disk is full, so that it is told.
                try await node.fill(table, rows: 3000, valueSize: 1000)
                let line = try await node.waitForLog("the capture has ended", "disk is full")
                #expect(line.contains(file.path), "\(line)")
                try await node.put("another", "row", in: table)
                #expect(try await node.rows(in: table) == 3001)
                try await eventually("the lost bytes to be counted") { try await node.counter("capture.bytes_lost") > 0 }
                #expect(try await node.stop() == 0)
                let capture = try Capture(file)
                #expect(capture.isWhole)
                #expect(capture.beginsWithPreface)
                #expect(capture.contains("row-0000001"))
                #expect(!capture.contains("another"))
            }
        }

        @Test func aCaptureThatCannotBeWrittenIsNamed() async throws {
            try await withTestbed { testbed in
                let node = try await testbed.node("n1", options: ["--capture", testbed.directory.path])
                #expect(try await node.startToFail() == 1)
                #expect(node.lastWords.contains("cannot write a capture to \(testbed.directory.path)"), "\(node.lastWords)")
            }
        }
    }
}

/// What a capture has of all connections.
final class Capture: StreamSink {
    private var streams: [Int: [Direction: [UInt8]]] = [:]
    private(set) var isWhole = true

    init(_ file: URL) throws {
        var reassembler = Reassembler()
        var reader = try CaptureReader(opening: file.path)
        do throws(CaptureError) {
            while try reader.next({ reassembler.take($0, $1, into: self) }) {}
        } catch {
            isWhole = false
        }
        reassembler.finish(into: self)
    }

    func contains(_ text: String) -> Bool {
        streams.values.contains { $0.values.contains { $0.firstRange(of: Array(text.utf8)) != nil } }
    }

    var beginsWithPreface: Bool {
        !streams.isEmpty && streams.values.allSatisfy { $0.values.allSatisfy { $0.starts(with: Preface.magic) } }
    }

    func began(_ flow: Flow, at time: Timestamp) {}

    func received(_ bytes: Span<UInt8>, _ direction: Direction, of flow: Int, at time: Timestamp) {
        unsafe bytes.withUnsafeBufferPointer { unsafe streams[flow, default: [:]][direction, default: []].append(contentsOf: $0) }
    }

    func lost(_ count: Int?, _ direction: Direction, of flow: Int, at time: Timestamp) {}
    func ended(_ direction: Direction, of flow: Int, by end: FlowEnd, at time: Timestamp) {}
}
