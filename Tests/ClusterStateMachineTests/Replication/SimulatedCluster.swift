import ClusterModel
import ClusterStateMachine

/// Several nodes, virtual time in steps, links that come and go: everything follows from one seed.
struct SimulatedCluster {
    static let step = Duration.milliseconds(10)

    struct Pair: Hashable, Comparable {
        let from: Int
        let to: Int
        static func < (a: Pair, b: Pair) -> Bool { (a.from, a.to) < (b.from, b.to) }
        var key: Pair { from < to ? self : Pair(from: to, to: from) }
    }

    /// Messages on their way in one direction, by lane, in the order of their arrival.
    final class Flight {
        var lanes: [[Arrival]] = [[], [], [], []]
    }

    /// One lane of one direction.
    struct Course: Hashable {
        let pair: Pair
        let lane: Int
    }

    struct Arrival {
        var at: Duration
        var message: SimulatedMessage
    }

    /// A write that was answered or waits for it.
    struct Tracked {
        var id: UInt64
        var table: TableName
        var write: SimulatedTable.Write
        var level: AckLevel
        /// Nodes that had it and have crashed since.
        var lost: Set<NodeID> = []
        /// Nodes that held it when it was answered and still do.
        var holders: Set<NodeID> = []
        var writer: Int
    }

    var nodes: [SimulatedNode] = []
    var records: [NodeID: MemberRecord] = [:]
    var settings: ReplicationSettings
    /// Established links, lower index first.
    var links: Set<Pair> = []
    /// Links that are cut until a time.
    var cuts: [Pair: Duration] = [:]
    /// Messages a lane that one direction carries in a step.
    var slow: [Pair: Int] = [:]
    var flights: [Pair: Flight] = [:]
    var dice: Dice
    var now = Duration.zero
    var nextID: UInt64 = 0
    var pending: [UInt64: Tracked] = [:]
    var acknowledged: [Tracked] = []
    var deletes: [TableName: [Int: [RowVersion]]] = [:]
    var faults: [String] = []
    /// Steps that a message takes, where nothing else is said.
    var latency = 1...4
    /// Where something else is said.
    var delays: [Course: ClosedRange<Int>] = [:]
    /// Steps between two collections of tombstones on one node.
    var collectionInterval = 100
    /// The rule by which nodes collect tombstones; nil: that of `Replication`.
    var collectionRule: ((SimulatedCluster, TableName) -> VersionVector?)?
    /// Every write that any node has made, by table and key, the latest version first.
    var history: [TableName: [Int: [SimulatedTable.Write]]] = [:]

    init(nodes count: Int, tables: [TableDefinition], recentLimit: Int, settings: ReplicationSettings, seed: Int) {
        self.settings = settings
        dice = Dice(seed)
        for index in 0..<count {
            let node = SimulatedNode(NodeID(UInt128(index + 1)), settings: settings)
            for definition in tables {
                node.define(SimulatedTable(definition: definition, recentLimit: recentLimit), elapsed: now)
            }
            nodes.append(node)
        }
    }

    // MARK: Members and faults

    func id(_ index: Int) -> NodeID { NodeID(UInt128(index + 1)) }

    mutating func record(_ index: Int, _ state: MemberState) {
        guard let name = NodeName("n\(index)@127.0.0.1"), let address = Address("127.0.0.1:\(7400 + index)") else { return }
        records[id(index)] = MemberRecord(
            node: id(index), joined: Stamp(UInt64(index + 1)), incarnation: nodes[index].incarnation, state: state, name: name,
            address: address)
        let list = records.values.sorted { $0.node < $1.node }
        for other in nodes.indices where nodes[other].isRunning {
            nodes[other].perform(nodes[other].replication.members(list, elapsed: now), elapsed: now)
        }
    }

    mutating func start(_ index: Int) {
        nodes[index].isRunning = true
        record(index, .up)
    }

