import ClusterModel
import ClusterStateMachine
import LinkTransport
import TableStorage

// Calls: from a client link or from this process.
extension NodeCore {
    func received(_ call: Call, stream: UInt32, on link: Link) {
        guard !link.callsInProgress.contains(stream) else {
            return handle(
                .wireError(
                    link.id, .unexpectedMessage, offendingType: MessageType.call.rawValue,
                    offendingSequence: link.handler.receivedSequence(on: .replication) - 1,
                    text: "call \(stream) is still in progress"))
        }
        guard link.callsInProgress.count < Limits.callsInProgress else {
            let text = "\(Limits.callsInProgress) calls are in progress on this link; wait for answers before sending more"
            return link.handler.send(.reply(Reply(failure: .tooManyCalls, text)), stream: stream)
        }
        link.callsInProgress.insert(stream)
        let caller = Caller(watch: WatchKey(link: link.id.value, stream: stream)) { reply in
            if reply.isLast { link.callsInProgress.remove(stream) }
            link.handler.send(.reply(reply), stream: stream)
        }
        answer(call, to: caller)
    }

    func answer(_ call: Call, to caller: Caller) {
        if isRenewing, case .rowWrite = call { return heldCalls.append((call, caller)) }
        do throws(CallFailure) {
            try dispatch(call, to: caller)
        } catch {
            caller.fail(error.code, error.text)
        }
        endOfTurnSoon()
    }

    private func dispatch(_ call: Call, to caller: Caller) throws(CallFailure) {
        switch call {
        case .clusterStatus: caller.succeed(.clusterStatus(clusterStatus()))
        case .clusterJoin(let address, let mode, let isDryRun): try join(address, mode, isDryRun: isDryRun, for: caller)
        case .clusterLeave: try leave(for: caller)
        case .clusterRemove(let name): try remove(name, for: caller)
        case .clusterConflicts(let after, let limit):
            caller.succeed(.conflicts(data.conflicts(after: after, limit: min(Int(limit), 1000))))
        case .clusterWatch(let position): try watchMembers(from: position, for: caller)
        case .tableCreate(let definition): try create(definition, for: caller)
        case .tableDrop(let name): try dropTable(name, for: caller)
        case .tableList: caller.succeed(.tables(tableInfos()))
        case .tableInfo(let name): caller.succeed(.tables([try existing(name)]))
        case .rowWrite(let write): try self.write(write, for: caller)
        case .rowGet(let table, let key): caller.succeed(.rows(RowPage(rows: try readable(table).get(key.span))))
        case .rowScan(let scan): caller.succeed(.rows(try page(scan)))
        case .rowWatch(let table, let position): try watchRows(of: table, from: position, for: caller)
        case .nodeInfo: caller.succeed(.nodeInfo(nodeInfo()))
        case .nodePrepare: prepare(for: caller)
        case .nodeResume: resume(for: caller)
        case .nodeBlock(let names): try block(names, for: caller)
        }
    }

    // MARK: Tables

    private func existing(_ name: TableName) throws(CallFailure) -> TableInfo {
        guard let definition = data.definition(named: name), definition.exists else { throw noSuchTable(name) }
        return tableInfo(definition)
    }

    func noSuchTable(_ name: TableName) -> CallFailure {
        CallFailure(.noSuchTable, "there is no table '\(name)'; 'tablewire table list' shows those that exist")
    }

    func readable(_ name: TableName) throws(CallFailure) -> Table {
        guard let table = data.table(named: name) else { throw noSuchTable(name) }
        guard table.definition.isReplica(store.identity.node) else {
            throw CallFailure(.notReplicated, "table '\(name)' is not replicated on this node; ask one of its replicas")
        }
        return table
    }

    private func page(_ scan: RowScan) throws(CallFailure) -> RowPage {
        let table = try readable(scan.table)
        do {
            return try table.scan(prefix: scan.prefix.span, cursor: scan.cursor.span)
        } catch {
            throw CallFailure(.invalidArgument, "the cursor does not come from a scan of table '\(scan.table)'")
        }
    }

