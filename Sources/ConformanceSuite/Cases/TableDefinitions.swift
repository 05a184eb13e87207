import ClusterModel
import WireFormat

// Names and definitions of tables, and how the catalogue spreads.
extension Catalogue {
    static let tableDefinitions: [Case] = names + badDefinitions + created + merged + strangers

    private static func tables(
        _ id: String, also: [String] = [], _ summary: String, isolation: Isolation = .membership,
        _ run: @escaping @Sendable (Trial) async throws -> Void
    ) -> Case { Case(id, also: also, summary, profile: .tables, isolation: isolation, run: run) }

    private static let names: [Case] =
        [
            ("empty", ""), ("65-bytes", String(repeating: "n", count: 65)), ("leading-dot", ".a"), ("only-dot", "."),
            ("slash", "a/b"),
            ("space", "a b"), ("at", "a@b"), ("colon", "a:b"), ("not-ascii", "\u{E9}"), ("nul", "a\0"),
        ].map { word, name in
            tables("TAB-001/\(word)", "A table name that breaks the grammar is malformed.", isolation: .shared) { trial in
                let link = try await trial.joinLink(.joiner())
                let request = OutgoingFrame(.snapRequest(SnapRequest(table: Names.table("n"), have: VersionVector())), stream: 2)
                link.send(request.replacing(Raw.text("n"), by: Raw.text(name)))
                try await link.expectClose(.malformed)
            }
        }
        + [
            ("one-byte", "_"), ("64-bytes", String(repeating: "n", count: 64)), ("every-kind", "aZ09_-.z"),
            ("leading-dash", "-a"),
        ].map { word, name in
            tables("TAB-001/good-\(word)", "A table name that follows the grammar is read.", isolation: .shared) { trial in
                let link = try await trial.joinLink(.joiner())
                link.send(.snapRequest(SnapRequest(table: Names.table(name), have: VersionVector())), stream: 2)
                try await link.expectCancel(.noSuchTable, stream: 2)
            }
        }

    /// Where fields of the definition begin in the body of a DEFINITIONS with one definition of a two-byte name.
    private enum Place {
        static let type = 8
        static let storage = 9
        static let merge = 10
        static let replicas = 15
        /// From the end: floor 8, sequence 8, origin 24, stamp 8, exists 1.
        static let exists = -49
    }

    private static func bad(
        _ word: String, _ what: String, _ change: @escaping @Sendable (OutgoingFrame, TableDefinition) -> OutgoingFrame
    ) -> Case {
        tables("TAB-002/\(word)", also: ["TAB-009"], "A definition \(what) is malformed.") { trial in
            let member = try await trial.member()
            let version = RowVersion(stamp: Stamp(1), dot: Dot(origin: member.origin, sequence: 1))
            let definition = TableDefinition(
                name: Names.table("zz"), replicas: [NodeID(1), NodeID(2)], exists: false, version: version, floor: Stamp(1))
            member.link.send(change(OutgoingFrame(.definitions(Definitions([definition]))), definition))
            try await member.link.expectClose(.malformed)
        }
    }

    private static let badDefinitions: [Case] = [
        bad("type-0", "of type 0") { frame, _ in frame.patching(Place.type, [0]) },
        bad("type-4", "of type 4") { frame, _ in frame.patching(Place.type, [4]) },
        bad("storage-0", "of storage 0") { frame, _ in frame.patching(Place.storage, [0]) },
        bad("storage-3", "of storage 3") { frame, _ in frame.patching(Place.storage, [3]) },
        bad("merge-0", "of merge rule 0") { frame, _ in frame.patching(Place.merge, [0]) },
        bad("merge-4", "of merge rule 4") { frame, _ in frame.patching(Place.merge, [4]) },
        bad("replicas-descending", "whose replicas descend") { frame, _ in
            frame.patching(Place.replicas + 4, Raw.integer(UInt128(2)) + Raw.integer(UInt128(1)))
        },
        bad("replicas-twice", "with a replica twice") { frame, _ in
            frame.patching(Place.replicas + 4, Raw.integer(UInt128(2)) + Raw.integer(UInt128(2)))
        },
        bad("exists-2", "whose exists is 2") { frame, _ in frame.patching(Place.exists, [2]) },
        bad("sequence-0", "with sequence 0") { frame, _ in frame.patching(-16, Raw.integer(UInt64(0))) },
        bad("sequence-floor", "with the sequence of a floor") { frame, _ in frame.patching(-16, Raw.integer(UInt64.max)) },
        bad("name", "whose name is none") { frame, _ in frame.replacing(Raw.text("zz"), by: Raw.text("z/")) },
        bad("twice", "that comes twice") { _, definition in OutgoingFrame(.definitions(Definitions([definition, definition]))) },
        bad("cut", "without its last byte") { frame, _ in
            var frame = frame
            frame.body.removeLast()
            return frame
        },
        bad("leftover", "with a byte behind it") { frame, _ in frame.appending([0]) },
    ]

