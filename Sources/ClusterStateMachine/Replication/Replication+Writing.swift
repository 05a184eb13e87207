public import ClusterModel

extension Replication {
    /// Own operations `first...last` were applied here; `bytes` is the size of their encoded OPERATIONS.
    /// - Returns: the peers into whose queues the shell puts them now (after `takeAcks`), ascending; counted as queued.
    public mutating func wrote(_ table: TableName, first: UInt64, last: UInt64, bytes: Int) -> [NodeID] {
        guard let slot = slots[table] else { return [] }
        tables[slot].last = last
        var receivers: [NodeID] = []
        for index in tables[slot].peers.indices where tables[slot].peers[index].link?.outgoing == .live {
            let peer = tables[slot].peers[index].node
            if enqueue(bytes, to: peer) {
                receivers.append(peer)
            } else {
                tables[slot].peers[index].link?.outgoing = .paused(next: first)
                links[peer]?.paused.append(slot)
            }
        }
        return receivers
    }

    /// Counts bytes into the peer's queue unless that exceeds its budget (LIM-016); an empty queue takes anything.
    private mutating func enqueue(_ bytes: Int, to peer: NodeID) -> Bool {
        guard let queued = links[peer]?.queued, queued == 0 || queued + bytes <= settings.peerQueue else { return false }
        links[peer]?.queued = queued + bytes
        return true
    }

    /// The peer's TABLE_STATE tells where its stream begins (REP-022).
    mutating func beginStream(
        _ slot: Int, _ index: Int, _ state: TableState, _ local: LocalTable, into actions: inout [ReplicationAction]
    ) {
        let has = min(state.vector.sequence(of: origin), local.last)
        tables[slot].peers[index].covered = has
        tables[slot].peers[index].durable = min(tables[slot].peers[index].durable, has)
        let from = max(has + 1, local.streamable)
        noteHole(slot, index, upTo: from)
        continueStream(slot, index, from: from, into: &actions)
    }

    private mutating func continueStream(_ slot: Int, _ index: Int, from: UInt64, into actions: inout [ReplicationAction]) {
        let peer = tables[slot].peers[index].node
        if from > tables[slot].last {
            tables[slot].peers[index].link?.outgoing = .live
            resumeNext(peer, into: &actions)
        } else if let queued = links[peer]?.queued, queued >= settings.peerQueue {
            tables[slot].peers[index].link?.outgoing = .paused(next: from)
            links[peer]?.paused.append(slot)
        } else {
            tables[slot].peers[index].link?.outgoing = .reading(next: from)
            actions.append(.stream(to: peer, table: tables[slot].definition.name, from: from))
        }
    }

    /// The stream goes on at `from`: what lies between it and what the peer has can only come by snapshot.
    private mutating func noteHole(_ slot: Int, _ index: Int, upTo from: UInt64) {
        guard from > tables[slot].peers[index].reach + 1 else { return }
        tables[slot].peers[index].link?.hole = from
        tables[slot].waits.hold(before: from)
        if !tables[slot].waits.held.isEmpty { wake(slot, at: .zero) }
    }

    /// The shell performed `.stream`: operations `first...last` went into the peer's queue. `last` < `first`: there were none.
    public mutating func streamed(
        _ table: TableName, first: UInt64, last: UInt64, bytes: Int, to peer: NodeID
    ) -> [ReplicationAction] {
        guard let slot = slots[table], let index = tables[slot].index(of: peer),
            case .reading(let next)? = tables[slot].peers[index].link?.outgoing
        else { return [] }
        var actions: [ReplicationAction] = []
        guard first <= last else {
            // Nothing is left to read, so all up to now is skipped; the peer learns it from the state.
            noteSkip(slot, index, from: next, to: tables[slot].last + 1)
            actions.append(.sendState(to: peer, table: table, wantsReply: false))
            continueStream(slot, index, from: tables[slot].last + 1, into: &actions)
            return actions
        }
        noteSkip(slot, index, from: next, to: first)
        links[peer]?.queued += bytes
        continueStream(slot, index, from: last + 1, into: &actions)
        return actions
    }

    private mutating func noteSkip(_ slot: Int, _ index: Int, from next: UInt64, to first: UInt64) {
        guard first > next else { return }
        tables[slot].peers[index].link?.hole = first
        tables[slot].waits.hold(before: first)
        if !tables[slot].waits.held.isEmpty { wake(slot, at: .zero) }
    }