    private func create(_ wish: TableDefinition, for caller: Caller) throws(CallFailure) {
        try checkWritable()
        if let definition = data.definition(named: wish.name), definition.exists {
            guard definition.hasSameShape(as: wish) else {
                throw CallFailure(.tableExists, "table '\(wish.name)' exists already as \(definition.shape)")
            }
            return succeedWhenDurable(caller) { .tables([self.tableInfo(definition)]) }
        }
        guard wish.merge != .strong else {
            throw CallFailure(.notSupported, "merge rule 'strong' is reserved and not supported by this node")
        }
        guard data.definitions.count < Limits.tables else {
            throw CallFailure(
                .tooManyTables, "the catalogue holds \(Limits.tables) tables, dropped ones included; that is the limit")
        }
        var definition = wish
        definition.exists = true
        definition.floor = data.definition(named: wish.name)?.floor ?? .zero
        definition.version = nextDefinitionVersion()
        define(definition)
        succeedWhenDurable(caller) { .tables([self.tableInfo(definition)]) }
    }

    private func dropTable(_ name: TableName, for caller: Caller) throws(CallFailure) {
        try checkWritable()
        guard var definition = data.definition(named: name), definition.exists else { throw noSuchTable(name) }
        definition.version = nextDefinitionVersion()
        definition.exists = false
        definition.floor = definition.version.stamp
        define(definition)
        succeedWhenDurable(caller)
    }

    /// The dot of a definition is only a tie-breaker: its sequence is the stamp's.
    private func nextDefinitionVersion() -> RowVersion {
        for definition in data.definitions { hybridClock.observe(definition.version.stamp) }
        for table in data.tables { hybridClock.observe(table.latestStamp) }
        let stamp = issueStamp()
        return RowVersion(stamp: stamp, dot: Dot(origin: store.origin, sequence: stamp.value))
    }

    func checkWritable() throws(CallFailure) {
        if let reason = store.failure {
            let code: ErrorCode = reason.isNoSpace ? .diskFull : .storageFailed
            throw CallFailure(code, "writes are refused: \(reason); free space or repair the disk, then restart the node")
        }
        guard joining == nil else {
            throw CallFailure(.busy, "the node is joining a cluster; write again when it has joined")
        }
        guard !isPrepared, !isStopping else {
            throw CallFailure(.notReady, "the node was prepared for a stop and takes no writes; 'resume' ends that")
        }
    }

    // MARK: Members

    private func leave(for caller: Caller) throws(CallFailure) {
        try checkWritable()
        guard machine.members.contains(where: { $0.node != store.identity.node && !$0.state.isGone }) else {
            throw CallFailure(.noSuchMember, "the node is alone in its cluster: there is nothing to leave")
        }
        leaving.append(caller)
        guard leaving.count == 1 else { return }
        flushWrites()
        handle(.leave)
        drainForLeaving(until: clock.elapsed + .seconds(5))
    }

    private func remove(_ name: NodeName, for caller: Caller) throws(CallFailure) {
        guard let record = machine.record(named: name) else {
            let known = machine.members.filter { !$0.state.isGone }.map { "\($0.name)" }.joined(separator: ", ")
            throw CallFailure(.noSuchMember, "there is no member '\(name)'; members are \(known)")
        }
        guard record.node != store.identity.node else {
            throw CallFailure(.invalidArgument, "a node cannot remove itself; run 'tablewire cluster leave' on it")
        }
        handle(.remove(record.node))
        succeedWhenDurable(caller)
    }

    private func block(_ names: [NodeName], for caller: Caller) throws(CallFailure) {
        guard configuration.allowsFaults else {
            throw CallFailure(.notSupported, "cutting links is for tests: start the node with --allow-faults")
        }
        var nodes: [NodeID] = []
        for name in names {
            guard let record = machine.record(named: name) else {
                throw CallFailure(.noSuchMember, "there is no member '\(name)'")
            }
            nodes.append(record.node)
        }
        handle(.block(nodes))
        caller.succeed(.done)
    }

    private func prepare(for caller: Caller) {
        flushWrites()
        isPrepared = true
        store.startCheckpoint()
        whenIdle { caller.succeed(.done) }
    }

    private func resume(for caller: Caller) {
        isPrepared = false
        caller.succeed(.done)
    }
}

extension TableDefinition {
    /// What 'create' asks for, in the words of the command line.
    var shape: String {
        let type = ["set", "ordered_set", "bag"][Int(self.type.rawValue) - 1]
        let nodes = replicas.isEmpty ? "on all members" : "on \(replicas.count) named"
        return "\(type), \(storage), \(merge), sync interval \(syncIntervalMilliseconds) ms, \(nodes)"
    }

    func hasSameShape(as other: TableDefinition) -> Bool {
        type == other.type && storage == other.storage && merge == other.merge
            && syncIntervalMilliseconds == other.syncIntervalMilliseconds && replicas == other.replicas
    }
}
