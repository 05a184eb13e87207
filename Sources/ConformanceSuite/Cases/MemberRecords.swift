import ClusterModel
import WireFormat

// Who is who, and which of two records wins.
extension Catalogue {
    static let memberRecords: [Case] = whoIsWho + badNames + badAddresses + precedence + badFields

    private static let whoIsWho: [Case] = [
        Case("MBR-001/cluster-id", "The cluster id is none of zeros, and the same everywhere.", profile: .tables) { trial in
            let link = try await trial.joinLink(.node())
            let info = try await trial.nodeInfo()
            try expect(info.cluster.value != 0, "a cluster id other than 0", got: "0")
            let half = info.cluster.value.multipliedReportingOverflow(by: 1 << 64).partialValue
            try expect(half != 0 && info.cluster.value >> 64 != 0, "a cluster id of 128 random bits", got: "\(info.cluster)")
            try expectEqual(link.peerHello?.cluster, info.cluster, "the cluster of HELLO")
        },
        Case("MBR-002/node-id", "The node id is of 128 bits, and the same on every link and in every answer.", profile: .tables) {
            trial in
            let info = try await trial.nodeInfo()
            try expect(info.node.value >> 64 != 0 && info.node.value << 64 != 0, "128 random bits", got: "\(info.node)")
            for identity in [Identity.client(), .joiner()] {
                let link = try await trial.link(identity)
                try expectEqual(link.peerHello?.node, info.node, "the node id of HELLO")
            }
            try expectEqual(try await trial.status().node, info.node, "the node id of clusterStatus")
        },
        Case("MBR-003/clock", "The incarnation is at least the clock at the start of the node.", profile: .tables) { trial in
            let link = try await trial.link()
            let info = try await trial.nodeInfo()
            let clock = link.peerHello?.clock ?? 0
            try expect(
                info.incarnation + info.uptime + 5000 >= clock, "an incarnation of the clock at the start",
                got: "\(info.incarnation), uptime \(info.uptime), clock \(clock)")
            try expectEqual(link.peerHello?.incarnation, info.incarnation, "the incarnation of HELLO")
        },
        Case(
            "MBR-004/own-record", also: ["MBR-011", "MBR-018"], "The node tells its own record, with all fields right.",
            profile: .tables, isolation: .membership
        ) { trial in
            let member = try await trial.member()
            let told = try member.link.toldMembers()
            guard let own = told.first(where: { $0.node == trial.target.node }) else {
                throw CaseFailure("the node's own record in its first MEMBERS", got: "none")
            }
            try expectEqual(own.name, member.link.peerHello?.name, "name")
            try expectEqual(own.address, member.link.peerHello?.address, "address")
            try expectEqual(own.incarnation, trial.target.incarnation, "incarnation")
            try expectEqual(own.state, .up, "state")
            try expectEqual(own.role, .core, "role")
            try expectEqual(own.downSince, 0, "downSince")
        },
        Case(
            "MBR-004/remembers", "A record that a member tells is kept, with all its fields.", profile: .tables,
            isolation: .membership
        ) { trial in
            let member = try await trial.member()
            var other = Identity.node("other", address: Address(host: "fe80::17", port: 9)).record(joined: member.stamp())
            other.refutation = 7
            trial.removeAtEnd(other.name)
            member.link.send(.members(Members([other])))
            try await member.link.fence()
            let kept = try await trial.record(of: other.node)
            try expectEqual(kept, other, "the record")
        },
    ]

    /// What a record says, changed in one place, on a link that lives.
    private static func badRecord(
        _ id: String, _ what: String, _ change: @escaping @Sendable (MemberRecord, OutgoingFrame) -> OutgoingFrame
    ) -> Case {
        Case(id, "A record \(what) is malformed.", profile: .tables, isolation: .membership) { trial in
            let member = try await trial.member()
            let record = Identity.node("other").record(joined: member.stamp())
            trial.removeAtEnd(record.name)
            member.link.send(change(record, OutgoingFrame(.members(Members([record])))))
            try await member.link.expectClose(.malformed)
            try expect(try await trial.record(of: record.node) == nil, "nothing of it is taken", got: "its record")
        }
    }

    private static let badNames: [Case] = [
        ("no-at", "nameless"), ("two-ats", "a@b@c"), ("empty-word", "@host"), ("empty-host", "name@"), ("empty", ""),
        ("dot-in-word", "a.b@host"), ("space", "a b@host"), ("underscore-in-host", "a@ho_st"), ("not-ascii", "a\u{E4}@host"),
        ("nul", "a\0@host"),
    ].map { word, name in
        badRecord("MBR-005/\(word)", "whose name is '\(name.replacing("\0", with: "NUL"))'") { record, frame in
            frame.replacing(Raw.text(record.name.text), by: Raw.text(name))
        }
    }