    private static let created: [Case] = [
        tables(
            "TAB-018/create", also: ["TAB-002", "TAB-009", "VER-001"],
            "A new table's definition has a stamp of the clock, the node's origin, and the stamp as sequence."
        ) { trial in
            let member = try await trial.member()
            let before = Clock.milliseconds
            let table = try await trial.table(type: .bag, storage: .disc, merge: .owner, replicas: [trial.target.node])
            let told = try await member.expectDefinition(table) { $0.exists }
            try expect(
                told.version.stamp.milliseconds + 100 >= before && told.version.stamp.milliseconds <= before + 60_000,
                "a stamp of the clock", got: "\(told.version.stamp.milliseconds), the clock is \(before)")
            let dot = Dot(origin: trial.nodeOrigin, sequence: told.version.stamp.value)
            try expectEqual(told.version.dot, dot, "the dot of the definition")
            let asked = (told.type, told.storage, told.merge, told.replicas)
            try expect(
                asked == (.bag, .disc, .owner, [trial.target.node]), "the definition that was asked for", got: "\(asked)")
            try expectEqual(told, try await trial.info(table).definition, "the definition of tableInfo")
        },
        tables(
            "TAB-014/drop", also: ["TAB-018", "TAB-009", "TAB-010"],
            "A dropped table's definition has exists 0, a new version, and its stamp as floor."
        ) { trial in
            let member = try await trial.member()
            let table = try await trial.table()
            let created = try await member.expectDefinition(table) { $0.exists }
            _ = try await trial.client().succeed(.tableDrop(table))
            let dropped = try await member.expectDefinition(table) { !$0.exists }
            try expect(dropped.version > created.version, "a higher version", got: "\(dropped.version.stamp.value)")
            try expectEqual(dropped.floor, dropped.version.stamp, "floor")
            try expectEqual(
                dropped.version.dot, Dot(origin: trial.nodeOrigin, sequence: dropped.version.stamp.value), "the dot")
            try expectEqual(dropped.type, created.type, "type")
        },
        tables("TAB-010/dropped-is-kept", also: ["TAB-009"], "The definition of a dropped table is told to a new member.") {
            trial in
            let table = try await trial.table()
            _ = try await trial.client().succeed(.tableDrop(table))
            let member = try await trial.member()
            let told = try await member.firstDefinitions().first { $0.name == table }
            try expectEqual(told?.exists, false, "exists of the dropped table")
        },
        tables("TAB-009/all-at-once", also: ["TAB-002"], "At the beginning of a member link the whole catalogue comes.") {
            trial in
            let table = try await trial.table()
            let member = try await trial.member()
            let told = try await member.firstDefinitions().map(\.name)
            try expectEqual(told, member.accept.definitions.map(\.name), "the names of the definitions")
            try expect(told.contains(table), "\(table) among them", got: "\(told.count) others")
        },
        tables("TAB-009/told-on", "A definition that one member tells is told to another.") { trial in
            let (first, second) = (try await trial.member(.node("first")), try await trial.member(.node("second")))
            let definition = try await trial.foreign("on", by: first)
            first.link.send(.definitions(Definitions([definition])))
            let told = try await second.expectDefinition(definition.name) { $0.version == definition.version }
            try expectEqual(told, definition, "the definition")
        },
        Case("TAB-006/strong", "A table with the reserved merge rule is refused with NOT_SUPPORTED.", profile: .client) { trial in
            let client = try await trial.client()
            let definition = TableDefinition(name: Names.table("c-strong"), merge: .strong, version: .zero)
            try await client.expectRefusal(.notSupported, of: .tableCreate(definition))
            try await client.expectRefusal(.noSuchTable, of: .tableInfo(definition.name))
        },
        tables("TAB-007/empty", also: ["REP-022"], "A table without a list of replicas is replicated by every member.") { trial in
            let table = try await trial.table()
            let member = try await trial.member()
            try expect(member.link.heard.contains { $0.message.isAbout(table) }, "TABLE_STATE of \(table)", got: "none")
        },
        tables("TAB-007/others", also: ["REP-022", "CAL-024"], "A table whose replicas are others is known, but not replicated.")
        {
            trial in
            let member = Identity.node("replica")
            let table = try await trial.table(replicas: [member.node])
            let link = try await trial.member(member)
            link.announce(table, vector: VersionVector((Member.stranger(), 3)), wantsReply: true)
            try await link.link.fence { $0.isAbout(table) ? "the node does not replicate \(table)" : nil }
            try expect(
                !link.link.heard.contains { $0.message.isAbout(table) }, "nothing about \(table)", got: "something")
            let write = RowWrite(table: table, level: .local, operations: [.put("a", "1")])
            try await trial.client().expectRefusal(.notReplicated, of: .rowWrite(write))
        },
    ]

