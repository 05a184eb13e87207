import PacketCapture

/// Gives bytes to what reads captures and puts connections together: as a file, and where they are none, as a script of segments.
///
/// A sink checks what it is told, and after each packet the bounds of what is kept.
enum CaptureInput {
    static func run(_ bytes: [UInt8]) {
        guard let whole = read(bytes, step: .max) else {
            var script = SegmentScript(bytes)
            return script.run()
        }
        // What a file says must not depend on how its bytes come.
        if bytes.count < 5000 { precondition(read(bytes, step: 1 + bytes.count % 50) == whole) }
    }

    private struct Outcome: Equatable {
        var summary: CaptureSummary
        var counters: ReassemblyCounters
        var error: CaptureError?
        var told: Int
    }

    /// - Returns: nil when it is no capture at all.
    private static func read(_ bytes: [UInt8], step: Int) -> Outcome? {
        let bounds = SegmentScript.bounds(UInt8(truncatingIfNeeded: bytes.count))
        var reassembler = Reassembler(bounds: bounds)
        let sink = CheckingSink()
        do throws(CaptureError) {
            var reader = try CaptureReader(bytes: bytes, step: step, named: "input")
            var error: CaptureError?
            do throws(CaptureError) {
                while try reader.next({ packet, bytes in
                    precondition(bytes.count <= CaptureReader.Limits.packet)
                    reassembler.take(packet, bytes, into: sink)
                    check(reassembler, bounds)
                }) {}
            } catch let failure {
                error = failure
            }
            finish(&reassembler, sink)
            precondition(reader.summary.secrets.reduce(0) { $0 + $1.bytes.count } <= CaptureReader.Limits.secretBytes)
            return Outcome(summary: reader.summary, counters: reassembler.counters, error: error, told: sink.told)
        } catch .notACapture {
            return nil
        } catch {
            precondition(!error.description.isEmpty)
            return nil
        }
    }

    static func check(_ reassembler: borrowing Reassembler, _ bounds: Reassembler.Bounds) {
        precondition(reassembler.heldBytes >= 0 && reassembler.heldBytes <= bounds.heldBytesAltogether, "holds too much")
        precondition(reassembler.knownFlows <= bounds.flows, "knows too many flows")
    }

    static func finish(_ reassembler: inout Reassembler, _ sink: CheckingSink) {
        reassembler.finish(into: sink)
        precondition(reassembler.heldBytes == 0, "holds something after the end")
        precondition(sink.openFlows == 0, "flows did not end")
        precondition(sink.gaps == reassembler.counters.gaps && sink.lostBytes == reassembler.counters.bytesLost)
    }
}

/// Checks the promises of `StreamSink`.
final class CheckingSink: StreamSink {
    private(set) var gaps = 0
    private(set) var lostBytes = 0
    /// A sum over everything told.
    private(set) var told = 0
    private var flows = 0
    private var open: [Int: Set<Direction>] = [:]
    /// Whether each byte is to be the lower eight bits of its sequence number, and which comes next.
    private let isCounting: Bool
    private var next: [Int: UInt8] = [:]

    init(isCounting: Bool = false) { self.isCounting = isCounting }

    var openFlows: Int { open.count }

    func began(_ flow: Flow, at time: Timestamp) {
        flows += 1
        precondition(flow.number == flows, "a flow out of turn")
        open[flow.number] = [.forward, .backward]
        precondition(!flow.first.description.isEmpty)
    }

    func received(_ bytes: Span<UInt8>, _ direction: Direction, of flow: Int, at time: Timestamp) {
        check(direction, flow)
        precondition(!bytes.isEmpty, "no bytes")
        for index in 0..<bytes.count {
            told = (told ^ Int(bytes[index])) &* 0x100_0193
            guard isCounting else { continue }
            precondition(next[key(direction, flow), default: bytes[index]] == bytes[index], "bytes out of order")
            next[key(direction, flow)] = bytes[index] &+ 1
        }
    }

    func lost(_ count: Int?, _ direction: Direction, of flow: Int, at time: Timestamp) {
        check(direction, flow)
        precondition(count ?? 1 > 0, "an empty gap")
        gaps += 1
        lostBytes += count ?? 0
        told = (told ^ (count ?? -1)) &* 0x100_0193
        if let count {
            next[key(direction, flow)]? &+= UInt8(truncatingIfNeeded: count)
        } else {
            next[key(direction, flow)] = nil
        }
    }

    func ended(_ direction: Direction, of flow: Int, by end: FlowEnd, at time: Timestamp) {
        check(direction, flow)
        open[flow]?.remove(direction)
        if open[flow]?.isEmpty == true { open[flow] = nil }
        next[key(direction, flow)] = nil
    }

    private func check(_ direction: Direction, _ flow: Int) {
        precondition(open[flow]?.contains(direction) == true, "a direction that is not open")
    }

    private func key(_ direction: Direction, _ flow: Int) -> Int { flow * 2 + Int(direction.rawValue) }
}
