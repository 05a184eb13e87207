import ClusterModel
import WireFormat

// The node is made to dial: by the call clusterJoin, or because it has lost the link to a member that listens.
extension Catalogue {
    /// A case in which the node dials with the intent join. The dry run changes nothing on the node, but a node may refuse other
    /// joins and writes meanwhile.
    static func joinDialer(
        _ id: String, also others: [String] = [], _ summary: String, profile: Profile = .link,
        run: @escaping @Sendable (Trial, Conversation) async throws -> Void
    ) -> Case {
        Case(id, also: others, summary, profile: profile, role: .dialer, isolation: .alone) { trial in
            try await trial.withJoiner { link in try await run(trial, link) }
        }
    }

    /// A case in which the node dials a member that it has lost.
    static func memberDialer(
        _ id: String, also others: [String] = [], _ summary: String,
        run: @escaping @Sendable (Trial, Member, Conversation) async throws -> Void
    ) -> Case {
        Case(id, also: others, summary, profile: .tables, role: .dialer, isolation: .membership) { trial in
            let listener = try await trial.listen()
            let member = try await trial.member(.node(address: listener.address))
            // Without CLOSE, so that the node dials at once (FDT-002).
            await member.link.connection.reset()
            try await run(trial, member, try await trial.accepted(by: listener))
        }
    }
}

extension Trial {
    /// Makes the node dial with the intent join, and waits in the end until it has given the join up: two joins at a time it refuses.
    func withJoiner(_ run: (Conversation) async throws -> Void) async throws {
        let listener = try await listen()
        let client = try await link()
        let stream = client.nextStream()
        client.send(.call(.clusterJoin(address: listener.address, mode: .refuse, isDryRun: true)), stream: stream)
        let link: Conversation
        do {
            link = try await accepted(by: listener)
        } catch {
            if let reply = try? await client.reply(to: stream, within: .seconds(1)) {
                throw CaseFailure("a connection from the node", got: reply.report)
            }
            throw error
        }
        do {
            try await run(link)
        } catch {
            await settle(link, client, stream)
            throw error
        }
        await settle(link, client, stream)
    }

    private func settle(_ link: Conversation, _ client: Conversation, _ stream: UInt32) async {
        link.connection.close()
        _ = try? await client.reply(to: stream, within: .seconds(6))
    }
}

extension Conversation {
    /// Both HELLOs were sent; the suite accepts.
    @discardableResult
    func greet(_ identity: Identity, _ change: (inout Hello) -> Void = { _ in }) async throws -> Hello {
        _ = try await readPreface()
        sendPreface()
        let hello = try await expectHello()
        var own = identity.hello()
        own.intent = hello.intent
        change(&own)
        send(own)
        return hello
    }

    /// The whole handshake; the suite accepts.
    @discardableResult
    func accept(_ identity: Identity, _ change: (inout Hello) -> Void = { _ in }) async throws -> Hello {
        let hello = try await greet(identity, change)
        try await expectProof()
        send(auth())
        return hello
    }
}
