import ClusterModel
import WireFormat

// A node that learns that somebody has its identity in a later life: a copy of its data, or a restored one.
extension Catalogue {
    static let copiedData: [Case] = [
        copied("MBR-020/record", "A node that is told a record of itself with a higher incarnation links anew above it.") {
            try await byRecord($0)
        },
        copied("MBR-020/stale", "A node that is told STALE_INCARNATION links anew above the one in its detail.") {
            try await byStale($0)
        },
    ]

    private static func copied(_ id: String, _ summary: String, _ run: @escaping @Sendable (Trial) async throws -> Void) -> Case {
        Case(
            id, also: ["MBR-021", "VER-002", "LNK-044"], summary, profile: .tables, role: .dialer, isolation: .alone, run: run)
    }

    /// A table with three operations and a delete, and a member where the node can dial.
    private static func prepare(_ trial: Trial) async throws -> (table: TableName, member: Member, listener: Listener) {
        let table = try await trial.table()
        try await trial.write(table, [.put("a", "1"), .put("b", "2"), .put("c", "3")])
        try await trial.write(table, [.delete("b")])
        let listener = try await trial.listen()
        let member = try await trial.member(.node("other", address: listener.address))
        while let early = try await listener.accept(within: .zero) { early.close() }
        return (table, member, listener)
    }

    private static func byRecord(_ trial: Trial) async throws {
        let (table, member, listener) = try await prepare(trial)
        let before = try await trial.scan(table)
        guard var own = try member.link.toldMembers().first(where: { $0.node == trial.target.node }) else {
            throw CaseFailure("the node's own record", got: "none")
        }
        own.incarnation += 7
        member.link.send(.members(Members([own])))
        try await expectNewLife(trial, member, listener, above: own.incarnation)
        try await expectNewDots(trial, table, before)
    }

    private static func byStale(_ trial: Trial) async throws {
        let (table, member, listener) = try await prepare(trial)
        let before = try await trial.scan(table)
        let seen = trial.target.incarnation + 9
        await member.link.connection.reset()
        let dialed = try await trial.accepted(by: listener)
        _ = try await dialed.welcome { _ in member.identity.hello() }
        dialed.send(.close(Close(.staleIncarnation, detail: seen)))
        try await dialed.drain()
        try await expectNewLife(trial, member, listener, above: seen)
        try await expectNewDots(trial, table, before)
    }

    private static func expectNewLife(
        _ trial: Trial, _ member: Member, _ listener: Listener, above seen: Incarnation
    ) async throws {
        let limit = ContinuousClock.now + trial.timing.reaction * 2
        let old = trial.target.incarnation
        while ContinuousClock.now < limit {
            let dialed = try await trial.accepted(by: listener, within: trial.timing.reaction * 2)
            _ = try await dialed.readPreface()
            dialed.sendPreface()
            let incarnation = try await dialed.expectHello().incarnation
            dialed.connection.close()
            // A dial that was under way when the news came is of the old life.
            if incarnation == old { continue }
            trial.noteLife(incarnation)
            try expectEqual(incarnation, seen + 1, "the incarnation of HELLO")
            return
        }
        throw CaseFailure("a link under a new incarnation", got: "links under the old one")
    }

    private static func expectNewDots(_ trial: Trial, _ table: TableName, _ before: [Row]) async throws {
        let link = try await trial.joinLink(.joiner())
        let fetched = try await link.fetch(SnapRequest(table: table, have: VersionVector()))
        let new = trial.nodeOrigin
        for row in fetched.rows { try expectEqual(row.version.dot.origin, new, "the origin of a row") }
        let sequences = fetched.rows.map(\.version.dot.sequence).sorted()
        try expectEqual(sequences, (0..<sequences.count).map { UInt64($0 + 1) }, "the sequences of the rows")
        try expectEqual(fetched.begin.vector, VersionVector((new, UInt64(sequences.count))), "the vector")
        let live = fetched.rows.filter { !$0.isTombstone }
        try expectEqual(live.map(\.text).sorted(), before.map(\.text).sorted(), "rows")
        try expectEqual(
            live.map(\.version.stamp.value).sorted(), before.map(\.version.stamp.value).sorted(), "the stamps of the rows")
    }
}
