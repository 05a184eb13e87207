public import ClusterModel

extension Replication {
    mutating func evaluateSoon(_ slot: Int, elapsed: Duration) {
        tables[slot].isEvaluationDue = true
        wake(slot, at: elapsed)
    }

    private mutating func evaluateAt(_ slot: Int, _ time: Duration) {
        tables[slot].isEvaluationDue = true
        wake(slot, at: time)
    }

    /// Finds out what is missing and asks the peer that has most of it (SNP-001).
    mutating func evaluate(_ slot: Int, _ local: LocalTable, elapsed: Duration, into actions: inout [ReplicationAction]) {
        tables[slot].isEvaluationDue = false
        guard tables[slot].isActive, tables[slot].fetch.running == nil else { return }
        let lacks = tables[slot].lacks(local, own: origin)
        if lacks.isEmpty {
            tables[slot].fetch.missingSince = nil
            // Without links nothing seems to be missing; what came of a copy counts when they are back.
            if let partial = tables[slot].fetch.partial, local.vector.covers(partial.vector) { tables[slot].fetch.partial = nil }
            repairNext(slot, elapsed: elapsed, into: &actions)
            if tables[slot].fetch.running == nil { admitFetches(elapsed: elapsed) }
            return
        }
        let since = tables[slot].fetch.missingSince ?? elapsed
        tables[slot].fetch.missingSince = since
        // Somebody else may have more, or stream what seems to be missing: its state is on its way.
        let isOutstanding = tables[slot].peers.contains { $0.link != nil && $0.link?.greeting == nil }
        if isOutstanding, elapsed < since + settings.settleTime { return evaluateAt(slot, since + settings.settleTime) }
        var ready = lacks.filter { tables[slot].peers[$0.index].retryAt <= elapsed }
        let isBusy = !ready.isEmpty
        ready.removeAll { (links[tables[slot].peers[$0.index].node]?.fetches ?? 0) >= Limits.snapshotsPerLink }
        if isBusy, ready.isEmpty { return waitToFetch(slot, lacks.map { tables[slot].peers[$0.index].node }) }
        guard let best = ready.max(by: { ($0.operations, $1.tieBreak) < ($1.operations, $0.tieBreak) }) else {
            let times = lacks.map { tables[slot].peers[$0.index].retryAt }
            return evaluateAt(slot, times.min() ?? elapsed + settings.retryFirst)
        }
        let first = tables[slot].fetch.partial?.next ?? 0
        let whole = first...UInt16(Limits.buckets - 1)
        request(slot, best.index, whole, have: local.vector, isRepair: false, elapsed: elapsed, into: &actions)
    }

    private mutating func waitToFetch(_ slot: Int, _ peers: [NodeID]) {
        for peer in peers where links[peer]?.waitingToFetch.contains(slot) == false {
            links[peer]?.waitingToFetch.append(slot)
        }
    }

    /// Lets tables that waited for a peer look again, as many as the peer may now serve.
    private mutating func admitFetches(elapsed: Duration) {
        for (peer, link) in links where !link.waitingToFetch.isEmpty {
            let admitted = link.waitingToFetch.prefix(max(0, Limits.snapshotsPerLink - link.fetches))
            links[peer]?.waitingToFetch.removeFirst(admitted.count)
            for slot in admitted { evaluateSoon(slot, elapsed: elapsed) }
        }
    }

    /// The snapshot under way has come to its end, whatever that is.
    private mutating func endFetch(_ slot: Int, _ running: Fetch.Running, elapsed: Duration) {
        tables[slot].fetch.running = nil
        guard let fetches = links[running.peer]?.fetches else { return }
        links[running.peer]?.fetches = max(0, fetches - 1)
        admitFetches(elapsed: elapsed)
    }

