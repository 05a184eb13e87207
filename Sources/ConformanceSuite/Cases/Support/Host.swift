import ClusterModel
import WireFormat

/// A cluster of one that the suite plays, for the node to join.
final class Host {
    let trial: Trial
    let listener: Listener
    var identity: Identity
    /// The record of the node, as JOIN_ACCEPT gives it.
    private(set) var joined = Stamp.zero

    init(_ trial: Trial, _ listener: Listener) {
        self.trial = trial
        self.listener = listener
        identity = Identity.node("host", address: listener.address)
    }

    var record: MemberRecord { identity.record(joined: Stamp(1)) }

    /// The node's next connection, set up as a link of this intent.
    func accept(_ intent: Hello.Intent, _ change: (inout Hello) -> Void = { _ in }) async throws -> Conversation {
        let link = try await trial.accepted(by: listener)
        let hello = try await link.welcome { theirs in
            var identity = self.identity
            identity.intent = theirs.intent
            var own = identity.hello()
            change(&own)
            return own
        }
        try expectEqual(hello.intent, intent, "the intent of the node")
        return link
    }

    /// The node's join link, on which it has just asked.
    func acceptJoin() async throws -> Conversation {
        let link = try await accept(.join)
        _ = try await expectRequest(on: link)
        return link
    }

    func expectRequest(on link: Conversation) async throws -> JoinRequest {
        try await link.expect("JOIN_REQUEST") { message, _ in
            if case .joinRequest(let request) = message { request } else { nil }
        }
    }

    /// JOIN_ACCEPT for the node.
    func acceptance(
        _ definitions: [TableDefinition] = [], tables: [TableCount] = [], others: [MemberRecord] = []
    ) async throws -> JoinAccept {
        joined = Stamp(milliseconds: Clock.milliseconds)
        let info = try await trial.nodeInfo()
        let own = MemberRecord(
            node: info.node, joined: joined, incarnation: info.incarnation, state: .joining, name: info.name,
            address: trial.target.address)
        let members = ([record, own] + others).sorted { $0.node < $1.node }
        return JoinAccept(
            cluster: identity.cluster, joined: joined, members: members, definitions: definitions.sorted { $0.name < $1.name },
            tables: tables)
    }

    /// The node is let in without tables to copy, and links as a member.
    /// - Returns: the member link.
    func admit(
        _ definitions: [TableDefinition] = [], others: [MemberRecord] = [], serve: (Conversation) async throws -> Void = { _ in }
    ) async throws -> Conversation {
        let call = try await trial.startJoin(self, mode: .replace)
        let link = try await acceptJoin()
        let told = try await acceptance(definitions, others: others)
        link.sendLong(.joinAccept(told))
        try await serve(link)
        // It writes down the whole catalogue first.
        let close = try await link.expect("CLOSE(JOINED)", within: trial.timing.reaction * 8) { message, _ in
            if case .close(let close) = message { close } else { nil }
        }
        try expectEqual(close.code, ErrorCode.joined.rawValue, "the code of CLOSE")
        link.connection.finish()
        let member = try await accept(.member)
        member.sendLong(.members(Members(told.members.filter { $0.node == identity.node })))
        member.sendLong(.definitions(Definitions(told.definitions)))
        _ = try await call.reply()
        return member
    }
}

/// A call under way on a link of its own.
struct CallUnderWay {
    let link: Conversation
    let stream: UInt32

    func reply(within time: Duration? = nil) async throws -> Reply { try await link.reply(to: stream, within: time) }
}

extension Trial {
    func host() async throws -> Host { Host(self, try await listen()) }

    /// Sends a call and does not wait for its answer.
    func start(_ call: Call) async throws -> CallUnderWay {
        let link = try await link()
        let stream = link.nextStream()
        link.send(.call(call), stream: stream)
        return CallUnderWay(link: link, stream: stream)
    }

    func startJoin(_ host: Host, mode: JoinMode = .refuse, isDryRun: Bool = false) async throws -> CallUnderWay {
        try await start(.clusterJoin(address: host.listener.address, mode: mode, isDryRun: isDryRun))
    }

    /// The node leaves the cluster that the suite plays, and is a cluster of one again.
    func leave(_ member: Conversation) async throws {
        let call = try await start(.clusterLeave)
        _ = try await member.expect("MEMBERS with the node's record as left") { message, _ -> Bool? in
            guard case .members(let members) = message else { return nil }
            return members.records.contains { $0.node == target.node && $0.state == .left } ? true : nil
        }
        try await member.expectClose(.leaving)
        member.connection.finish()
        let reply = try await call.reply()
        try expectEqual(reply.code, 0, "the code of the reply to clusterLeave")
    }
}
