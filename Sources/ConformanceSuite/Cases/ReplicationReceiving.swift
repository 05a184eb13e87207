import ClusterModel
import WireFormat

// The node as a replica: what it does with the operations and tableStates of a member.
extension Catalogue {
    static let replicationReceiving: [Case] = gaps + acknowledgements + badOperations + tableStates + comparing

    private static func receiver(
        _ id: String, also: [String] = [], _ summary: String, _ run: @escaping @Sendable (Trial) async throws -> Void
    ) -> Case { Case(id, also: also, summary, profile: .tables, isolation: .membership, run: run) }

    private static let gaps: [Case] = [
        receiver(
            "REP-008/beyond-a-gap", also: ["REP-009", "VER-006", "REP-010"],
            "Operations beyond a gap count at once, and in the vector only when the gap is filled."
        ) { trial in
            let (member, table) = try await trial.memberAndTable()
            let first = member.operations(table, [.put("a", "1")])
            let second = member.operations(table, [.put("b", "2"), .put("c", "3")])
            let third = member.operations(table, [.put("d", "4")])
            member.link.send(.operations(second))
            try await member.expectAck(table, of: 3)
            try expectEqual(try await trial.texts(table, "c"), ["c=3"], "a row beyond the gap")
            try expectEqual(try await member.askState(table).vector, VersionVector(), "the vector before the gap is filled")
            member.link.send(.operations(third))
            try await member.expectAck(table, of: 4)
            try expectEqual(try await member.askState(table).vector, VersionVector(), "the vector before the gap is filled")
            member.link.send(.operations(first))
            try await member.link.fence()
            try expectEqual(try await member.askState(table).vector, VersionVector((member.origin, 4)), "the vector")
            try expectEqual(try await trial.scan(table).map(\.text).sorted(), ["a=1", "b=2", "c=3", "d=4"], "rows")
        },
        receiver("REP-008/remembered", also: ["MRG-004"], "An operation beyond a gap that comes again is ignored.") { trial in
            let (member, table) = try await trial.memberAndTable()
            _ = member.operations(table, [.put("a", "1")])
            let second = member.operations(table, [.put("b", "2")])
            member.link.send(.operations(second))
            try await member.expectAck(table, of: 2)
            let again = try await trial.again(member)
            again.announce(table)
            let group = OperationGroup(stamp: again.stamp(), operations: [.put("b", "other")])
            var other = second
            other.groups = OperationGroups.encode([group])
            again.link.send(.operations(other))
            try await again.link.fence()
            try expectEqual(try await trial.texts(table, "b"), ["b=2"], "the row")
        },
        receiver("REP-009/second-gap", also: ["VER-006"], "The vector rises to the next gap and no further.") { trial in
            let (member, table) = try await trial.memberAndTable()
            let all = (1...5).map { member.operations(table, [.put("k\($0)", "v")]) }
            member.link.send(.operations(all[1]))
            member.link.send(.operations(all[3]))
            let link = try await trial.again(member)
            link.announce(table)
            link.link.send(.operations(all[0]))
            try await link.expectAck(table, of: 1)
            try expectEqual(try await link.askState(table).vector, VersionVector((member.origin, 2)), "the vector")
        },
        receiver(
            "MRG-004/again", also: ["VER-006", "REP-010"], "An operation that the vector covers is ignored, whatever it says."
        ) {
            trial in
            let (member, table) = try await trial.memberAndTable()
            let message = member.operations(table, [.put("a", "1")])
            member.link.send(.operations(message))
            try await member.expectAck(table, of: 1)
            let again = try await trial.again(member)
            again.announce(table)
            var other = message
            other.groups = OperationGroups.encode([OperationGroup(stamp: again.stamp(), operations: [.put("a", "2")])])
            again.link.send(.operations(other))
            try await again.link.fence()
            try expectEqual(try await trial.texts(table, "a"), ["a=1"], "the row")
        },
        receiver("MRG-004/overlap", also: ["REP-009"], "Of operations that the vector covers in part the rest is taken.") {
            trial in
            let (member, table) = try await trial.memberAndTable()
            try await member.write(table, [.put("a", "1"), .put("b", "1")])
            let again = try await trial.again(member)
            again.announce(table)
            let groups = [
                OperationGroup(stamp: again.stamp(), operations: [.put("b", "other")]),
                OperationGroup(stamp: again.stamp(), operations: [.put("c", "1")]),
            ]
            let message = Operations(
                table: table, origin: again.origin, first: 2, count: 2, groups: OperationGroups.encode(groups))
            again.link.send(.operations(message))
            try await again.expectAck(table, of: 3)
            try expectEqual(try await trial.scan(table).map(\.text).sorted(), ["a=1", "b=1", "c=1"], "rows")
        },
    ]

