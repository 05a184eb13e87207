import ClusterModel
import ClusterStateMachine
import Testing

/// One node (1) with one table and peers 2, 3, …: what unit tests start from.
struct ReplicationFixture {
    static let origin = Origin(node: NodeID(1), incarnation: 1)
    let name: TableName
    var replication: Replication
    var local: LocalTable
    var now = Duration.seconds(1)

    /// - Parameter live: members that are up, besides node 1.
    init(
        live: [UInt128] = [2, 3], storage: StorageKind = .ram, last: UInt64 = 0, streamable: UInt64 = 1,
        settings: ReplicationSettings = .defaults
    ) throws {
        name = try #require(TableName("routes"))
        let definition = TableDefinition(
            name: name, storage: storage, version: RowVersion(stamp: Stamp(1), dot: Dot(origin: Self.origin, sequence: 1)))
        var vector = VersionVector()
        vector.raise(Self.origin, to: last)
        local = LocalTable(
            definition: definition, vector: vector, vectorHash: SimulatedTable.hash(vector), digest: 0, rows: last,
            streamable: streamable, last: last)
        replication = Replication(origin: Self.origin, settings: settings)
        let actions =
            replication.define(local, elapsed: .zero)
            + replication.members(try Self.members([(1, .up)] + live.map { ($0, .up) }), elapsed: .zero)
        try #require(actions.isEmpty)
    }

    static func origin(_ node: UInt128, _ incarnation: Incarnation = 1) -> Origin {
        Origin(node: NodeID(node), incarnation: incarnation)
    }

    static func vector(_ entries: [(UInt128, UInt64)]) -> VersionVector {
        var vector = VersionVector()
        for (node, sequence) in entries { vector.raise(origin(node), to: sequence) }
        return vector
    }

    static func members(_ states: [(UInt128, MemberState)]) throws -> [MemberRecord] {
        try states.map { try member($0.0, $0.1) }
    }

    static func member(_ node: UInt128, _ state: MemberState, incarnation: Incarnation = 1) throws -> MemberRecord {
        MemberRecord(
            node: NodeID(node), joined: Stamp(UInt64(node)), incarnation: incarnation, state: state,
            name: try #require(NodeName("n\(node)@127.0.0.1")), address: try #require(Address("127.0.0.1:\(7400 + node)")))
    }

    /// Sets the own vector.
    mutating func own(_ entries: [(UInt128, UInt64)]) {
        local.vector = Self.vector(entries)
        local.vectorHash = SimulatedTable.hash(local.vector)
    }

    mutating func link(_ node: UInt128, incarnation: Incarnation = 1) -> [ReplicationAction] {
        replication.linkUp(Self.origin(node, incarnation), elapsed: now)
    }

    /// A TABLE_STATE of a peer comes.
    mutating func state(
        _ node: UInt128, _ entries: [(UInt128, UInt64)] = [], streamable: UInt64 = 1, digest: UInt64 = 0, wantsReply: Bool = false
    ) -> [ReplicationAction] {
        let state = TableState(
            table: name, vector: Self.vector(entries), digest: digest, rows: 0, streamable: streamable,
            origin: Self.origin(node), wantsReply: wantsReply)
        return replication.received(state, from: NodeID(node), local: local, elapsed: now)
    }

    /// Links that are up and compared, nothing missing on either side.
    mutating func connect(_ nodes: [UInt128]) throws {
        for node in nodes {
            let actions = link(node)
            try #require(actions == [.sendState(to: NodeID(node), table: name, wantsReply: false)])
            let rest = state(node, [(1, local.last)])
            try #require(rest.isEmpty, "\(rest)")
        }
    }

    /// The own node writes one operation.
    mutating func write(bytes: Int = 100) -> [NodeID] {
        local.last += 1
        local.vector.raise(Self.origin, to: local.last)
        local.vectorHash = SimulatedTable.hash(local.vector)
        return replication.wrote(name, first: local.last, last: local.last, bytes: bytes)
    }

    mutating func wait(_ id: UInt64, _ level: AckLevel, last: UInt64? = nil, deadline: Duration = .seconds(9)) -> WaitOutcome? {
        replication.wait(id: id, table: name, last: last ?? local.last, level: level, deadline: deadline)
    }

    mutating func ack(_ node: UInt128, _ applied: UInt64, durable: UInt64? = nil) -> [ReplicationAction] {
        let ack = Ack(
            table: name, origin: Self.origin, received: applied, applied: applied, durable: durable ?? applied)
        return replication.received(ack, from: NodeID(node))
    }

    /// One look at what tombstones may go.
    mutating func collectable() -> VersionVector? { replication.collectable(local) }

    /// Lets time pass and ticks until nothing is due.
    mutating func tick(after time: Duration = .zero) -> [ReplicationAction] {
        now += time
        var actions: [ReplicationAction] = []
        let local = local
        while let due = replication.nextTick, due <= now, actions.count < 100 {
            actions += replication.tick(elapsed: now) { $0 == local.name ? local : nil }
        }
        return actions
    }

    /// The SNAP_REQUESTs among actions, with their peer and stream.
    static func requests(_ actions: [ReplicationAction]) -> [(peer: NodeID, stream: UInt32, request: SnapRequest)] {
        actions.compactMap { action in
            guard case .send(.snapRequest(let request), let peer, let stream) = action else { return nil }
            return (peer, stream, request)
        }
    }

    /// The codes of closes among actions.
    static func closes(_ actions: [ReplicationAction]) -> [ErrorCode] {
        actions.compactMap { action in
            guard case .close(_, let code, _) = action else { return nil }
            return code
        }
    }
}
