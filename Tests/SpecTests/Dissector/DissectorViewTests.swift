import ClusterModel
import Foundation
import Testing
import WireFormat

/// What people see of the dissector besides the fields: the info column, expert infos, preferences.
@Suite(.enabled(if: Tshark.path != nil, Comment(rawValue: Tshark.isMissing))) struct DissectorViewTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func lines(_ frames: [[UInt8]], _ arguments: [String]) throws -> [String] {
        let file = folder.file("view.pcapng")
        var capture = try MadeCapture(file, seed: 1, segments: 65000...65000)
        capture.link(frames.flatMap { $0 })
        try capture.finish()
        let errors = try Tshark.run(on: file, ["-Y", "tablewire"] + arguments, in: folder.url)
        #expect(!errors.contains("Lua"), "\(errors)")
        let text = try String(contentsOf: folder.file(Tshark.output), encoding: .utf8)
        return text.split(separator: "\n").map(String.init)
    }

    private static let experts = ["malformed", "gap", "skipped", "unknown", "header", "cut", "long", "checksum"]

    /// What the dissector objects to.
    private func objections(_ frames: [[UInt8]], _ arguments: [String] = []) throws -> Set<String> {
        let columns = Self.experts.flatMap { ["-e", "tablewire.expert.\($0)"] }
        return try lines(frames, ["-T", "fields"] + columns + arguments).reduce(into: []) { found, line in
            let cells = line.split(separator: "\t", omittingEmptySubsequences: false)
            for (name, cell) in zip(Self.experts, cells) where !cell.isEmpty { found.insert(name) }
        }
    }

    /// Three frames: an operation on the table `t`, a call without arguments, a CLOSE.
    private static let conversation: FrameBytes = {
        var frames = FrameBytes()
        // table "t", origin, first 9, one group with one operation: put "key" = "value"
        let groups: [UInt8] =
            [0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 1] + [1, 0, 0, 0, 3, 0, 0, 0, 5] + Array("key".utf8) + Array("value".utf8)
        let origin = [UInt8](repeating: 0, count: 15) + [7] + [0, 0, 0, 0, 0, 0, 0, 5]
        let head = [0, 1] + Array("t".utf8) + origin + [0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, UInt8(groups.count)]
        frames.append(type: MessageType.operations.rawValue, lane: 2, body: head + groups)
        frames.append(type: MessageType.call.rawValue, lane: 2, stream: 4, body: [3, 1])
        frames.append(type: MessageType.close.rawValue, lane: 0, body: MessageCodec.encode(.close(Close(.leaving, text: "bye"))))
        return frames
    }()

    @Test func eachFrameOfAPacketIsInItsLine() throws {
        let info = try lines(Self.conversation.frames, ["-T", "fields", "-e", "_ws.col.Protocol", "-e", "_ws.col.Info"])
        #expect(info == ["Tablewire\tpreface | OPERATIONS 0 t first=9 count=1 | CALL 1 #4 nodeInfo | CLOSE 2 LEAVING bye"])
    }

    @Test func valuesAreShownOnlyWhenAsked() throws {
        let fields = ["-T", "fields", "-e", "tablewire.operations.groups.operations.key"]
        let both = fields + ["-e", "tablewire.operations.groups.operations.value"]
        #expect(try lines(Self.conversation.frames, both) == ["6b6579\t"])
        #expect(try lines(Self.conversation.frames, both + ["-o", "tablewire.show_values:TRUE"]) == ["6b6579\t76616c7565"])
        let text = try lines(Self.conversation.frames, ["-O", "tablewire", "-o", "tablewire.show_values:TRUE"])
        for line in ["key: \"key\"", "value: 5 bytes", "value: \"value\"", "stamp: 1970-01-01T00:00:00.001Z/2 (65538)"] {
            #expect(text.contains { $0.trimmingCharacters(in: .whitespaces) == line }, "\(line)")
        }
    }

    @Test func theBodyIsCheckedOnlyWhenAsked() throws {
        var frames = Self.conversation.frames
        #expect(try objections(frames, ["-o", "tablewire.check_body:TRUE"]) == [])
        frames[2][40] ^= 1
        #expect(try objections(frames) == [])
        #expect(try objections(frames, ["-o", "tablewire.check_body:TRUE"]) == ["checksum"])
    }

    @Test func whatIsWrongIsSaid() throws {
        let frames = Self.conversation.frames
        #expect(try objections([frames[0], frames[2]]) == ["gap"])
        #expect(try objections([frames[0], [1, 2, 3], frames[1]]) == ["skipped"])
        #expect(try objections([frames[0], frames[1].map { $0 ^ 1 }, frames[2]]) == ["skipped", "gap"])
        var others = FrameBytes()
        others.append(type: MessageType.cancel.rawValue, lane: 2, stream: 1, body: [0])
        #expect(try objections(others.frames) == ["malformed"])
        others = FrameBytes()
        others.append(type: 0xFA01, lane: 0, body: [0])
        #expect(try objections(others.frames) == ["unknown"])
        var header: [UInt8] = []
        FrameHeader(type: 6, flags: 0, lane: 0, bodyLength: 1 << 30, stream: 0, sequence: 0, bodyCRC: 0).append(to: &header)
        #expect(try objections([header, frames[0]]) == ["header"])
    }

    /// The line of a packet is the same when nobody looks at its fields, and when it is dissected again.
    @Test(arguments: ["packed.pcap.gz", "gap.pcapng"]) func theLineIsAlwaysTheSame(_ name: String) throws {
        func lines(_ arguments: [String]) throws -> [String] {
            _ = try Tshark.run(on: DissectorTests.captures.appending(path: name), arguments, in: folder.url)
            let text = try String(contentsOf: folder.file(Tshark.output), encoding: .utf8)
            return text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        }
        let onlyLine = ["-o", "gui.column.format:\"Info\",\"%i\""]
        let full = try lines(["-T", "fields", "-e", "_ws.col.Info"])
        #expect(full.contains { $0.contains(" | ") })
        #expect(try lines(onlyLine) == full)
        #expect(try lines(onlyLine + ["-2"]) == full)
    }

    /// Wireshark gives up a packet with a million items.
    @Test func aHugeMessageIsShownInPart() throws {
        // SNAP_REQUEST: table "t", buckets 0 to 0, and a vector of 250 000 entries with five items each.
        var body = [0, 1] + Array("t".utf8) + [0, 0, 0, 0] + [0, 3, 0xD0, 0x90]
        for number in 0..<250_000 as Range<UInt32> {
            body += [UInt8](repeating: 0, count: 12) + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
            body += [UInt8](repeating: 1, count: 16)
        }
        var frames = FrameBytes()
        var rest = body[...]
        while !rest.isEmpty {
            let part = rest.prefix(200_000)
            rest = rest.dropFirst(part.count)
            frames.append(
                type: MessageType.snapRequest.rawValue, flags: rest.isEmpty ? 0 : 1, lane: 2, stream: 1, body: Array(part))
        }
        #expect(try objections(frames.frames) == ["long"])
    }
}
