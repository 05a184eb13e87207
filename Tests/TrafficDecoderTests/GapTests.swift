import ClusterModel
import PacketCapture
import Testing
import WireFormat

@testable import TrafficDecoder

/// Frames found whatever is missing: what a gap does not touch is not lost.
@Suite struct GapTests {
    /// Where each frame of a stream stands, and its bytes.
    private struct Stream {
        var bytes: [UInt8] = []
        var frames: [Range<Int>] = []
    }

    /// PONGs and operations of many sizes, some of several frames.
    private static func stream(seed: UInt64, frames: Int) -> Stream {
        var random = SplitMix(state: seed)
        var stream = Stream()
        for sequence in 0..<frames {
            let size = [0, 24, 100, 1000, 40_000].randomElement(using: &random) ?? 0
            // An ignorable type: bodies may be anything.
            var body = [UInt8](repeating: UInt8.random(in: 0...255, using: &random), count: size)
            // What looks like the beginning of a header is none.
            if size > 50 { body.replaceSubrange(10..<12, with: [0xD4, 0x57]) }
            let frame = Conversation.frame(type: 0x0FF1, lane: 0, sequence: UInt64(sequence), body: body)
            stream.frames.append(stream.bytes.count..<(stream.bytes.count + frame.count))
            stream.bytes += frame
        }
        return stream
    }

    private func play(_ stream: Stream, without gap: Range<Int>, isSizeKnown: Bool, piece: Int) -> Recording {
        let recording = Recording()
        let decoder = TrafficDecoder(.everything, recording)
        var flow = Conversation.flow
        flow.isFromStart = false
        decoder.began(flow, at: Conversation.time(0))
        func feed(_ range: Range<Int>) {
            var start = range.lowerBound
            while start < range.upperBound {
                let end = min(range.upperBound, start + piece)
                let part = Array(stream.bytes[start..<end])
                decoder.received(part.span, .forward, of: 1, at: Conversation.time(1))
                start = end
            }
        }
        feed(0..<gap.lowerBound)
        decoder.lost(isSizeKnown ? gap.count : nil, .forward, of: 1, at: Conversation.time(1))
        feed(gap.upperBound..<stream.bytes.count)
        decoder.ended(.forward, of: 1, by: .finished, at: Conversation.time(2))
        decoder.ended(.backward, of: 1, by: .finished, at: Conversation.time(2))
        return recording
    }

    @Test(arguments: 0..<60 as Range<UInt64>) func onlyFramesThatAGapTouchesAreLost(_ seed: UInt64) {
        var random = SplitMix(state: seed &+ 1000)
        let stream = Self.stream(seed: seed, frames: 30)
        let start = Int.random(in: 0..<stream.bytes.count, using: &random)
        let length = [1, 31, 1448, 65_000].randomElement(using: &random) ?? 1
        let gap = start..<min(stream.bytes.count, start + length)
        let piece = [1, 7, 1448, 65_535].randomElement(using: &random) ?? 1
        let recording = play(stream, without: gap, isSizeKnown: seed.isMultiple(of: 2), piece: piece)
        let whole = Set(recording.frames.filter(\.isWhole).map(\.sequence))
        for (sequence, range) in stream.frames.enumerated() where !range.overlaps(gap) {
            #expect(whole.contains(UInt64(sequence)), "frame \(sequence) at \(range) is lost to the gap \(gap)")
        }
        for frame in recording.frames where frame.isWhole {
            let range = stream.frames[Int(frame.sequence)]
            #expect(frame.body == Array(stream.bytes[(range.lowerBound + 32)..<range.upperBound]))
            #expect(frame.violations.isEmpty)
        }
    }

    /// A capture that begins anywhere shows everything from the first whole frame on.
    @Test(arguments: 0..<40 as Range<UInt64>) func aCaptureBeginsAnywhere(_ seed: UInt64) {
        var random = SplitMix(state: seed)
        let stream = Self.stream(seed: seed, frames: 20)
        let start = Int.random(in: 1..<stream.bytes.count, using: &random)
        let recording = Recording()
        let decoder = TrafficDecoder(.everything, recording)
        var flow = Conversation.flow
        flow.isFromStart = false
        decoder.began(flow, at: Conversation.time(0))
        let rest = Array(stream.bytes[start...])
        decoder.received(rest.span, .forward, of: 1, at: Conversation.time(1))
        let expected = stream.frames.indices.filter { stream.frames[$0].lowerBound >= start }.map { UInt64($0) }
        #expect(recording.frames.map(\.sequence) == expected)
        if let first = expected.first, stream.frames[Int(first)].lowerBound > start {
            #expect(recording.events.first?.hasPrefix("skipped(\(stream.frames[Int(first)].lowerBound - start)") == true)
        }
    }

    /// Split at every byte, the same frames come out.
    @Test func everySplitGivesTheSameFrames() {
        var conversation = Conversation.established()
        conversation.send(.pong(Pong(number: 1, echo: 2, clock: 3)), .forward)
        conversation.send(.cancel, stream: 4, .backward)
        let whole = Recording()
        conversation.play(into: TrafficDecoder(.everything, whole))
        #expect(whole.frames.count == 6)
        #expect(whole.frames.allSatisfy { $0.violations.isEmpty })
        for step in 1..<120 {
            let split = Recording()
            conversation.play(into: TrafficDecoder(.everything, split), step: step)
            for direction in Direction.allCases {
                #expect(
                    split.frames.filter { $0.direction == direction }.map(\.body)
                        == whole.frames.filter { $0.direction == direction }.map(\.body))
            }
        }
    }

    /// The end of a message whose beginning is missing is no fault of its sender.
    @Test func theFirstMessageOfALaneMayLackItsBeginning() {
        var conversation = Conversation()
        conversation.send(type: MessageType.members.rawValue, lane: 1, body: [1, 2, 3], .forward)
        conversation.send(type: MessageType.members.rawValue, lane: 1, body: [1, 2, 3], .forward)
        var flow = Conversation.flow
        flow.isFromStart = false
        let recording = Recording()
        conversation.play(into: TrafficDecoder(.everything, recording), flow: flow)
        #expect(recording.frames.map(\.isWhole) == [false, true])
        #expect(recording.frames.map(\.violations.isEmpty) == [true, false])
    }

    @Test func aFrameThatAnnouncesTooMuchIsNotWaitedFor() {
        var header = FrameHeader(type: 0x0FF1, lane: 0, bodyLength: 1 << 31, sequence: 0, bodyCRC: 0)
        header.stream = 0
        var bytes: [UInt8] = []
        header.append(to: &bytes)
        bytes += Conversation.frame(type: 0x0FF1, lane: 0, sequence: 1, body: [1, 2, 3])
        let recording = Recording()
        let decoder = TrafficDecoder(.everything, recording)
        var flow = Conversation.flow
        flow.isFromStart = false
        decoder.began(flow, at: Conversation.time(0))
        decoder.received(bytes.span, .forward, of: 1, at: Conversation.time(1))
        #expect(recording.frames.map(\.sequence) == [0, 1])
        #expect(recording.frames[0].violations.map(\.requirement) == ["LIM-001"])
        #expect(recording.frames[1].body == [1, 2, 3])
    }
}

/// The same numbers in every run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
