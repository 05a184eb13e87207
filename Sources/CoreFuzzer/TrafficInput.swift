import ClusterModel
import PacketCapture
import TrafficDecoder
import WireFormat

/// Gives bytes to the decoder of captured traffic, with everything that shows it listening: as a capture, and where they are none,
/// as a script of two connections.
///
/// Checksums are made right wherever a header stands, for no fuzzer guesses them.
enum TrafficInput {
    static func run(_ bytes: [UInt8]) {
        let filter = filters[Int(bytes.first ?? 0) % filters.count]
        let everything = EveryView(filter: filter)
        let sink = RepairingSink(TrafficDecoder(.everything, everything), step: 1 + Int(bytes.last ?? 0))
        if !readCapture(bytes, sink) { runScript(bytes.dropFirst(), sink) }
        precondition(sink.decoder.openConnections == 0 && sink.decoder.keptBytes == 0, "something is kept after the end")
        everything.finish(frames: sink.decoder.frames)
    }

    private static let filters: [Filter] = [
        "key ~ a or table = t", "not (type = HELLO or lane = bulk) and size in 1..200", "error or sequence > 3",
        "node ~ 1 and time >= 0",
        "origin = 00", "first >= 1 or count < 9", "value", "method = rowWrite or kind = put", "stamp > 1",
    ].map { text in
        do throws(FilterError) {
            return try Filter(text)
        } catch {
            preconditionFailure(error.description)
        }
    }

    private static func readCapture(_ bytes: [UInt8], _ sink: RepairingSink) -> Bool {
        var reassembler = Reassembler(bounds: .init(flows: 4, heldSegments: 8, heldBytes: 4000, heldBytesAltogether: 8000))
        do throws(CaptureError) {
            var reader = try CaptureReader(bytes: bytes, step: .max, named: "input")
            do throws(CaptureError) {
                while try reader.next({ reassembler.take($0, $1, into: sink) }) {}
            } catch {
                precondition(!error.description.isEmpty)
            }
            reassembler.finish(into: sink)
            return true
        } catch {
            return false
        }
    }

    /// Each step: a byte that says what comes in which direction of which connection, a byte that says how much.
    private static func runScript(_ script: ArraySlice<UInt8>, _ sink: RepairingSink) {
        var rest = script
        var time = Timestamp(nanoseconds: 0)
        var isOpen: [Int: Set<Direction>] = [:]
        var sequences: [UInt64] = [0, 0, 0, 0]
        while rest.count >= 2 {
            let (step, size) = (rest.removeFirst(), Int(rest.removeFirst()))
            let flow = Int(step >> 4 & 1) + 1
            let direction: Direction = step & 8 == 0 ? .forward : .backward
            time.nanoseconds += Int64(size) << Int64(step >> 6 * 9)
            if isOpen[flow] == nil {
                isOpen[flow] = [.forward, .backward]
                sink.began(Self.flow(flow, isFromStart: step & 32 == 0), at: time)
            }
            guard isOpen[flow]?.contains(direction) == true else { continue }
            let lane = flow * 2 - 2 + Int(direction.rawValue)
            switch step & 7 {
            case 0: sink.received(preface.span, direction, of: flow, at: time)
            case 1: sink.lost(size == 0 ? nil : size, direction, of: flow, at: time)
            case 2 where size > 250:
                sink.ended(direction, of: flow, by: .finished, at: time)
                isOpen[flow]?.remove(direction)
            case 3:
                sink.received(Array(rest.prefix(size)).span, direction, of: flow, at: time)
                rest = rest.dropFirst(size)
            default:
                let frames = FrameInput.withChecksums(Array(rest.prefix(size)), next: &sequences[lane])
                sink.received(frames.span, direction, of: flow, at: time)
                rest = rest.dropFirst(size)
            }
        }
        for (flow, directions) in isOpen.sorted(by: { $0.key < $1.key }) {
            for direction in [Direction.forward, .backward] where directions.contains(direction) {
                sink.ended(direction, of: flow, by: .captureEnded, at: time)
            }
        }
    }

    private static let preface: [UInt8] = [0xD4, 0x54, 0x57, 0x52, 0x0D, 0x0A, 0, 0x0A, 0, 1, 0, 1, 0, 0, 0, 0]

    private static func flow(_ number: Int, isFromStart: Bool) -> Flow {
        Flow(
            number: number, first: Endpoint(address: .v4(0x0A00_0001), port: UInt16(40000 + number)),
            second: Endpoint(address: .v4(0x0A00_0002), port: 7400), isFromStart: isFromStart)
    }
}

/// Makes checksums right, cuts what comes into pieces, and checks after each what the decoder keeps.
final class RepairingSink: StreamSink {
    let decoder: TrafficDecoder
    private let step: Int
    private var received = 0

    init(_ decoder: TrafficDecoder, step: Int) {
        self.decoder = decoder
        self.step = step
    }

    func began(_ flow: Flow, at time: Timestamp) { decoder.began(flow, at: time) }

    func received(_ bytes: Span<UInt8>, _ direction: Direction, of flow: Int, at time: Timestamp) {
        var repaired: [UInt8] = []
        for index in bytes.indices { repaired.append(bytes[index]) }
        FrameInput.repair(&repaired)
        received += repaired.count
        var start = 0
        while start < repaired.count {
            let end = min(repaired.count, start + step)
            decoder.received(repaired.span.extracting(start..<end), direction, of: flow, at: time)
            start = end
            let bound = decoder.openConnections * 2 * (Int(Limits.frameBodyMaximum) + 64)
            precondition(decoder.keptBytes <= min(received, bound + 24 << 20), "keeps too much")
        }
    }

    func lost(_ count: Int?, _ direction: Direction, of flow: Int, at time: Timestamp) {
        decoder.lost(count, direction, of: flow, at: time)
    }

    func ended(_ direction: Direction, of flow: Int, by end: FlowEnd, at time: Timestamp) {
        decoder.ended(direction, of: flow, by: end, at: time)
    }
}
