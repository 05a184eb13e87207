import ClusterModel
import WireFormat

/// Any message that may be sent, as the generator likes it.
extension SeededGenerator {
    mutating func node() -> NodeID { NodeID(flag() ? UInt128(below(4)) : number()) }
    mutating func origin() -> Origin { Origin(node: node(), incarnation: number()) }
    mutating func stamp() -> Stamp { Stamp(number()) }
    mutating func version() -> RowVersion {
        RowVersion(stamp: stamp(), dot: Dot(origin: origin(), sequence: UInt64.random(in: 1..<UInt64.max, using: &self)))
    }

    mutating func text() -> String {
        String((0..<below(12)).map { _ in pick(["a", "é", "漢", "🙂", " ", "\u{0}"] as [Character]) })
    }

    mutating func tableName() -> TableName {
        guard let name = TableName(pick(["t", "route", "T_1-x.y", String(repeating: "n", count: 64)])) else {
            preconditionFailure("not a table name")
        }
        return name
    }

    mutating func nodeName() -> NodeName {
        guard let name = NodeName("n\(below(100))@" + pick(["127.0.0.1", "host.example", "::1"])) else {
            preconditionFailure("not a node name")
        }
        return name
    }

    mutating func address() -> Address {
        Address(host: pick(["127.0.0.1", "host.example", "::1"]), port: UInt16.random(in: 1...65535, using: &self))
    }

    mutating func vector() -> VersionVector {
        var vector = VersionVector()
        for _ in 0..<below(6) { vector.raise(origin(), to: number()) }
        return vector
    }

    mutating func record() -> MemberRecord {
        MemberRecord(
            node: node(), joined: stamp(), incarnation: number(), refutation: number(), state: pick(MemberState.allCases),
            role: pick(Role.allCases), downSince: number(), name: nodeName(), address: address())
    }

    mutating func definition() -> TableDefinition {
        TableDefinition(
            name: tableName(), type: pick(TableType.allCases), storage: pick(StorageKind.allCases),
            merge: pick(MergeRule.allCases), syncIntervalMilliseconds: number(),
            replicas: Set(list(upTo: 4) { $0.node() }).sorted(), exists: flag(), version: version(), floor: stamp())
    }

    mutating func row() -> Row {
        Row(
            key: bytes(upTo: 20), owner: flag() ? node() : nil, value: bytes(upTo: 40), isTombstone: flag(), version: version())
    }

    mutating func operation() -> Operation {
        Operation(pick(Operation.Kind.allCases), key: bytes(upTo: 20), value: bytes(upTo: 40))
    }

    mutating func groups() -> [OperationGroup] {
        (0...below(4)).map { _ in OperationGroup(stamp: stamp(), operations: (0...below(4)).map { _ in operation() }) }
    }

    mutating func records() -> [MemberRecord] {
        unique(list(upTo: 4) { $0.record() }, by: \.node, <)
    }

    mutating func definitions() -> [TableDefinition] {
        unique(list(upTo: 4) { $0.definition() }, by: \.name, <)
    }

    mutating func counts() -> [TableCount] {
        unique(list(upTo: 4) { TableCount(table: $0.tableName(), rows: $0.number()) }, by: \.table, <)
    }

    /// Ascending by key, one element a key.
    func unique<T, Key: Hashable>(_ elements: [T], by key: KeyPath<T, Key>, _ precedes: (Key, Key) -> Bool) -> [T] {
        Dictionary(elements.map { ($0[keyPath: key], $0) }) { first, _ in first }.sorted { precedes($0.key, $1.key) }.map(\.value)
    }
}

