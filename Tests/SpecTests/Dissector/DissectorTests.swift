import ClusterModel
import Foundation
import Testing
import WireFormat

/// What tshark shows with the dissector is what `wiredump --json` says, field by field: `ComparedFrame+PDML.swift` and
/// `ComparedFrame+JSON.swift` say how the two are brought into one form.
@Suite(.enabled(if: Tshark.path != nil, Comment(rawValue: Tshark.isMissing))) struct DissectorTests {
    static let captures = SpecDirectory.root.appending(path: "Tests/Captures")
    private let document: ProtocolDocument
    private let folder: TemporaryFolder

    init() throws {
        document = try ProtocolDocument.load()
        folder = try TemporaryFolder()
    }

    // MARK: Both tools

    /// Runs tshark, which may say no error of its own.
    /// - Returns: the file with what it prints.
    private func tshark(_ capture: URL, _ arguments: [String]) throws -> URL {
        let errors = try Tshark.run(on: capture, arguments, in: folder.url)
        #expect(errors.split(separator: "\n").filter { !$0.contains("Running as user") } == [])
        return folder.file(Tshark.output)
    }

    /// The frames that tshark shows.
    private func shown(_ capture: URL, _ options: [String] = []) throws -> [ComparedFrame] {
        let names = [
            "frame.number", "ip.src", "ipv6.src", "tcp.srcport", "ip.dst", "ipv6.dst", "tcp.dstport", "_ws.lua.error",
            "_ws.malformed",
        ]
        let table = try tshark(
            capture, options + ["-Y", "tablewire || _ws.lua.error", "-T", "fields"] + names.flatMap { ["-e", $0] })
        var ends: [String: (from: String, to: String)] = [:]
        for line in try String(contentsOf: table, encoding: .utf8).split(separator: "\n") {
            let cells = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            try #require(cells.count == names.count)
            #expect(cells[7] == "", "\(capture.lastPathComponent), packet \(cells[0])")
            ends[cells[0]] = (
                "\(cells[1])\(cells[2].isEmpty ? "" : "[\(cells[2])]"):\(cells[3])",
                "\(cells[4])\(cells[5].isEmpty ? "" : "[\(cells[5])]"):\(cells[6])"
            )
        }
        let details = try PDML(reading: tshark(capture, options + ["-Y", "tablewire", "-T", "pdml", "-J", "tablewire"]))
        #expect(details.packets.count == ends.count)
        return try details.packets.flatMap { packet in
            let number = try #require(packet.first("num")?.show)
            let (from, to) = try #require(ends[number], "packet \(number)")
            return ComparedFrame.frames(in: packet, from: from, to: to)
        }
    }

    /// - Returns: how many frames both tools show.
    @discardableResult
    private func compare(_ capture: URL, comparingTimes: Bool = true) throws -> Int {
        var shown = try shown(capture)
        var dumped = try ComparedFrame.frames(in: Wiredump.json(of: capture, in: folder.url))
        if !comparingTimes {
            for index in shown.indices { shown[index].values["time"] = nil }
            for index in dumped.indices { dumped[index].values["time"] = nil }
        }
        let differences = Comparison.differences(shown: shown, dumped: dumped)
        #expect(differences.isEmpty, "\(capture.lastPathComponent):\n\(differences.prefix(20).joined(separator: "\n"))")
        return dumped.count { !$0.isCut }
    }

    /// - Returns: how many frames of a capture that is made up both tools show.
    @discardableResult
    private func compare(seed: UInt64 = 1, comparingTimes: Bool = true, _ make: (inout MadeCapture) throws -> Void) throws -> Int
    {
        let file = folder.file("made.pcapng")
        var capture = try MadeCapture(file, seed: seed)
        try make(&capture)
        try capture.finish()
        return try compare(file, comparingTimes: comparingTimes)
    }

    // MARK: Real traffic

    static let recorded = [
        "join.pcap": 90, "replication.pcapng": 300, "partition.pcap": 200, "leave.pcapng": 150, "secret.pcap": 8,
        "watch.pcap": 28,
        "packed.pcap.gz": 60, "middle.pcap": 30, "gap.pcapng": 300, "cut.pcap": 30, "tls-node.pcapng": 30,
    ]

    /// Behind a gap the times differ: wiredump waits for what may still come, and says when it stopped.
    @Test(arguments: recorded.sorted { $0.key < $1.key })
    func recordedTrafficIsShownAlike(_ name: String, atLeast count: Int) throws {
        let hasGaps = name == "middle.pcap" || name == "gap.pcapng"
        #expect(try compare(Self.captures.appending(path: name), comparingTimes: !hasGaps) >= count)
    }

    /// With the node's key log, tshark shows of encrypted links what the node itself has captured of them.
    @Test func encryptedTrafficIsShownAsTheNodeSawIt() throws {
        let capture = Self.captures.appending(path: "tls.pcap")
        let keys = ["-o", "tls.keylog_file:\(Self.captures.appending(path: "tls.keys").path)"]
        var shown = try shown(capture, keys)
        // The others were on the node's loopback.
        var dumped = try ComparedFrame.frames(
            in: Wiredump.json(of: Self.captures.appending(path: "tls-node.pcapng"), in: folder.url)
        ).filter { ($0.from + $0.to).contains("10.77.0.254:") }
        for index in shown.indices { shown[index].values["time"] = nil }
        for index in dumped.indices { dumped[index].values["time"] = nil }
        #expect(dumped.count >= 24)
        let differences = Comparison.differences(shown: shown, dumped: dumped)
        #expect(differences.isEmpty, "\(differences.prefix(20).joined(separator: "\n"))")
        #expect(try self.shown(capture).isEmpty, "nothing can be read without the keys")
    }

    @Test func everyCaptureIsCompared() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.captures.path).filter {
            $0.contains(".pcap") && $0 != "tls.pcap"
        }
        #expect(Set(names) == Set(Self.recorded.keys))
    }

    // MARK: Every message

    /// Each message, with each method and kind where there are some.
    private var everyMessage: [(message: ProtocolDocument.Message, chosen: UInt16?)] {
        document.messages.flatMap { message -> [(ProtocolDocument.Message, UInt16?)] in
            switch message.name {
            case "CALL": document.calls.map { (message, $0.code) }
            case "REPLY": document.replies.map { (message, UInt16($0.code)) }
            default: [(message, nil)]
            }
        }
    }

    /// Each message with random fields, numbered by its place.
    private func frames(seeds: ClosedRange<UInt64>, _ change: (inout [UInt8]) -> Void = { _ in }) throws -> FrameBytes {
        var frames = FrameBytes()
        for (message, chosen) in everyMessage {
            // The 1024 digests of DIGESTS are all alike.
            for seed in seeds where message.name != "DIGESTS" || seed == seeds.lowerBound {
                var encoder = SchemaEncoder(document, seed: seed)
                encoder.chosen = chosen.map(UInt64.init)
                var body = try encoder.structure(message.fields).bytes
                change(&body)
                frames.append(type: message.code, lane: message.lane, stream: UInt32(seed), body: body)
            }
        }
        return frames
    }

    @Test func everyFieldOfEveryMessageIsShownAlike() throws {
        let frames = try frames(seeds: 1...6)
        #expect(frames.frames.count > 5 * everyMessage.count)
        #expect(try compare { capture in capture.link(frames.bytes) } == frames.frames.count)
    }

    /// Damaged messages are shown as far as they go, and never end a program.
    @Test(arguments: [1, 2]) func damagedMessagesAreShownAlike(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let frames = try frames(seeds: seed * 10...seed * 10 + 3) { body in
            switch Int.random(in: 0..<4, using: &random) {
            case 0: body.removeLast(Int.random(in: 0...body.count, using: &random))
            case 1: body += [UInt8](repeating: 1, count: Int.random(in: 1...9, using: &random))
            default:
                guard !body.isEmpty else { return }
                for _ in 0..<3 {
                    body[Int.random(in: 0..<body.count, using: &random)] = [0, 1, 0x7F, 0xFF].randomElement(using: &random) ?? 2
                }
            }
        }
        #expect(try compare { capture in capture.link(frames.bytes) } == frames.frames.count)
    }

    @Test func whatNobodyKnowsIsShownAlike() throws {
        var frames = FrameBytes()
        for type in [0x7777, 0x8002, 0xFA01, 0xFFFF, 0] as [UInt16] {
            frames.append(type: type, lane: 0, body: [1, 2, 3])
            frames.append(type: type, lane: 3, body: [])
        }
        let (call, reply, close) = (MessageType.call.rawValue, MessageType.reply.rawValue, MessageType.close.rawValue)
        frames.append(type: call, lane: 2, stream: 1, body: [0x7F, 0xFE, 1, 2])
        frames.append(type: reply, lane: 2, stream: 1, body: [0x12, 0x34, 1, 0xFE, 9])
        frames.append(type: close, lane: 0, body: [0x7F, 0xFF, 0x77, 0x77] + [UInt8](repeating: 0xFF, count: 20) + [0, 0])
        frames.append(type: close, flags: 0x80, lane: 9, stream: 5, body: [UInt8](repeating: 0, count: 26))
        #expect(try compare { capture in capture.link(frames.bytes) } == frames.frames.count)
    }

    /// Cut anywhere, with frames of other lanes between.
    @Test func longMessagesArePutTogether() throws {
        var random = SeededGenerator(seed: 5)
        var frames = FrameBytes()
        for (message, chosen) in everyMessage where message.lane > 0 {
            var encoder = SchemaEncoder(document, seed: 77)
            encoder.chosen = chosen.map(UInt64.init)
            var rest = try encoder.structure(message.fields).bytes[...]
            repeat {
                let part = rest.prefix(Int.random(in: 1...60, using: &random))
                rest = rest.dropFirst(part.count)
                frames.append(type: message.code, flags: rest.isEmpty ? 0 : 1, lane: message.lane, stream: 3, body: Array(part))
                frames.append(type: MessageType.pong.rawValue, lane: 0, body: [UInt8](repeating: 7, count: 24))
            } while !rest.isEmpty
        }
        #expect(try compare { capture in capture.link(frames.bytes) } == frames.frames.count)
    }

    // MARK: Damaged streams

    /// Bytes that are missing, more than there should be, or changed cost the frames that they touch.
    @Test func theNextFrameIsFoundAgain() throws {
        let frames = try frames(seeds: 1...2).frames
        var whole = 0
        try compare(comparingTimes: false) { capture in
            for seed in 1...4 as ClosedRange<UInt64> {
                var random = SeededGenerator(seed: seed)
                var pieces: [MadeCapture.Piece] = [.bytes(Preface().encode())]
                for frame in frames {
                    switch Int.random(in: 0..<12, using: &random) {
                    case 0: pieces.append(.lost(frame.count))
                    case 1 where frame.count > 34:
                        pieces += [.bytes(Array(frame.prefix(33))), .lost(1), .bytes(Array(frame.dropFirst(34)))]
                    case 2:
                        pieces += [
                            .bytes([UInt8](repeating: 0xD4, count: Int.random(in: 1...50, using: &random))), .bytes(frame),
                        ]
                    case 3: pieces.append(.bytes(Array(frame.dropFirst())))
                    default:
                        pieces.append(.bytes(frame))
                        whole += 1
                    }
                }
                capture.link(pieces)
            }
        }
        let shown = try shown(folder.file("made.pcapng")).count
        #expect(shown >= whole, "\(shown) of \(whole)")
    }

    /// Without the beginning, nothing tells where a frame begins but the frame.
    @Test(arguments: [1, 20, 40, 5000]) func aCaptureMayBeginAnywhere(_ offset: Int) throws {
        let frames = try frames(seeds: 3...3)
        let bytes = Array(frames.bytes.dropFirst(offset))
        let whole = frames.frames.indices.count { index in frames.frames[..<index].reduce(0) { $0 + $1.count } >= offset }
        let shown = try compare(comparingTimes: false) { capture in capture.link([.bytes(bytes)], isFromStart: false) }
        #expect(shown == whole)
    }

    // MARK: Vectors

    /// The bytes of every vector, also those that a node must refuse.
    @Test func vectorsAreShownAlike() throws {
        let folder = SpecDirectory.root.appending(path: "conformance/vectors")
        var messages = FrameBytes()
        var streams: [[UInt8]] = []
        for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        where file.pathExtension == "json" {
            for vector in try VectorBytes.read(file) {
                if vector.kind == "frames" || vector.kind == "preface" { streams.append(vector.bytes) }
                guard let type = document.messages.first(where: { $0.name == vector.type }), vector.kind == "message" else {
                    continue
                }
                messages.append(type: type.code, lane: type.lane, stream: 1, body: vector.bytes)
            }
        }
        #expect(messages.frames.count > 250 && streams.count > 30)
        try compare { capture in
            capture.link(messages.bytes)
            for stream in streams { capture.link(stream) }
            for stream in streams { capture.link([.bytes(stream)]) }
        }
    }
}

private struct VectorBytes {
    private struct Document: Decodable { var vectors: [Entry] }
    private struct Entry: Decodable { var kind: String, type: String?, hex: String }

    var kind: String
    var type: String?
    var bytes: [UInt8]

    static func read(_ file: URL) throws -> [VectorBytes] {
        try JSONDecoder().decode(Document.self, from: Data(contentsOf: file)).vectors.map { entry in
            let digits = Array(entry.hex.utf8)
            let bytes = stride(from: 0, to: digits.count, by: 2).compactMap { start in
                UInt8(String(decoding: digits[start..<start + 2], as: UTF8.self), radix: 16)
            }
            return VectorBytes(kind: entry.kind, type: entry.type, bytes: bytes)
        }
    }
}
