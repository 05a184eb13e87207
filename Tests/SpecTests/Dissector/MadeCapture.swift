import ClusterModel
import Foundation
import PacketCapture
import WireFormat

/// A capture of links that a test makes up.
struct MadeCapture {
    private let recorder: StreamRecorder
    private var random: SeededGenerator
    private let segments: ClosedRange<Int>
    private var links = 0
    private var packets: Int64 = 0

    init(_ file: URL, seed: UInt64, segments: ClosedRange<Int> = 1...3000) throws {
        self.segments = segments
        recorder = StreamRecorder(
            try PcapngWriter(creating: file.path, origin: .init(application: "tests", interface: "made up")))
        random = SeededGenerator(seed: seed)
    }

    private mutating func now() -> Timestamp {
        packets += 1
        return Timestamp(nanoseconds: 1_795_300_000_000_000_000 + packets * 1_000_001)
    }

    /// What passes in one direction.
    enum Piece {
        case bytes([UInt8])
        /// So many bytes that the capture does not have.
        case lost(Int)
    }

    mutating func link(_ bytes: [UInt8]) { link([.bytes(Preface().encode() + bytes)]) }

    /// One link on which only the dialer speaks, in segments of any size.
    mutating func link(_ pieces: [Piece], isFromStart: Bool = true) {
        links += 1
        let node = IPAddress.v4(0x7F00_0001)
        let flow = Flow(
            number: links, first: Endpoint(address: node, port: UInt16(50000 + links)),
            second: Endpoint(address: node, port: 7400), isFromStart: isFromStart)
        recorder.began(flow, at: now())
        for piece in pieces {
            switch piece {
            case .lost(let count): recorder.lost(count, .forward, of: links, at: now())
            case .bytes(let bytes):
                var rest = bytes[...]
                while !rest.isEmpty {
                    let part = Array(rest.prefix(Int.random(in: segments, using: &random)))
                    recorder.received(part.span, .forward, of: links, at: now())
                    rest = rest.dropFirst(part.count)
                }
            }
        }
        for direction in [Direction.forward, .backward] { recorder.ended(direction, of: links, by: .finished, at: now()) }
    }

    func finish() throws {
        recorder.finish()
        if let failure = recorder.failure { throw failure }
    }
}

/// Frames one after the other, numbered.
struct FrameBytes {
    private(set) var frames: [[UInt8]] = []

    var bytes: [UInt8] { frames.flatMap { $0 } }

    mutating func append(type: UInt16, flags: UInt8 = 0, lane: UInt8, stream: UInt32 = 0, body: [UInt8]) {
        var frame: [UInt8] = []
        FrameHeader(
            type: type, flags: flags, lane: lane, bodyLength: UInt32(body.count), stream: stream, sequence: UInt64(frames.count),
            bodyCRC: CRC32.checksum(body.span)
        ).append(to: &frame)
        frames.append(frame + body)
    }
}
