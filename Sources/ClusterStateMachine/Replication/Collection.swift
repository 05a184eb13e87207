internal import ClusterModel

/// How far the tombstones of one table may go (TAB-013).
struct Collection: Sendable {
    /// Who has to agree, each in its present life: the own origin and the other replicas. When they change, all begins anew.
    let witnesses: [Origin]
    /// A first moment whose second one has not come.
    var begun: Told?
    /// What all covered at the last first moment whose second one has come: nothing older is on its way to here.
    var settled = VersionVector()

    init(witnesses: [Origin]) { self.witnesses = witnesses }

    /// What the witnesses had told at one time.
    struct Told: Sendable {
        /// Covered by each of them.
        var byAll: VersionVector
        /// Covered by any of them.
        var byAny: VersionVector
    }

    /// - Parameter mayBegin: no snapshot is coming in that could bring what its sender has not had in its vector.
    mutating func observe(_ now: Told, mayBegin: Bool) {
        if let begun, now.byAll.covers(begun.byAny) {
            settled = begun.byAll
            self.begun = nil
        }
        if begun == nil, mayBegin { begun = now }
    }
}

extension TableProgress {
    /// What this node and its peers have told of the table, and who that is; nil while one of them has not told in its present life.
    /// - Parameter isReplica: whether a node is a member that is not gone and replicates the table. Who is linked counts anyway:
    ///   what it has sent may still be in this node's queues.
    func told(
        own: Origin, _ vector: VersionVector, records: [NodeID: MemberRecord], isReplica: (MemberRecord) -> Bool
    ) -> (witnesses: [Origin], Collection.Told)? {
        var witnesses = [own]
        var told = Collection.Told(byAll: vector, byAny: vector)
        for peer in peers {
            let record = records[peer.node]
            guard peer.link != nil || record.map(isReplica) == true else { continue }
            let life = max(peer.link?.origin.incarnation ?? 0, record?.incarnation ?? 0)
            guard let known = peer.known, peer.knownLife == life else { return nil }
            witnesses.append(Origin(node: peer.node, incarnation: life))
            told.byAll = told.byAll.meet(known)
            told.byAny.merge(known)
        }
        return (witnesses, told)
    }
}