    private static let acknowledgements: [Case] =
        StorageKind.allCases.map { storage in
            receiver(
                "REP-011/\(storage)", also: ["REP-010"],
                "ACKs of a \(storage) table rise to the last operation: received, applied, durable, none below the next."
            ) { trial in
                let (member, table) = try await trial.memberAndTable(storage: storage)
                for index in 1...20 {
                    member.link.send(.operations(member.operations(table, [.put("k", "\(index)"), .put("l", "v")])))
                }
                var last = Ack(table: table, origin: member.origin, received: 0, applied: 0, durable: 0)
                while last.durable < 40 {
                    let ack = try await member.link.expect("ACK of 40 durable operations") { message, _ in
                        if case .ack(let ack) = message, ack.table == table { ack } else { nil }
                    }
                    try expectEqual(ack.origin, member.origin, "the origin of ACK")
                    try expect(
                        ack.received >= ack.applied && ack.applied >= ack.durable && ack.received <= 40, "numbers in order",
                        got: "\(ack.received), \(ack.applied), \(ack.durable)")
                    try expect(
                        ack.received >= last.received && ack.applied >= last.applied && ack.durable >= last.durable,
                        "no number below that of the ACK before", got: "\(ack.received), \(ack.applied), \(ack.durable)")
                    last = ack
                }
            }
        } + [
            receiver(
                "MRG-023/before-operations", also: ["REP-012"],
                "The ACK for what was merged comes before operations that were written later."
            ) { trial in
                let (member, table) = try await trial.memberAndTable()
                for index in 1...15 {
                    member.link.send(.operations(member.operations(table, [.put("theirs", "\(index)")])))
                    try await trial.eventually("the member's row") {
                        try await trial.texts(table, "theirs") == ["theirs=\(index)"] ? true : nil
                    }
                    try await trial.write(table, [.put("ours", "\(index)")])
                    _ = try await member.link.expectOperations(table)
                    let acked = member.link.heard.reversed().compactMap { entry -> UInt64? in
                        if case .ack(let ack) = entry.message, ack.table == table { ack.applied } else { nil }
                    }.first
                    try expect((acked ?? 0) >= UInt64(index), "ACK of \(index) before OPERATIONS", got: "ACK of \(acked ?? 0)")
                }
            }
        ]

    private static func bad(
        _ id: String, _ what: String, also: [String] = [], _ change: @escaping @Sendable (inout Operations, Member) -> Void
    ) -> Case {
        receiver(id, also: also + ["REP-001"], "OPERATIONS \(what) are malformed.") { trial in
            let (member, table) = try await trial.memberAndTable()
            try await member.write(table, [.put("a", "1")])
            var message = member.operations(table, [.put("b", "2"), .put("c", "3")])
            change(&message, member)
            member.link.sendLong(.operations(message))
            try await member.link.expectClose(.malformed)
            try expectEqual(try await trial.scan(table).map(\.text), ["a=1"], "rows")
        }
    }

