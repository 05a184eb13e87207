import PacketCapture

/// Writes down what a sink is told, a line a call, and checks that it is told in the order that `StreamSink` promises.
final class HeardLines: StreamSink {
    private(set) var lines: [String] = []
    private(set) var faults: [String] = []
    private var open: [Int: Set<Direction>] = [:]
    private var flows = 0

    func began(_ flow: Flow, at time: Timestamp) {
        flows += 1
        if flow.number != flows { faults.append("flow \(flow.number) is the \(flows)th") }
        open[flow.number] = [.forward, .backward]
        lines.append("\(flow.number) \(flow.first) \(flow.second)\(flow.isFromStart ? "" : " from the middle")")
    }

    func received(_ bytes: Span<UInt8>, _ direction: Direction, of flow: Int, at time: Timestamp) {
        check(direction, flow)
        if bytes.isEmpty { faults.append("no bytes") }
        let text = String(decoding: (0..<bytes.count).map { bytes[$0] }, as: UTF8.self)
        lines.append("\(flow)\(arrow(direction)) \(text)")
    }

    func lost(_ count: Int?, _ direction: Direction, of flow: Int, at time: Timestamp) {
        check(direction, flow)
        if let count, count < 1 { faults.append("a gap of \(count) bytes") }
        lines.append("\(flow)\(arrow(direction)) lost \(count.map(String.init) ?? "some")")
    }

    func ended(_ direction: Direction, of flow: Int, by end: FlowEnd, at time: Timestamp) {
        check(direction, flow)
        open[flow]?.remove(direction)
        lines.append("\(flow)\(arrow(direction)) \(end)")
    }

    private func check(_ direction: Direction, _ flow: Int) {
        if open[flow]?.contains(direction) != true { faults.append("\(flow)\(arrow(direction)) is not open") }
    }

    private func arrow(_ direction: Direction) -> String { direction == .forward ? ">" : "<" }
}
