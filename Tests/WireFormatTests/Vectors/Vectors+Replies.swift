import ClusterModel
import WireFormat

/// REPLY with every kind.
extension VectorList {
    static var replies: VectorList {
        var list = VectorList()
        list.addPlainReplies()
        list.addStatusReplies()
        list.addRowReplies()
        return list
    }

    private mutating func reply(_ name: String, _ reply: Reply, _ parts: [UInt8]..., tail: (String, Int)? = nil) {
        let head = u16(reply.code) + u8(reply.isLast ? 1 : 0)
        good("reply/\(name)", .reply(reply), req: "CAL-002", head + parts.joined(), tail: tail)
    }

    private mutating func refuse(
        _ name: String, _ bytes: [UInt8], _ reason: DecodingError.Reason, at offset: Int, _ field: String, req: String
    ) {
        bad("reply/\(name)", .reply, bytes, reason, at: offset, "reply.\(field)", req: req)
    }

    private mutating func addPlainReplies() {
        reply("done", Reply(.done), u8(0), tail: ("kind", 1))
        reply("failure", Reply(failure: .noSuchTable, "no table t"), u8(1), text("no table t"), tail: ("text", 12))
        let joined = JoinResult(cluster: ClusterID(Sample.cluster), isDryRun: false, copied: 10, merged: 2, archive: 4)
        reply(
            "joined", Reply(.joined(joined)), u8(3), u128(Sample.cluster), u8(0), u64(10), u64(2), u64(4),
            tail: ("joined.archive", 8))
        let written = WriteResult(replicas: 2, wanted: 3, stamp: Stamp(Sample.stamp), last: 99)
        reply("written", Reply(.written(written)), u8(7), u16(2), u16(3), u64(Sample.stamp), u64(99), tail: ("written.last", 8))
        refuse("kind-unknown", u16(0) + u8(1) + u8(11), .unknownValue, at: 3, "kind", req: "ENC-006")
        refuse("failure-without-code", u16(0) + u8(1) + u8(1) + text(""), .contradiction, at: 3, "kind", req: "CAL-009")
        refuse("done-with-code", u16(0x0403) + u8(1) + u8(0), .contradiction, at: 3, "kind", req: "CAL-009")
        refuse("last-2", u16(0) + u8(2) + u8(0), .notBoolean, at: 2, "isLast", req: "ENC-002")
        refuse(
            "failure-text-257", u16(1) + u8(1) + u8(1) + text(String(repeating: "x", count: 257)), .limitExceeded, at: 4, "text",
            req: "LIM-006")
    }

    private static func info(_ name: String) -> TableInfo {
        TableInfo(
            definition: definitionValue(name), readiness: .catchingUp, rows: 10, tombstones: 1, memory: 4096, digest: 5,
            vector: Sample.vector((Sample.nodeA, 3, 9)), reason: "copying from n2")
    }

    private static func infoBytes(_ name: String) -> [UInt8] {
        body(
            definition(name: text(name)), u8(3), u64(10), u64(1), u64(4096), u64(5), list(entry(Sample.nodeA, 3, 9)),
            text("copying from n2"))
    }

