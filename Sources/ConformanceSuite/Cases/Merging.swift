import ClusterModel
import WireFormat

// Which write of a row stays.
extension Catalogue {
    static let merging: [Case] = lastWriter + rowIdentities + owners + hidden + tombstones

    private static func merge(
        _ id: String, also: [String] = [], _ summary: String, isolation: Isolation = .membership,
        _ run: @escaping @Sendable (Trial) async throws -> Void
    ) -> Case { Case(id, also: also, summary, profile: .tables, isolation: isolation, run: run) }

    /// Two writes of one row by the member, in both orders, by both ways.
    private static let lastWriter: [Case] = ["operations", "snapshot"].flatMap { way in
        [
            ("put-over-put", Operation.put("k", "old"), Operation.put("k", "new"), ["k=new"]),
            ("delete-over-put", .put("k", "old"), .delete("k"), []),
            ("put-over-delete", .delete("k"), .put("k", "new"), ["k=new"]),
        ].map { word, old, new, expected in
            merge(
                "MRG-001/\(word)-\(way)", also: ["MRG-002"],
                "The write with the higher version stays, by \(way), whichever comes first."
            ) { trial in
                try await rivals(trial, way == "snapshot", old, new, expected)
            }
        }
    }

    private static func rivals(
        _ trial: Trial, _ isSnapshot: Bool, _ old: Operation, _ new: Operation, _ expected: [String]
    ) async throws {
        for isOldFirst in [true, false] {
            let table = try await trial.table(isOldFirst ? "old-first" : "new-first")
            let member = try await trial.member(.node("m"))
            member.announce(table)
            try await member.link.fence()
            let base = member.stamp().value
            let writes = [(old, Stamp(base)), (new, Stamp(base + 1))]
            var vector = VersionVector()
            let origin = Member.stranger()
            for (operation, stamp) in isOldFirst ? writes : writes.reversed() {
                if isSnapshot {
                    let sequence = vector.sequence(of: origin) + 1
                    vector.raise(origin, to: sequence)
                    let row = Row(
                        key: operation.key, value: operation.value, isTombstone: operation.kind == .delete,
                        version: RowVersion(stamp: stamp, dot: Dot(origin: origin, sequence: sequence)))
                    try await member.bring(table, [row], vector: vector)
                } else {
                    try await member.write(table, [operation], stamp: stamp)
                }
            }
            try expectEqual(try await trial.texts(table, "k"), expected, isOldFirst ? "the old one first" : "the new one first")
        }
    }

    private static let rowIdentities: [Case] = [
        (TableType.set, MergeRule.lww, "set", ["k=2"]), (.orderedSet, .lww, "ordered-set", ["k=2"]),
        (.bag, .lww, "bag", ["k=1", "k=2"]), (.set, .owner, "owner-set", ["k=1", "k=2"]),
        (.orderedSet, .owner, "owner-ordered-set", ["k=1", "k=2"]), (.bag, .owner, "owner-bag", ["k=1", "k=2", "k=2"]),
    ].map { type, rule, word, expected in
        merge(
            "TAB-003/\(word)", also: ["MRG-001", "MRG-010"],
            "Of writes of one key by two nodes there is one live row for each row id."
        ) {
            trial in
            let (member, table) = try await trial.memberAndTable(type: type, merge: rule)
            try await trial.write(table, [.put("k", "1")])
            if word == "owner-bag" { try await trial.write(table, [.put("k", "2")]) }
            let stamp = Stamp(try await trial.rows(table, "k").map(\.version.stamp.value).max().map { $0 + 1 } ?? 1)
            try await member.write(table, [.put("k", "2"), .put("k", "2")], stamp: max(stamp, member.stamp()))
            try expectEqual(try await trial.texts(table, "k").sorted(), expected, "rows")
        }
    }