    private mutating func repairNext(_ slot: Int, elapsed: Duration, into actions: inout [ReplicationAction]) {
        while let repair = tables[slot].fetch.repairs.first {
            tables[slot].fetch.repairs.removeFirst()
            guard let index = tables[slot].index(of: repair.peer), tables[slot].peers[index].link != nil else { continue }
            return request(slot, index, repair.buckets, have: VersionVector(), isRepair: true, elapsed: elapsed, into: &actions)
        }
    }

    private mutating func request(
        _ slot: Int, _ index: Int, _ buckets: ClosedRange<UInt16>, have: VersionVector, isRepair: Bool, elapsed: Duration,
        into actions: inout [ReplicationAction]
    ) {
        let peer = tables[slot].peers[index].node
        guard let stream = links[peer]?.nextStream else { return }
        links[peer]?.nextStream = stream &+ 2
        links[peer]?.fetches += 1
        tables[slot].fetch.running = Fetch.Running(
            peer: peer, stream: stream, isRepair: isRepair, buckets: buckets, elapsed: elapsed)
        let request = SnapRequest(
            table: tables[slot].definition.name, firstBucket: buckets.lowerBound, lastBucket: buckets.upperBound, have: have)
        actions.append(.send(.snapRequest(request), to: peer, stream: stream))
        wake(slot, at: elapsed + settings.snapshotStall)
    }

    // MARK: What comes

    /// Whether chunks of this stream are still wanted. False: given up here while they were on their way; drop them unread.
    public func wants(stream: UInt32, from peer: NodeID) -> Bool { slot(of: stream, from: peer) != nil }

    private func slot(of stream: UInt32, from peer: NodeID) -> Int? {
        tables.firstIndex { $0.fetch.running?.peer == peer && $0.fetch.running?.stream == stream }
    }

    /// A message of a snapshot that does not run: a listed race when it was asked for here earlier (SNP-018), else the peer's
    /// fault (SNP-029).
    private func stray(_ stream: UInt32, from peer: NodeID, _ name: String) -> [ReplicationAction] {
        guard let link = links[peer] else { return [] }
        let wasAsked = stream > 0 && stream % 2 == link.nextStream % 2 && stream < link.nextStream
        return wasAsked ? [] : [.close(peer, .unexpectedMessage, text: "\(name): snapshot \(stream) was not asked for")]
    }

    /// SNAP_BEGIN came (SNP-002).
    public mutating func received(
        _ begin: SnapBegin, stream: UInt32, from peer: NodeID, elapsed: Duration
    ) -> [ReplicationAction] {
        guard let slot = slot(of: stream, from: peer) else { return stray(stream, from: peer, "SNAP_BEGIN") }
        guard tables[slot].fetch.running?.begin == nil, begin.table == tables[slot].definition.name else {
            return [.close(peer, .unexpectedMessage, text: "SNAP_BEGIN: snapshot \(stream) has begun, or is of another table")]
        }
        tables[slot].fetch.running?.begin = begin
        tables[slot].fetch.running?.heardAt = elapsed
        return []
    }

    /// A SNAP_CHUNK came and its rows were merged (SNP-003). `digest`: the wrapping sum of their digests, as the shell counts it.
    public mutating func receivedChunk(
        number: UInt32, nextBucket: UInt16, rows: Int, digest: UInt64, stream: UInt32, from peer: NodeID, elapsed: Duration
    ) -> [ReplicationAction] {
        guard let slot = slot(of: stream, from: peer) else { return stray(stream, from: peer, "SNAP_CHUNK") }
        guard var running = tables[slot].fetch.running, running.begin != nil else {
            return [.close(peer, .unexpectedMessage, text: "SNAP_CHUNK: snapshot \(stream) has not begun")]
        }
        guard number == running.chunks, (running.next...running.buckets.upperBound + 1).contains(nextBucket) else {
            return snapshotFailed(
                stream: stream, from: peer, .snapshotMismatch, text: "chunk \(number) is out of order", elapsed: elapsed)
        }
        running.chunks += 1
        running.next = nextBucket
        running.rows += UInt64(rows)
        running.digest &+= digest
        running.heardAt = elapsed
        tables[slot].fetch.running = running
        return []
    }

