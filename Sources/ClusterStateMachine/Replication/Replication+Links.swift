public import ClusterModel

extension Replication {
    /// A link to a member is established: for every table that both replicate TABLE_STATE goes out (REP-020).
    public mutating func linkUp(_ peer: Origin, elapsed: Duration) -> [ReplicationAction] {
        var actions: [ReplicationAction] = links[peer.node] == nil ? [] : linkDown(peer.node, elapsed: elapsed)
        // Both ends choose snapshot ids, so the lower node takes the odd ones.
        links[peer.node] = LinkProgress(origin: peer, nextStream: origin.node < peer.node ? 1 : 2)
        for slot in tables.indices where tables[slot].isActive {
            attach(slot, peer: peer.node, wantsReply: false, into: &actions)
        }
        return actions
    }

    /// The link is gone, with everything queued on it.
    public mutating func linkDown(_ peer: NodeID, elapsed: Duration) -> [ReplicationAction] {
        guard let link = links.removeValue(forKey: peer) else { return [] }
        var actions: [ReplicationAction] = []
        for stream in link.serving.sorted() { actions.append(.stopServing(to: peer, stream: stream)) }
        for slot in tables.indices { detach(slot, peer: peer, elapsed: elapsed, into: &actions) }
        return actions
    }

    /// Begins with a table on a link.
    mutating func attach(_ slot: Int, peer: NodeID, wantsReply: Bool, into actions: inout [ReplicationAction]) {
        guard let origin = links[peer]?.origin, tables[slot].definition.isReplica(peer) else { return }
        let index = tables[slot].ensure(peer)
        guard tables[slot].peers[index].link == nil else { return }
        var link = PeerLink(origin: origin)
        let loaded = tables[slot].definition.storage == .disc ? tables[slot].loaded.sequence(of: origin) : 0
        link.durable = loaded == VersionVector.whole ? 0 : loaded
        if let dot = tables[slot].peers[index].onDisk, dot.origin == origin { link.durable = max(link.durable, dot.sequence) }
        tables[slot].peers[index].link = link
        if tables[slot].peers[index].countsFromLinkUp {
            tables[slot].peers[index].countsFromLinkUp = false
            tables[slot].peers[index].countsAfter = tables[slot].last
            tables[slot].waits.hold(before: tables[slot].last + 1)
            wake(slot, at: .zero)
        }
        actions.append(.sendState(to: peer, table: tables[slot].definition.name, wantsReply: wantsReply))
    }

    private mutating func detach(_ slot: Int, peer: NodeID, elapsed: Duration, into actions: inout [ReplicationAction]) {
        guard let index = tables[slot].index(of: peer), tables[slot].peers[index].link != nil else { return }
        if let running = tables[slot].fetch.running, running.peer == peer {
            interrupt(slot, running, elapsed: elapsed, into: &actions)
        }
        tables[slot].fetch.repairs.removeAll { $0.peer == peer }
        tables[slot].peers[index].link = nil
        evaluateSoon(slot, elapsed: elapsed)
    }

    /// Peers that a changed definition no longer names.
    mutating func detachStrangers(_ slot: Int, elapsed: Duration, into actions: inout [ReplicationAction]) {
        for peer in tables[slot].peers.map(\.node) where !tables[slot].definition.isReplica(peer) {
            detach(slot, peer: peer, elapsed: elapsed, into: &actions)
            links[peer]?.paused.removeAll { $0 == slot }
            links[peer]?.acksDue.removeAll { $0 == slot }
        }
        let definition = tables[slot].definition
        tables[slot].peers.removeAll { !definition.isReplica($0.node) }
    }
}
