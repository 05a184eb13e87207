import ClusterModel
import NodeRuntime
import Testing

/// A member whose clock is ahead drops a table and makes it again: nobody may write at or below the floor that this leaves, or
/// the write is acknowledged and lost (VER-004, TAB-011).
@Suite struct StampTests {
    private let routes: TableName

    init() throws { routes = try #require(TableName("routes")) }

    /// Two members, of which the second, half a minute ahead, leaves a floor behind and stops.
    private func withFloorAhead(_ body: (Nodes, RunningNode, Stamp) async throws -> Void) async throws {
        try await withNodes { nodes in
            let first = try await nodes.start(1)
            let ahead = try await nodes.start(2) { $0.clockOffset = .seconds(30) }
            try await ahead.join(first)
            for node in [first, ahead] { try await node.waitForMembers(2) }
            try await ahead.create(routes, .set, .disc)
            _ = try await ahead.call(.tableDrop(routes))
            try await ahead.create(routes, .set, .disc)
            let floor = try await ahead.info(routes).definition.floor
            try await eventually("the floor is known") { try await first.call(.tableList).floors == [floor] }
            await ahead.stop()
            try await body(nodes, first, floor)
        }
    }

    @Test func aFloorThatAPeerToldIsSeen() async throws {
        try await withFloorAhead { _, first, floor in
            let stamp = try await first.put(routes, "a", "1", level: .local).stamp
            #expect(stamp > floor)
        }
    }

    @Test func aFloorThatCameWithAJoinIsSeen() async throws {
        try await withFloorAhead { nodes, first, floor in
            let joiner = try await nodes.start(3)
            try await joiner.join(first)
            let stamp = try await joiner.put(routes, "a", "1", level: .local).stamp
            #expect(stamp > floor)
        }
    }

    @Test func aFloorOnTheDiskIsSeen() async throws {
        try await withFloorAhead { nodes, first, floor in
            await first.stop()
            let again = try await nodes.start(1)
            let stamp = try await again.put(routes, "a", "1", level: .local).stamp
            #expect(stamp > floor)
        }
    }

    /// What is written after something was read is newer, in whatever table it was (VER-001).
    @Test func rowsOfOtherTablesAreSeen() async throws {
        let others = try #require(TableName("others"))
        try await withNodes { nodes in
            let first = try await nodes.start(1)
            let ahead = try await nodes.start(2) { $0.clockOffset = .seconds(30) }
            try await first.create(routes)
            try await first.create(others)
            try await ahead.join(first)
            for node in [first, ahead] { try await node.waitForMembers(2) }
            let seen = try await ahead.put(routes, "a", "1").stamp
            let stamp = try await first.put(others, "b", "2", level: .local).stamp
            #expect(stamp > seen)
        }
    }
}

extension Reply.Result {
    /// The floors of the tables that a list shows.
    fileprivate var floors: [Stamp] {
        if case .tables(let tables) = self { tables.map(\.definition.floor) } else { [] }
    }
}