    mutating func crash(_ index: Int) {
        guard nodes[index].isRunning else { return }
        for pair in links where pair.from == index || pair.to == index { disconnect(pair) }
        for (id, tracked) in pending where holds(index, tracked) { pending[id]?.lost.insert(nodes[index].node) }
        for position in acknowledged.indices where !isDurable(acknowledged[position]) {
            acknowledged[position].holders.remove(nodes[index].node)
        }
        pending = pending.filter { $0.value.writer != index }
        nodes[index].crash()
    }

    mutating func restart(_ index: Int) {
        guard !nodes[index].isRunning else { return }
        let list = records.values.sorted { $0.node < $1.node }
        nodes[index].restart(settings: settings, members: list, elapsed: now)
        record(index, .up)
    }

    mutating func cut(_ pair: Pair, until time: Duration) {
        cuts[pair.key] = time
        disconnect(pair.key)
    }

    private mutating func disconnect(_ pair: Pair) {
        guard links.remove(pair) != nil else { return }
        flights[pair] = nil
        flights[Pair(from: pair.to, to: pair.from)] = nil
        nodes[pair.from].linkDown(id(pair.to), elapsed: now)
        nodes[pair.to].linkDown(id(pair.from), elapsed: now)
    }

    private mutating func connect() {
        for from in nodes.indices {
            for to in nodes.indices where from < to && nodes[from].isRunning && nodes[to].isRunning {
                let pair = Pair(from: from, to: to)
                guard !links.contains(pair), (cuts[pair] ?? .zero) <= now else { continue }
                links.insert(pair)
                flights[pair] = Flight()
                flights[Pair(from: to, to: from)] = Flight()
                nodes[from].linkUp(nodes[to].origin, elapsed: now)
                nodes[to].linkUp(nodes[from].origin, elapsed: now)
            }
        }
    }

    // MARK: Time

    mutating func advance() {
        now += Self.step
        connect()
        let count = Int(now / Self.step)
        for index in nodes.indices where nodes[index].isRunning {
            nodes[index].tick(elapsed: now)
            if count % 2 == 0 { nodes[index].sync(elapsed: now) }
            if count % 25 == index { nodes[index].pings() }
            if count % collectionInterval == index % collectionInterval { collect(index) }
        }
        for (pair, flight) in flights.sorted(by: { $0.key < $1.key }) { carry(pair, flight) }
        for index in nodes.indices { collectOutcomes(index) }
    }

    func collect(_ index: Int) {
        guard let rule = collectionRule else { return nodes[index].collect(elapsed: now) }
        for name in nodes[index].tables.keys.sorted() {
            if let covered = rule(self, name) { nodes[index].tables[name]?.collect(covered) }
        }
    }

    mutating func run(_ time: Duration) {
        let end = now + time
        while now < end { advance() }
    }

    private mutating func carry(_ pair: Pair, _ flight: Flight) {
        for message in nodes[pair.from].flush(id(pair.to), limit: slow[pair] ?? 40, elapsed: now) {
            let course = Course(pair: pair, lane: message.lane)
            let delay = Self.step * Int.random(in: delays[course] ?? latency, using: &dice)
            let earliest = flight.lanes[message.lane].last?.at ?? .zero
            flight.lanes[message.lane].append(Arrival(at: max(earliest, now + delay), message: message))
        }
        for lane in flight.lanes.indices where !flight.lanes[lane].isEmpty {
            let due = flight.lanes[lane].prefix { $0.at <= now }
            flight.lanes[lane].removeFirst(due.count)
            for arrival in due { nodes[pair.to].receive(arrival.message, from: id(pair.from), elapsed: now) }
        }
    }

    // MARK: Writes and what was promised

    mutating func write(_ index: Int, _ table: TableName, key: Int, isDelete: Bool, level: AckLevel) {
        nextID += 1
        guard
            let write = nodes[index].write(table, key: key, isDelete: isDelete, level: level, id: nextID, elapsed: now)
        else { return }
        let place = history[table]?[key]?.firstIndex { $0.version < write.version } ?? history[table]?[key]?.count ?? 0
        history[table, default: [:]][key, default: []].insert(write, at: place)
        if isDelete { deletes[table, default: [:]][key, default: []].append(write.version) }
        pending[nextID] = Tracked(id: nextID, table: table, write: write, level: level, writer: index)
        collectOutcomes(index)
    }

