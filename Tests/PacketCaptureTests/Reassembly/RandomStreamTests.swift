import PacketCapture
import Testing

/// Streams of random bytes, cut into segments which a bad network and a bad capture repeat, delay, shorten and lose.
@Suite struct RandomStreamTests {
    /// What the sink is told is the stream, with a gap for each run of bytes of which the capture has no copy.
    @Test(arguments: 0..<120 as Range<UInt64>)
    func exactlyTheStreamIsTold(_ seed: UInt64) {
        var dice = SeededGenerator(seed: seed)
        var life = RandomLife(&dice)
        life.run(&dice)
        for direction in Direction.allCases {
            let expected = life.expected(direction)
            let told = life.sink.told[Int(direction.rawValue)]
            #expect(told == expected, "seed \(seed), \(direction)")
        }
        #expect(life.sink.flows == 1)
        #expect(life.reassembler.heldBytes == 0)
        #expect(life.reassembler.counters.bytesLost == Direction.allCases.map { life.lostBytes($0) }.reduce(0, +))
        #expect(life.reassembler.counters.conflictingBytes == 0)
    }
}

/// One connection whose packets were captured badly.
private struct RandomLife {
    var reassembler = Reassembler()
    let sink = ToldStream()
    private var sides: [Side] = []

    /// What one end sends.
    private struct Side {
        var start: UInt32
        var stream: [UInt8]
        /// Which bytes the capture has.
        var captured: [Bool]
        /// Segments in the order in which the capture has them.
        var packets: [Range<Int>] = []
        var given = 0
    }

    init(_ dice: inout SeededGenerator) {
        for _ in 0..<2 {
            let stream = (0..<dice.below(4000)).map { _ in UInt8(truncatingIfNeeded: dice.next()) }
            // Often just before the numbers wrap.
            let start = dice.once(in: 2) ? UInt32.max - UInt32(dice.below(3000)) : UInt32(truncatingIfNeeded: dice.next())
            var side = Side(start: start, stream: stream, captured: [Bool](repeating: false, count: stream.count))
            side.packets = Self.packets(stream.count, &dice)
            for packet in side.packets { for index in packet { side.captured[index] = true } }
            sides.append(side)
        }
    }

    /// Cuts a stream into segments; some are lost, some come twice or in other cuts, some late.
    private static func packets(_ count: Int, _ dice: inout SeededGenerator) -> [Range<Int>] {
        var ranked: [(rank: Int, range: Range<Int>)] = []
        let disorder = 1 + dice.below(12)
        var position = 0
        while position < count {
            let end = min(count, position + 1 + dice.below(dice.once(in: 5) ? 400 : 40))
            let copies = dice.once(in: 8) ? 0 : dice.once(in: 6) ? 2 : 1
            for _ in 0..<copies { ranked.append((ranked.count + dice.below(disorder), position..<end)) }
            if dice.once(in: 10) {
                let from = max(0, position - dice.below(100))
                ranked.append((ranked.count + dice.below(disorder), from..<min(count, end + dice.below(100))))
            }
            position = end
        }
        return ranked.enumerated().sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }.map(\.element.range)
    }

    mutating func run(_ dice: inout SeededGenerator) {
        give(0, PacketBytes.syn, -1, [])
        give(1, PacketBytes.syn | PacketBytes.ack, -1, [])
        while true {
            let side = dice.below(2)
            guard let packet = nextPacket(of: side) ?? nextPacket(of: 1 - side).map({ (1 - side, $0.1) }) else { break }
            give(packet.0, PacketBytes.ack, packet.1.lowerBound, Array(sides[packet.0].stream[packet.1]))
        }
        // Without FIN nobody could know of bytes that were lost at the end.
        for side in dice.once(in: 2) ? [0, 1] : [1, 0] where sides[side].captured.last == false || !dice.once(in: 4) {
            give(side, PacketBytes.fin | PacketBytes.ack, sides[side].stream.count, [])
        }
        reassembler.finish(into: sink)
    }

    private mutating func nextPacket(of side: Int) -> (Int, Range<Int>)? {
        guard sides[side].given < sides[side].packets.count else { return nil }
        defer { sides[side].given += 1 }
        return (side, sides[side].packets[sides[side].given])
    }

    /// The other's bytes are acknowledged as far as no copy of them comes any more.
    private mutating func give(_ side: Int, _ flags: UInt8, _ position: Int, _ data: [UInt8]) {
        let other = sides[1 - side]
        let due = other.packets[other.given...].map(\.lowerBound).min() ?? other.stream.count
        var packet = PacketBytes(
            sequence: sides[side].start &+ UInt32(truncatingIfNeeded: position), acknowledgement: other.start &+ UInt32(due),
            flags: flags)
        packet.data = data
        let bytes = (side == 0 ? packet : packet.turned).ipv6()
        let head = PacketHead(time: Timestamp(nanoseconds: 0), linkType: .raw, originalLength: bytes.count, number: 1)
        reassembler.take(head, bytes.span, into: sink)
    }

    /// nil for each byte of a gap.
    func expected(_ direction: Direction) -> [UInt8?] {
        let side = sides[Int(direction.rawValue)]
        return zip(side.stream, side.captured).map { byte, isCaptured in isCaptured ? byte : nil }
    }

    func lostBytes(_ direction: Direction) -> Int { sides[Int(direction.rawValue)].captured.count { !$0 } }
}

/// Joins what it is told of one flow.
private final class ToldStream: StreamSink {
    private(set) var told: [[UInt8?]] = [[], []]
    private(set) var flows = 0

    func began(_ flow: Flow, at time: Timestamp) { flows += 1 }

    func received(_ bytes: Span<UInt8>, _ direction: Direction, of flow: Int, at time: Timestamp) {
        for index in 0..<bytes.count { told[Int(direction.rawValue)].append(bytes[index]) }
    }

    func lost(_ count: Int?, _ direction: Direction, of flow: Int, at time: Timestamp) {
        told[Int(direction.rawValue)] += [UInt8?](repeating: nil, count: count ?? 1_000_000)
    }

    func ended(_ direction: Direction, of flow: Int, by end: FlowEnd, at time: Timestamp) {}
}
