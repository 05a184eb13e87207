import ClusterModel
import WireFormat

// As many members and tables as there may be. The node joins a cluster that the suite plays and that has them already, and then
// one that has none, so that nothing of it stays.
extension Catalogue {
    static let clusterLimits: [Case] = [
        limit("LIM-011/refused", also: ["JON-003"], "Of 1024 members that are not gone nobody refuses a joiner but with TOO_MANY_MEMBERS.") {
            try await fullOfMembers($0, others: 1022, code: .tooManyMembers)
        },
        limit("LIM-011/last", also: ["JON-002"], "With 1023 members there is room for one more.") {
            try await fullOfMembers($0, others: 1021, code: nil)
        },
        limit("LIM-011/ignored", "A record that would be one more is ignored.") { trial in
            let host = try await trial.host()
            let member = try await host.admit(others: others(1022))
            let more = others(1023)[1022]
            member.sendLong(.members(Members([more])))
            try await member.fence()
            try expect(try await trial.record(of: more.node) == nil, "no record of it", got: "one")
            try expectEqual(try await trial.status().members.count, 1024, "records")
            try await trial.leave(member)
        },
        limit("LIM-012/refused", also: ["TAB-010"], "With 1024 definitions, dropped ones included, tableCreate fails with TOO_MANY_TABLES.") {
            trial in
            let host = try await trial.host()
            let member = try await host.admit(definitions(1024, host))
            let client = try await trial.client()
            try await client.expectRefusal(.tooManyTables, of: .tableCreate(TableDefinition(name: Names.table("more"), version: .zero)))
            try await trial.leave(member)
        },
        limit("LIM-012/last", "With 1023 definitions there is room for one more.") { trial in
            let host = try await trial.host()
            let member = try await host.admit(definitions(1023, host))
            _ = try await trial.client().succeed(.tableCreate(TableDefinition(name: Names.table("more"), version: .zero)))
            try await trial.leave(member)
        },
        limit("LIM-012/ignored", "A definition that would be one more is ignored.") { trial in
            let host = try await trial.host()
            let member = try await host.admit(definitions(1024, host))
            let more = host.definition("more")
            member.send(.definitions(Definitions([more])))
            try await member.fence()
            try await trial.client().expectRefusal(.noSuchTable, of: .tableInfo(more.name))
            try await trial.leave(member)
        },
    ]

    private static func limit(
        _ id: String, also: [String] = [], _ summary: String, _ run: @escaping @Sendable (Trial) async throws -> Void
    ) -> Case {
        Case(id, also: also, summary, profile: .tables, role: .dialer, isolation: .alone) { trial in
            do {
                try await run(trial)
            } catch {
                _ = try? await trial.link().call(.clusterLeave)
                try? await empty(trial)
                throw error
            }
            try await empty(trial)
        }
    }

    /// The node has been a member of a cluster without tables, and is alone again.
    private static func empty(_ trial: Trial) async throws { try await trial.leave(trial.host().admit()) }

    private static func fullOfMembers(_ trial: Trial, others count: Int, code: ErrorCode?) async throws {
        let host = try await trial.host()
        let member = try await host.admit(others: others(count))
        let link = try await trial.joinLink(.joiner())
        link.send(.joinRequest(JoinRequest(mode: .refuse, isDryRun: true, tables: [])))
        if let code {
            try await link.expectReject(code)
        } else if case .joinReject = try await link.expectAnswer() {
            throw CaseFailure("JOIN_ACCEPT", got: "JOIN_REJECT")
        }
        try await trial.leave(member)
    }

    /// Members that nobody reaches.
    private static func others(_ count: Int) -> [MemberRecord] {
        (0..<count).map { index in
            MemberRecord(
                node: NodeID(UInt128(index + 1) << 64), joined: Stamp(UInt64(index + 10)), incarnation: 1, state: .down,
                downSince: 1_000_000, name: Names.node("other-\(index)", host: "127.0.0.1"),
                address: Address(host: "127.0.0.1", port: 1))
        }
    }

    private static func definitions(_ count: Int, _ host: Host) -> [TableDefinition] {
        (0..<count).map { index in
            var definition = host.definition("full-\(index)")
            definition.exists = false
            definition.floor = definition.version.stamp
            return definition
        }
    }
}
