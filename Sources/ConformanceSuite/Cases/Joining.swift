import ClusterModel
import WireFormat

// The node as the member that is asked to let another in.
extension Catalogue {
    static let joining: [Case] = accepting + refusing + badRequests

    private static func admission(
        _ id: String, also: [String] = [], _ summary: String, isolation: Isolation = .membership,
        _ run: @escaping @Sendable (Trial) async throws -> Void
    ) -> Case { Case(id, also: also, summary, profile: .tables, isolation: isolation, run: run) }

    private static let accepting: [Case] =
        [
            admission(
                "JON-002/accept", also: ["JON-006", "MBR-004"], "A JOIN_REQUEST is answered with JOIN_ACCEPT and all records."
            ) {
                trial in
                let joiner = Identity.joiner()
                let link = try await trial.joinLink(joiner)
                let accept = try await trial.join(joiner, on: link)
                try expectEqual(accept.cluster, link.peerHello?.cluster, "cluster")
                let status = try await trial.status()
                try expectEqual(accept.members.map(\.node), status.members.map(\.record.node), "the nodes of the records")
                for (told, known) in zip(accept.members, status.members) { try expectEqual(told, known.record, "a record") }
                let own = accept.members.first { $0.node == joiner.node }
                try expectEqual(own, joiner.record(joined: accept.joined, state: .joining), "the record of the joiner")
            },
            admission("JON-002/catalogue", also: ["TAB-010"], "JOIN_ACCEPT has the whole catalogue, dropped tables included.") {
                trial in
                let kept = try await trial.table("kept")
                let dropped = try await trial.table("dropped")
                _ = try await trial.client().succeed(.tableDrop(dropped))
                let joiner = Identity.joiner()
                let accept = try await trial.join(joiner, on: trial.joinLink(joiner))
                guard let first = accept.definitions.first(where: { $0.name == kept }),
                    let second = accept.definitions.first(where: { $0.name == dropped })
                else { throw CaseFailure("both definitions in JOIN_ACCEPT", got: "\(accept.definitions.count) others") }
                try expectEqual(first, try await trial.info(kept).definition, "the definition of the table that exists")
                try expect(!second.exists, "exists 0 of the dropped table", got: "1")
                try expectEqual(second.floor, second.version.stamp, "floor of the dropped table")
            },
            admission("JON-002/tables", "JOIN_ACCEPT names the live rows of each table that there is to copy.") { trial in
                let table = try await trial.table()
                try await trial.write(table, [.put("a", "1"), .put("b", "2"), .put("c", "3"), .delete("a")])
                let joiner = Identity.joiner()
                let accept = try await trial.join(joiner, on: trial.joinLink(joiner))
                try expectEqual(accept.tables.first { $0.table == table }?.rows, 2, "live rows of \(table)")
            },
            admission("JON-005/dry-run", also: ["JON-002"], "A dry run is accepted, and nothing is changed for it.") { trial in
                let watcher = try await trial.member(.node("watcher"))
                let joiner = Identity.joiner()
                let link = try await trial.joinLink(joiner)
                link.send(.joinRequest(JoinRequest(mode: .refuse, isDryRun: true, tables: [])))
                guard case .joinAccept(let accept) = try await link.expectAnswer() else {
                    throw CaseFailure("JOIN_ACCEPT", got: "JOIN_REJECT")
                }
                try expect(!accept.members.isEmpty, "all records in JOIN_ACCEPT", got: "none")
                try await watcher.link.fence { $0.names(joiner.node) ? "nothing has changed" : nil }
                try expect(try await trial.record(of: joiner.node) == nil, "no record of the joiner", got: "one")
            },
            admission("JON-005/dry-run-refused", also: ["JON-003"], "A dry run is refused for the same reasons as a request.") {
                trial in
                let joiner = Identity.joiner()
                let link = try await trial.joinLink(joiner)
                let count = TableCount(table: Names.table("t"), rows: 3)
                link.send(.joinRequest(JoinRequest(mode: .refuse, isDryRun: true, tables: [count])))
                try await link.expectReject(.notEmpty)
            },
            admission(
                "JON-006/joining", also: ["MBR-011"], "The joiner's record is joining, with a new stamp, and the others are told."
            ) {
                trial in
                let watcher = try await trial.member(.node("watcher"))
                let stamp = try await trial.table().definitionStamp(trial)
                let joiner = Identity.joiner()
                let accept = try await trial.join(joiner, on: trial.joinLink(joiner))
                try expect(accept.joined > stamp, "a stamp above \(stamp.value)", got: "\(accept.joined.value)")
                let told = try await watcher.link.expectTold(joiner.node, "that is joining") { $0.state == .joining }
                try expectEqual(told, joiner.record(joined: accept.joined, state: .joining), "the record")
            },
            admission("JON-006/again", "A joiner that asks again is given a new stamp.") { trial in
                let joiner = Identity.joiner()
                let link = try await trial.joinLink(joiner)
                let first = try await trial.join(joiner, on: link)
                let second = try await trial.join(joiner, on: link)
                try expect(
                    second.joined > first.joined, "a higher stamp", got: "\(second.joined.value) after \(first.joined.value)")
                let other = try await trial.join(joiner, on: trial.joinLink(joiner))
                try expect(other.joined > second.joined, "a higher stamp on another link", got: "\(other.joined.value)")
            },
            admission(
                "JON-006/back", also: ["MBR-010", "JON-003"], "A member that was removed may join again, with a higher stamp."
            ) {
                trial in
                let joiner = Identity.joiner()
                let first = try await trial.join(joiner, on: trial.joinLink(joiner))
                _ = try await trial.client().succeed(.clusterRemove(name: joiner.name))
                let second = try await trial.join(joiner, on: trial.joinLink(joiner))
                try expect(second.joined > first.joined, "a higher stamp", got: "\(second.joined.value)")
                try expectEqual(try await trial.record(of: joiner.node)?.state, .joining, "state")
            },
        ]
        + [JoinMode.merge, .replace].map { mode in
            admission("JON-003/rows-\(mode)", also: ["JON-002"], "A joiner with rows is accepted with the mode \(mode).") {
                trial in
                let joiner = Identity.joiner()
                let count = TableCount(table: Names.table("t"), rows: 3)
                _ = try await trial.join(joiner, on: trial.joinLink(joiner), mode: mode, tables: [count])
            }
        }

