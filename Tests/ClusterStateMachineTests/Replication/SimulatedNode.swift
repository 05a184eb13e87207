import ClusterModel
import ClusterStateMachine

/// What travels between simulated nodes: the protocol's messages with rows and operations in plain form.
enum SimulatedMessage {
    case state(TableState)
    case operations(TableName, Origin, [SimulatedTable.Write])
    case ack(Ack)
    case digestRequest(DigestRequest)
    case digests(Digests)
    case ping([Ping.TableHash])
    case snapRequest(SnapRequest, UInt32)
    case snapBegin(SnapBegin, UInt32)
    case snapChunk(number: UInt32, nextBucket: UInt16, [(Int, SimulatedTable.Cell)], UInt32)
    case snapEnd(SnapEnd, UInt32)
    case snapCancel(SnapCancel, UInt32)

    /// Lane 0, 2 or 3.
    var lane: Int {
        switch self {
        case .ping: 0
        case .state, .operations, .ack, .digestRequest, .digests, .snapRequest: 2
        case .snapBegin, .snapChunk, .snapEnd, .snapCancel: 3
        }
    }

    /// Only operations count against the peer's queue.
    var bytes: Int {
        if case .operations(_, _, let writes) = self { return writes.count * SimulatedNode.operationBytes }
        return 0
    }
}

/// A shell around `Replication` with maps for tables and queues for links.
final class SimulatedNode {
    static let operationBytes = 100
    static let readLimit = 8
    static let bucketsPerChunk = 64

    struct Serving {
        var request: SnapRequest
        var isComplete: Bool
        var next: Int
        var chunks: UInt32 = 0
        var rows: UInt64 = 0
        var digest: UInt64 = 0
    }

    struct Incoming: Hashable {
        var peer: NodeID
        var stream: UInt32
    }

    let node: NodeID
    var incarnation: Incarnation
    var origin: Origin { Origin(node: node, incarnation: incarnation) }
    var replication: Replication
    var tables: [TableName: SimulatedTable] = [:]
    /// What the disk holds of `disc` tables.
    var disk: [TableName: SimulatedTable] = [:]
    var syncs: [(SyncMark, SimulatedTable)] = []
    var outbox: [NodeID: [[SimulatedMessage]]] = [:]
    var serving: [Incoming: Serving] = [:]
    /// Keys that came on a snapshot stream.
    var sent: [Incoming: Set<Int>] = [:]
    var tablesOfStreams: [Incoming: TableName] = [:]
    var clock = HybridClock()
    /// Milliseconds by which the system clock is ahead.
    var clockOffset: UInt64 = 0
    var outcomes: [WaitOutcome] = []
    var closed: [String] = []
    var isRunning = false
    var snapshotRequests: [SnapRequest] = []
    var mostQueued = 0

    init(_ node: NodeID, settings: ReplicationSettings) {
        self.node = node
        incarnation = 1
        replication = Replication(origin: Origin(node: node, incarnation: 1), settings: settings)
    }

    // MARK: Queues

    func post(_ message: SimulatedMessage, to peer: NodeID) {
        outbox[peer]?[message.lane].append(message)
    }

    private func postAcks(_ peer: NodeID) {
        for ack in replication.takeAcks(peer) { post(.ack(ack), to: peer) }
    }

    func queuedOperations(_ peer: NodeID) -> Int { outbox[peer]?[2].reduce(0) { $0 + $1.bytes } ?? 0 }

    /// Takes up to `limit` messages a lane off the peer's queue, as the network does.
    func flush(_ peer: NodeID, limit: Int, elapsed: Duration) -> [SimulatedMessage] {
        postAcks(peer)
        guard let queues = outbox[peer] else { return [] }
        var out: [SimulatedMessage] = []
        for lane in queues.indices where !queues[lane].isEmpty {
            out += queues[lane].prefix(limit)
            outbox[peer]?[lane].removeFirst(min(limit, queues[lane].count))
        }
        if out.isEmpty { return [] }
        let left = queuedOperations(peer)
        mostQueued = max(mostQueued, left)
        if out.contains(where: { $0.bytes > 0 }) { perform(replication.drained(peer, queued: left), elapsed: elapsed) }
        return out
    }

    // MARK: Life

    func define(_ table: SimulatedTable, elapsed: Duration) {
        tables[table.definition.name] = table
        perform(replication.define(table.facts, elapsed: elapsed), elapsed: elapsed)
    }

    func linkUp(_ peer: Origin, elapsed: Duration) {
        outbox[peer.node] = [[], [], [], []]
        perform(replication.linkUp(peer, elapsed: elapsed), elapsed: elapsed)
    }

