import ClusterModel
import WireFormat

/// One body of each type that has every field, with values that are right by themselves.
enum Samples {
    static func of(_ type: MessageType) -> SampleBody {
        var body = SampleBody(type)
        switch type {
        case .hello: hello(&body)
        case .auth:
            body.u32("key", 1)
            body.fixed("mac", Array(repeating: 7, count: 32))
        case .close: close(&body)
        case .ping: ping(&body)
        case .pong:
            for name in ["number", "echo", "clock"] { body.u64(name, 1) }
        case .credit:
            body.choice("lane", 2, of: 0...3)
            body.u64("limit", UInt128(UInt64.max))
        case .members: body.list("records") { body, _ in record(&body) }
        case .probeRequest:
            body.u64("number", 1)
            body.u128("target", 1)
        case .probeReply:
            body.u64("number", 1)
            body.u128("target", 1)
            body.bool("isReachable", true)
        case .definitions: body.list("definitions") { body, _ in definition(&body) }
        case .joinRequest, .joinAccept, .joinReject: join(type, &body)
        default: tableMessage(type, &body)
        }
        return body
    }

    private static func tableMessage(_ type: MessageType, _ body: inout SampleBody) {
        switch type {
        case .operations: operations(&body)
        case .ack:
            body.text("table", "t")
            origin(&body)
            for name in ["received", "applied", "durable"] { body.u64(name, 1) }
        case .tableState: tableState(&body)
        case .digestRequest: body.text("table", "t")
        case .digests:
            body.text("table", "t")
            vector(&body, "vector")
            body.fixed("buckets", Array(repeating: 0, count: 8 * Limits.buckets))
        case .call: rowWrite(&body)
        case .reply:
            body.u16("code", UInt128(ErrorCode.noSuchTable.rawValue))
            body.bool("isLast", true)
            body.choice("kind", 1, of: 0...10)
            body.text("text", "no")
        case .cancel: break
        default: snapshot(type, &body)
        }
    }

    private static func snapshot(_ type: MessageType, _ body: inout SampleBody) {
        switch type {
        case .snapRequest:
            body.text("table", "t")
            body.u16("firstBucket")
            body.u16("lastBucket", 1023)
            vector(&body, "have")
        case .snapBegin:
            body.text("table", "t")
            vector(&body, "vector")
            vector(&body, "collected")
            body.bool("isComplete", true)
            body.u64("rows")
        case .snapChunk:
            body.u32("number")
            body.u16("nextBucket", 1)
            body.choice("codec", 1, of: 1...2, width: 2)
            body.u32("rawLength", 3)
            body.u32("rawCRC")
            body.bytes("data", [1, 2, 3])
        case .snapEnd:
            body.u32("chunks")
            body.u64("rows")
            body.u64("digest")
        default:
            body.u16("code", UInt128(ErrorCode.cancelled.rawValue))
            body.text("text", "no")
        }
    }

    // MARK: Link

    private static func hello(_ body: inout SampleBody) {
        body.choice("role", 3, of: 1...3)
        body.choice("intent", 1, of: 1...2)
        body.u128("cluster")
        body.u128("node", 9)
        body.u64("incarnation", 1)
        body.u64("clock", UInt128(Clock.milliseconds))
        body.fixed("nonce", (0..<32).map { _ in UInt8.random(in: 0...255) })
        body.u32("heartbeatInterval", 10_000)
        body.u32("heartbeatDeadline", 60_000)
        body.u32("maximumFrameBody", 65_536)
        body.u32("replicationCredit", 1_048_576)
        body.u32("bulkCredit", 1_048_576)
        body.text("name", "c@127.0.0.1")
        body.text("address", "127.0.0.1:1")
        body.list("features") { body, _ in body.u16("element", 0xFA01) }
        body.list("codecs", 2) { body, index in body.u16("element", UInt128(index + 1)) }
        body.within("extensions") { body in
            body.u16("type", 0xFA11)
            body.text("value", "ab")
        }
    }

    private static func close(_ body: inout SampleBody) {
        body.u16("code", UInt128(ErrorCode.shuttingDown.rawValue))
        body.u16("offendingType")
        body.u64("offendingSequence")
        body.u32("retry")
        body.u64("detail")
        body.text("text", "bye")
    }

