public import ClusterModel

extension Replication {
    /// Tombstones whose dot this covers can be collected now (TAB-013); nil when none can. To be called from time to time: how
    /// far they can go shows in what is told between one call and a later one.
    ///
    /// That every replica covers a delete is not enough to forget it: an older put of that row may be on its way to here by a
    /// slower stream. But who covers the delete writes nothing older than it any more (VER-004). So what is older had been told
    /// by then, and when this node covers all that had been told, it ignores what is still on its way (MRG-004, MRG-005). That the
    /// others cover it, too, lets them vouch for it in their snapshots.
    public mutating func collectable(_ local: LocalTable) -> VersionVector? {
        guard knowsMembers, let slot = slots[local.name], tables[slot].isActive else { return nil }
        let definition = tables[slot].definition
        guard
            let (witnesses, now) = tables[slot].told(
                own: origin, local.vector, records: records, isReplica: { isReplica($0, of: definition) })
        else {
            tables[slot].collection = nil
            return nil
        }
        var collection = tables[slot].collection ?? Collection(witnesses: witnesses)
        if collection.witnesses != witnesses { collection = Collection(witnesses: witnesses) }
        collection.observe(now, mayBegin: tables[slot].fetch.running == nil)
        tables[slot].collection = collection
        let covered = collection.settled.meet(now.byAll)
        return covered.isEmpty ? nil : covered
    }

    /// The other members that replicate the table and are not gone, joining and down ones included.
    private func replicas(of slot: Int) -> [PeerTable] {
        tables[slot].peers.filter { peer in
            records[peer.node].map { isReplica($0, of: tables[slot].definition) } ?? false
        }
    }

    /// Dead origins whose entries in the vector can become floors (VER-008); at most one a node, the highest.
    ///
    /// What a dead origin wrote can still spread among the members, so entries count only when they have been equal everywhere
    /// long after the origin's last link: then nobody has more of it.
    /// - Parameter strays: origins of rows here that the vector does not cover. An origin that died in the middle of a copy may
    ///   have left some without an entry in any vector; only a floor ever covers their tombstones.
    public func compactable(_ local: LocalTable, strays: [Origin] = [], elapsed: Duration) -> [Origin] {
        guard let slot = slots[local.name], tables[slot].isActive, tables[slot].fetch.running == nil else { return [] }
        let replicas = replicas(of: slot)
        let entries = local.vector.entries.filter { $0.sequence != VersionVector.whole }.map(\.origin)
        var result: [Origin] = []
        for candidate in Set(entries + strays).sorted() where local.vector.sequence(of: candidate) != VersionVector.whole {
            guard let record = records[candidate.node], !record.state.isGone, record.incarnation > candidate.incarnation,
                let since = incarnationSince[candidate.node], elapsed >= since + settings.deadOriginAge
            else { continue }
            let isEqual = replicas.allSatisfy { peer in
                guard let known = peer.known, peer.knownAt >= since + settings.deadOriginAge else { return false }
                return Self.agree(known, local.vector, through: candidate)
            }
            guard isEqual else { continue }
            if result.last?.node == candidate.node { result.removeLast() }
            result.append(candidate)
        }
        return result
    }

    /// Whether two vectors say the same of an incarnation of a node and of all before it.
    static func agree(_ a: VersionVector, _ b: VersionVector, through origin: Origin) -> Bool {
        func entries(_ vector: VersionVector) -> [VersionVector.Entry] {
            vector.entries.filter {
                $0.origin.node == origin.node && $0.origin.incarnation <= origin.incarnation
            }
        }
        return entries(a) == entries(b)
    }

    /// Operations of ours that the peer has not acknowledged, over all tables.
    public func behind(_ peer: NodeID) -> UInt64 {
        tables.reduce(0) { sum, table in
            guard table.isActive, let index = table.index(of: peer) else { return sum }
            return sum + (table.last - min(table.last, table.peers[index].reach))
        }
    }

    /// - Returns: nil without a link or before the peer's first TABLE_STATE on it.
    public func knowledge(of peer: NodeID, table: TableName) -> PeerKnowledge? {
        guard let slot = slots[table], let index = tables[slot].index(of: peer),
            let link = tables[slot].peers[index].link, let greeting = link.greeting
        else { return nil }
        return PeerKnowledge(
            vector: greeting, through: greeting.sequence(of: link.origin),
            ownAcked: link.ownAcked)
    }

    /// The tables whose hash goes into a PING to this peer: those that both replicate, ascending.
    public func sharedTables(_ peer: NodeID) -> [TableName] {
        tables.filter { table in table.isActive && (table.index(of: peer).map { table.peers[$0].link != nil } ?? false) }
            .map(\.definition.name).sorted()
    }

    // MARK: Readiness

    /// Where the table stands and why, in plain words (CAL-030). The shell reports `loading` by itself.
    public func readiness(_ local: LocalTable) -> ReadinessReport {
        guard let slot = slots[local.name], tables[slot].isActive else {
            return ReadinessReport(readiness: .local, reason: "this node does not replicate the table")
        }
        let table = tables[slot]
        let behind = table.behind(local, own: origin)
        if let running = table.fetch.running, !running.isRepair { return copying(table, running, behind: behind) }
        let lacks = table.lacks(local, own: origin)
        if let most = lacks.max(by: { $0.operations < $1.operations }) {
            let peer = table.peers[most.index].node
            let pause = table.peers[most.index].failures > 0 ? "; the last attempt failed, it is tried again" : ""
            return ReadinessReport(
                readiness: .catchingUp, reason: "\(name(peer)) has \(most.operations) operations that are missing here\(pause)",
                peer: peer, operationsBehind: behind)
        }
        if let (peer, missing) = table.streamBehind(local) {
            return ReadinessReport(
                readiness: .catchingUp, reason: "\(name(peer)) is sending \(missing) operations that were written meanwhile",
                peer: peer, operationsBehind: behind)
        }
        let others = replicas(of: slot).filter { records[$0.node]?.state.isLive ?? false }
        if let waited = others.first(where: { $0.link != nil && $0.link?.greeting == nil }), !table.wasCompared {
            return ReadinessReport(
                readiness: .local, reason: "waiting to hear from \(name(waited.node)) what it has", peer: waited.node)
        }
        if !table.wasCompared, let missed = others.first(where: { $0.link == nil }) {
            return ReadinessReport(
                readiness: .local, reason: "no other replica has been reached since the start; waiting for \(name(missed.node))",
                peer: missed.node)
        }
        return ReadinessReport(readiness: .ready, operationsBehind: behind)
    }

    private func copying(_ table: TableProgress, _ running: Fetch.Running, behind: UInt64) -> ReadinessReport {
        let copied = running.rows + (table.fetch.partial?.rows ?? 0)
        let total = max(running.begin?.rows ?? 0, copied)
        return ReadinessReport(
            readiness: .catchingUp, reason: "copying from \(name(running.peer)): \(copied) of at most \(total) rows",
            peer: running.peer, rowsCopied: copied, rowsTotal: total, operationsBehind: behind)
    }

    private func name(_ node: NodeID) -> String { records[node]?.name.text ?? node.description }
}

extension TableProgress {
    /// The first peer whose own operations, as of its link-up, have not all been applied yet, and how many are missing.
    func streamBehind(_ local: LocalTable) -> (NodeID, UInt64)? {
        for peer in peers {
            guard let link = peer.link, link.target != VersionVector.whole else { continue }
            let have = local.vector.sequence(of: link.origin)
            if have < link.target { return (peer.node, link.target - have) }
        }
        return nil
    }
}
