public import ClusterModel

extension Replication {
    /// TABLE_STATE came (REP-020, REP-023, REP-025, REP-028).
    /// - Parameter local: the facts, all earlier messages of the link applied; nil when this node has no such table.
    public mutating func received(
        _ state: TableState, from peer: NodeID, local: LocalTable?, elapsed: Duration
    ) -> [ReplicationAction] {
        guard let link = links[peer] else { return [] }
        guard state.origin == link.origin else {
            return [.close(peer, .malformed, text: "TABLE_STATE of \(state.table): \(state.origin) is not the sender's origin")]
        }
        // Not (or no longer) known or replicated here: the peer learns that from the definitions.
        guard var local, let slot = slots[state.table], tables[slot].isActive, let index = tables[slot].index(of: peer),
            let progress = tables[slot].peers[index].link
        else { return [] }
        var actions: [ReplicationAction] = []
        let floors = sharedFloors(state.vector, tables[slot].peers[index], local.vector)
        if !floors.isEmpty {
            actions.append(.adopt(table: state.table, vector: floors))
            local.vector.merge(floors)
        }
        tables[slot].wasCompared = true
        tables[slot].peers[index].known = state.vector
        tables[slot].peers[index].knownLife = link.origin.incarnation
        tables[slot].peers[index].knownAt = elapsed
        expectStream(slot, index, state, have: local.vector.sequence(of: link.origin), elapsed: elapsed)
        if state.wantsReply {
            actions.append(.sendState(to: peer, table: state.table, wantsReply: false))
            tables[slot].peers[index].link?.stateSentAt = elapsed
        }
        if progress.outgoing == .greeting {
            beginStream(slot, index, state, local, into: &actions)
            tables[slot].advanceAllWaits(into: &actions)
        } else {
            fillHole(slot, index, has: state.vector.sequence(of: origin), into: &actions)
        }
        compareDigests(slot, index, state, local, elapsed: elapsed, into: &actions)
        evaluate(slot, local, elapsed: elapsed, into: &actions)
        return actions
    }

    /// Floors that the peer has set during this link over entries in which it agreed with this node. It did so because every
    /// member had these entries, this one included: so they are whole here too and no rows have to be asked for (VER-010).
    private func sharedFloors(_ vector: VersionVector, _ peer: PeerTable, _ own: VersionVector) -> VersionVector {
        var floors = VersionVector()
        guard peer.link?.greeting != nil, let known = peer.known else { return floors }
        for entry in vector.entries where entry.sequence == VersionVector.whole && !own.covers(vector) {
            let have = own.sequence(of: entry.origin)
            guard have > 0, have < VersionVector.whole, Self.agree(known, own, through: entry.origin) else { continue }
            floors.raise(entry.origin, to: VersionVector.whole)
        }
        return floors
    }

    /// Equal vectors promise equal rows. Rows are written while messages are under way, so one disagreement says nothing yet (DIG-012).
    private mutating func compareDigests(
        _ slot: Int, _ index: Int, _ state: TableState, _ local: LocalTable, elapsed: Duration,
        into actions: inout [ReplicationAction]
    ) {
        guard var link = tables[slot].peers[index].link else { return }
        defer { tables[slot].peers[index].link = link }
        guard state.vector == local.vector else {
            link.disagreements = 0
            return
        }
        guard state.digest != local.digest else {
            link.disagreements = 0
            link.verifiedHash = local.vectorHash
            link.quiet = nil
            return
        }
        link.disagreements += 1
        link.verifiedHash = nil
        link.quiet = (local.vectorHash, elapsed + settings.stateInterval)
        guard link.disagreements >= 2, tables[slot].fetch.running == nil, tables[slot].fetch.repairs.isEmpty else { return }
        link.disagreements = 0
        actions.append(.send(.digestRequest(DigestRequest(table: state.table)), to: link.origin.node, stream: 0))
    }

    /// The table hashes of a PING (HRT-011).
    public mutating func ping(
        _ hashes: [Ping.TableHash], from peer: NodeID, local: LocalTables, elapsed: Duration
    ) -> [ReplicationAction] {
        guard links[peer] != nil else { return [] }
        var actions: [ReplicationAction] = []
        for hash in hashes {
            guard let slot = slots[hash.table], tables[slot].isActive, let index = tables[slot].index(of: peer),
                tables[slot].peers[index].link?.greeting != nil, let facts = local(hash.table)
            else { continue }
            if hash.vectorHash == facts.vectorHash {
                agree(slot, index, facts, elapsed: elapsed, into: &actions)
            } else {
                differ(slot, index, elapsed: elapsed, into: &actions)
            }
        }
        return actions
    }