    /// The groups of the message: stamp at 0, count at 8, kind at 12, key length at 13, value length at 17.
    private static let badOperations: [Case] = [
        bad("REP-001/first-0", "that begin at 0") { message, _ in message.first = 0 },
        bad("REP-001/count-0", "of count 0") { message, _ in message.count = 0 },
        bad("REP-001/count-less", "with more operations than count") { message, _ in message.count = 1 },
        bad("REP-001/count-more", "with less operations than count") { message, _ in message.count = 3 },
        bad("REP-001/beyond-the-last", "that end at a floor") { message, _ in message.first = .max - 1 },
        bad("REP-005/other-node", "of another node") { message, _ in message.origin = Member.stranger() },
        bad("REP-005/other-life", "of an earlier life of the member") { message, _ in message.origin.incarnation -= 1 },
        bad("REP-005/of-the-receiver", "of the receiver itself") { message, member in
            message.origin = Origin(node: member.link.peerHello?.node ?? NodeID(0), incarnation: message.origin.incarnation)
        },
        bad("REP-004/no-groups", "without groups") { message, _ in message.groups = [] },
        bad("REP-004/empty-group", "with an empty group") { message, _ in
            message.groups += Raw.integer(UInt64(1)) + Raw.integer(UInt32(0))
        },
        bad("REP-004/kind-0", "of kind 0") { message, _ in message.groups[12] = 0 },
        bad("REP-004/kind-3", "of kind 3") { message, _ in message.groups[12] = 3 },
        bad("REP-004/key-beyond-end", "with a key beyond their end") { message, _ in message.groups[16] = 200 },
        bad("REP-004/value-beyond-end", "with a value beyond their end") { message, _ in message.groups[20] = 200 },
        bad("REP-004/key-above-limit", "with a key above the limit") { message, _ in
            let body = [UInt8](repeating: 0, count: 65_537)
            message.groups =
                Raw.integer(UInt64(1)) + Raw.integer(UInt32(1)) + [1] + Raw.integer(UInt32(65_537)) + [0, 0, 0, 0] + body
            message.count = 1
        },
        bad("REP-004/group-cut", "with a group that is cut") { message, _ in message.groups.removeLast() },
        bad("REP-004/head-cut", "with the head of a group cut") { message, _ in message.groups += [0, 0, 0] },
        bad("REP-004/group-10001", "with a group of 10001", also: ["LIM-013"]) { message, _ in
            let operation = [UInt8(1), 0, 0, 0, 0, 0, 0, 0, 0]
            message.groups =
                Raw.integer(UInt64(1)) + Raw.integer(UInt32(10_001)) + Array(repeating: operation, count: 10_001).flatMap { $0 }
            message.count = 10_001
        },
    ]

    private static let tableStates: [Case] = [
        receiver(
            "REP-022/at-once", also: ["REP-020", "DIG-003", "TAB-009"],
            "At the beginning of a link the state of each table comes."
        ) {
            trial in
            let table = try await trial.table(type: .bag)
            try await trial.write(table, [.put("a", "1"), .put("a", "2"), .put("b", "3")])
            try await trial.write(table, [.delete("b", "3")])
            let member = try await trial.member()
            let state = try member.heardState(table)
            try expect(!state.wantsReply, "wantsReply 0", got: "1")
            try expectEqual(state.origin, trial.nodeOrigin, "origin")
            try expectEqual(state.rows, 2, "rows")
            try expectEqual(state.vector, VersionVector((trial.nodeOrigin, try await trial.last(table))), "vector")
            let sum = TableShape(type: .bag).digests(try await trial.scan(table)).reduce(0, &+)
            try expectEqual(state.digest, sum, "digest")
        },
        receiver(
            "REP-022/new-table", also: ["TAB-009"], "Of a table that is created later the state comes, and asks for the member's."
        ) {
            trial in
            let member = try await trial.member()
            let table = try await trial.table()
            let state = try await member.expectState(table)
            try expect(state.wantsReply, "wantsReply 1", got: "0")
        },
        receiver(
            "REP-022/after-snapshot", also: ["SNP-012"], "When a snapshot has raised the vector, the state is told on all links."
        ) {
            trial in
            let table = try await trial.table()
            let (first, second) = (try await trial.member(.node("first")), try await trial.member(.node("second")))
            second.announce(table)
            try await second.link.fence()
            let origin = Member.stranger()
            let row = Row.of(origin, 1, "a", "1", stamp: first.stamp())
            try await first.bring(table, [row], vector: VersionVector((origin, 1)))
            for member in [first, second] {
                let state = try await member.stateAfter(table) { $0.vector.sequence(of: origin) == 1 }
                try expect(!state.wantsReply, "wantsReply 0", got: "1")
            }
        },
        receiver("REP-025/reply", also: ["REP-020"], "A TABLE_STATE that asks for one is answered, and the answer asks for none.")
        { trial in
            let (member, table) = try await trial.memberAndTable()
            try await trial.write(table, [.put("a", "1")])
            let state = try await member.askState(table)
            try expect(!state.wantsReply, "wantsReply 0", got: "1")
            try expectEqual(state.vector.sequence(of: trial.nodeOrigin), try await trial.last(table), "the vector's own entry")
            try expectEqual(state.rows, 1, "rows")
        },
        receiver("REP-025/no-reply", "A TABLE_STATE that asks for none is not answered.") { trial in
            let (member, table) = try await trial.memberAndTable()
            member.announce(table)
            try await member.link.fence {
                if case .tableState(let state) = $0, state.table == table { "nobody asked" } else { nil }
            }
        },
        receiver("REP-028/other-node", "A TABLE_STATE of another origin than the member's is malformed.") {
            try await foreignState($0) { $0.node = .random() }
        },
        receiver("REP-028/other-life", "A TABLE_STATE of another life of the member is malformed.") {
            try await foreignState($0) { $0.incarnation -= 1 }
        },
    ]

