/// What is not just the next bytes of a direction: old ones, early ones, missing ones.
extension Reassembler {
    /// How far from the expected sequence number a segment can be: behind, by what somebody may send again; ahead, by a window.
    static let plausible = -(1 << 26)...StreamEnd.farthest

    mutating func receive<Sink: StreamSink>(_ segment: TCPSegment, _ bytes: Span<UInt8>, _ end: Int, _ sink: Sink) {
        if segment.flags.contains(.rst) { return reset(segment, end, sink) }
        if ends[end].isOpen { locate(segment.sequence, end) }
        take(segment, bytes, end, sink)
        if segment.flags.contains(.fin) { finish(at: segment.sequence &+ UInt32(truncatingIfNeeded: segment.length), end, sink) }
        if segment.flags.contains(.ack) { acknowledge(end ^ 1, segment.acknowledgement, sink) }
    }

    /// Of a direction of which the beginning was not seen, where it is.
    private mutating func locate(_ sequence: UInt32, _ end: Int) {
        guard ends[end].state.contains(.started) else { return ends[end].start(at: sequence) }
        guard ends[end].state.contains(.guessed) else { return }
        ends[end].state.remove(.guessed)
        // What the other side expected next may have been under way before the capture began; but not more than a window.
        if !(-(1 << 16)...bounds.heldBytes).contains(ends[end].distance(sequence)) { ends[end].start(at: sequence) }
    }

    private mutating func take<Sink: StreamSink>(_ segment: TCPSegment, _ bytes: Span<UInt8>, _ end: Int, _ sink: Sink) {
        let length = segment.length
        var position = ends[end].distance(segment.sequence)
        if position == -1, length < 2 {
            // With FIN it is that, sent again.
            if !segment.flags.contains(.fin) { counters.keepAlives += 1 }
            return
        }
        guard length > 0 else { return }
        guard ends[end].isOpen else { return takeLate(position, length) }
        guard Self.plausible.contains(position) || jump(to: segment, end, sink) else { return }
        position = ends[end].distance(segment.sequence)
        let old = min(max(0, -position), length)
        if old > 0 {
            counters.retransmittedSegments += 1
            counters.retransmittedBytes += old
        }
        position += old
        var rest = length - old
        if ends[end].state.contains(.finishing) {
            let room = max(0, ends[end].distance(ends[end].finish) - position)
            counters.bytesAfterEnd += max(0, rest - room)
            rest = min(rest, room)
        }
        guard rest > 0 else { return }
        let present = bytes.extracting(min(old, bytes.count)..<min(old + rest, bytes.count))
        if position == 0, !ends[end].state.contains(.holding) {
            tell(present, cutOff: rest - present.count, end, sink)
            finishIfReached(end, sink)
        } else {
            hold(present, cutOff: rest - present.count, position, isFresh: old == 0, end, sink)
        }
    }

    /// Bytes of a direction that has ended.
    private mutating func takeLate(_ position: Int, _ length: Int) {
        let old = Self.plausible.contains(position) ? min(max(0, -position), length) : 0
        if old > 0 {
            counters.retransmittedSegments += 1
            counters.retransmittedBytes += old
        }
        counters.bytesAfterEnd += length - old
    }

    /// A segment where no window reaches. One is noise; two in a row are a connection that went on elsewhere, while the capture
    /// missed it.
    private mutating func jump<Sink: StreamSink>(to segment: TCPSegment, _ end: Int, _ sink: Sink) -> Bool {
        guard ends[end].state.contains(.jumped), ends[end].jump == segment.sequence else {
            ends[end].state.insert(.jumped)
            ends[end].jump = segment.sequence &+ UInt32(truncatingIfNeeded: segment.length)
            counters.implausibleBytes += segment.length
            return false
        }
        flush(end, sink)
        guard ends[end].isOpen else { return false }
        lose(nil, end, sink)
        ends[end].state.remove(.jumped)
        ends[end].next = segment.sequence
        ends[end].acknowledged = ends[end].offset
        return true
    }

    // MARK: Holding back

