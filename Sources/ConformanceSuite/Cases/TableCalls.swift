import ClusterModel

// tableCreate, tableDrop, tableList, tableInfo, and what a node says of itself.
extension Catalogue {
    static let tableCalls: [Case] = creation + dropping + nodeCalls

    private static func definition(
        _ name: TableName, _ trial: Trial, type: TableType = .set, storage: StorageKind = .ram, merge: MergeRule = .lww,
        sync: UInt32 = 0
    ) -> TableDefinition {
        TableDefinition(
            name: name, type: type, storage: storage, merge: merge, syncIntervalMilliseconds: sync, replicas: [trial.target.node],
            version: .zero)
    }

    private static let creation: [Case] =
        [
            Case(
                "CAL-015/again", also: ["TAB-002"],
                "tableCreate answers with the table, also when it exists with the same properties.", profile: .client
            ) {
                trial in
                let name = try await trial.ownTable()
                let link = try await trial.link()
                let first = try await link.info(name)
                let result = try await link.succeed(.tableCreate(definition(name, trial)))
                guard case .tables(let tables) = result, tables.map(\.definition) == [first.definition] else {
                    throw CaseFailure("the definition that exists", got: "\(result)")
                }
            },
            Case(
                "TAB-018/version", also: ["CAL-015"],
                "A new definition has a stamp of the node's clock, its origin, and the stamp as sequence.", profile: .client
            ) {
                trial in
                let name = try await trial.ownTable()
                let version = try await trial.client().info(name).definition.version
                let origin = Origin(node: trial.target.node, incarnation: trial.target.incarnation)
                guard version.dot.origin == origin, version.dot.sequence == version.stamp.value else {
                    throw CaseFailure("the node's origin and the stamp as sequence", got: "\(version)")
                }
                let distance = Int64(version.stamp.milliseconds) - Int64(Clock.milliseconds)
                guard distance.magnitude < 120_000 else {
                    throw CaseFailure("a stamp of about now", got: "one \(distance) ms away")
                }
            },
        ]
        + differences.map { word, change in
            Case(
                "CAL-015/other-\(word)", "tableCreate of a name that exists with another \(word) is refused with TABLE_EXISTS.",
                profile: .client
            ) { trial in
                let name = try await trial.ownTable()
                let link = try await trial.link()
                let before = try await link.info(name).definition
                var other = definition(name, trial)
                change(&other)
                try await link.expectRefusal(.tableExists, of: .tableCreate(other))
                guard try await link.info(name).definition == before else {
                    throw CaseFailure("an unchanged definition", got: "another one")
                }
            }
        }

    private static let differences: [(String, @Sendable (inout TableDefinition) -> Void)] = [
        ("type", { $0.type = .bag }),
        ("storage", { $0.storage = .disc }),
        ("merge-rule", { $0.merge = .owner }),
        ("sync-interval", { $0.syncIntervalMilliseconds = 5 }),
        ("list-of-replicas", { $0.replicas = [] }),
    ]

    private static let dropping: [Case] = [
        Case(
            "CAL-016/drop", also: ["CAL-017"],
            "A dropped table is in no list any more, and has no rows when it is created again.", profile: .client
        ) { trial in
            let name = try await trial.ownTable()
            let link = try await trial.link()
            try await trial.put([([1], [1])], into: name)
            _ = try await link.succeed(.tableDrop(name))
            try await link.expectRefusal(.noSuchTable, of: .tableInfo(name))
            guard try await !link.tables().contains(where: { $0.definition.name == name }) else {
                throw CaseFailure("a list without \(name)", got: "one that has it")
            }
            try await link.expectRefusal(.noSuchTable, of: .tableDrop(name))
            _ = try await link.succeed(.tableCreate(definition(name, trial)))
            try await link.expectValues([], of: [1], in: name)
        },
        Case(
            "TAB-014/floor", also: ["TAB-010", "TAB-011"],
            "A dropped table has the stamp of its drop as floor when it is created again.", profile: .client
        ) {
            trial in
            let name = try await trial.ownTable()
            let link = try await trial.link()
            let before = try await link.info(name).definition
            _ = try await link.succeed(.tableDrop(name))
            _ = try await link.succeed(.tableCreate(definition(name, trial)))
            let after = try await link.info(name).definition
            guard before.version.stamp < after.floor, after.floor < after.version.stamp else {
                throw CaseFailure("a floor between the two definitions", got: "\(after.floor.value)")
            }
        },
        Case("CAL-017/list", "tableList has every table that exists, ascending by name.", profile: .client) { trial in
            let names = [try await trial.ownTable("b"), try await trial.ownTable("a"), try await trial.ownTable("c")]
            let listed = try await trial.client().tables().map(\.definition.name)
            guard Set(names).isSubset(of: listed), listed == listed.sorted() else {
                throw CaseFailure("\(names.sorted()) in an ascending list", got: "\(listed)")
            }
        },
        Case(
            "CAL-030/alone", also: ["CAL-017"], "A table that no other live member replicates is ready, for no reason.",
            profile: .client
        ) { trial in
            let info = try await trial.client().info(try await trial.ownTable())
            guard info.readiness == .ready, info.reason.isEmpty else {
                throw CaseFailure("ready without a reason", got: "\(info.readiness): \(info.reason)")
            }
        },
        Case(
            "DIG-003/table-info", also: ["DIG-001", "DIG-002", "SNP-006", "VER-020"],
            "A table's digest is the sum over its live rows.", profile: .client, run: digestOfRows),
    ]