    private static let owners: [Case] =
        [
            merge("MRG-010/writers", also: ["TAB-003"], "In an owner table a row belongs to the node that wrote it.") { trial in
                let (member, table) = try await trial.memberAndTable(merge: .owner)
                try await trial.write(table, [.put("k", "node")])
                try await member.write(table, [.put("k", "member")])
                let rows = try await trial.rows(table, "k")
                try expectEqual(Set(rows.map(\.owner)), [trial.target.node, member.identity.node], "owners")
                try expectEqual(rows.first { $0.owner == member.identity.node }?.text, "k=member", "the member's row")
            },
            merge("MRG-010/delete", "In an owner table a delete removes the deleter's own row only.") { trial in
                let (member, table) = try await trial.memberAndTable(merge: .owner)
                try await trial.write(table, [.put("k", "node")])
                try await member.write(table, [.put("k", "member")])
                try await trial.write(table, [.delete("k")])
                try expectEqual(try await trial.texts(table, "k"), ["k=member"], "rows")
            },
            merge(
                "MRG-011/owner-flag-missing", also: ["SNP-005"],
                "A row without owner in a snapshot of an owner table ends the snapshot."
            ) {
                try await wrongFlag($0, .owner)
            },
            merge(
                "MRG-011/owner-flag-present", also: ["SNP-005"],
                "A row with an owner in a snapshot of another table ends the snapshot."
            ) {
                try await wrongFlag($0, .lww)
            },
            merge(
                "MRG-013/higher-incarnation", also: ["MRG-010"],
                "The rows of an owner's earlier life are removed when a later one is known, and ignored from then on."
            ) { trial in
                let (member, table) = try await trial.memberAndTable(merge: .owner)
                try await member.write(table, [.put("a", "1")])
                try expectEqual(try await trial.texts(table, "a"), ["a=1"], "the row of the first life")
                let watcher = try await trial.member(.node("watcher"))
                let old = member.origin
                member.identity.incarnation += 1
                let link = try await trial.conversation()
                try await link.introduce(member.identity.hello())
                try await watcher.link.expectTold(old.node, "of the next life") { $0.incarnation > old.incarnation }
                try expectEqual(try await trial.scan(table).map(\.text), [], "rows")
                let row = Row.of(old, 9, "b", "1", stamp: watcher.stamp(), isOwned: true)
                watcher.announce(table)
                try await watcher.bring(
                    table, [row], vector: VersionVector((old, 9)), shape: TableShape(merge: .owner))
                try expectEqual(try await trial.scan(table).map(\.text), [], "rows")
            },
        ]
        + [(MemberState.removed), .left].map { state in
            merge("MRG-014/\(state)", also: ["MRG-010"], "The rows of an owner that is \(state) are removed.") { trial in
                let (member, table) = try await trial.memberAndTable(merge: .owner)
                let teller = try await trial.member(.node("teller"))
                try await member.write(table, [.put("a", "1")])
                try await trial.write(table, [.put("b", "2")])
                var record = member.record
                record.state = state
                teller.link.send(.members(Members([record])))
                try await teller.link.fence()
                try expectEqual(try await trial.scan(table).map(\.text), ["b=2"], "rows")
                try expectEqual(try await trial.info(table).rows, 1, "rows of tableInfo")
            }
        }

    private static func wrongFlag(_ trial: Trial, _ rule: MergeRule) async throws {
        let (member, table) = try await trial.memberAndTable(merge: rule)
        let origin = Member.stranger()
        let (_, stream) = try await member.lure(table, VersionVector((origin, 1)))
        let row = Row.of(origin, 1, "a", "1", stamp: member.stamp(), isOwned: rule != .owner)
        member.begin(table, stream: stream, vector: VersionVector((origin, 1)))
        member.send(Member.chunk([row]), stream: stream)
        try await member.link.expectCancel(.malformed, stream: stream)
        try expectEqual(try await trial.scan(table).map(\.text), [], "rows")
    }

    private static let hidden: [Case] = [
        merge(
            "MRG-012/down", also: ["DIG-002", "FDT-007"],
            "The rows of an owner that is down are in no answer, and still in the digest; they are back when it is up."
        ) { trial in
            let (member, table) = try await trial.memberAndTable(merge: .owner)
            let watcher = try await trial.member(.node("watcher"))
            try await trial.write(table, [.put("a", "node")])
            try await member.write(table, [.put("a", "member"), .put("b", "member")])
            let all = try await trial.scan(table)
            try expectEqual(all.count, 3, "rows")
            let watch = try await trial.start(.rowWatch(table: table, position: nil))
            try await watch.link.fence()
            member.link.send(.close(Close(.shuttingDown)))
            try await watcher.link.expectTold(member.identity.node, "that is down") { $0.state == .down }
            try expectEqual(try await trial.texts(table, "a"), ["a=node"], "rowGet")
            try expectEqual(try await trial.scan(table).map(\.text), ["a=node"], "rowScan")
            try await watch.expectEvents(of: 2, isTombstone: true)
            watcher.announce(table)
            try await watcher.expectDigests(table, of: all, TableShape(merge: .owner))
            var record = member.record
            record.refutation += 1
            watcher.link.send(.members(Members([record])))
            try await watcher.link.fence()
            try expectEqual(try await trial.scan(table).count, 3, "rows when it is up again")
            try await watch.expectEvents(of: 2, isTombstone: false)
        }
    ]

