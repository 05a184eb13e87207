import ClusterModel
import WireFormat

// The node as the writer: what it streams to a member, and from where.
extension Catalogue {
    static let replicationSending: [Case] = stream + beginnings + badAcks

    private static func sender(
        _ id: String, also: [String] = [], _ summary: String, _ run: @escaping @Sendable (Trial) async throws -> Void
    ) -> Case { Case(id, also: also, summary, profile: .tables, isolation: .membership, run: run) }

    private static let stream: [Case] = [
        sender(
            "REP-001/layout", also: ["REP-004", "REP-005", "VER-002"],
            "A write is streamed with origin, sequence and its operations."
        ) {
            trial in
            let (member, table) = try await trial.memberAndTable()
            let base = try await trial.last(table)
            let result = try await trial.write(table, [.put("a", "1"), .put("b", ""), .delete("c")])
            let message = try await member.link.expectOperations(table)
            try expectEqual(message.origin, trial.nodeOrigin, "origin")
            try expectEqual(message.first, base + 1, "first")
            try expectEqual(message.count, 3, "count")
            let groups = try message.decodedGroups()
            let expected = OperationGroup(stamp: result.stamp, operations: [.put("a", "1"), .put("b", ""), .delete("c")])
            try expectEqual(groups, [expected], "groups")
        },
        sender("REP-002/set", also: ["TAB-012"], "A delete is streamed with an empty value, whatever the caller gave.") { trial in
            let (member, table) = try await trial.memberAndTable()
            try await trial.write(table, [.delete("a", "surplus")])
            let groups = try await member.link.expectOperations(table).decodedGroups()
            try expectEqual(groups.flatMap(\.operations), [.delete("a")], "operations")
        },
        sender("REP-002/bag", "In a bag a delete is streamed with the value of the row to delete.") { trial in
            let (member, table) = try await trial.memberAndTable(type: .bag)
            try await trial.write(table, [.put("a", "1"), .put("a", "2")])
            _ = try await member.link.expectOperations(table)
            try await trial.write(table, [.delete("a", "1")])
            let groups = try await member.link.expectOperations(table).decodedGroups()
            try expectEqual(groups.flatMap(\.operations), [.delete("a", "1")], "operations")
        },
        sender("REP-002/bag-all", also: ["REP-004"], "In a bag a delete of all values is streamed as one delete of each.") {
            trial in
            let (member, table) = try await trial.memberAndTable(type: .bag)
            try await trial.write(table, [.put("a", "1"), .put("a", "2")])
            _ = try await member.link.expectOperations(table)
            try await trial.write(table, [.delete("a")])
            let groups = try await member.link.expectOperations(table).decodedGroups()
            try expectEqual(Set(groups.flatMap(\.operations)), [.delete("a", "1"), .delete("a", "2")], "operations")
            try expectEqual(groups.count, 1, "groups")
        },
        sender("REP-004/large-group", also: ["LIM-013"], "A group of 10000 operations is streamed whole in one message.") {
            trial in
            let (member, table) = try await trial.memberAndTable()
            let operations = (0..<10_000).map { Operation.put("k\($0)", "v") }
            let stamp = try await trial.write(table, operations).stamp
            let message = try await member.link.expectOperations(table, within: trial.timing.reaction * 2)
            try expectEqual(try message.decodedGroups(), [OperationGroup(stamp: stamp, operations: operations)], "groups")
        },
        sender("REP-005/no-forwarding", "What one member wrote is not streamed to another by the node.") { trial in
            let table = try await trial.table()
            let (first, second) = (try await trial.member(.node("first")), try await trial.member(.node("second")))
            first.announce(table)
            second.announce(table)
            try await second.link.fence()
            try await first.write(table, [.put("a", "1")])
            try await trial.write(table, [.put("b", "2")])
            let message = try await second.link.expectOperations(table)
            try expectEqual(message.origin, trial.nodeOrigin, "origin")
            try await second.link.fence { message in
                if case .operations(let other) = message, other.origin == first.origin { "another's operations" } else { nil }
            }
        },
        sender("REP-006/ascending", also: ["REP-001"], "Operations come in ascending order, none twice and none missing.") {
            trial in
            let (member, table) = try await trial.memberAndTable()
            var next = try await trial.last(table) + 1
            let end = next + 60
            for index in 0..<30 { try await trial.write(table, (0...index % 3).map { .put("k\($0)", "\(index)") }) }
            while next < end {
                let message = try await member.link.expectOperations(table)
                try expectEqual(message.first, next, "first")
                next = message.last + 1
            }
            try await member.link.fence {
                if case .operations(let more) = $0, more.table == table { "all have come" } else { nil }
            }
        },
        sender("REP-005/two-tables", also: ["REP-006", "VER-002"], "The operations of two tables are numbered apart.") { trial in
            let (one, two) = (try await trial.table("one"), try await trial.table("two"))
            let member = try await trial.member()
            member.announce(one)
            member.announce(two)
            try await member.link.fence()
            let next = [one: try await trial.last(one) + 1, two: try await trial.last(two) + 1]
            try await trial.write(one, [.put("a", "1")])
            try await trial.write(two, [.put("a", "1")])
            for _ in 0..<2 {
                let message = try await member.link.expect("OPERATIONS") { message, _ in
                    if case .operations(let message) = message, [one, two].contains(message.table) { message } else { nil }
                }
                try expectEqual(message.first, next[message.table], "first of \(message.table)")
            }
        },
    ]