    func linkDown(_ peer: NodeID, elapsed: Duration) {
        outbox[peer] = nil
        perform(replication.linkDown(peer, elapsed: elapsed), elapsed: elapsed)
    }

    func crash() {
        isRunning = false
        outbox = [:]
        serving = [:]
        sent = [:]
        syncs = []
    }

    /// Starts again: `ram` tables are empty, `disc` tables as the disk has them.
    func restart(settings: ReplicationSettings, members: [MemberRecord], elapsed: Duration) {
        incarnation += 1
        isRunning = true
        replication = Replication(origin: origin, settings: settings)
        for name in tables.keys.sorted() {
            guard let old = tables[name] else { continue }
            var table = SimulatedTable(definition: old.definition, recentLimit: old.recentLimit)
            if let kept = disk[name] {
                table.cells = kept.cells
                table.vector = kept.vector
                table.intervals = kept.intervals
                table.collected = kept.collected
            }
            define(table, elapsed: elapsed)
        }
        perform(replication.members(members, elapsed: elapsed), elapsed: elapsed)
    }

    // MARK: Work

    func write(
        _ name: TableName, key: Int, isDelete: Bool, level: AckLevel, id: UInt64, elapsed: Duration
    ) -> SimulatedTable.Write? {
        guard tables[name]?.definition.isReplica(node) == true else { return nil }
        let stamp = clock.issue(at: clockOffset + UInt64(elapsed / .milliseconds(1)))
        let origin = origin
        guard let write = tables[name]?.write(key: key, isDelete: isDelete, origin: origin, stamp: stamp) else { return nil }
        let sequence = write.version.dot.sequence
        for peer in replication.wrote(name, first: sequence, last: sequence, bytes: Self.operationBytes) {
            postAcks(peer)
            post(.operations(name, origin, [write]), to: peer)
        }
        let outcome = replication.wait(id: id, table: name, last: sequence, level: level, deadline: elapsed + .seconds(3))
        if let outcome { outcomes.append(outcome) }
        return write
    }

    func tick(elapsed: Duration) {
        if let due = replication.nextTick, due <= elapsed {
            let tables = tables
            perform(replication.tick(elapsed: elapsed) { tables[$0]?.facts }, elapsed: elapsed)
        }
        if serving.isEmpty { return }
        for stream in serving.keys.sorted(by: { ($0.peer, $0.stream) < ($1.peer, $1.stream) }) { serveChunk(stream) }
    }

    /// A sync takes until the next call.
    func sync(elapsed: Duration) {
        for (mark, table) in syncs {
            disk[table.definition.name] = table
            perform(replication.syncEnded(mark), elapsed: elapsed)
        }
        syncs = tables.values.filter { $0.definition.storage == .disc }
            .map { (replication.syncBegins($0.definition.name), $0) }
    }

    func pings() {
        for peer in outbox.keys.sorted() {
            let hashes = replication.sharedTables(peer).compactMap { name in
                tables[name].map { Ping.TableHash(table: name, vectorHash: SimulatedTable.hash($0.vector)) }
            }
            post(.ping(hashes), to: peer)
        }
    }

    func collect(elapsed: Duration) {
        for name in tables.keys.sorted() {
            guard let facts = tables[name]?.facts else { continue }
            if let covered = replication.collectable(facts) { tables[name]?.collect(covered) }
            for origin in replication.compactable(facts, strays: tables[name]?.strays ?? [], elapsed: elapsed) {
                tables[name]?.vector.raise(origin, to: VersionVector.whole)
            }
        }
    }

    private func serveChunk(_ stream: Incoming) {
        guard var serve = serving[stream], let table = tables[serve.request.table] else { return }
        let end = min(serve.next + Self.bucketsPerChunk, Int(serve.request.lastBucket) + 1)
        let rows = table.rows(serve.next..<end, have: serve.request.have, isComplete: serve.isComplete)
        if !rows.isEmpty {
            let chunk = SimulatedMessage.snapChunk(number: serve.chunks, nextBucket: UInt16(end), rows, stream.stream)
            post(chunk, to: stream.peer)
            serve.chunks += 1
            serve.rows += UInt64(rows.count)
            for (key, cell) in rows { serve.digest &+= SimulatedTable.digest(key, cell) }
        }
        serve.next = end
        serving[stream] = serve
        guard end > Int(serve.request.lastBucket) else { return }
        post(.snapEnd(SnapEnd(chunks: serve.chunks, rows: serve.rows, digest: serve.digest), stream.stream), to: stream.peer)
        serving[stream] = nil
        replication.served(to: stream.peer, stream: stream.stream)
    }
}
