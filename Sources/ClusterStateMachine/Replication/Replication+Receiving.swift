public import ClusterModel

extension Replication {
    /// The header of OPERATIONS that came (REP-001, REP-005, REP-008).
    /// - Parameter have: the own vector's entry for `origin`; nil when this node has no such table.
    public mutating func receivedOperations(
        _ table: TableName, origin: Origin, first: UInt64, last: UInt64, from peer: NodeID, have: UInt64?, elapsed: Duration
    ) -> OperationsVerdict {
        guard let link = links[peer] else { return .ignore }
        guard origin == link.origin else {
            return .violation(.malformed, text: "OPERATIONS of \(table): \(origin) is not the sender's origin")
        }
        guard first > 0, last >= first, last < VersionVector.whole else {
            return .violation(.malformed, text: "OPERATIONS of \(table): sequences run from 1")
        }
        // The definition may have changed while they were on their way.
        guard let have, let slot = slots[table], tables[slot].isActive, let index = tables[slot].index(of: peer),
            let progress = tables[slot].peers[index].link
        else { return .ignore }
        let isGap = !max(have, progress.received).isFollowed(by: first)
        if isGap || progress.streamStart == nil {
            // The stream skipped something without telling: unbroken is only what comes from here on.
            tables[slot].peers[index].link?.streamStart = first
            if isGap { evaluateSoon(slot, elapsed: elapsed) }
        }
        tables[slot].peers[index].link?.received = max(progress.received, last)
        let start = tables[slot].peers[index].link?.streamStart ?? 1
        tables[slot].peers[index].link?.isGapless = have.isFollowed(by: start)
        return .apply
    }

    /// OPERATIONS with the verdict `apply` have been applied in memory.
    public mutating func applied(_ table: TableName, last: UInt64, from peer: NodeID) {
        guard let slot = slots[table], let index = tables[slot].index(of: peer), var link = tables[slot].peers[index].link
        else { return }
        link.applied = max(link.applied, last)
        if tables[slot].definition.storage == .ram { link.durable = link.applied }
        tables[slot].peers[index].link = link
        acknowledge(slot, index)
    }

    private mutating func acknowledge(_ slot: Int, _ index: Int) {
        guard tables[slot].peers[index].link?.isAckDue == false else { return }
        tables[slot].peers[index].link?.isAckDue = true
        links[tables[slot].peers[index].node]?.acksDue.append(slot)
    }

    /// The ACKs that are due to the peer, ascending by table. They count as sent (REP-010).
    public mutating func takeAcks(_ peer: NodeID) -> [Ack] {
        guard let link = links[peer], !link.acksDue.isEmpty else { return [] }
        links[peer]?.acksDue.removeAll(keepingCapacity: true)
        var acks: [Ack] = []
        for slot in link.acksDue {
            guard let index = tables[slot].index(of: peer), let progress = tables[slot].peers[index].link else { continue }
            tables[slot].peers[index].link?.isAckDue = false
            acks.append(
                Ack(
                    table: tables[slot].definition.name, origin: progress.origin,
                    received: max(progress.received, progress.applied),
                    applied: progress.applied, durable: min(progress.durable, progress.applied)))
        }
        return acks.count > 1 ? acks.sorted { $0.table < $1.table } : acks
    }

    /// A sync of the table's log begins: it covers all that was applied and written in memory until now (REP-013).
    public func syncBegins(_ table: TableName) -> SyncMark {
        guard let slot = slots[table] else { return SyncMark(table: table, own: 0, peers: [:]) }
        var marks: [NodeID: Dot] = [:]
        for peer in tables[slot].peers {
            // What came after a gap is not claimed as durable until the gap is filled, or "durable through n" would be a lie.
            guard let link = peer.link, link.isGapless, link.applied > link.durable else { continue }
            marks[peer.node] = Dot(origin: link.origin, sequence: link.applied)
        }
        return SyncMark(table: table, own: tables[slot].last, peers: marks)
    }

    /// That sync has succeeded: durable ACKs become due, own writes count here.
    public mutating func syncEnded(_ mark: SyncMark) -> [ReplicationAction] {
        guard let slot = slots[mark.table] else { return [] }
        for (node, dot) in mark.peers {
            guard let index = tables[slot].index(of: node) else { continue }
            tables[slot].peers[index].onDisk = dot
            guard let link = tables[slot].peers[index].link, link.origin == dot.origin, link.durable < dot.sequence
            else { continue }
            tables[slot].peers[index].link?.durable = dot.sequence
            acknowledge(slot, index)
        }
        guard mark.own > tables[slot].durable else { return [] }
        tables[slot].durable = mark.own
        var actions: [ReplicationAction] = []
        tables[slot].advanceWaits(into: &actions)
        return actions
    }

    /// The peer's TABLE_STATE tells where its stream to here begins.
    mutating func expectStream(_ slot: Int, _ index: Int, _ state: TableState, have: UInt64, elapsed: Duration) {
        guard var link = tables[slot].peers[index].link else { return }
        let sent = state.vector.sequence(of: link.origin)
        if link.greeting == nil {
            link.greeting = state.vector
            link.target = sent
            // A writer there may wait for what this node has on disk already.
            link.applied = max(link.applied, have)
            link.received = max(link.received, have)
        }
        link.ownAcked = max(link.ownAcked, min(state.vector.sequence(of: origin), tables[slot].last))
        link.streamStart = state.streamable
        if sent <= have || link.silence?.received != link.received {
            link.silence = sent <= have ? nil : (elapsed, link.received)
        } else if let since = link.silence?.since, elapsed - since >= settings.stateInterval {
            // What comes before a TABLE_STATE has come. If that stays short of what the peer has, it does not mean to send it:
            // it did so while this node did not replicate the table yet.
            link.streamStart = nil
        }
        link.isGapless = have.isFollowed(by: state.streamable)
        tables[slot].peers[index].link = link
        if tables[slot].waitsForDisk, link.durable > 0 { acknowledge(slot, index) }
    }

    /// The own vector covers `vector` from now on: gaps in the peers' streams may be closed by it.
    mutating func closeGaps(_ slot: Int, _ vector: VersionVector) {
        for index in tables[slot].peers.indices {
            guard let link = tables[slot].peers[index].link, let start = link.streamStart else { continue }
            let have = vector.sequence(of: link.origin)
            guard !link.isGapless, have.isFollowed(by: start) else { continue }
            tables[slot].peers[index].link?.isGapless = true
            tables[slot].peers[index].link?.applied = max(link.applied, have)
            tables[slot].peers[index].link?.received = max(link.received, have)
            if tables[slot].definition.storage == .ram { tables[slot].peers[index].link?.durable = max(link.applied, have) }
            acknowledge(slot, index)
        }
    }
}