    private static func foreignState(_ trial: Trial, _ change: (inout Origin) -> Void) async throws {
        let (member, table) = try await trial.memberAndTable()
        var origin = member.origin
        change(&origin)
        let state = TableState(
            table: table, vector: VersionVector(), digest: 0, rows: 0, streamable: 1, origin: origin, wantsReply: false)
        member.link.send(.tableState(state))
        try await member.link.expectClose(.malformed)
    }

    private static let comparing: [Case] = [
        receiver(
            "REP-024/two-pings", "After two PINGs with another vector hash the node's state comes and asks for the member's."
        ) { trial in
            let (member, table) = try await trial.memberAndTable()
            try await Clock.letPass(.milliseconds(1100))
            for _ in 0..<2 { member.ping([table: 1]) }
            let state = try await member.expectState(table)
            try expect(state.wantsReply, "wantsReply 1", got: "0")
        },
        receiver("REP-024/one-ping", "One PING with another vector hash, or two with the right one between, ask for nothing.") {
            trial in
            let (member, table) = try await trial.memberAndTable()
            let right = try await trial.info(table).vector.hash64
            try await Clock.letPass(.milliseconds(1100))
            for hash in [1, right, 1, right] { member.ping([table: hash]) }
            try await member.link.fence {
                if case .tableState(let state) = $0, state.table == table { "one differed" } else { nil }
            }
        },
        receiver("REP-024/once-a-second", "However many PINGs differ, the state comes at most once a second.") { trial in
            let (member, table) = try await trial.memberAndTable()
            try await Clock.letPass(.milliseconds(1100))
            let start = ContinuousClock.now
            for _ in 0..<8 { member.ping([table: 1]) }
            _ = try await member.expectState(table)
            try await member.link.fence { message in
                guard ContinuousClock.now - start < .milliseconds(900), case .tableState(let state) = message else { return nil }
                return state.table == table ? "the second one within a second" : nil
            }
        },
    ]
}

extension Member {
    /// The node's state of a table, now.
    func askState(_ table: TableName) async throws -> TableState {
        announce(table, wantsReply: true)
        return try await expectState(table)
    }

    /// A state that has come already or comes.
    func stateAfter(_ table: TableName, _ fits: (TableState) -> Bool) async throws -> TableState {
        for entry in link.heard {
            if case .tableState(let state) = entry.message, state.table == table, fits(state) { return state }
        }
        return try await link.expect("TABLE_STATE of \(table) that fits") { message, _ in
            if case .tableState(let state) = message, state.table == table, fits(state) { state } else { nil }
        }
    }

    /// A PING with vector hashes.
    func ping(_ hashes: [TableName: UInt64]) {
        var ping = link.makePing()
        ping.tables = hashes.sorted { $0.key < $1.key }.map { Ping.TableHash(table: $0.key, vectorHash: $0.value) }
        link.send(.ping(ping))
    }
}
