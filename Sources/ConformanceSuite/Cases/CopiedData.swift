import ClusterModel
import WireFormat

// A node that learns that somebody has its identity in a later life: a copy of its data, or a restored one.
extension Catalogue {
    static let copiedData: [Case] = [
        copied("MBR-020/record", "A node that is told a record of itself with a higher incarnation links anew above it.") { trial, member, _ in
            guard var own = try member.link.toldMembers().first(where: { $0.node == trial.target.node }) else {
                throw CaseFailure("the node's own record", got: "none")
            }
            own.incarnation += 7
            member.link.send(.members(Members([own])))
            return own.incarnation
        },
        copied("MBR-020/stale", also: ["LNK-044"], "A node that is told STALE_INCARNATION links anew above the one in its detail.") {
            trial, member, listener in
            let seen = trial.target.incarnation + 9
            await member.link.connection.reset()
            let dialed = try await trial.accepted(by: listener)
            _ = try await dialed.welcome { _ in member.identity.hello() }
            dialed.send(.close(Close(.staleIncarnation, detail: seen)))
            try await dialed.drain()
            return seen
        },
    ]

    private static func copied(
        _ id: String, also: [String] = [], _ summary: String,
        _ tell: @escaping @Sendable (Trial, Member, Listener) async throws -> Incarnation
    ) -> Case {
        Case(id, also: ["MBR-021", "VER-002"] + also, summary, profile: .tables, role: .dialer, isolation: .alone) { trial in
            let table = try await trial.table()
            try await trial.write(table, [.put("a", "1"), .put("b", "2"), .put("c", "3")])
            try await trial.write(table, [.delete("b")])
            let old = OldLife(table: table, rows: try await trial.scan(table), origin: trial.nodeOrigin)
            let listener = try await trial.listen()
            let member = try await trial.member(.node("other", address: listener.address))
            while let early = try await listener.accept(within: .zero) { early.close() }
            let seen = try await tell(trial, member, listener)
            let next = try await expectNewLife(trial, member, listener, after: old.origin.incarnation)
            trial.noteLife(next)
            try expectEqual(next, seen + 1, "the incarnation of HELLO")
            try await expectNewDots(trial, old)
        }
    }

    private static func expectNewLife(
        _ trial: Trial, _ member: Member, _ listener: Listener, after old: Incarnation
    ) async throws -> Incarnation {
        let limit = ContinuousClock.now + trial.timing.reaction * 2
        while ContinuousClock.now < limit {
            let dialed = try await trial.accepted(by: listener, within: trial.timing.reaction * 2)
            // A dial that was under way when the news came is of the old life.
            guard let hello = try? await dialed.welcome({ _ in member.identity.hello() }) else { continue }
            if hello.incarnation > old { return hello.incarnation }
            dialed.connection.close()
        }
        throw CaseFailure("a link under a new incarnation", got: "links under the old one")
    }

    private static func expectNewDots(_ trial: Trial, _ old: OldLife) async throws {
        let link = try await trial.joinLink(.joiner())
        let fetched = try await link.fetch(SnapRequest(table: old.table, have: VersionVector()))
        let new = trial.nodeOrigin
        try expectEqual(Set(fetched.rows.map(\.version.dot.origin)), [new], "the origins of the rows")
        let sequences = fetched.rows.map(\.version.dot.sequence).sorted()
        try expectEqual(sequences, (1...UInt64(max(1, sequences.count))).map { $0 }, "the sequences of the rows")
        try expectEqual(fetched.begin.vector.sequence(of: old.origin), 0, "the vector entry of the old life")
        try expectEqual(fetched.begin.vector.sequence(of: new), UInt64(sequences.count), "the vector entry of the new life")
        let live = fetched.rows.filter { !$0.isTombstone }
        let stamps = Dictionary(uniqueKeysWithValues: live.map { ($0.text, $0.version.stamp) })
        try expectEqual(stamps, Dictionary(uniqueKeysWithValues: old.rows.map { ($0.text, $0.version.stamp) }), "rows and stamps")
    }
}

/// What a table held under the incarnation that is over.
private final class OldLife {
    let table: TableName
    let rows: [Row]
    let origin: Origin

    init(table: TableName, rows: [Row], origin: Origin) {
        self.table = table
        self.rows = rows
        self.origin = origin
    }
}
