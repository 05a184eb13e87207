internal import ClusterModel

/// Everything replication knows of one table.
struct TableProgress: Sendable {
    var definition: TableDefinition
    /// The table exists and is replicated here.
    var isActive: Bool
    /// The own origin's last sequence.
    var last: UInt64
    /// How much of the own origin is on disk.
    var durable: UInt64
    /// The vector when the table was loaded: all of it was on disk then.
    var loaded: VersionVector
    /// Ascending by node: members that replicate the table, and linked peers that do.
    var peers: [PeerTable] = []
    var waits = WaitingWrites()
    var fetch = Fetch()
    var collection: Collection?
    /// When the table wants a tick.
    var alarm: Duration?
    /// Who is missing what has to be found out at the next tick.
    var isEvaluationDue = false
    /// Compared with a live replica at least once since the start.
    var wasCompared = false

    init(_ table: LocalTable, isActive: Bool) {
        definition = table.definition
        self.isActive = isActive
        last = table.last
        durable = table.last
        loaded = table.vector
    }

    var waitsForDisk: Bool { definition.waitsForDisk }

    // MARK: Peers

    func index(of node: NodeID) -> Int? {
        let index = insertionIndex(of: node)
        return index < peers.count && peers[index].node == node ? index : nil
    }

    /// The index of the peer, which is added if it is new.
    mutating func ensure(_ node: NodeID) -> Int {
        let index = insertionIndex(of: node)
        if index == peers.count || peers[index].node != node { peers.insert(PeerTable(node: node), at: index) }
        return index
    }

    private func insertionIndex(of node: NodeID) -> Int {
        var low = 0
        var high = peers.count
        while low < high {
            let middle = (low + high) / 2
            if peers[middle].node < node { low = middle + 1 } else { high = middle }
        }
        return low
    }

    mutating func wake(at time: Duration) {
        alarm = alarm.map { min($0, time) } ?? time
    }

    // MARK: Waiting writes

    /// How the write stands: the outcome if its level is reached, else nil.
    func outcome(of wait: WaitingWrites.Wait) -> WaitOutcome? {
        let outcome = standing(of: wait, isTimedOut: false)
        if wait.level == .local { return isOwnCounted(wait.last) ? outcome : nil }
        return outcome.replicas >= outcome.wanted ? outcome : nil
    }

    func standing(of wait: WaitingWrites.Wait, isTimedOut: Bool) -> WaitOutcome {
        var live = 1
        var replicas = isOwnCounted(wait.last) ? 1 : 0
        // By index: to copy a peer is dearer than all that is asked of it here.
        for index in peers.indices {
            guard let after = peers[index].countsAfter, after < wait.last else { continue }
            live += 1
            if peers[index].has(wait.last, onDisk: waitsForDisk) { replicas += 1 }
        }
        let wanted =
            switch wait.level {
            case .local: 1
            case .majority: live / 2 + 1
            case .all: live
            }
        return WaitOutcome(id: wait.id, replicas: replicas, wanted: wanted, isTimedOut: isTimedOut)
    }

    private func isOwnCounted(_ last: UInt64) -> Bool { !waitsForDisk || durable >= last }

    /// Ends the waits at the front that have reached their level.
    mutating func advanceWaits(into actions: inout [ReplicationAction]) {
        for level in AckLevel.allCases {
            while let wait = waits[level].first, let outcome = outcome(of: wait) {
                waits[level].removeFirst()
                actions.append(.complete(outcome))
            }
        }
    }

    /// The same, held ones included.
    mutating func advanceAllWaits(into actions: inout [ReplicationAction]) {
        advanceWaits(into: &actions)
        let held = waits.held
        waits.held.removeAll(keepingCapacity: true)
        for wait in held {
            if let outcome = outcome(of: wait) { actions.append(.complete(outcome)) } else { waits.held.append(wait) }
        }
    }

    mutating func expireWaits(elapsed: Duration, into actions: inout [ReplicationAction]) {
        for wait in waits.expire(elapsed: elapsed) {
            actions.append(.complete(standing(of: wait, isTimedOut: true)))
        }
        if let earliest = waits.earliest { wake(at: earliest) }
    }

    /// Ends every wait unreached: the table or the origin is gone.
    mutating func abandonWaits(into actions: inout [ReplicationAction]) {
        for wait in waits.removeAll() { actions.append(.complete(standing(of: wait, isTimedOut: true))) }
    }
}
