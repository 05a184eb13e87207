internal import ClusterModel

extension TableInfo: WireValue {
    static let leastSize = TableDefinition.leastSize + 1 + 8 + 8 + 8 + 8 + 4 + 2
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> TableInfo {
        TableInfo(
            definition: try input.read("definition"),
            readiness: try input.read("readiness"),
            rows: try input.read("rows"),
            tombstones: try input.read("tombstones"),
            memory: try input.read("memory"),
            digest: try input.read("digest"),
            vector: try input.read("vector"),
            reason: try input.readText("reason", upTo: Limits.closeText))
    }
    func write(to output: inout [UInt8]) {
        definition.write(to: &output)
        output.write(readiness)
        output.write(rows)
        output.write(tombstones)
        output.write(memory)
        output.write(digest)
        vector.write(to: &output)
        output.write(reason, upTo: Limits.closeText)
    }
}

extension MemberStatus: WireValue {
    static let leastSize = MemberRecord.leastSize + 1 + 4 + 8 + 8 + 2
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> MemberStatus {
        MemberStatus(
            record: try input.read("record"),
            isReachable: try input.readBool("isReachable"),
            roundTrip: try input.read("roundTrip"),
            clockOffset: try input.read("clockOffset"),
            behind: try input.read("behind"),
            reason: try input.readText("reason", upTo: Limits.closeText))
    }
    func write(to output: inout [UInt8]) {
        record.write(to: &output)
        output.write(isReachable)
        output.write(roundTrip)
        output.write(clockOffset)
        output.write(behind)
        output.write(reason, upTo: Limits.closeText)
    }
}

extension ClusterStatus: WireValue {
    static let leastSize = 56
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> ClusterStatus {
        ClusterStatus(
            cluster: try input.read("cluster"),
            node: try input.read("node"),
            coordinator: try input.read("coordinator"),
            members: try input.readAscending("members", upTo: Limits.members) { $0.record.node < $1.record.node },
            tables: try Reply.readTables(&input, "tables"))
    }
    func write(to output: inout [UInt8]) {
        cluster.write(to: &output)
        node.write(to: &output)
        coordinator.write(to: &output)
        output.write(members)
        output.write(tables)
    }
}

extension JoinResult: WireValue {
    static let leastSize = 41
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> JoinResult {
        JoinResult(
            cluster: try input.read("cluster"),
            isDryRun: try input.readBool("isDryRun"),
            copied: try input.read("copied"),
            merged: try input.read("merged"),
            archive: try input.read("archive"))
    }
    func write(to output: inout [UInt8]) {
        cluster.write(to: &output)
        output.write(isDryRun)
        output.write(copied)
        output.write(merged)
        output.write(archive)
    }
}

extension Conflict: WireValue {
    static let leastSize = 10 + 2 * Row.leastSize
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> Conflict {
        Conflict(
            number: try input.read("number"),
            table: try input.read("table"),
            winner: try input.read("winner"),
            loser: try input.read("loser"))
    }
    func write(to output: inout [UInt8]) {
        output.write(number)
        table.write(to: &output)
        winner.write(to: &output)
        loser.write(to: &output)
    }
}

extension MemberEvent: WireValue {
    static let leastSize = WatchPosition.leastSize + MemberRecord.leastSize + 1
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> MemberEvent {
        MemberEvent(
            position: try input.read("position"), record: try input.read("record"), isReachable: try input.readBool("isReachable")
        )
    }
    func write(to output: inout [UInt8]) {
        position.write(to: &output)
        record.write(to: &output)
        output.write(isReachable)
    }
}

extension WriteResult: WireValue {
    static let leastSize = 20
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> WriteResult {
        WriteResult(
            replicas: try input.read("replicas"),
            wanted: try input.read("wanted"),
            stamp: try input.read("stamp"),
            last: try input.read("last"))
    }
    func write(to output: inout [UInt8]) {
        output.write(replicas)
        output.write(wanted)
        stamp.write(to: &output)
        output.write(last)
    }
}

extension RowPage: WireValue {
    static let leastSize = 8
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> RowPage {
        RowPage(rows: try input.readList("rows"), next: try input.readBytes("next", upTo: Limits.message))
    }
    func write(to output: inout [UInt8]) {
        output.write(rows)
        output.write(next)
    }
}

extension RowEvent: WireValue {
    static let leastSize = WatchPosition.leastSize + Row.leastSize
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> RowEvent {
        RowEvent(position: try input.read("position"), row: try input.read("row"))
    }
    func write(to output: inout [UInt8]) {
        position.write(to: &output)
        row.write(to: &output)
    }
}

extension NodeInfo: WireValue {
    static let leastSize = 60
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> NodeInfo {
        NodeInfo(
            node: try input.read("node"),
            name: try input.read("name"),
            incarnation: try input.read("incarnation"),
            cluster: try input.read("cluster"),
            version: try input.readText("version", upTo: Limits.closeText),
            uptime: try input.read("uptime"),
            links: try input.read("links"),
            counters: try input.readAscending("counters") {
                $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
            })
    }
    func write(to output: inout [UInt8]) {
        node.write(to: &output)
        name.write(to: &output)
        output.write(incarnation)
        cluster.write(to: &output)
        output.write(version, upTo: Limits.closeText)
        output.write(uptime)
        output.write(links)
        output.write(counters)
    }
}

extension NodeInfo.Counter: WireValue {
    static let leastSize = 10
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> Self {
        Self(try input.readText("name", upTo: Limits.closeText), try input.read("value"))
    }
    func write(to output: inout [UInt8]) {
        output.write(name, upTo: Limits.closeText)
        output.write(value)
    }
}