    /// The link took bytes of the peer's replication queue; `queued` are left.
    public mutating func drained(_ peer: NodeID, queued: Int) -> [ReplicationAction] {
        var actions: [ReplicationAction] = []
        links[peer]?.queued = queued
        resumeNext(peer, into: &actions)
        return actions
    }

    /// Puts the next table that was taken off back on the stream, one at a time so that the budget holds.
    private mutating func resumeNext(_ peer: NodeID, into actions: inout [ReplicationAction]) {
        guard let link = links[peer], link.queued <= settings.peerQueueResume, let slot = link.paused.first else { return }
        links[peer]?.paused.removeFirst()
        guard let index = tables[slot].index(of: peer), case .paused(let next)? = tables[slot].peers[index].link?.outgoing
        else { return resumeNext(peer, into: &actions) }
        actions.append(.sendState(to: peer, table: tables[slot].definition.name, wantsReply: false))
        continueStream(slot, index, from: next, into: &actions)
    }

    /// Bytes of OPERATIONS counted in the peer's queue.
    public func queued(_ peer: NodeID) -> Int { links[peer]?.queued ?? 0 }

    // MARK: Waiting

    /// Asks to be told when `level` replicas have the own operations up to `last`: at once if they have, else by `.complete`.
    /// Called right after `wrote`; ids are the shell's choice and come back.
    /// - Returns: the outcome when nothing has to be waited for, else nil.
    public mutating func wait(
        id: UInt64, table: TableName, last: UInt64, level: AckLevel, deadline: Duration
    ) -> WaitOutcome? {
        guard let slot = slots[table], tables[slot].isActive else {
            return WaitOutcome(id: id, replicas: 0, wanted: 1, isTimedOut: true)
        }
        let wait = WaitingWrites.Wait(id: id, last: last, level: level, deadline: deadline)
        if tables[slot].waits[level].count == 0, let outcome = tables[slot].outcome(of: wait) { return outcome }
        tables[slot].waits.append(wait)
        wake(slot, at: deadline)
        return nil
    }

    /// Writes that wait for replicas, over all tables.
    public var waiting: Int { tables.reduce(0) { $0 + $1.waits.count } }

    /// An ACK came (REP-010, REP-014).
    public mutating func received(_ ack: Ack, from peer: NodeID) -> [ReplicationAction] {
        guard ack.durable <= ack.applied, ack.applied <= ack.received else {
            return [.close(peer, .malformed, text: "ACK of \(ack.table): durable, applied and received must not descend")]
        }
        // An ACK for a table that was dropped here or of an origin that was given up crossed with the news.
        guard ack.origin == origin, let slot = slots[ack.table], tables[slot].isActive,
            let index = tables[slot].index(of: peer), let link = tables[slot].peers[index].link
        else { return [] }
        guard ack.received <= tables[slot].last else {
            return [.close(peer, .malformed, text: "ACK of \(ack.table): \(ack.received) was never sent")]
        }
        if link.hole > tables[slot].peers[index].covered + 1 {
            tables[slot].peers[index].link?.ackedBeyondHole = max(link.ackedBeyondHole, ack.applied)
        } else {
            tables[slot].peers[index].covered = max(tables[slot].peers[index].covered, ack.applied)
            tables[slot].peers[index].link?.ownAcked = max(link.ownAcked, ack.applied)
        }
        tables[slot].peers[index].durable = max(tables[slot].peers[index].durable, ack.durable)
        var actions: [ReplicationAction] = []
        tables[slot].advanceWaits(into: &actions)
        return actions
    }

    /// The peer's whole vector came: a hole in its stream may have been filled.
    mutating func fillHole(_ slot: Int, _ index: Int, has: UInt64, into actions: inout [ReplicationAction]) {
        let has = min(has, tables[slot].last)
        tables[slot].peers[index].covered = max(tables[slot].peers[index].covered, has)
        if let link = tables[slot].peers[index].link, link.hole > 0, has + 1 >= link.hole {
            tables[slot].peers[index].covered = max(has, link.ackedBeyondHole)
            tables[slot].peers[index].link?.hole = 0
            tables[slot].peers[index].link?.ackedBeyondHole = 0
        }
        tables[slot].advanceAllWaits(into: &actions)
    }
}
