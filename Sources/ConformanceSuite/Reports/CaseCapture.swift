import ClusterModel
package import PacketCapture
import TrafficDecoder

/// What passed on the connections of one case, as a capture would have it.
package struct CaseCapture {
    private let records: [WireRecord]

    package init(_ records: [WireRecord]) { self.records = records }

    package var isEmpty: Bool { records.isEmpty }

    /// A line a frame, as `wiredump` prints it.
    package func lines() -> String {
        var text: [UInt8] = []
        let output = FrameForm.lines.output(ViewOptions(), FrameSelection()) { span in
            for index in span.indices { text.append(span[index]) }
            return true
        }
        play(into: TrafficDecoder(.everything, output))
        output.finish()
        return String(decoding: text, as: UTF8.self)
    }

    /// Writes a pcapng file.
    package func write(to path: String, caseID: String) throws(RecordingError) {
        let origin = PcapngWriter.Origin(application: "conform", interface: "conform", description: caseID)
        let recorder = StreamRecorder(try PcapngWriter(creating: path, origin: origin))
        play(into: recorder)
        recorder.finish()
        if let failure = recorder.failure { throw failure }
    }

    private func play(into sink: some StreamSink) {
        let now = (clock: ContinuousClock.now, time: Timestamp.now())
        func time(_ instant: ContinuousClock.Instant) -> Timestamp {
            Timestamp(nanoseconds: now.time.nanoseconds - (now.clock - instant).wholeNanoseconds)
        }
        var steps: [(flow: Int, instant: ContinuousClock.Instant, event: WireRecord.Event)] = []
        for (index, record) in records.enumerated() { steps += record.events.map { (index, $0.time, $0.event) } }
        steps.sort { $0.instant < $1.instant }
        var begun: Set<Int> = []
        for (flow, instant, event) in steps {
            if begun.insert(flow).inserted { sink.began(records[flow].flow(flow + 1), at: time(instant)) }
            records[flow].tell(event, flow + 1, at: time(instant), sink)
        }
    }
}

extension WireRecord {
    fileprivate func flow(_ number: Int) -> Flow {
        let (suite, node) = (Endpoint(suite), Endpoint(node))
        return Flow(
            number: number, first: isDialedBySuite ? suite : node, second: isDialedBySuite ? node : suite, isFromStart: true)
    }

    fileprivate func tell(_ event: Event, _ flow: Int, at time: Timestamp, _ sink: some StreamSink) {
        let sent: Direction = isDialedBySuite ? .forward : .backward
        switch event {
        case .sent(let bytes): if !bytes.isEmpty { sink.received(bytes.span, sent, of: flow, at: time) }
        case .received(let bytes): if !bytes.isEmpty { sink.received(bytes.span, sent.opposite, of: flow, at: time) }
        case .finished(let bySuite): sink.ended(bySuite ? sent : sent.opposite, of: flow, by: .finished, at: time)
        case .reset(let bySuite): sink.ended(bySuite ? sent : sent.opposite, of: flow, by: .reset, at: time)
        }
    }
}

extension Endpoint {
    /// An address of IPv4; others, which only a capture would tell apart, are shown as loopback.
    fileprivate init(_ address: Address) {
        let parts = address.host.split(separator: ".").compactMap { UInt32($0) }
        let bits = parts.count == 4 ? parts.reduce(0) { $0 << 8 | ($1 & 255) } : 0x7F00_0001
        self.init(address: .v4(bits), port: address.port)
    }
}