    private static let refusing: [Case] = [
        admission("JON-003/already-member", "A member that asks to join is refused with ALREADY_MEMBER.") { trial in
            let member = try await trial.member()
            let link = try await trial.joinLink(member.identity)
            link.send(.joinRequest(JoinRequest(mode: .refuse, isDryRun: false, tables: [])))
            try await link.expectReject(.alreadyMember)
            try expectEqual(try await trial.record(of: member.identity.node)?.joined, member.accept.joined, "joined")
        },
        admission("JON-003/name-of-node", "A joiner that has the node's own name is refused with NAME_CONFLICT.") { trial in
            var joiner = Identity.joiner()
            joiner.name = try await trial.nodeInfo().name
            let link = try await trial.joinLink(joiner)
            link.send(.joinRequest(JoinRequest(mode: .refuse, isDryRun: false, tables: [])))
            try await link.expectReject(.nameConflict)
            try expect(try await trial.record(of: joiner.node) == nil, "no record of the joiner", got: "one")
        },
        admission("JON-003/name-of-member", "A joiner that has the name of another member is refused with NAME_CONFLICT.") {
            trial in
            let member = try await trial.member()
            var joiner = Identity.joiner()
            joiner.name = member.identity.name
            let link = try await trial.joinLink(joiner)
            link.send(.joinRequest(JoinRequest(mode: .refuse, isDryRun: false, tables: [])))
            try await link.expectReject(.nameConflict)
        },
        admission("JON-003/name-of-gone", "The name of a member that is gone is free.") { trial in
            let old = Identity.joiner()
            _ = try await trial.join(old, on: trial.joinLink(old))
            _ = try await trial.client().succeed(.clusterRemove(name: old.name))
            var joiner = Identity.joiner()
            joiner.name = old.name
            _ = try await trial.join(joiner, on: trial.joinLink(joiner))
        },
        admission("JON-003/not-empty", "A joiner with rows and the mode refuse is refused with NOT_EMPTY and its tables.") {
            trial in
            let joiner = Identity.joiner()
            let link = try await trial.joinLink(joiner)
            let counts = [TableCount(table: Names.table("a"), rows: 0), TableCount(table: Names.table("t"), rows: 3)]
            link.send(.joinRequest(JoinRequest(mode: .refuse, isDryRun: false, tables: counts)))
            let reject = try await link.expectReject(.notEmpty)
            try expectEqual(reject.tables, [counts[1]], "the tables with rows")
            try expect(try await trial.record(of: joiner.node) == nil, "no record of the joiner", got: "one")
        },
        admission("JON-003/no-rows", also: ["JON-002"], "Tables without rows do not keep a joiner out.") { trial in
            let joiner = Identity.joiner()
            let count = TableCount(table: Names.table("t"), rows: 0)
            _ = try await trial.join(joiner, on: trial.joinLink(joiner), tables: [count])
        },
        admission("JON-003/member-before-name", "Of two reasons the first in the table is given: ALREADY_MEMBER.") { trial in
            let member = try await trial.member()
            var joiner = member.identity
            joiner.name = try await trial.nodeInfo().name
            let link = try await trial.joinLink(joiner)
            let count = TableCount(table: Names.table("t"), rows: 3)
            link.send(.joinRequest(JoinRequest(mode: .refuse, isDryRun: false, tables: [count])))
            try await link.expectReject(.alreadyMember)
        },
        admission("JON-003/name-before-rows", "Of two reasons the first in the table is given: NAME_CONFLICT.") { trial in
            var joiner = Identity.joiner()
            joiner.name = try await trial.nodeInfo().name
            let link = try await trial.joinLink(joiner)
            let count = TableCount(table: Names.table("t"), rows: 3)
            link.send(.joinRequest(JoinRequest(mode: .refuse, isDryRun: false, tables: [count])))
            try await link.expectReject(.nameConflict)
        },
        admission("JON-003/busy", "A node that is itself joining refuses with BUSY.", isolation: .alone) { trial in
            let link = try await trial.joinLink(.joiner())
            let host = try await trial.host()
            let call = try await trial.startJoin(host)
            let joinLink = try await host.acceptJoin()
            link.send(.joinRequest(JoinRequest(mode: .refuse, isDryRun: false, tables: [])))
            try await link.expectReject(.busy)
            joinLink.send(.joinReject(JoinReject(.busy, text: "enough of it")))
            _ = try await call.reply()
        },
    ]

