public import ClusterModel

/// Decides, for every peer and table, who streams what to whom, who needs a snapshot from whom, which acknowledgements are due,
/// and when a waiting write is answered (spec REP, SNP, DIG). It never touches a row: the shell passes facts in and performs
/// the returned actions in order, before it reports anything else.
///
/// Rules for the shell:
/// - Messages of one link are reported in the order in which they came, and what they carry has been applied by then:
///   when a TABLE_STATE is reported, every OPERATIONS before it is in the facts.
/// - Before OPERATIONS are put into a peer's queue, `takeAcks` of that peer is put there; again when the queue is flushed.
///   So "the peer wrote before it knew our write" can be told from the order (MRG-020).
/// - After every call `nextTick` may have changed: `tick` is called when that time has come.
public struct Replication: Sendable {
    /// The own origin: this life of this node.
    public internal(set) var origin: Origin
    let settings: ReplicationSettings
    /// Index into `tables` by name. A dropped table keeps its place.
    var slots: [TableName: Int] = [:]
    var tables: [TableProgress] = []
    var links: [NodeID: LinkProgress] = [:]
    var records: [NodeID: MemberRecord] = [:]
    /// Since when the present incarnation of each member has been known.
    var incarnationSince: [NodeID: Duration] = [:]
    var knowsMembers = false
    /// The earliest alarm of any table.
    var alarm: Duration?

    /// What is common to all tables of one link.
    struct LinkProgress: Sendable {
        let origin: Origin
        /// Bytes of OPERATIONS in the peer's queue.
        var queued = 0
        /// Slots of tables that wait for the queue to drain, in the order in which they were taken off.
        var paused: [Int] = []
        /// Slots of tables to which an ACK is due.
        var acksDue: [Int] = []
        var nextStream: UInt32
        /// Snapshots that come from the peer, and slots of tables that wait until there are fewer (LIM-026).
        var fetches = 0
        var waitingToFetch: [Int] = []
        /// Snapshots that this node sends.
        var serving: Set<UInt32> = []
    }

    public init(origin: Origin, settings: ReplicationSettings = .defaults) {
        self.origin = origin
        self.settings = settings
    }

    // MARK: Tables

    /// A table was loaded, created, changed or dropped (`definition.exists` false). At the start: once for each table.
    public mutating func define(_ table: LocalTable, elapsed: Duration) -> [ReplicationAction] {
        let definition = table.definition
        let isActive = definition.exists && definition.isReplica(origin.node)
        var actions: [ReplicationAction] = []
        guard let slot = slots[table.name] else {
            slots[table.name] = tables.count
            tables.append(TableProgress(table, isActive: isActive))
            if isActive { introduce(tables.count - 1, into: &actions) }
            return actions
        }
        let old = tables[slot].definition
        if tables[slot].isActive, isActive, old.floor == definition.floor {
            tables[slot].definition = definition
            tables[slot].last = table.last
            placePeers(slot, areNew: true)
            for index in tables[slot].peers.indices where tables[slot].peers[index].link == nil {
                attach(slot, peer: tables[slot].peers[index].node, wantsReply: true, into: &actions)
            }
            detachStrangers(slot, elapsed: elapsed, into: &actions)
            tables[slot].advanceAllWaits(into: &actions)
        } else {
            retire(slot, elapsed: elapsed, into: &actions)
            tables[slot] = TableProgress(table, isActive: isActive)
            if isActive { introduce(slot, into: &actions) }
        }
        return actions
    }

    /// A table has become active: its replicas count from its first write on; those that are linked are asked for their state.
    private mutating func introduce(_ slot: Int, into actions: inout [ReplicationAction]) {
        placePeers(slot, areNew: false)
        for peer in links.keys.sorted() { attach(slot, peer: peer, wantsReply: true, into: &actions) }
    }

    private mutating func retire(_ slot: Int, elapsed: Duration, into actions: inout [ReplicationAction]) {
        if let running = tables[slot].fetch.running {
            cancel(slot, running, .noSuchTable, text: "the table was dropped", elapsed: elapsed, into: &actions)
        }
        tables[slot].abandonWaits(into: &actions)
        for peer in links.keys {
            links[peer]?.paused.removeAll { $0 == slot }
            links[peer]?.acksDue.removeAll { $0 == slot }
            links[peer]?.waitingToFetch.removeAll { $0 == slot }
        }
    }

    // MARK: Members

