import ClusterModel
import WireFormat

/// CALL with every method, CANCEL.
extension VectorList {
    static var calls: VectorList {
        var list = VectorList()
        list.addClusterCalls()
        list.addTableCalls()
        list.addRowCalls()
        list.addNodeCalls()
        return list
    }

    private mutating func call(_ name: String, _ call: Call, _ parts: [UInt8]..., tail: (String, Int)? = nil) {
        good("call/\(name)", .call(call), req: "CAL-001", Array(parts.joined()), tail: tail)
    }

    private mutating func refuse(
        _ name: String, _ bytes: [UInt8], _ reason: DecodingError.Reason, at offset: Int, _ field: String,
        req: String = "CAL-004",
        code: ErrorCode = .malformed
    ) {
        bad("call/\(name)", .call, bytes, reason, at: offset, "call.\(field)", req: req, code: code)
    }

    private mutating func addClusterCalls() {
        call("cluster-status", .clusterStatus, u16(1), tail: ("method", 2))
        let address = Address(host: "h", port: 7401)
        call(
            "cluster-join", .clusterJoin(address: address, mode: .replace, isDryRun: true), u16(2), text("h:7401"), u8(2), u8(1),
            tail: ("isDryRun", 1))
        call("cluster-leave", .clusterLeave, u16(3))
        call("cluster-remove", .clusterRemove(name: Sample.node("n@h")), u16(4), text("n@h"), tail: ("name", 5))
        call("cluster-conflicts", .clusterConflicts(after: 9, limit: 100), u16(5), u64(9), u32(100), tail: ("limit", 4))
        call("cluster-watch/from-now", .clusterWatch(position: nil), u16(6), u8(0), tail: ("position", 1))
        call(
            "cluster-watch/resumed", .clusterWatch(position: WatchPosition(incarnation: 3, number: 8)), u16(6), u8(1), u64(3),
            u64(8),
            tail: ("position.number", 8))
        refuse("method-unknown", u16(7), .unknownValue, at: 0, "method", req: "CAL-007", code: .unknownMethod)
        refuse("method-zero", u16(0), .unknownValue, at: 0, "method", req: "CAL-007", code: .unknownMethod)
        refuse("cluster-watch/mark-2", u16(6) + u8(2), .notBoolean, at: 2, "position", req: "ENC-002")
        refuse("cluster-join/mode-unknown", u16(2) + text("h:1") + u8(3) + u8(0), .unknownValue, at: 7, "mode", req: "ENC-006")
        refuse("cluster-join/no-port", u16(2) + text("h") + u8(0) + u8(0), .invalidName, at: 2, "address", code: .invalidArgument)
        refuse("cluster-remove/two-hosts", u16(4) + text("n@h@h"), .invalidName, at: 2, "name", code: .invalidArgument)
    }

    private mutating func addTableCalls() {
        var definition = Self.definitionValue("routes")
        definition.type = .bag
        definition.merge = .owner
        definition.version = Sample.version(0, 0, 0, 0)
        definition.floor = .zero
        call(
            "table-create", .tableCreate(definition), u16(0x0101), text("routes"), u8(3), u8(2), u8(2), u32(100), list(), u8(1),
            version(0, 0, 0, 0), u64(0), tail: ("definition.floor", 8))
        call("table-drop", .tableDrop(Sample.table("t")), u16(0x0102), text("t"), tail: ("table", 3))
        call("table-list", .tableList, u16(0x0103))
        call("table-info", .tableInfo(Sample.table("t")), u16(0x0104), text("t"), tail: ("table", 3))
        refuse("table-drop/name", u16(0x0102) + text("a/b"), .invalidName, at: 2, "table", code: .invalidArgument)
        refuse(
            "table-info/name-65", u16(0x0104) + text(String(repeating: "n", count: 65)), .limitExceeded, at: 2, "table",
            code: .invalidArgument)
        refuse(
            "table-create/type-unknown", u16(0x0101) + Self.definition(type: 0), .unknownValue, at: 5, "definition.type",
            req: "ENC-006")
    }

    private mutating func addRowCalls() {
        let write = RowWrite(
            table: Sample.table("t"), level: .majority, timeout: 1000,
            operations: [Operation(.put, key: [0x6B], value: [0x76]), Operation(.delete, key: [0x6C])])
        let head = body(u16(0x0201), text("t"), u8(1), u32(1000))
        call(
            "row-write", .rowWrite(write), head, list(u8(1) + blob("k") + blob("v"), u8(2) + blob("l") + blob("")),
            tail: ("operations.value", 4))
        call("row-get", .rowGet(table: Sample.table("t"), key: [1, 2]), u16(0x0202), text("t"), blob([1, 2]), tail: ("key", 6))
        call(
            "row-scan", .rowScan(RowScan(table: Sample.table("t"), prefix: [0x70], cursor: [])), u16(0x0203), text("t"),
            blob("p"), blob(""),
            tail: ("cursor", 4))
        call(
            "row-watch", .rowWatch(table: Sample.table("t"), position: nil), u16(0x0204), text("t"), u8(0), tail: ("position", 1))
        refuse("row-write/nothing", head + list(), .outOfRange, at: 10, "operations", code: .invalidArgument)
        refuse(
            "row-write/operations-beyond-the-body", head + u32(10_001), .truncated, at: 10, "operations", req: "ENC-005")
        refuse(
            "row-write/key-beyond-the-body", head + list(u8(1) + u32(65537) + u32(0)), .truncated, at: 15, "operations.key",
            req: "ENC-004")
        refuse(
            "row-write/value-beyond-the-body", head + list(u8(1) + u32(0) + u32(16 * 1024 * 1024 + 1)), .truncated, at: 19,
            "operations.value", req: "ENC-004")
        refuse(
            "row-write/level-unknown", body(u16(0x0201), text("t"), u8(3), u32(0), list()), .unknownValue, at: 5, "level",
            req: "ENC-006")
        refuse(
            "row-write/kind-unknown", head + list(u8(0) + blob("") + blob("")), .unknownValue, at: 14, "operations.kind",
            req: "ENC-006")
        refuse(
            "row-get/key-beyond-the-body", u16(0x0202) + text("t") + u32(65537), .truncated, at: 5, "key", req: "ENC-004")
    }

    private mutating func addNodeCalls() {
        call("node-info", .nodeInfo, u16(0x0301), tail: ("method", 2))
        call("node-prepare", .nodePrepare, u16(0x0302))
        call("node-resume", .nodeResume, u16(0x0303))
        call(
            "node-block", .nodeBlock(names: [Sample.node("b@h"), Sample.node("a@h")]), u16(0x0304),
            list(text("b@h"), text("a@h")),
            tail: ("names", 5))
        good("cancel", .cancel, req: "CAL-006", [])
        bad("cancel/not-empty", .cancel, [0], .leftover, at: 0, "cancel.end", req: "ENC-007")
    }
}