    private static func digestOfRows(_ trial: Trial) async throws {
        for type in TableType.allCases {
            let name = try await trial.ownTable("\(type.rawValue)", type: type)
            let link = try await trial.client()
            try await trial.put((0..<40).map { ([$0 & 15], [$0]) }, into: name)
            _ = try await link.succeed(
                .rowWrite(RowWrite(table: name, level: .local, operations: [Operation(.delete, key: [3])])))
            guard case .rows(let page) = try await link.succeed(.rowScan(RowScan(table: name))) else {
                throw CaseFailure("rows", got: "another reply")
            }
            let sum = page.rows.reduce(UInt64(0)) { $0 &+ $1.digest(isBag: type == .bag) }
            let info = try await link.info(name)
            guard info.digest == sum, info.rows == UInt64(page.rows.count) else {
                throw CaseFailure("the digest \(sum) of \(page.rows.count) rows", got: "\(info.digest) of \(info.rows)")
            }
        }
    }

    private static let nodeCalls: [Case] = [
        Case("CAL-028/node-info", "nodeInfo has the node's ids and ascending counters.", profile: .client) { trial in
            let link = try await trial.link()
            let result = try await link.succeed(.nodeInfo)
            guard case .nodeInfo(let info) = result, let hello = link.peerHello else {
                throw CaseFailure("nodeInfo", got: "\(result)")
            }
            guard info.node == hello.node, info.incarnation == hello.incarnation, info.cluster == hello.cluster,
                info.name == hello.name
            else {
                throw CaseFailure("the ids of its HELLO", got: "\(info.node), \(info.incarnation), \(info.cluster), \(info.name)")
            }
            let names = info.counters.map { Array($0.name.utf8) }
            guard zip(names, names.dropFirst()).allSatisfy({ $0.lexicographicallyPrecedes($1) }), info.links > 0 else {
                throw CaseFailure("ascending counters and at least one link", got: "\(info)")
            }
        },
        Case(
            "CAL-021/prepare", also: ["CAL-022", "CAL-025"],
            "After nodePrepare writes are refused with NOT_READY and reads answered; after nodeResume writes are taken.",
            profile: .client,
            isolation: .alone, run: prepareAndResume),
        Case("CAL-023/block", "nodeBlock is refused with NOT_SUPPORTED, or done where the node allows faults.", profile: .client)
        { trial in
            let link = try await trial.link()
            let reply = try await link.call(.nodeBlock(names: []))
            guard reply.code == ErrorCode.notSupported.rawValue || reply.result == .done else {
                throw CaseFailure("REPLY(NOT_SUPPORTED), or success", got: reply.report)
            }
        },
    ]

    private static func prepareAndResume(_ trial: Trial) async throws {
        let table = try await trial.ownTable()
        let link = try await trial.link()
        let write = Call.rowWrite(RowWrite(table: table, level: .local, operations: [Operation(.put, key: [1], value: [1])]))
        _ = try await link.succeed(write)
        _ = try await link.succeed(.nodePrepare)
        do {
            try await link.expectRefusal(.notReady, of: write)
            try await link.expectValues([[1]], of: [1], in: table)
            _ = try await link.succeed(.nodeResume)
        } catch {
            _ = try? await trial.client().call(.nodeResume)
            throw error
        }
        _ = try await link.succeed(write)
    }
}

extension Conversation {
    func info(_ table: TableName) async throws -> TableInfo {
        let result = try await succeed(.tableInfo(table))
        guard case .tables(let tables) = result, tables.count == 1, tables[0].definition.name == table else {
            throw CaseFailure("the table \(table)", got: "\(result)")
        }
        return tables[0]
    }

    func tables() async throws -> [TableInfo] {
        let result = try await succeed(.tableList)
        guard case .tables(let tables) = result else { throw CaseFailure("tables", got: "\(result.kind)") }
        return tables
    }
}