    private static let merged: [Case] = [
        tables("TAB-008/higher-version", "Of two definitions the one with the higher version is kept, whichever came first.") {
            trial in
            let member = try await trial.member()
            for (word, isFirst) in [("later", false), ("first", true)] {
                let low = try await trial.foreign(word, by: member)
                var high = low
                high.version.stamp = Stamp(low.version.stamp.value + 1)
                high.syncIntervalMilliseconds = 77
                for definition in isFirst ? [high, low] : [low, high] {
                    member.link.send(.definitions(Definitions([definition])))
                }
                try await member.link.fence()
                try expectEqual(try await trial.info(low.name).definition, high, "the definition that came \(word)")
            }
        },
        tables("TAB-008/same-stamp", also: ["VER-005"], "Of two definitions of one stamp the higher node id wins.") { trial in
            let member = try await trial.member()
            var low = try await trial.foreign("", by: member)
            low.version.dot.origin = Origin(node: NodeID(3), incarnation: 9)
            var high = low
            high.version.dot.origin = Origin(node: NodeID(4), incarnation: 2)
            high.syncIntervalMilliseconds = 77
            member.link.send(.definitions(Definitions([high])))
            member.link.send(.definitions(Definitions([low])))
            try await member.link.fence()
            try expectEqual(try await trial.info(low.name).definition, high, "the definition")
        },
        tables("TAB-008/higher-floor", "The winner of two definitions has the higher of both floors.") { trial in
            let member = try await trial.member()
            let low = try await trial.foreign("", by: member)
            var high = low
            high.version.stamp = Stamp(low.version.stamp.value + 1)
            var older = low
            older.floor = low.version.stamp
            member.link.send(.definitions(Definitions([high])))
            member.link.send(.definitions(Definitions([older])))
            try await member.link.fence()
            high.floor = older.floor
            try expectEqual(try await trial.info(low.name).definition, high, "the definition")
        },
        tables(
            "TAB-008/comes-back", also: ["TAB-010"],
            "A table that was dropped exists again under a higher version, with its floor."
        ) {
            trial in
            let table = try await trial.table()
            _ = try await trial.client().succeed(.tableDrop(table))
            let member = try await trial.member()
            let dropped = try await member.firstDefinitions().first { $0.name == table }
            guard var back = dropped else { throw CaseFailure("the dropped definition", got: "none") }
            back.exists = true
            back.version = RowVersion(stamp: member.stamp(), dot: Dot(origin: member.origin, sequence: 5))
            back.floor = .zero
            member.link.send(.definitions(Definitions([back])))
            try await member.link.fence()
            let info = try await trial.info(table)
            try expectEqual(info.definition.floor, dropped?.floor, "floor")
        },
        tables("TAB-011/rows-go", also: ["TAB-008"], "Rows at or below a new floor are removed.") { trial in
            let (member, table) = try await trial.memberAndTable()
            try await member.write(table, [.put("a", "1")], stamp: member.stamp())
            let floor = member.stamp()
            try await member.write(table, [.put("b", "2")], stamp: floor)
            try await member.write(table, [.put("c", "3")], stamp: Stamp(floor.value + 1))
            try await member.raiseFloor(table, to: floor, trial)
            try expectEqual(try await trial.scan(table).map(\.text), ["c=3"], "rows")
        },
        tables("TAB-011/operations", "Operations at or below the floor are ignored, and those above taken.") { trial in
            let (member, table) = try await trial.memberAndTable()
            let floor = member.stamp()
            try await member.raiseFloor(table, to: floor, trial)
            try await member.write(table, [.put("a", "1")], stamp: Stamp(floor.value - 1))
            try await member.write(table, [.put("b", "2")], stamp: floor)
            try await member.write(table, [.put("c", "3")], stamp: Stamp(floor.value + 1))
            try expectEqual(try await trial.scan(table).map(\.text), ["c=3"], "rows")
        },
        tables("TAB-011/snapshot", "Rows of a snapshot at or below the floor are ignored, and those above taken.") { trial in
            let (member, table) = try await trial.memberAndTable()
            let floor = member.stamp()
            try await member.raiseFloor(table, to: floor, trial)
            let origin = Member.stranger()
            let rows = (0..<3).map { Row.of(origin, UInt64($0 + 1), "k\($0)", "v", stamp: Stamp(floor.value + UInt64($0) - 1)) }
            try await member.bring(table, rows, vector: VersionVector((origin, 3)))
            try expectEqual(try await trial.scan(table).map(\.text), ["k2=v"], "rows")
        },
    ]

