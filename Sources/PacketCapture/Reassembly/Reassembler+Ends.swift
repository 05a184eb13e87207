/// How directions end: FIN, RST, or because there is no more to know.
extension Reassembler {
    mutating func finish<Sink: StreamSink>(at sequence: UInt32, _ end: Int, _ sink: Sink) {
        let distance = ends[end].distance(sequence)
        guard ends[end].isOpen, !ends[end].state.contains(.finishing), distance >= 0, Self.plausible.contains(distance) else {
            return
        }
        ends[end].state.insert(.finishing)
        ends[end].finish = sequence
        finishIfReached(end, sink)
    }

    mutating func finishIfReached<Sink: StreamSink>(_ end: Int, _ sink: Sink) {
        guard ends[end].state.contains(.finishing), ends[end].distance(ends[end].finish) <= 0 else { return }
        // FIN takes one sequence number.
        ends[end].next = ends[end].finish &+ 1
        ends[end].state.insert(.saidSo)
        close(end, by: .finished, sink)
    }

    mutating func reset<Sink: StreamSink>(_ segment: TCPSegment, _ end: Int, _ sink: Sink) {
        // Text that explains it (RFC 9293, section 3.5.3) is not of the stream.
        counters.bytesAfterEnd += segment.length
        let isKnown = ends[end].state.contains(.started) && !ends[end].state.contains(.guessed)
        guard !isKnown || Self.plausible.contains(ends[end].distance(segment.sequence)) else {
            counters.strayResets += 1
            return
        }
        if ends[end].isOpen { ends[end].state.insert(.saidSo) }
        endBoth(end / 2, by: .reset, sink)
    }

    /// Tells what is held back of both directions, and ends those that are open.
    mutating func endBoth<Sink: StreamSink>(_ slot: Int, by reason: FlowEnd, _ sink: Sink) {
        for end in [slot * 2, slot * 2 + 1] {
            flush(end, sink)
            close(end, by: reason, sink)
        }
    }

    /// Waits no longer for anything that is missing.
    mutating func flush<Sink: StreamSink>(_ end: Int, _ sink: Sink) {
        while !ends[end].state.isDisjoint(with: [.holding, .finishing]) { giveUpHole(end, sink) }
        guard ends[end].isOpen, ends[end].state.contains(.started) else { return }
        // Acknowledged, so it was sent. Of one alone nobody knows whether it was a byte or FIN.
        let missing = ends[end].acknowledged - ends[end].offset
        if missing > 1 { skip(missing, end, sink) }
    }

    private mutating func close<Sink: StreamSink>(_ end: Int, by reason: FlowEnd, _ sink: Sink) {
        guard ends[end].isOpen else { return }
        // Only behind a FIN is there something left.
        for piece in ends[end].held.pieces { counters.bytesAfterEnd += piece.length }
        heldBytes -= ends[end].held.cost
        ends[end].held.removeAll()
        stopWaiting(end)
        ends[end].state.remove(.finishing)
        ends[end].state.insert(.ended)
        sink.ended(direction(end), of: flows[end / 2].number, by: reason, at: lastTime)
    }
}