    /// Equal hashes: the peer covers what this node covers. A quiet table's digest is compared once after each change (DIG-015).
    private mutating func agree(
        _ slot: Int, _ index: Int, _ local: LocalTable, elapsed: Duration, into actions: inout [ReplicationAction]
    ) {
        tables[slot].peers[index].link?.mismatches = 0
        tables[slot].peers[index].knownAt = elapsed
        if tables[slot].peers[index].known != local.vector {
            tables[slot].peers[index].known = local.vector
            fillHole(slot, index, has: local.last, into: &actions)
        }
        guard let link = tables[slot].peers[index].link, link.verifiedHash != local.vectorHash else { return }
        guard let quiet = link.quiet, quiet.hash == local.vectorHash else {
            tables[slot].peers[index].link?.quiet = (local.vectorHash, elapsed + settings.verifyInterval)
            return
        }
        guard quiet.until <= elapsed else { return }
        tables[slot].peers[index].link?.quiet = (local.vectorHash, elapsed + settings.verifyInterval)
        askState(slot, index, elapsed: elapsed, into: &actions)
    }

    /// Two PINGs in a row that differ: whole vectors are exchanged (REP-024).
    private mutating func differ(_ slot: Int, _ index: Int, elapsed: Duration, into actions: inout [ReplicationAction]) {
        let mismatches = (tables[slot].peers[index].link?.mismatches ?? 0) + 1
        tables[slot].peers[index].link?.mismatches = mismatches
        if mismatches >= 2 { askState(slot, index, elapsed: elapsed, into: &actions) }
    }

    private mutating func askState(_ slot: Int, _ index: Int, elapsed: Duration, into actions: inout [ReplicationAction]) {
        if let sentAt = tables[slot].peers[index].link?.stateSentAt, elapsed - sentAt < settings.stateInterval { return }
        tables[slot].peers[index].link?.stateSentAt = elapsed
        tables[slot].peers[index].link?.mismatches = 0
        let peer = tables[slot].peers[index].node
        actions.append(.sendState(to: peer, table: tables[slot].definition.name, wantsReply: true))
    }

    /// DIGEST_REQUEST came (DIG-010).
    public mutating func received(_ request: DigestRequest, from peer: NodeID) -> [ReplicationAction] {
        guard let slot = slots[request.table], tables[slot].isActive, links[peer] != nil else { return [] }
        return [.sendDigests(to: peer, table: request.table)]
    }

    /// DIGESTS came (DIG-011): the rows of buckets that differ are fetched from the peer, which does so, too (DIG-013).
    /// - Parameter buckets: the own bucket digests of this moment.
    public mutating func received(
        _ digests: Digests, from peer: NodeID, local: LocalTable?, buckets: [UInt64], elapsed: Duration
    ) -> [ReplicationAction] {
        // Of a table that is unknown or dropped here, or not replicated (TAB-016), or compared too early.
        guard let local, let slot = slots[digests.table], tables[slot].isActive, links[peer] != nil,
            digests.vector == local.vector
        else { return [] }
        guard digests.buckets.count == Limits.buckets else {
            return [.close(peer, .malformed, text: "DIGESTS of \(digests.table): not \(Limits.buckets) buckets")]
        }
        tables[slot].fetch.repairs = Self.differingRanges(digests.buckets, buckets)
            .map { Fetch.Repair(peer: peer, buckets: $0) }
        var actions: [ReplicationAction] = []
        evaluate(slot, local, elapsed: elapsed, into: &actions)
        return actions
    }

    /// The ranges in which the sums differ; ranges close to one another become one, so that there are few requests (DIG-013).
    static func differingRanges(_ a: [UInt64], _ b: [UInt64]) -> [ClosedRange<UInt16>] {
        var ranges: [ClosedRange<UInt16>] = []
        for bucket in 0..<min(a.count, b.count) where a[bucket] != b[bucket] {
            let number = UInt16(bucket)
            if let last = ranges.last, number - last.upperBound <= 16 {
                ranges[ranges.count - 1] = last.lowerBound...number
            } else {
                ranges.append(number...number)
            }
        }
        return ranges
    }
}
