/// Puts TCP connections together from captured packets, and tells a sink what both ends sent.
///
/// It sees what a capture shows, not what the ends decided: bytes come in their order, each once, what came first wins, and what
/// the capture lacks is told as a gap. A direction waits for missing bytes until the other one acknowledges them (then the
/// capture lost them), or until it holds back as much as `Bounds` allow.
public struct Reassembler: Sendable {
    /// How much is kept.
    public struct Bounds: Hashable, Sendable {
        /// Flows that are known at once, ended ones included: their late packets are not to be taken for new flows.
        public var flows: Int
        /// Segments held back in one direction.
        public var heldSegments: Int
        /// Bytes held back in one direction, each segment with an overhead of 64.
        public var heldBytes: Int
        /// The same of all directions.
        public var heldBytesAltogether: Int

        /// 8192 flows; 4096 segments and 4 MiB a direction, more than what is usually under way; 16 MiB altogether.
        public static let defaults = Bounds()

        /// - Parameters: at least 1 each; less counts as 1.
        public init(
            flows: Int = 1 << 13, heldSegments: Int = 1 << 12, heldBytes: Int = 1 << 22, heldBytesAltogether: Int = 1 << 24
        ) {
            self.flows = max(1, flows)
            self.heldSegments = max(1, heldSegments)
            self.heldBytes = max(1, heldBytes)
            self.heldBytesAltogether = max(1, heldBytesAltogether)
        }
    }

    public internal(set) var counters = ReassemblyCounters()
    let bounds: Bounds
    var flows = FlowTable()
    /// Two for each slot of `flows`: forward and backward.
    var ends: [StreamEnd] = []
    var waiting = WaitingEnds()
    /// What all of `ends` hold back.
    package internal(set) var heldBytes = 0
    var lastTime = Timestamp(nanoseconds: 0)

    public init(bounds: Bounds = .defaults) {
        self.bounds = bounds
    }

    /// How many flows are known, ended ones included.
    package var knownFlows: Int { flows.count }

    /// Takes the next packet of the capture, and tells `sink` what it completes.
    public mutating func take<Sink: StreamSink>(_ packet: PacketHead, _ bytes: Span<UInt8>, into sink: Sink) {
        lastTime = packet.time
        switch LinkLayer.content(of: bytes, packet.linkType) {
        case .ip(let start):
            switch InternetLayer.content(of: bytes, at: start, originalLength: packet.originalLength) {
            case .tcp(let segment): take(segment, bytes.extracting(segment.captured), sink)
            case .otherProtocol: counters.notTCP += 1
            case .fragment: counters.fragments += 1
            case .cut: counters.cutHeaders += 1
            case .malformed: counters.malformed += 1
            }
        case .other: counters.notIP += 1
        case .cut: counters.cutHeaders += 1
        case .unknownLinkType: counters.unknownLinkType += 1
        }
    }

    /// Tells what is still held back, and ends all flows: the capture has no more.
    public mutating func finish<Sink: StreamSink>(into sink: Sink) {
        for slot in flows.inOrder { endBoth(slot, by: .captureEnded, sink) }
        flows = FlowTable()
        ends = []
        waiting = WaitingEnds()
    }

    @inline(__always)
    private mutating func take<Sink: StreamSink>(_ segment: TCPSegment, _ bytes: Span<UInt8>, _ sink: Sink) {
        counters.segments += 1
        guard let slot = flows.hear(segment.key) else { return takeFirst(segment, bytes, sink) }
        let end = slot * 2 + (segment.isSwapped == flows[slot].isSwapped ? 0 : 1)
        guard segment.flags.isDisjoint(with: [.syn, .fin, .rst]), segment.cutOff == 0, ends[end].isPlain,
            segment.sequence == ends[end].next || bytes.isEmpty
        else { return takeSpecial(segment, bytes, end, sink) }
        if !bytes.isEmpty {
            ends[end].advance(bytes.count)
            ends[end].state.insert(.told)
            sink.received(bytes, end & 1 == 0 ? .forward : .backward, of: flows[slot].number, at: lastTime)
        } else if ends[end].distance(segment.sequence) == -1 {
            counters.keepAlives += 1
        }
        if segment.flags.contains(.ack) { acknowledge(end ^ 1, segment.acknowledgement, sink) }
    }

    @inline(__always)
    mutating func acknowledge<Sink: StreamSink>(_ end: Int, _ acknowledgement: UInt32, _ sink: Sink) {
        guard ends[end].state.isDisjoint(with: [.holding, .finishing]), ends[end].state.contains(.started) else {
            return acknowledgeSpecial(end, acknowledgement, sink)
        }
        ends[end].acknowledge(acknowledgement)
    }
}