    /// The member list changed: all records, gone ones and the own included. At the start: once, before the first link.
    public mutating func members(_ list: [MemberRecord], elapsed: Duration) -> [ReplicationAction] {
        for record in list where records[record.node]?.incarnation != record.incarnation {
            incarnationSince[record.node] = elapsed
        }
        records = Dictionary(list.map { ($0.node, $0) }, uniquingKeysWith: { a, b in a.supersedes(b) ? a : b })
        incarnationSince = incarnationSince.filter { records[$0.key] != nil }
        var actions: [ReplicationAction] = []
        for slot in tables.indices where tables[slot].isActive {
            placePeers(slot, areNew: knowsMembers)
            tables[slot].advanceAllWaits(into: &actions)
        }
        knowsMembers = true
        return actions
    }

    /// Brings a table's peers into line with the members.
    /// - Parameter areNew: a replica that has just come up counts from its link-up on; else from the first write on.
    private mutating func placePeers(_ slot: Int, areNew: Bool) {
        let definition = tables[slot].definition
        tables[slot].peers = tables[slot].peers.filter { peer in
            peer.link != nil || (records[peer.node].map { isReplica($0, of: definition) } ?? false)
        }
        for node in records.keys.sorted() where node != origin.node {
            guard let record = records[node], isReplica(record, of: definition) else { continue }
            let index = tables[slot].ensure(node)
            count(slot, index, isLive: record.state.isLive, isNew: areNew)
        }
        for index in tables[slot].peers.indices {
            let node = tables[slot].peers[index].node
            if records[node].map({ !isReplica($0, of: definition) }) ?? true { count(slot, index, isLive: false, isNew: true) }
        }
    }

    func isReplica(_ record: MemberRecord, of definition: TableDefinition) -> Bool {
        record.role == .core && !record.state.isGone && definition.isReplica(record.node)
    }

    /// Decides from which write on a replica counts (REP-030).
    private mutating func count(_ slot: Int, _ index: Int, isLive: Bool, isNew: Bool) {
        let last = tables[slot].last
        guard isLive else {
            tables[slot].peers[index].countsAfter = nil
            tables[slot].peers[index].countsFromLinkUp = false
            return
        }
        guard tables[slot].peers[index].countsAfter == nil else { return }
        if !isNew {
            tables[slot].peers[index].countsAfter = 0
        } else if tables[slot].peers[index].link != nil {
            tables[slot].peers[index].countsAfter = last
            // Writes before and after are counted over different replicas: one may not wait behind the other.
            tables[slot].waits.hold(before: last + 1)
            wake(slot, at: .zero)
        } else {
            tables[slot].peers[index].countsFromLinkUp = true
        }
    }

    /// This node took a higher incarnation and has re-dotted its rows (MBR-021): all links are down by now, waiting writes end.
    public mutating func renewed(_ origin: Origin, tables list: [LocalTable], elapsed: Duration) -> [ReplicationAction] {
        self.origin = origin
        var actions: [ReplicationAction] = []
        for table in list {
            guard let slot = slots[table.name] else { continue }
            tables[slot].abandonWaits(into: &actions)
            tables[slot].last = table.last
            tables[slot].durable = 0
            for index in tables[slot].peers.indices {
                tables[slot].peers[index].covered = 0
                tables[slot].peers[index].durable = 0
                if tables[slot].peers[index].countsAfter != nil { tables[slot].peers[index].countsAfter = 0 }
            }
        }
        return actions
    }

    // MARK: Alarms

    /// When `tick` wants to be called; nil for "not before something happens".
    public var nextTick: Duration? { alarm }

    mutating func wake(_ slot: Int, at time: Duration) {
        tables[slot].wake(at: time)
        alarm = alarm.map { min($0, time) } ?? time
    }

    /// Time has passed: deadlines of writes, snapshots to ask for, comparisons that are due.
    public mutating func tick(elapsed: Duration, local: LocalTables) -> [ReplicationAction] {
        guard let alarm, alarm <= elapsed else { return [] }
        var actions: [ReplicationAction] = []
        for slot in tables.indices {
            guard let due = tables[slot].alarm, due <= elapsed else { continue }
            tables[slot].alarm = nil
            guard tables[slot].isActive else { continue }
            tables[slot].expireWaits(elapsed: elapsed, into: &actions)
            if !tables[slot].waits.held.isEmpty {
                tables[slot].advanceAllWaits(into: &actions)
                if !tables[slot].waits.held.isEmpty { tables[slot].wake(at: elapsed + Self.heldInterval) }
            }
            checkStall(slot, elapsed: elapsed, into: &actions)
            if tables[slot].isEvaluationDue, let facts = local(tables[slot].definition.name) {
                evaluate(slot, facts, elapsed: elapsed, into: &actions)
            }
        }
        self.alarm = tables.compactMap(\.alarm).min()
        return actions
    }

    /// How often writes that wait for a snapshot are looked at.
    static let heldInterval = Duration.milliseconds(20)
}