extension SeededGenerator {
    mutating func message(_ type: MessageType) -> Message {
        switch type {
        case .hello: .hello(hello())
        case .auth: .auth(Auth(key: number(), mac: (0..<32).map { _ in number() }))
        case .close: .close(close())
        case .ping: .ping(ping())
        case .pong: .pong(Pong(number: number(), echo: number(), clock: number()))
        case .credit: .credit(Credit(lane: flag() ? .replication : .bulk, limit: number()))
        case .members: .members(Members(records()))
        case .probeRequest: .probeRequest(ProbeRequest(number: number(), target: node()))
        case .probeReply: .probeReply(ProbeReply(number: number(), target: node(), isReachable: flag()))
        case .definitions: .definitions(Definitions(definitions()))
        case .joinRequest: .joinRequest(JoinRequest(mode: pick(JoinMode.allCases), isDryRun: flag(), tables: counts()))
        case .joinAccept:
            .joinAccept(
                JoinAccept(
                    cluster: ClusterID(number()), joined: stamp(), members: records(), definitions: definitions(),
                    tables: counts()))
        case .joinReject: .joinReject(JoinReject(pick(ErrorCode.allCases), text: text(), tables: counts()))
        case .operations: .operations(operations())
        case .ack: .ack(Ack(table: tableName(), origin: origin(), received: number(), applied: number(), durable: number()))
        case .tableState:
            .tableState(
                TableState(
                    table: tableName(), vector: vector(), digest: number(), rows: number(), streamable: number(),
                    origin: origin(), wantsReply: flag()))
        case .digestRequest: .digestRequest(DigestRequest(table: tableName()))
        case .digests:
            .digests(Digests(table: tableName(), vector: vector(), buckets: (0..<1024).map { _ in number() }))
        case .snapRequest: .snapRequest(snapRequest())
        case .call: .call(call(pick(Call.Method.allCases)))
        case .reply: .reply(reply(pick(Reply.Result.Kind.allCases)))
        case .cancel: .cancel
        case .snapBegin:
            .snapBegin(
                SnapBegin(table: tableName(), vector: vector(), collected: vector(), isComplete: flag(), rows: number()))
        case .snapChunk: .snapChunk(chunk())
        case .snapEnd: .snapEnd(SnapEnd(chunks: number(), rows: number(), digest: number()))
        case .snapCancel: .snapCancel(SnapCancel(pick(ErrorCode.allCases), text: text()))
        }
    }

    private mutating func codes() -> [UInt16] {
        Set(list(upTo: 5) { $0.number(UInt16.self) | 1 }).sorted()
    }

    private mutating func hello() -> Hello {
        Hello(
            role: pick(Role.allCases), intent: pick(Hello.Intent.allCases), cluster: ClusterID(number()), node: node(),
            incarnation: number(), clock: number(), nonce: (0..<32).map { _ in number() }, heartbeatInterval: number(),
            heartbeatDeadline: number(), maximumFrameBody: UInt32.random(in: 65536...262_144, using: &self),
            replicationCredit: number(), bulkCredit: number(), name: nodeName(), address: flag() ? address() : nil,
            features: codes(), codecs: Set(list(upTo: 5) { $0.number(UInt16.self) }).sorted(),
            extensions: codes().map { Extension(type: $0, value: bytes(upTo: 30)) })
    }

    private mutating func close() -> Close {
        Close(
            pick(ErrorCode.allCases), offendingType: number(), offendingSequence: number(), retry: number(), detail: number(),
            text: text())
    }

    private mutating func ping() -> Ping {
        let tables = list(upTo: 4) { Ping.TableHash(table: $0.tableName(), vectorHash: $0.number()) }
        return Ping(
            number: number(), clock: number(), received: [number(), number(), number(), number()], viewHash: number(),
            tables: unique(tables, by: \.table, <))
    }

    private mutating func operations() -> Operations {
        let groups = groups()
        let count = groups.reduce(0) { $0 + $1.operations.count }
        return Operations(
            table: tableName(), origin: origin(), first: UInt64.random(in: 1...UInt64.max - 1 - UInt64(count), using: &self),
            count: UInt32(count), groups: OperationGroups.encode(groups))
    }

    private mutating func snapRequest() -> SnapRequest {
        let first = UInt16(below(1024))
        return SnapRequest(
            table: tableName(), firstBucket: first, lastBucket: UInt16.random(in: first...1023, using: &self), have: vector())
    }

    private mutating func chunk() -> SnapChunk {
        let raw = RowBlock.encode(sortedRows(count: 1 + below(20)))
        return ChunkCodec.chunk(
            number: number(), nextBucket: UInt16(below(1025)), codec: pick(Codec.allCases), raw: raw)
    }

    /// Rows as a block takes them.
    mutating func sortedRows(count: Int) -> [Row] {
        var rows: [RowID: Row] = [:]
        for _ in 0..<count {
            let version = version()
            let row = Row(
                key: bytes(upTo: 12), owner: flag() ? version.dot.origin.node : nil, value: bytes(upTo: 24),
                isTombstone: flag(), version: version)
            rows[RowID(key: row.key, owner: row.owner, value: row.value)] = row
        }
        return rows.values.sorted { precedes($0, $1) }
    }

    private func precedes(_ a: Row, _ b: Row) -> Bool {
        if a.key != b.key { return a.key.lexicographicallyPrecedes(b.key) }
        switch (a.owner, b.owner) {
        case (nil, .some): return true
        case (.some, nil): return false
        case (.some(let x), .some(let y)) where x != y: return x < y
        default: return a.value.lexicographicallyPrecedes(b.value)
        }
    }
}