    private static let tombstones: [Case] = [
        merge(
            "MRG-002/operation", also: ["MRG-001", "TAB-012"],
            "A row that a member deletes stays as a tombstone with the delete's version."
        ) {
            trial in
            let (member, table) = try await trial.memberAndTable()
            try await member.write(table, [.put("a", "1")])
            let stamp = member.stamp()
            member.link.send(.operations(member.operations(table, [.delete("a", "surplus")], stamp: stamp)))
            try await member.expectAck(table, of: 2)
            member.link.send(.snapRequest(SnapRequest(table: table, have: VersionVector())), stream: member.stream(1))
            let request = SnapRequest(table: table, have: VersionVector())
            let fetched = try await member.link.receiveSnapshot(request, stream: member.stream(1))
            try expectEqual(fetched.texts, ["a=(deleted )"], "rows")
            let version = RowVersion(stamp: stamp, dot: Dot(origin: member.origin, sequence: 2))
            try expectEqual(fetched.rows[0].version, version, "the version of the tombstone")
        },
        merge(
            "MRG-005/covered", also: ["SNP-009"],
            "A row of a snapshot whose dot the vector covers, and that is not there, is ignored."
        ) {
            trial in
            let (member, table) = try await trial.memberAndTable()
            let origin = Member.stranger()
            let kept = Row.of(origin, 3, "c", "3", stamp: member.stamp())
            try await member.bring(table, [kept], vector: VersionVector((origin, 3)))
            let old = Row.of(origin, 2, "b", "2", stamp: member.stamp())
            let new = Row.of(origin, 4, "d", "4", stamp: member.stamp())
            try await member.bring(table, [old, kept, new], vector: VersionVector((origin, 4)))
            try expectEqual(try await trial.scan(table).map(\.text).sorted(), ["c=3", "d=4"], "rows")
        },
        merge(
            "MRG-005/newer-version", also: ["MRG-001"],
            "A row that is there is superseded though the vector covers the newer version's dot."
        ) {
            trial in
            let (member, table) = try await trial.memberAndTable()
            let origin = Member.stranger()
            let base = member.stamp()
            try await member.bring(table, [.of(origin, 1, "a", "1", stamp: base)], vector: VersionVector((origin, 2)))
            let newer = Row.of(origin, 2, "a", "2", stamp: Stamp(base.value + 1))
            let further = VersionVector((origin, 3))
            try await member.bring(table, [newer], vector: further)
            try expectEqual(try await trial.texts(table, "a"), ["a=2"], "rows")
        },
        merge("MRG-006/collected", also: ["SNP-010"], "A tombstone that is removed is covered by collected.", isolation: .shared)
        { trial in
            let table = try await trial.source([.put("a", "1"), .delete("a"), .put("b", "2")])
            let deadline = ContinuousClock.now + .seconds(8)
            // Nobody has to remove a tombstone: where it stays there is nothing to judge.
            while try await trial.info(table).tombstones > 0, ContinuousClock.now < deadline {
                try await Clock.letPass(.milliseconds(100))
            }
            let isKept = try await trial.info(table).tombstones > 0
            let last = try await trial.last(table)
            let link = try await trial.joinLink(.joiner())
            let begin = try await link.fetch(SnapRequest(table: table, have: VersionVector())).begin
            let dot = Dot(origin: trial.nodeOrigin, sequence: last - 1)
            try expect(
                isKept || begin.collected.covers(dot), "a collected vector that covers the delete", got: "\(begin.collected)")
            let have = VersionVector((trial.nodeOrigin, last - 2))
            let fetched = try await link.fetch(SnapRequest(table: table, have: have), stream: 4)
            try expect(isKept || fetched.begin.isComplete, "a complete snapshot for who lacks the delete", got: "a delta")
        },
    ]
}

extension Member {
    /// A stream that the suite may choose on a member link (SNP-007).
    func stream(_ index: UInt32) -> UInt32 {
        let isLower = identity.node < link.peerHello?.node ?? NodeID(0)
        return isLower ? index * 2 - 1 : index * 2
    }
}

extension CallUnderWay {
    /// Events of a rowWatch for so many rows.
    fileprivate func expectEvents(of count: Int, isTombstone: Bool) async throws {
        var keys: Set<[UInt8]> = []
        while keys.count < count {
            let events = try await link.expect("changes of \(count) rows on the watch") { message, header -> [RowEvent]? in
                guard case .reply(let reply) = message, header.stream == stream, case .rowEvents(let events) = reply.result else {
                    return nil
                }
                return events
            }
            for event in events where event.row.isTombstone == isTombstone { keys.insert(event.row.key) }
        }
    }
}
