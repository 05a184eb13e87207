import ClusterModel
import WireFormat

// As many tables as there may be. The node joins a cluster that the suite plays and that has them already, and then
// one that has none, so that nothing of it stays.
extension Catalogue {
    static let clusterLimits: [Case] = [
        limit(
            "LIM-012/full", also: ["TAB-010"],
            "With 1024 definitions, dropped ones included, a further one is refused, or ignored when a member tells it."
        ) { trial in
            let host = try await trial.host()
            let member = try await host.admit(definitions(1023, host))
            let client = try await trial.client()
            _ = try await client.succeed(.tableCreate(TableDefinition(name: Names.table("last"), version: .zero)))
            let more = host.definition("more")
            try await client.expectRefusal(.tooManyTables, of: .tableCreate(TableDefinition(name: more.name, version: .zero)))
            member.send(.definitions(Definitions([more])))
            try await member.fence()
            try await client.expectRefusal(.noSuchTable, of: .tableInfo(more.name))
            try await trial.leave(member)
        }
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

    private static func definitions(_ count: Int, _ host: Host) -> [TableDefinition] {
        (0..<count).map { index in
            var definition = host.definition("full-\(index)")
            definition.exists = false
            definition.floor = definition.version.stamp
            return definition
        }
    }
}