    private func isDurable(_ tracked: Tracked) -> Bool {
        nodes[tracked.writer].tables[tracked.table]?.definition.storage == .disc
    }

    func holds(_ index: Int, _ tracked: Tracked) -> Bool {
        // What a crashed node had in memory is gone.
        guard isDurable(tracked) || nodes[index].isRunning else { return false }
        let table = isDurable(tracked) ? nodes[index].disk[tracked.table] : nodes[index].tables[tracked.table]
        return table?.has(tracked.write.version.dot) ?? false
    }

    /// An answer that claims more replicas than ever had the write is a lie.
    private mutating func collectOutcomes(_ index: Int) {
        if nodes[index].outcomes.isEmpty { return }
        for outcome in nodes[index].outcomes {
            guard var tracked = pending.removeValue(forKey: outcome.id) else { continue }
            tracked.holders = Set(nodes.indices.filter { holds($0, tracked) }.map(id))
            if tracked.holders.union(tracked.lost).count < outcome.replicas {
                faults.append("\(now): write \(outcome.id) claims \(outcome.replicas), held by \(tracked.holders.count)")
            }
            if !outcome.isTimedOut {
                if outcome.replicas < outcome.wanted { faults.append("\(now): write \(outcome.id) answered too early") }
                acknowledged.append(tracked)
            }
        }
        nodes[index].outcomes = []
    }

    // MARK: Verdicts

    /// Nodes of a table, as its definition has them.
    func replicas(_ table: TableName) -> [Int] {
        nodes.indices.filter { index in
            nodes[index].isRunning && nodes[index].tables[table]?.definition.isReplica(id(index)) == true
        }
    }

    func differences() -> [String] {
        var result: [String] = []
        for name in nodes[0].tables.keys.sorted() {
            let replicas = replicas(name)
            guard let first = replicas.first, let model = nodes[first].tables[name] else { continue }
            for index in replicas {
                guard let table = nodes[index].tables[name] else { continue }
                if table.vector != model.vector { result.append("\(name): vectors of \(first) and \(index) differ") }
                if table.live != model.live { result.append("\(name): rows of \(first) and \(index) differ") }
                let readiness = nodes[index].replication.readiness(table.facts)
                if readiness.readiness != .ready { result.append("\(name): \(index) is not ready: \(readiness.reason)") }
            }
        }
        return result
    }

    /// Acknowledged writes that a replica held all the time and that are nowhere now.
    func losses() -> [String] {
        acknowledged.compactMap { tracked in
            guard !tracked.holders.isEmpty, let index = replicas(tracked.table).first else { return nil }
            let key = tracked.write.key
            if let cell = nodes[index].tables[tracked.table]?.cells[key], cell.version >= tracked.write.version { return nil }
            let later = deletes[tracked.table]?[key] ?? []
            if later.contains(where: { $0 >= tracked.write.version }) { return nil }
            let found = String(describing: nodes[index].tables[tracked.table]?.cells[key])
            return "\(tracked.table): acknowledged write \(tracked.write), held by \(tracked.holders), is lost: there is \(found)"
        }
    }

    /// Heals everything and lets time pass until nothing is left to complain about.
    /// - Returns: what is left after `limit`.
    mutating func settle(within limit: Duration, _ complaints: (SimulatedCluster) -> [String]) -> [String] {
        cuts = [:]
        slow = [:]
        delays = [:]
        for index in nodes.indices where records[id(index)]?.state.isGone == false { restart(index) }
        let end = now + limit
        while now < end {
            run(.milliseconds(500))
            if complaints(self).isEmpty { return [] }
        }
        return complaints(self)
    }
}