    private static let beginnings: [Case] =
        [("nothing", UInt64(0)), ("part", 3), ("all-but-one", 4), ("all", 5)].map { word, held in
            sender(
                "REP-007/\(word)", also: ["REP-006", "REP-021"],
                "To a member that has \(held) of five operations the next one is streamed first."
            ) { trial in
                let table = try await trial.table()
                for index in 1...5 { try await trial.write(table, [.put("k", "\(index)")]) }
                let member = try await trial.member()
                let base = try await trial.last(table) - 5
                let state = try member.heardState(table)
                try expect(
                    (1...base + 1).contains(state.streamable), "streamable of five operations that are kept",
                    got: "\(state.streamable)")
                member.announce(table, vector: VersionVector((trial.nodeOrigin, base + held)))
                if held == 5 {
                    try await member.link.fence {
                        if case .operations(let more) = $0, more.table == table { "the member has all" } else { nil }
                    }
                    try await trial.write(table, [.put("k", "6")])
                }
                let message = try await member.link.expectOperations(table)
                try expectEqual(message.first, max(base + held + 1, state.streamable), "first")
            }
        } + [
            sender("REP-007/not-before-state", also: ["REP-022"], "No operations come before the member's TABLE_STATE.") {
                trial in
                let table = try await trial.table()
                try await trial.write(table, [.put("a", "1")])
                let member = try await trial.member()
                try await trial.write(table, [.put("a", "2")])
                try await member.link.fence()
                try expect(
                    !member.link.heard.contains {
                        if case .operations(let early) = $0.message { early.table == table } else { false }
                    },
                    "no OPERATIONS yet", got: "OPERATIONS")
                member.announce(table)
                let streamable = try member.heardState(table).streamable
                try expectEqual(try await member.link.expectOperations(table).first, streamable, "first")
            },
            sender("REP-007/earlier-life", "What a member has of an earlier life of the node does not count.") { trial in
                let table = try await trial.table()
                try await trial.write(table, [.put("a", "1")])
                let member = try await trial.member()
                var older = trial.nodeOrigin
                older.incarnation -= 1
                member.announce(table, vector: VersionVector((older, 9)))
                let streamable = try member.heardState(table).streamable
                try expectEqual(try await member.link.expectOperations(table).first, streamable, "first")
            },
            sender("REP-021/nothing-written", also: ["REP-020"], "Of a table without operations streamable is 1.") { trial in
                let table = try await trial.table()
                let state = try await trial.member().heardState(table)
                // A table that existed before in this life of the node goes on counting.
                try expectEqual(state.streamable, state.vector.sequence(of: trial.nodeOrigin) + 1, "streamable")
                try expectEqual(state.rows, 0, "rows")
            },
            sender(
                "REP-021/given-up", also: ["REP-007", "SNP-009"],
                "A node that has written much says what it still can stream, and the stream begins there."
            ) { trial in
                let table = try await trial.table()
                for index in 0..<9 {
                    let value = [UInt8](repeating: UInt8(index), count: 1 << 20)
                    try await trial.write(table, [Operation(.put, key: [UInt8(index)], value: value)])
                }
                let member = try await trial.member()
                let streamable = try member.heardState(table).streamable
                let last = try await trial.last(table)
                try expect((1...last + 1).contains(streamable), "streamable of 1 to \(last + 1)", got: "\(streamable)")
                member.announce(table, vector: VersionVector((trial.nodeOrigin, last - 1)))
                let first = max(streamable, last)
                if first > last { try await trial.write(table, [.put("next", "1")]) }
                let message = try await member.link.expectOperations(table, within: trial.timing.reaction * 2)
                try expectEqual(message.first, first, "first")
            },
        ]

    private static func badAck(
        _ word: String, _ what: String, _ received: UInt64, _ applied: UInt64, _ durable: UInt64
    ) -> Case {
        sender("REP-014/\(word)", "An ACK \(what) is malformed.") { trial in
            let (member, table) = try await trial.memberAndTable()
            let last = try await trial.write(table, [.put("a", "1"), .put("b", "1"), .put("c", "1")]).last
            _ = try await member.link.expectOperations(table)
            member.link.send(
                .ack(Ack(table: table, origin: trial.nodeOrigin, received: last - 2, applied: last - 2, durable: last - 2)))
            try await member.link.fence()
            let (received, applied, durable) = (last &- 3 &+ received, last &- 3 &+ applied, last &- 3 &+ durable)
            member.link.send(
                .ack(Ack(table: table, origin: trial.nodeOrigin, received: received, applied: applied, durable: durable)))
            try await member.link.expectClose(.malformed)
        }
    }

    private static let badAcks: [Case] = [
        badAck("applied-above-received", "that applied more than it received", 2, 3, 1),
        badAck("durable-above-applied", "that made durable more than it applied", 3, 2, 3),
        badAck("never-sent", "of an operation that was never sent", 4, 3, 3),
        badAck("never-sent-huge", "of a sequence far off", 1 << 40, 1 << 40, 1 << 40),
        sender("REP-014/good", also: ["REP-030"], "An ACK of all operations, and one of them again, is taken.") { trial in
            let (member, table) = try await trial.memberAndTable()
            let last = try await trial.write(table, [.put("a", "1"), .put("b", "1"), .put("c", "1")]).last
            _ = try await member.link.expectOperations(table)
            for _ in 0..<2 {
                member.link.send(.ack(Ack(table: table, origin: trial.nodeOrigin, received: last, applied: last, durable: last)))
            }
            try await member.link.fence()
            let status = try await trial.status().members.first { $0.record.node == member.identity.node }
            try expectEqual(status?.behind, 0, "operations that the member has not acknowledged")
        },
    ]
}

extension Operations {
    func decodedGroups() throws -> [OperationGroup] {
        do throws(DecodingError) {
            let decoded = try OperationGroups.decode(groups.span)
            return decoded
        } catch {
            throw CaseFailure("groups that can be read", got: "\(error)")
        }
    }
}