    private static func ping(_ body: inout SampleBody) {
        body.u64("number", 1)
        body.u64("clock", 1)
        for lane in 0..<4 { body.u64("received.\(lane)") }
        body.u64("viewHash")
        body.list("tables") { body, _ in
            body.text("table", "t")
            body.u64("vectorHash")
        }
    }

    // MARK: Membership

    private static func join(_ type: MessageType, _ body: inout SampleBody) {
        switch type {
        case .joinRequest:
            body.choice("mode", 0, of: 0...2)
            body.bool("isDryRun", true)
        case .joinAccept:
            body.u128("cluster", 1)
            body.u64("joined", 1)
            body.list("members") { body, _ in record(&body) }
            body.list("definitions") { body, _ in definition(&body) }
        default:
            body.u16("code", UInt128(ErrorCode.busy.rawValue))
            body.text("text", "no")
        }
        body.list("tables") { body, _ in
            body.text("table", "t")
            body.u64("rows", 1)
        }
    }

    static func record(_ body: inout SampleBody) {
        body.u128("node", 1)
        body.u64("joined", 1)
        body.u64("incarnation", 1)
        body.u32("refutation")
        body.choice("state", 2, of: 1...7)
        body.choice("role", 1, of: 1...3)
        body.u64("downSince")
        body.text("name", "a@b")
        body.text("address", "b:1")
    }

    // MARK: Tables

    static func definition(_ body: inout SampleBody) {
        body.text("name", "t")
        body.choice("type", 1, of: 1...3)
        body.choice("storage", 1, of: 1...2)
        body.choice("merge", 1, of: 1...3)
        body.u32("syncIntervalMilliseconds")
        body.list("replicas") { body, _ in body.u128("element", 1) }
        body.bool("exists", true)
        body.within("version") { body in
            body.u64("stamp", 1)
            origin(&body)
            body.u64("sequence", 1)
        }
        body.u64("floor")
    }

    private static func origin(_ body: inout SampleBody) {
        body.within("origin") { body in
            body.u128("node", 1)
            body.u64("incarnation", 1)
        }
    }

    private static func vector(_ body: inout SampleBody, _ name: String) {
        body.list(name) { body, _ in
            origin(&body)
            body.u64("sequence", 1)
        }
    }

    private static func operations(_ body: inout SampleBody) {
        body.text("table", "t")
        origin(&body)
        body.u64("first", 1)
        body.u32("count", 1)
        let group = OperationGroup(stamp: Stamp(1), operations: [Operation(.put, key: [1], value: [2])])
        body.bytes("groups", OperationGroups.encode([group]))
    }

    private static func tableState(_ body: inout SampleBody) {
        body.text("table", "t")
        vector(&body, "vector")
        body.u64("digest")
        body.u64("rows")
        body.u64("streamable", 1)
        origin(&body)
        body.bool("wantsReply")
    }

    // MARK: Calls

    private static func rowWrite(_ body: inout SampleBody) {
        body.u16("method", UInt128(Call.Method.rowWrite.rawValue))
        body.text("table", "no-such-table")
        body.choice("level", 0, of: 0...2)
        body.u32("timeout", 1000)
        body.list("operations") { body, _ in
            body.choice("kind", 1, of: 1...2)
            body.bytes("key", [1])
            body.bytes("value", [2])
        }
    }

    static var tableCreate: SampleBody {
        var body = SampleBody(.call)
        body.u16("method", UInt128(Call.Method.tableCreate.rawValue))
        body.within("definition", definition)
        return body
    }

    static var clusterJoin: SampleBody {
        var body = SampleBody(.call)
        body.u16("method", UInt128(Call.Method.clusterJoin.rawValue))
        body.text("address", "127.0.0.1:1")
        body.choice("mode", 0, of: 0...2)
        body.bool("isDryRun", true)
        return body
    }

    static var clusterWatch: SampleBody {
        var body = SampleBody(.call)
        body.u16("method", UInt128(Call.Method.clusterWatch.rawValue))
        body.mark("position")
        body.within("position") { body in
            body.u64("incarnation")
            body.u64("number")
        }
        return body
    }

    static var rowScan: SampleBody {
        var body = SampleBody(.call)
        body.u16("method", UInt128(Call.Method.rowScan.rawValue))
        body.text("table", "no-such-table")
        body.bytes("prefix", [1])
        body.bytes("cursor", [])
        return body
    }
}
