/// When flows begin: with SYN (RFC 9293, section 3.5), in the middle, and between two ends that were connected before.
extension Reassembler {
    /// A segment between two ends that are not known.
    mutating func takeFirst<Sink: StreamSink>(
        _ segment: TCPSegment, _ bytes: Span<UInt8>, _ sink: Sink
    ) {
        guard !segment.flags.contains(.rst) else {
            counters.strayResets += 1
            return
        }
        guard segment.flags.contains(.syn) else {
            let slot = begin(segment, isFirst: true, isFromStart: false, sink)
            return receive(segment, bytes, slot * 2, sink)
        }
        beginWithSYN(segment, bytes, sink)
    }

    /// A segment of a known flow that is not just the next bytes.
    mutating func takeSpecial<Sink: StreamSink>(
        _ segment: TCPSegment, _ bytes: Span<UInt8>, _ end: Int, _ sink: Sink
    ) {
        guard segment.flags.contains(.syn) else {
            guard startsAnother(segment, end) else { return receive(segment, bytes, end, sink) }
            flows.remove(end / 2)
            return takeFirst(segment, bytes, sink)
        }
        // No end sends these together.
        guard segment.flags.isDisjoint(with: [.fin, .rst]) else {
            counters.malformed += 1
            return
        }
        guard continues(segment, end) else {
            endBoth(end / 2, by: .replaced, sink)
            flows.remove(end / 2)
            return beginWithSYN(segment, bytes, sink)
        }
        receive(segment.withoutSYN, bytes, end, sink)
    }

    private mutating func beginWithSYN<Sink: StreamSink>(
        _ segment: TCPSegment, _ bytes: Span<UInt8>, _ sink: Sink
    ) {
        // With ACK it answers a SYN that the capture does not have.
        guard segment.flags.contains(.ack) else {
            let slot = begin(segment, isFirst: true, isFromStart: true, sink)
            return receive(segment.withoutSYN, bytes, slot * 2, sink)
        }
        let slot = begin(segment, isFirst: false, isFromStart: true, sink)
        ends[slot * 2].start(at: segment.acknowledgement)
        receive(segment.withoutSYN, bytes, slot * 2 + 1, sink)
    }

    /// Whether a SYN belongs to the flow that is known; starts its direction when it is the first.
    private mutating func continues(_ segment: TCPSegment, _ end: Int) -> Bool {
        // After the end it is another, though its number be the same: programs that make captures count from a fixed one.
        guard ends[end].isOpen || ends[end ^ 1].isOpen else { return false }
        let start = segment.sequence &+ 1
        let isKnown = ends[end].state.contains(.started) && !ends[end].state.contains(.guessed)
        if isKnown, ends[end].first == start { return true }
        guard ends[end].isOpen, ends[end ^ 1].isOpen else { return false }
        if segment.flags.contains(.ack) {
            // Before its first byte a server may change its mind, when it kept no state.
            guard ends[end].state.isDisjoint(with: [.told, .holding, .finishing]) else { return false }
        } else {
            // Both ends may open at once; but not after bytes.
            guard !isKnown, flows[end / 2].isFromStart, ends[end ^ 1].state.isDisjoint(with: [.told, .holding, .finishing]) else {
                return false
            }
        }
        ends[end].start(at: start)
        return true
    }

    /// Whether a segment without SYN cannot be of the flow between its ends that is over.
    private func startsAnother(_ segment: TCPSegment, _ end: Int) -> Bool {
        guard !ends[end].isOpen, !ends[end ^ 1].isOpen, segment.length > 0, !segment.flags.contains(.rst) else { return false }
        let distance = ends[end].distance(segment.sequence)
        // Who said that it was done sends no more; the other end's last bytes may still be under way.
        return !Self.plausible.contains(distance) || distance >= 0 && ends[end].state.contains(.saidSo)
    }

    /// - Parameter isFirst: whether who sent it is `Flow.first`.
    private mutating func begin<Sink: StreamSink>(
        _ segment: TCPSegment, isFirst: Bool, isFromStart: Bool, _ sink: Sink
    ) -> Int {
        if flows.count >= bounds.flows, let oldest = flows.oldest { forget(oldest, sink) }
        counters.flows += 1
        let (first, second) = isFirst ? (segment.source, segment.destination) : (segment.destination, segment.source)
        let flow = Flow(number: counters.flows, first: first, second: second, isFromStart: isFromStart)
        let slot = flows.insert(
            FlowTable.Entry(
                key: segment.key, number: flow.number, isFromStart: isFromStart, isSwapped: segment.isSwapped == isFirst))
        if slot * 2 == ends.count {
            ends.append(StreamEnd())
            ends.append(StreamEnd())
        } else {
            ends[slot * 2] = StreamEnd()
            ends[slot * 2 + 1] = StreamEnd()
        }
        sink.began(flow, at: lastTime)
        return slot
    }

    private mutating func forget<Sink: StreamSink>(_ slot: Int, _ sink: Sink) {
        if ends[slot * 2].isOpen || ends[slot * 2 + 1].isOpen { counters.flowsForgotten += 1 }
        endBoth(slot, by: .forgotten, sink)
        flows.remove(slot)
    }
}

extension TCPSegment {
    /// What follows the SYN, which takes one sequence number.
    fileprivate var withoutSYN: TCPSegment {
        var rest = self
        rest.flags.remove(.syn)
        rest.sequence &+= 1
        return rest
    }
}
