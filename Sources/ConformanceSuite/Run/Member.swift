import ClusterModel
import WireFormat

/// A member of the node's cluster, played by the suite over one link.
final class Member {
    var identity: Identity
    /// What the node said when it let the suite in.
    let accept: JoinAccept
    let link: Conversation
    /// The suite's own record, as it told it.
    var record: MemberRecord
    /// Operations that it has written, by table.
    private var written: [TableName: UInt64] = [:]
    private var lastStamp = Stamp.zero
    private var probe: UInt64 = 0

    init(identity: Identity, accept: JoinAccept, link: Conversation, record: MemberRecord) {
        self.identity = identity
        self.accept = accept
        self.link = link
        self.record = record
        // The node's clock may be ahead, and with it the floors of tables that were there before.
        lastStamp = accept.joined
    }

    var origin: Origin { Origin(node: identity.node, incarnation: identity.incarnation) }

    /// A stamp above all that it gave before.
    func stamp() -> Stamp {
        lastStamp = max(Stamp(lastStamp.value + 1), Stamp(milliseconds: Clock.milliseconds))
        return lastStamp
    }

    /// A fresh version of its next operation on a table, which counts as written.
    func version(_ table: TableName) -> RowVersion {
        written[table, default: 0] += 1
        return RowVersion(stamp: stamp(), dot: Dot(origin: origin, sequence: written[table, default: 1]))
    }

    /// Its vector when it has nothing but what it wrote itself.
    func vector(_ table: TableName) -> VersionVector {
        var vector = VersionVector()
        vector.raise(origin, to: written[table, default: 0])
        return vector
    }

    /// Tells what it holds: nothing of others, unless `vector` says so.
    func announce(
        _ table: TableName, vector: VersionVector? = nil, digest: UInt64 = 0, rows: UInt64 = 0, streamable: UInt64 = 1,
        wantsReply: Bool = false
    ) {
        link.send(
            .tableState(
                TableState(
                    table: table, vector: vector ?? self.vector(table), digest: digest, rows: rows, streamable: streamable,
                    origin: origin, wantsReply: wantsReply)))
    }

    /// OPERATIONS with one group, which count as written.
    func operations(_ table: TableName, _ operations: [Operation], stamp: Stamp? = nil) -> Operations {
        let first = written[table, default: 0] + 1
        written[table, default: 0] += UInt64(operations.count)
        let group = OperationGroup(stamp: stamp ?? self.stamp(), operations: operations)
        return Operations(
            table: table, origin: origin, first: first, count: UInt32(operations.count), groups: OperationGroups.encode([group]))
    }

    /// Writes and waits until the node has acknowledged.
    func write(_ table: TableName, _ changes: [Operation], stamp: Stamp? = nil) async throws {
        let message = operations(table, changes, stamp: stamp)
        link.send(.operations(message))
        try await expectAck(table, of: message.last)
    }

    func expectAck(_ table: TableName, of sequence: UInt64) async throws {
        _ = try await link.expect("ACK of operation \(sequence)") { message, _ -> Bool? in
            guard case .ack(let ack) = message, ack.table == table, ack.applied >= sequence else { return nil }
            return true
        }
    }

    /// The node's TABLE_STATE of a table.
    func expectState(_ table: TableName, within time: Duration? = nil) async throws -> TableState {
        try await link.expect("TABLE_STATE of \(table)", within: time) { message, _ in
            if case .tableState(let state) = message, state.table == table { state } else { nil }
        }
    }
}

extension Trial {
    /// An established join link.
    func joinLink(_ identity: Identity) async throws -> Conversation {
        var identity = identity
        identity.intent = .join
        return try await link(identity)
    }

    /// Asks for membership on a join link and is let in.
    func join(
        _ identity: Identity, on link: Conversation, mode: JoinMode = .refuse, tables: [TableCount] = []
    ) async throws -> JoinAccept {
        removeAtEnd(identity.name)
        link.send(.joinRequest(JoinRequest(mode: mode, isDryRun: false, tables: tables)))
        return try await link.expect("JOIN_ACCEPT") { message, _ in
            if case .joinReject(let reject) = message {
                throw CaseFailure(
                    "JOIN_ACCEPT", got: "JOIN_REJECT(\(ErrorCode(rawValue: reject.code)?.name ?? "\(reject.code)"))")
            }
            if case .joinAccept(let accept) = message { return accept }
            return nil
        }
    }

    /// Becomes a member with nothing in its tables, and has an established link.
    /// - Parameter identity: who; a fresh one whose address nobody listens at by default.
    func member(_ identity: Identity = .node()) async throws -> Member {
        let joining = try await joinLink(identity)
        let accept = try await join(identity, on: joining)
        joining.send(.close(Close(.joined)))
        joining.connection.finish()
        var identity = identity
        identity.cluster = accept.cluster
        let link = try await conversation()
        try await link.introduce(identity.hello())
        let record = identity.record(joined: accept.joined)
        link.send(.members(Members([record])))
        link.send(.definitions(Definitions(accept.definitions)))
        try await link.fence()
        return Member(identity: identity, accept: accept, link: link, record: record)
    }

    /// Another link of the same member, which takes the place of the one before.
    func again(_ member: Member) async throws -> Member {
        let link = try await conversation()
        try await link.introduce(member.identity.hello())
        link.send(.members(Members([member.record])))
        link.send(.definitions(Definitions(member.accept.definitions)))
        try await link.fence()
        return Member(identity: member.identity, accept: member.accept, link: link, record: member.record)
    }
}

extension Identity {
    /// The record of a member that is up.
    func record(joined: Stamp, state: MemberState = .up, refutation: UInt32 = 0) -> MemberRecord {
        MemberRecord(
            node: node, joined: joined, incarnation: incarnation, refutation: refutation, state: state, name: name,
            address: address ?? Address(host: "127.0.0.1", port: 1))
    }
}
