import ClusterModel
import Foundation
import PacketCapture
import Testing

@testable import NodeRuntime

@Suite struct CaptureTests {
    /// What one node sent is what the other received: two captures of the same links, made at their two ends, agree.
    @Test func aNodeWritesWhatPassesOnItsLinks() async throws {
        let files = try TemporaryFiles()
        try await withNodes { nodes in
            let n1 = try await nodes.start(1) { $0.capture = files.path("n1.pcapng") }
            let n2 = try await nodes.start(2) { $0.capture = files.path("n2.pcapng") }
            let table = try #require(TableName("zones"))
            try await n1.create(table)
            try await n2.join(n1)
            try await n1.waitForMembers(2)
            for number in 0..<100 { try await n1.put(table, "zone-\(number)", String(repeating: "v", count: 5000)) }
            #expect(try await n2.get(table, "zone-99").count == 1)
        }
        let (first, second) = (try CapturedLinks(files.path("n1.pcapng")), try CapturedLinks(files.path("n2.pcapng")))
        #expect(first.ends == second.ends)
        #expect(first.ends.count >= 2, "a link to join, and the link of members")
        for ends in first.ends {
            for direction in Direction.allCases {
                let (here, there) = (first.bytes(ends, direction), second.bytes(ends, direction))
                #expect(here.starts(with: Preface.magic))
                // Of what was said last, one end may not have heard all before it closed.
                #expect(here.starts(with: there) || there.starts(with: here))
                #expect(min(here.count, there.count) > 200)
            }
        }
        let all = first.ends.map { first.bytes($0, .forward) + first.bytes($0, .backward) }
        #expect(all.contains { $0.count > 500_000 && $0.firstRange(of: Array("zone-99".utf8)) != nil })
        #expect(first.lost == 0 && second.lost == 0)
        #expect(first.endsOfDirections.contains(.finished))
    }

    @Test func withoutACaptureNothingIsInTheWay() async throws {
        try await withNodes { nodes in
            let n1 = try await nodes.start(1)
            guard case .nodeInfo(let info) = try await n1.call(.nodeInfo) else { throw CallFailed(code: nil, text: "no info") }
            #expect(info.counters.first { $0.name == "capture.bytes_lost" }?.value == 0)
        }
    }

    @Test func aCaptureThatCannotBeWrittenIsSaidAtOnce() async throws {
        let files = try TemporaryFiles()
        try await withNodes { nodes in
            await #expect(
                throws: NodeError("cannot write a capture to \(files.directory): this is a directory; name the file to write")
            ) {
                _ = try await nodes.start(1) { $0.capture = files.directory }
            }
            await #expect(throws: NodeError("cannot write a capture to /dev/full: the disk is full")) {
                _ = try await nodes.start(1) { $0.capture = "/dev/full" }
            }
        }
    }

    /// Started twice by mistake, the second node must not empty what the first one writes.
    @Test func aSecondNodeOnTheSameDataLeavesTheCaptureAlone() async throws {
        let files = try TemporaryFiles()
        try await withNodes { nodes in
            let n1 = try await nodes.start(1) { $0.capture = files.path("n1.pcapng") }
            let size = try files.size("n1.pcapng")
            #expect(size > 0)
            await #expect(throws: NodeError.self) { _ = try await RunningNode(n1.configuration) }
            #expect(try files.size("n1.pcapng") >= size)
        }
    }
}

/// A directory that is removed with this.
private final class TemporaryFiles: Sendable {
    let directory: String

    init() throws {
        directory = NSTemporaryDirectory() + "tablewire-capture-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    func path(_ name: String) -> String { directory + "/" + name }

    func size(_ name: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path(name))
        return (attributes[.size] as? NSNumber)?.intValue ?? 0
    }
}

/// The links of a capture, by their two ends.
private final class CapturedLinks: StreamSink {
    struct Ends: Hashable {
        var first: Endpoint
        var second: Endpoint
    }

    private(set) var ends: Set<Ends> = []
    private var links: [Int: Ends] = [:]
    private var streams: [Ends: [Direction: [UInt8]]] = [:]
    private(set) var lost = 0
    private(set) var endsOfDirections: Set<FlowEnd> = []

    init(_ file: String) throws {
        var reader = try CaptureReader(opening: file)
        var reassembler = Reassembler()
        while try reader.next({ reassembler.take($0, $1, into: self) }) {}
        reassembler.finish(into: self)
        #expect(reader.summary.droppedPackets == 0)
    }

    func bytes(_ ends: Ends, _ direction: Direction) -> [UInt8] { streams[ends]?[direction] ?? [] }

    func began(_ flow: Flow, at time: Timestamp) {
        #expect(flow.isFromStart)
        let ends = Ends(first: flow.first, second: flow.second)
        self.ends.insert(ends)
        links[flow.number] = ends
    }

    func received(_ bytes: Span<UInt8>, _ direction: Direction, of flow: Int, at time: Timestamp) {
        guard let ends = links[flow] else { return }
        unsafe bytes.withUnsafeBufferPointer { unsafe streams[ends, default: [:]][direction, default: []].append(contentsOf: $0) }
    }

    func lost(_ count: Int?, _ direction: Direction, of flow: Int, at time: Timestamp) { lost += 1 }

    func ended(_ direction: Direction, of flow: Int, by end: FlowEnd, at time: Timestamp) { endsOfDirections.insert(end) }
}