    private static let badAddresses: [Case] = [
        ("no-colon", "host"), ("port-0", "host:0"), ("port-65536", "host:65536"), ("leading-zero", "host:07"), ("no-host", ":7"),
        ("no-port", "host:"), ("bare-colons", "fe80::1:7"), ("needless-brackets", "[host]:7"), ("open-bracket", "[fe80::1:7"),
        ("space", "ho st:7"), ("not-ascii", "h\u{F6}st:7"), ("sign", "host:+7"), ("empty", ""),
    ].map { word, address in
        badRecord("MBR-006/\(word)", "whose address is '\(address)'") { record, frame in
            frame.replacing(Raw.text("127.0.0.1:1"), by: Raw.text(address))
        }
    }

    private static let badFields: [Case] = [
        badRecord("MBR-004/state-0", "of state 0") { $1.patching(4 + 36, [0]) },
        badRecord("MBR-004/state-8", "of state 8") { $1.patching(4 + 36, [8]) },
        badRecord("MBR-004/role-0", "of role 0") { $1.patching(4 + 37, [0]) },
        badRecord("MBR-004/role-4", "of role 4") { $1.patching(4 + 37, [4]) },
        badRecord("MBR-011/twice", "that comes twice in one MEMBERS") { record, _ in
            OutgoingFrame(.members(Members([record, record])))
        },
        badRecord("MBR-011/descending", "that stands before one of a lower node id") { record, _ in
            var lower = record
            lower.node = NodeID(record.node.value - 1)
            return OutgoingFrame(.members(Members([record, lower])))
        },
        badRecord("MBR-011/count", "too few for the count of MEMBERS") { $1.patching(0, Raw.integer(UInt32(2))) },
        badRecord("MBR-011/leftover", "with a byte behind it") { $1.appending([0]) },
    ]

    /// Of each line: what the winner has that the loser has not, though the loser is ahead in every line below.
    private static let precedence: [Case] = [
        line(1, "joined") { $0.joined = Stamp($0.joined.value + 1) },
        line(2, "gone") { $0.state = .left },
        line(3, "incarnation") { $0.incarnation += 1 },
        line(4, "refutation") { $0.refutation += 1 },
        line(5, "state") { $0.state = .leaving },
        line(6, "down-since") { $0.downSince -= 1 },
        line(7, "name") { $0.name = Names.node("z", host: "h-\($0.node.value.hexadecimal)") },
        line(8, "address") { $0.address = Address(host: "z", port: 1) },
    ]

    private static func line(_ number: Int, _ word: String, _ change: @escaping @Sendable (inout MemberRecord) -> Void) -> Case {
        Case(
            "MBR-010/\(word)", "Of two records the one that wins at line \(number) is kept, whichever came first.",
            profile: .tables,
            isolation: .membership
        ) { trial in
            let member = try await trial.member()
            for isWinnerFirst in [false, true] {
                let (loser, winner) = rivals(number, joined: member.stamp(), change)
                trial.removeAtEnd(loser.name)
                trial.removeAtEnd(winner.name)
                for record in isWinnerFirst ? [winner, loser] : [loser, winner, loser] {
                    member.link.send(.members(Members([record])))
                }
                try await member.link.fence()
                try expectEqual(try await trial.record(of: loser.node), winner, isWinnerFirst ? "the first" : "the second")
            }
        }
    }

    private static func rivals(
        _ number: Int, joined: Stamp, _ change: (inout MemberRecord) -> Void
    ) -> (loser: MemberRecord, winner: MemberRecord) {
        let node = NodeID.random()
        let hex = node.value.hexadecimal
        let base = MemberRecord(
            node: node, joined: joined, incarnation: 5, refutation: 5, state: .down, downSince: 1_000_000,
            name: Names.node("m", host: "h-\(hex)"), address: Address(host: "m", port: 1))
        var winner = base
        change(&winner)
        if winner.state != .down { winner.downSince = 0 }
        var loser = base
        if number < 2 { loser.state = .left }
        if number < 3 { loser.incarnation += 1 }
        if number < 4 { loser.refutation += 1 }
        if number < 6, number > 1 { loser.downSince -= 1 }
        if number < 2 { loser.downSince = 0 }
        if number < 7 { loser.name = Names.node("z", host: "h-\(hex)") }
        if number < 8 { loser.address = Address(host: "z", port: 1) }
        if number == 5 { loser.state = .up }
        if loser.state != .down { loser.downSince = 0 }
        return (loser, winner)
    }
}

extension Conversation {
    /// The records of the first MEMBERS of the link.
    func toldMembers() throws -> [MemberRecord] {
        for entry in heard { if case .members(let members) = entry.message { return members.records } }
        throw CaseFailure("MEMBERS at once", got: "none")
    }

    /// Waits for MEMBERS with a record that fits.
    @discardableResult
    func expectTold(
        _ node: NodeID, _ what: String, within time: Duration? = nil, _ fits: (MemberRecord) -> Bool
    ) async throws -> MemberRecord {
        try await expect("MEMBERS with a record \(what)", within: time) { message, _ in
            guard case .members(let members) = message else { return nil }
            return members.records.first { $0.node == node && fits($0) }
        }
    }
}