    /// SNAP_END came (SNP-004, SNP-012, SNP-014, SNP-017).
    public mutating func received(
        _ end: SnapEnd, stream: UInt32, from peer: NodeID, elapsed: Duration
    ) -> [ReplicationAction] {
        guard let slot = slot(of: stream, from: peer) else { return stray(stream, from: peer, "SNAP_END") }
        guard let running = tables[slot].fetch.running, let begin = running.begin else {
            return [.close(peer, .unexpectedMessage, text: "SNAP_END: snapshot \(stream) has not begun")]
        }
        guard end.chunks == running.chunks, end.rows == running.rows, end.digest == running.digest else {
            return snapshotFailed(
                stream: stream, from: peer, .snapshotMismatch, text: "END does not sum up what came", elapsed: elapsed)
        }
        var actions = [ReplicationAction.settle(settlement(slot, running, running.buckets, begin))]
        endFetch(slot, running, elapsed: elapsed)
        if let index = tables[slot].index(of: peer) {
            tables[slot].peers[index].failures = 0
            tables[slot].peers[index].known?.merge(begin.vector)
        }
        if !running.isRepair {
            let vector = tables[slot].fetch.partial?.vector.meet(begin.vector) ?? begin.vector
            tables[slot].fetch.partial = nil
            actions.append(.adopt(table: begin.table, vector: vector))
            closeGaps(slot, vector)
            for other in tables[slot].peers where other.link != nil {
                actions.append(.sendState(to: other.node, table: begin.table, wantsReply: false))
            }
        }
        evaluateSoon(slot, elapsed: elapsed)
        return actions
    }

    private func settlement(
        _ slot: Int, _ running: Fetch.Running, _ buckets: ClosedRange<UInt16>?, _ begin: SnapBegin?
    ) -> Settlement {
        Settlement(
            table: tables[slot].definition.name, peer: running.peer, stream: running.stream, buckets: buckets,
            vector: begin?.vector ?? VersionVector(), isComplete: begin?.isComplete ?? false)
    }

    // MARK: What goes wrong

    /// SNAP_CANCEL came, for a snapshot in either direction (SNP-005).
    public mutating func received(
        _ cancel: SnapCancel, stream: UInt32, from peer: NodeID, elapsed: Duration
    ) -> [ReplicationAction] {
        if links[peer]?.serving.remove(stream) != nil { return [.stopServing(to: peer, stream: stream)] }
        // Otherwise it crossed with our END or our own SNAP_CANCEL.
        guard let slot = slot(of: stream, from: peer), let running = tables[slot].fetch.running else { return [] }
        var actions: [ReplicationAction] = []
        interrupt(slot, running, elapsed: elapsed, into: &actions)
        postpone(slot, peer, elapsed: elapsed)
        return actions
    }

    /// A chunk could not be unpacked or merged: the snapshot is given up and asked of somebody else.
    public mutating func snapshotFailed(
        stream: UInt32, from peer: NodeID, _ code: ErrorCode, text: String, elapsed: Duration
    ) -> [ReplicationAction] {
        guard let slot = slot(of: stream, from: peer), let running = tables[slot].fetch.running else { return [] }
        var actions: [ReplicationAction] = []
        cancel(slot, running, code, text: text, elapsed: elapsed, into: &actions)
        postpone(slot, peer, elapsed: elapsed)
        return actions
    }

    /// Gives a snapshot up whose contents are doubtful or useless: nothing of it counts.
    mutating func cancel(
        _ slot: Int, _ running: Fetch.Running, _ code: ErrorCode, text: String, elapsed: Duration,
        into actions: inout [ReplicationAction]
    ) {
        endFetch(slot, running, elapsed: elapsed)
        actions.append(.send(.snapCancel(SnapCancel(code, text: text)), to: running.peer, stream: running.stream))
        actions.append(.settle(settlement(slot, running, nil, running.begin)))
    }