    private mutating func hold<Sink: StreamSink>(
        _ bytes: Span<UInt8>, cutOff: Int, _ position: Int, isFresh: Bool, _ end: Int, _ sink: Sink
    ) {
        let before = ends[end].held.cost
        let (known, different) = ends[end].held.insert(bytes, cutOff: cutOff, at: position, after: ends[end].next)
        heldBytes += ends[end].held.cost - before
        startWaiting(end)
        if known > 0, isFresh { counters.retransmittedSegments += 1 }
        counters.retransmittedBytes += known
        counters.conflictingBytes += different
        if position == 0 {
            drain(end, sink)
        } else if known < bytes.count + cutOff {
            counters.reorderedSegments += 1
        }
        keepBounds(end, sink)
    }

    private mutating func keepBounds<Sink: StreamSink>(_ end: Int, _ sink: Sink) {
        while ends[end].held.count > bounds.heldSegments || ends[end].held.cost > bounds.heldBytes { giveUpHole(end, sink) }
        // What has waited longest is the least likely to come.
        while heldBytes > bounds.heldBytesAltogether, let longest = waiting.longest { giveUpHole(longest, sink) }
    }

    /// Tells what is held back up to the next hole.
    private mutating func drain<Sink: StreamSink>(_ end: Int, _ sink: Sink) {
        var count = 0
        while count < ends[end].held.count, ends[end].held.pieces[count].start == ends[end].next {
            let piece = ends[end].held.pieces[count]
            tell(piece.bytes.span, cutOff: piece.length - piece.bytes.count, end, sink)
            count += 1
        }
        let before = ends[end].held.cost
        ends[end].held.removeFirst(count)
        heldBytes -= before - ends[end].held.cost
        if ends[end].held.isEmpty { stopWaiting(end) }
        finishIfReached(end, sink)
    }

    /// Nobody waits for the missing bytes any more: tells how many they are, and what follows them.
    mutating func giveUpHole<Sink: StreamSink>(_ end: Int, _ sink: Sink) {
        skip(ends[end].distance(edge(end)), end, sink)
        drain(end, sink)
    }

    /// Where the hole before what is held back ends.
    private func edge(_ end: Int) -> UInt32 {
        guard let first = ends[end].held.first else { return ends[end].finish }
        guard ends[end].state.contains(.finishing) else { return first.start }
        return ends[end].distance(first.start) < ends[end].distance(ends[end].finish) ? first.start : ends[end].finish
    }

    // MARK: Acknowledgements

    mutating func acknowledgeSpecial<Sink: StreamSink>(_ end: Int, _ acknowledgement: UInt32, _ sink: Sink) {
        guard ends[end].state.contains(.started) else {
            if ends[end].isOpen { ends[end].start(at: acknowledgement, isGuess: true) }
            return
        }
        ends[end].acknowledge(acknowledgement)
        // The other side has these bytes, so they will not be sent again.
        while !ends[end].state.isDisjoint(with: [.holding, .finishing]) {
            let hole = ends[end].distance(edge(end))
            let known = ends[end].acknowledged - ends[end].offset
            guard known > 0 else { return }
            guard known >= hole else { return skip(known, end, sink) }
            giveUpHole(end, sink)
        }
    }

    // MARK: Telling

    private mutating func tell<Sink: StreamSink>(_ bytes: Span<UInt8>, cutOff: Int, _ end: Int, _ sink: Sink) {
        if !bytes.isEmpty {
            ends[end].state.insert(.told)
            ends[end].advance(bytes.count)
            sink.received(bytes, direction(end), of: flows[end / 2].number, at: lastTime)
        }
        if cutOff > 0 { skip(cutOff, end, sink) }
    }

    /// Passes over bytes that the capture does not have.
    mutating func skip<Sink: StreamSink>(_ count: Int, _ end: Int, _ sink: Sink) {
        ends[end].advance(count)
        lose(count, end, sink)
    }

    private mutating func lose<Sink: StreamSink>(_ count: Int?, _ end: Int, _ sink: Sink) {
        counters.gaps += 1
        counters.bytesLost += count ?? 0
        ends[end].state.insert(.told)
        sink.lost(count, direction(end), of: flows[end / 2].number, at: lastTime)
    }

    func direction(_ end: Int) -> Direction { end & 1 == 0 ? .forward : .backward }
}