    private static func badRequest(
        _ id: String, _ what: String, _ change: @escaping @Sendable (OutgoingFrame) -> OutgoingFrame
    ) -> Case {
        Case(id, "A JOIN_REQUEST \(what) is malformed.", profile: .tables) { trial in
            let link = try await trial.joinLink(.joiner())
            let counts = [TableCount(table: Names.table("t"), rows: 3)]
            link.send(change(OutgoingFrame(.joinRequest(JoinRequest(mode: .merge, isDryRun: true, tables: counts)))))
            try await link.expectClose(.malformed)
        }
    }

    private static let badRequests: [Case] = [
        badRequest("JON-001/mode-3", "of mode 3") { $0.patching(0, [3]) },
        badRequest("JON-001/dry-run-2", "whose isDryRun is 2") { $0.patching(1, [2]) },
        badRequest("JON-001/table-name", "with a table name that is none") { $0.replacing(Raw.text("t"), by: Raw.text("/")) },
        badRequest("JON-001/same-table-twice", "that names a table twice") { frame in
            var frame = frame
            let entry = Array(frame.body.dropFirst(6))
            frame.body = Array(frame.body.prefix(2)) + Raw.integer(UInt32(2)) + entry + entry
            return frame
        },
        badRequest("JON-001/cut", "without its last byte") { frame in
            var frame = frame
            frame.body.removeLast()
            return frame
        },
        badRequest("JON-001/leftover", "with a byte behind it") { $0.appending([0]) },
    ]
}

extension TableName {
    /// The stamp of a table's definition.
    fileprivate func definitionStamp(_ trial: Trial) async throws -> Stamp { try await trial.info(self).definition.version.stamp }
}

extension Message {
    /// MEMBERS with a record of a node.
    func names(_ node: NodeID) -> Bool {
        if case .members(let members) = self { members.records.contains { $0.node == node } } else { false }
    }
}

extension Conversation {
    @discardableResult
    func expectReject(_ code: ErrorCode) async throws -> JoinReject {
        guard case .joinReject(let reject) = try await expectAnswer() else {
            throw CaseFailure("JOIN_REJECT(\(code.name))", got: "JOIN_ACCEPT")
        }
        try expectEqual(reject.code, code.rawValue, "the code of JOIN_REJECT")
        try await fence()
        return reject
    }
}