    private mutating func addStatusReplies() {
        let member = MemberStatus(
            record: Self.recordValue(Sample.nodeA), isReachable: true, roundTrip: 310, clockOffset: -12, behind: 3, reason: "")
        let status = ClusterStatus(
            cluster: ClusterID(Sample.cluster), node: NodeID(Sample.nodeA), coordinator: NodeID(Sample.nodeB), members: [member],
            tables: [Self.info("a")])
        let memberBytes = body(Self.record(Sample.nodeA), u8(1), u32(310), u64(UInt64(bitPattern: -12)), u64(3), text(""))
        reply(
            "cluster-status", Reply(.clusterStatus(status)), u8(2), u128(Sample.cluster), u128(Sample.nodeA), u128(Sample.nodeB),
            list(memberBytes), list(Self.infoBytes("a")), tail: ("status.tables.reason", 17))
        reply(
            "tables", Reply(.tables([Self.info("a"), Self.info("b")])), u8(6), list(Self.infoBytes("a"), Self.infoBytes("b")),
            tail: ("tables.reason", 17))
        let event = MemberEvent(
            position: WatchPosition(incarnation: 3, number: 8), record: Self.recordValue(Sample.nodeB), isReachable: false)
        reply(
            "member-event", Reply(.memberEvent(event), isLast: false), u8(5), u64(3), u64(8), Self.record(Sample.nodeB), u8(0),
            tail: ("event.isReachable", 1))
        let info = NodeInfo(
            node: NodeID(Sample.nodeA), name: Sample.node("n@h"), incarnation: 3, cluster: ClusterID(Sample.cluster),
            version: "1.0",
            uptime: 5000, links: 2, counters: [.init("a.b", 1), .init("c", .max)])
        reply(
            "node-info", Reply(.nodeInfo(info)), u8(10), u128(Sample.nodeA), text("n@h"), u64(3), u128(Sample.cluster),
            text("1.0"),
            u64(5000), u32(2), list(text("a.b") + u64(1), text("c") + u64(.max)), tail: ("info.counters.value", 8))
        refuse(
            "tables-descending", u16(0) + u8(1) + u8(6) + list(Self.infoBytes("b"), Self.infoBytes("a")), .notAscending, at: 157,
            "tables", req: "ENC-008")
        refuse(
            "readiness-unknown", u16(0) + u8(1) + u8(6) + list(Self.definition() + u8(5) + [UInt8](repeating: 0, count: 38)),
            .unknownValue, at: 71, "tables.readiness", req: "ENC-006")
    }

    private mutating func addRowReplies() {
        let live = Row(
            key: [0x6B], owner: NodeID(Sample.nodeA), value: [0x76, 0x31],
            version: Sample.version(Sample.stamp, Sample.nodeA, 3, 7))
        let gone = Row(key: [0x6C], value: [], isTombstone: true, version: Sample.version(5, Sample.nodeB, 1, 1))
        let liveBytes = body(
            u8(2), blob("k"), u128(Sample.nodeA), blob("v1"), version(Sample.stamp, Sample.nodeA, 3, 7))
        let goneBytes = body(u8(1), blob("l"), blob(""), version(5, Sample.nodeB, 1, 1))
        reply(
            "rows", Reply(.rows(RowPage(rows: [live, gone], next: [0x6C]))), u8(8), list(liveBytes, goneBytes), blob("l"),
            tail: ("page.next", 5))
        reply(
            "row-events",
            Reply(.rowEvents([RowEvent(position: WatchPosition(incarnation: 3, number: 9), row: gone)]), isLast: false),
            u8(9), list(u64(3) + u64(9) + goneBytes), tail: ("events.row.version.sequence", 8))
        reply(
            "conflicts", Reply(.conflicts([Conflict(number: 1, table: Sample.table("t"), winner: live, loser: gone)])), u8(4),
            list(u64(1) + text("t") + liveBytes + goneBytes), tail: ("conflicts.loser.version.sequence", 8))
        let head = u16(0) + u8(1) + u8(8)
        refuse(
            "row-flags", head + list(body(u8(4), blob("k"), blob(""), version(1, 1, 1, 1))) + blob(""), .reservedNotZero, at: 8,
            "page.rows.flags", req: "CAL-020")
        refuse(
            "row-sequence-zero", head + list(body(u8(0), blob("k"), blob(""), version(1, 1, 1, 0))) + blob(""), .outOfRange,
            at: 50,
            "page.rows.version.sequence", req: "VER-002")
        refuse(
            "row-key-beyond-the-body", head + u32(1) + u8(0) + u32(65537) + [UInt8](repeating: 0, count: 60), .truncated, at: 9,
            "page.rows.key", req: "ENC-004")
    }
}