extension SeededGenerator {
    mutating func call(_ method: Call.Method) -> Call {
        switch method {
        case .clusterStatus: .clusterStatus
        case .clusterJoin: .clusterJoin(address: address(), mode: pick(JoinMode.allCases), isDryRun: flag())
        case .clusterLeave: .clusterLeave
        case .clusterRemove: .clusterRemove(name: nodeName())
        case .clusterConflicts: .clusterConflicts(after: number(), limit: number())
        case .clusterWatch: .clusterWatch(position: position())
        case .tableCreate: .tableCreate(definition())
        case .tableDrop: .tableDrop(tableName())
        case .tableList: .tableList
        case .tableInfo: .tableInfo(tableName())
        case .rowWrite:
            .rowWrite(
                RowWrite(
                    table: tableName(), level: pick(AckLevel.allCases), timeout: number(),
                    operations: [operation()] + list(upTo: 4) { $0.operation() }))
        case .rowGet: .rowGet(table: tableName(), key: bytes(upTo: 20))
        case .rowScan: .rowScan(RowScan(table: tableName(), prefix: bytes(upTo: 9), cursor: bytes(upTo: 30)))
        case .rowWatch: .rowWatch(table: tableName(), position: position())
        case .nodeInfo: .nodeInfo
        case .nodePrepare: .nodePrepare
        case .nodeResume: .nodeResume
        case .nodeBlock: .nodeBlock(names: list(upTo: 3) { $0.nodeName() })
        }
    }

    private mutating func position() -> WatchPosition? {
        flag() ? WatchPosition(incarnation: number(), number: number()) : nil
    }

    mutating func reply(_ kind: Reply.Result.Kind) -> Reply {
        guard kind != .failure else {
            return Reply(failure: pick(ErrorCode.allCases.filter { $0 != .none }), text())
        }
        return Reply(result(kind), isLast: flag())
    }

    private mutating func result(_ kind: Reply.Result.Kind) -> Reply.Result {
        switch kind {
        case .done, .failure: .done
        case .clusterStatus: .clusterStatus(status())
        case .joined:
            .joined(
                JoinResult(cluster: ClusterID(number()), isDryRun: flag(), copied: number(), merged: number(), archive: number()))
        case .conflicts:
            .conflicts(list(upTo: 3) { Conflict(number: $0.number(), table: $0.tableName(), winner: $0.row(), loser: $0.row()) })
        case .memberEvent:
            .memberEvent(
                MemberEvent(
                    position: WatchPosition(incarnation: number(), number: number()), record: record(), isReachable: flag()))
        case .tables: .tables(tables())
        case .written: .written(WriteResult(replicas: number(), wanted: number(), stamp: stamp(), last: number()))
        case .rows: .rows(RowPage(rows: list(upTo: 4) { $0.row() }, next: bytes(upTo: 20)))
        case .rowEvents:
            .rowEvents(
                list(upTo: 4) {
                    RowEvent(position: WatchPosition(incarnation: $0.number(), number: $0.number()), row: $0.row())
                })
        case .nodeInfo: .nodeInfo(info())
        }
    }

    private mutating func tables() -> [TableInfo] {
        let tables = list(upTo: 3) {
            TableInfo(
                definition: $0.definition(), readiness: $0.pick(TableReadiness.allCases), rows: $0.number(),
                tombstones: $0.number(), memory: $0.number(), digest: $0.number(), vector: $0.vector(), reason: $0.text())
        }
        return unique(tables, by: \.definition.name, <)
    }

    private mutating func status() -> ClusterStatus {
        let members = list(upTo: 3) {
            MemberStatus(
                record: $0.record(), isReachable: $0.flag(), roundTrip: $0.number(), clockOffset: $0.number(),
                behind: $0.number(), reason: $0.text())
        }
        return ClusterStatus(
            cluster: ClusterID(number()), node: node(), coordinator: node(), members: unique(members, by: \.record.node, <),
            tables: tables())
    }

    private mutating func info() -> NodeInfo {
        let counters = list(upTo: 4) { NodeInfo.Counter("c.\($0.below(9))", $0.number()) }
        return NodeInfo(
            node: node(), name: nodeName(), incarnation: number(), cluster: ClusterID(number()), version: text(),
            uptime: number(), links: number(), counters: unique(counters, by: \.name, <))
    }
}