    private enum Unknown: String, CaseIterable {
        case unknown, dropped
        case notReplicated = "not-replicated"
    }

    private static let strangers: [Case] = Unknown.allCases.flatMap { kind in
        ["operations", "ack", "table-state", "digest-request", "digests"].map { word in
            tables("TAB-016/\(kind.rawValue)-\(word)", "What a peer says of a table that is \(kind.rawValue) is ignored.") {
                trial in
                try await ignored(trial, kind, word)
            }
        }
    }

    private static func ignored(_ trial: Trial, _ kind: Unknown, _ word: String) async throws {
        let member = Identity.node("teller")
        var table = Names.table("nobody-made-this")
        if kind == .dropped {
            table = try await trial.table()
            _ = try await trial.client().succeed(.tableDrop(table))
        } else if kind == .notReplicated {
            table = try await trial.table(replicas: [member.node])
        }
        let teller = try await trial.member(member)
        let vector = VersionVector((Member.stranger(), 3))
        switch word {
        case "operations": teller.link.send(.operations(teller.operations(table, [.put("a", "1")])))
        case "ack": teller.link.send(.ack(Ack(table: table, origin: trial.nodeOrigin, received: 1, applied: 1, durable: 1)))
        case "table-state": teller.announce(table, vector: vector, wantsReply: true)
        case "digest-request": teller.link.send(.digestRequest(DigestRequest(table: table)))
        default:
            teller.link.send(.digests(Digests(table: table, vector: VersionVector(), buckets: Array(repeating: 1, count: 1024))))
        }
        // An ACK may take 10 ms.
        try await teller.link.fence()
        try await Clock.letPass(.milliseconds(30))
        try await teller.link.fence { $0.isAbout(table) ? "\(table) is \(kind.rawValue) to the node" : nil }
        try expect(!teller.link.heard.contains { $0.message.isAbout(table) }, "nothing about \(table)", got: "something")
    }
}

extension Message {
    /// Something of replication that names a table.
    func isAbout(_ table: TableName) -> Bool {
        switch self {
        case .operations(let message): message.table == table
        case .ack(let message): message.table == table
        case .tableState(let message): message.table == table
        case .digestRequest(let message): message.table == table
        case .digests(let message): message.table == table
        case .snapRequest(let message): message.table == table
        case .snapBegin(let message): message.table == table
        default: false
        }
    }
}

extension Trial {
    /// A table of every member, and a member that has told what it has of it: nothing.
    func memberAndTable(
        type: TableType = .set, storage: StorageKind = .ram, merge: MergeRule = .lww
    ) async throws -> (member: Member, table: TableName) {
        let table = try await table(type: type, storage: storage, merge: merge)
        let member = try await member()
        member.announce(table)
        try await member.link.fence()
        return (member, table)
    }

    /// A definition that a member made, above whatever the node has of that name.
    func foreign(_ word: String, by member: Member) async throws -> TableDefinition {
        let name = try await table(word.isEmpty ? "x" : word)
        _ = try await client().succeed(.tableDrop(name))
        var version = RowVersion(stamp: member.stamp(), dot: Dot(origin: member.origin, sequence: 1))
        // What other cases told the node may have put its clock ahead of everybody's.
        let dropped = try await member.expectDefinition(name) { !$0.exists }
        version.stamp = Stamp(max(version.stamp.value, dropped.version.stamp.value) + 1 << 16)
        var definition = TableDefinition(name: name, version: version)
        definition.version.dot.sequence = version.stamp.value
        definition.floor = Stamp(version.stamp.value - 1)
        return definition
    }
}

extension Member {
    func expectDefinition(_ table: TableName, _ fits: (TableDefinition) -> Bool) async throws -> TableDefinition {
        try await link.expect("DEFINITIONS with \(table)") { message, _ in
            guard case .definitions(let definitions) = message else { return nil }
            return definitions.definitions.first { $0.name == table && fits($0) }
        }
    }

    /// The first DEFINITIONS of the link.
    func firstDefinitions() async throws -> [TableDefinition] {
        for entry in link.heard { if case .definitions(let message) = entry.message { return message.definitions } }
        throw CaseFailure("DEFINITIONS at once", got: "none")
    }

    /// Tells a new version of a table's definition with another floor.
    func raiseFloor(_ table: TableName, to floor: Stamp, _ trial: Trial) async throws {
        var definition = try await trial.info(table).definition
        definition.version = RowVersion(stamp: Stamp(max(stamp().value, floor.value + 2)), dot: Dot(origin: origin, sequence: 1))
        definition.floor = floor
        link.send(.definitions(Definitions([definition])))
        try await link.fence()
    }
}