    /// Ends a snapshot in the middle: the buckets that came whole count, the rest is asked for later (SNP-019).
    mutating func interrupt(
        _ slot: Int, _ running: Fetch.Running, elapsed: Duration, into actions: inout [ReplicationAction]
    ) {
        endFetch(slot, running, elapsed: elapsed)
        guard let (buckets, begin) = running.settlement else {
            return actions.append(.settle(settlement(slot, running, nil, running.begin)))
        }
        actions.append(.settle(settlement(slot, running, buckets, begin)))
        guard !running.isRepair else { return }
        let earlier = tables[slot].fetch.partial
        tables[slot].fetch.partial = Fetch.Partial(
            // Without END the last bucket is asked for again: somebody has to say that this was all.
            next: min(running.next, UInt16(Limits.buckets - 1)), vector: earlier?.vector.meet(begin.vector) ?? begin.vector,
            rows: (earlier?.rows ?? 0) + running.rows)
    }

    private mutating func postpone(_ slot: Int, _ peer: NodeID, elapsed: Duration) {
        if let index = tables[slot].index(of: peer) {
            let failures = min(tables[slot].peers[index].failures, 16)
            let pause = min(settings.retryFirst * (1 << failures), settings.retryLongest)
            tables[slot].peers[index].failures = failures + 1
            tables[slot].peers[index].retryAt = elapsed + pause
        }
        evaluateSoon(slot, elapsed: elapsed)
    }

    /// Gives up a snapshot on which nothing has come for too long.
    mutating func checkStall(_ slot: Int, elapsed: Duration, into actions: inout [ReplicationAction]) {
        guard let running = tables[slot].fetch.running else { return }
        let limit = running.heardAt + settings.snapshotStall
        guard limit <= elapsed else { return wake(slot, at: limit) }
        let text = "nothing has come for \(settings.snapshotStall)"
        actions.append(
            .send(.snapCancel(SnapCancel(.cancelled, text: text)), to: running.peer, stream: running.stream))
        interrupt(slot, running, elapsed: elapsed, into: &actions)
        postpone(slot, running.peer, elapsed: elapsed)
    }

    // MARK: Outgoing snapshots

    /// SNAP_REQUEST came (SNP-001, SNP-007, SNP-008, SNP-026).
    public mutating func received(_ request: SnapRequest, stream: UInt32, from peer: NodeID) -> [ReplicationAction] {
        guard let link = links[peer] else { return [] }
        guard stream > 0, stream % 2 != link.nextStream % 2, !link.serving.contains(stream) else {
            return [.close(peer, .unexpectedMessage, text: "SNAP_REQUEST: \(stream) is not a new snapshot id of the sender")]
        }
        guard request.firstBucket <= request.lastBucket, Int(request.lastBucket) < Limits.buckets else {
            return [.close(peer, .malformed, text: "SNAP_REQUEST: no such buckets")]
        }
        guard let slot = slots[request.table], tables[slot].isActive else {
            return [refusal(.noSuchTable, "not replicated here", to: peer, stream)]
        }
        guard link.serving.count < Limits.snapshotsPerLink else {
            return [refusal(.busy, "as many snapshots as the link may carry are under way", to: peer, stream)]
        }
        links[peer]?.serving.insert(stream)
        return [.serve(to: peer, stream: stream, request)]
    }

    private func refusal(_ code: ErrorCode, _ text: String, to peer: NodeID, _ stream: UInt32) -> ReplicationAction {
        .send(.snapCancel(SnapCancel(code, text: text)), to: peer, stream: stream)
    }

    /// The snapshot was sent whole (or given up by the shell, which then sent SNAP_CANCEL).
    public mutating func served(to peer: NodeID, stream: UInt32) {
        links[peer]?.serving.remove(stream)
    }
}
