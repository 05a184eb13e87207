import ClusterModel
import WireFormat

/// MEMBERS, PROBE_REQUEST, PROBE_REPLY, DEFINITIONS, JOIN_REQUEST, JOIN_ACCEPT, JOIN_REJECT.
extension VectorList {
    static var membership: VectorList {
        var list = VectorList()
        list.addMembers()
        list.addProbes()
        list.addDefinitions()
        list.addJoining()
        return list
    }

    /// 16 + 8 + 8 + 4 + 1 + 1 + 8 bytes, then name and address.
    static func record(
        _ node: UInt128, state: UInt8 = 2, role: UInt8 = 1, name: [UInt8] = text("n@h"), address: [UInt8] = text("h:1")
    ) -> [UInt8] {
        body(u128(node), u64(Sample.stamp), u64(3), u32(1), u8(state), u8(role), u64(0), name, address)
    }

    static func recordValue(_ node: UInt128, name: String = "n@h", address: Address? = Address("h:1")) -> MemberRecord {
        MemberRecord(
            node: NodeID(node), joined: Stamp(Sample.stamp), incarnation: 3, refutation: 1, state: .up,
            name: Sample.node(name), address: address ?? Address(host: "h", port: 1))
    }

    static func definition(
        name: [UInt8] = text("t"), type: UInt8 = 1, storage: UInt8 = 2, merge: UInt8 = 1, replicas: [UInt8] = list(),
        exists: UInt8 = 1
    ) -> [UInt8] {
        body(
            name, u8(type), u8(storage), u8(merge), u32(100), replicas, u8(exists),
            WireFormatTests.version(Sample.stamp, Sample.nodeA, 3, 1), u64(77))
    }

    static func definitionValue(_ name: String = "t", replicas: [NodeID] = []) -> TableDefinition {
        TableDefinition(
            name: Sample.table(name), storage: .disc, syncIntervalMilliseconds: 100, replicas: replicas,
            version: Sample.version(Sample.stamp, Sample.nodeA, 3, 1), floor: Stamp(77))
    }

    private mutating func addMembers() {
        var second = Self.recordValue(Sample.nodeB, name: Sample.name, address: Address(Sample.address))
        second.state = .down
        second.downSince = 0
        good(
            "members", .members(Members([Self.recordValue(Sample.nodeA), second])), req: "MBR-011",
            list(
                Self.record(Sample.nodeA),
                Self.record(Sample.nodeB, state: 4, name: text(Sample.name), address: text(Sample.address))),
            tail: ("records.address", 16))
        good("members/none", .members(Members([])), req: "MBR-011", list(), tail: ("records", 4))
        bad(
            "members/descending", .members, list(Self.record(Sample.nodeB), Self.record(Sample.nodeA)), .notAscending, at: 60,
            "members.records", req: "ENC-008")
        bad(
            "members/twice", .members, list(Self.record(Sample.nodeA), Self.record(Sample.nodeA)), .notAscending, at: 60,
            "members.records", req: "ENC-008")
        bad(
            "members/state-unknown", .members, list(Self.record(1, state: 8)), .unknownValue, at: 40, "members.records.state",
            req: "ENC-006")
        bad(
            "members/role-unknown", .members, list(Self.record(1, role: 0)), .unknownValue, at: 41, "members.records.role",
            req: "ENC-006")
        bad(
            "members/address-empty", .members, list(Self.record(1, address: text(""))), .invalidName, at: 55,
            "members.records.address", req: "MBR-006")
        bad("members/count-1025", .members, u32(1025), .truncated, at: 0, "members.records", req: "ENC-005")
        bad("members/count-without-records", .members, u32(1024), .truncated, at: 0, "members.records", req: "ENC-005")
    }

    private mutating func addProbes() {
        good(
            "probe-request", .probeRequest(ProbeRequest(number: 5, target: NodeID(Sample.nodeB))), req: "FDT-010",
            body(u64(5), u128(Sample.nodeB)), tail: ("target", 16))
        good(
            "probe-reply", .probeReply(ProbeReply(number: 5, target: NodeID(Sample.nodeB), isReachable: true)), req: "FDT-011",
            body(u64(5), u128(Sample.nodeB), u8(1)), tail: ("isReachable", 1))
        bad(
            "probe-reply/bool-2", .probeReply, body(u64(5), u128(Sample.nodeB), u8(2)), .notBoolean, at: 24,
            "probeReply.isReachable", req: "ENC-002")
        bad(
            "probe-reply/bool-255", .probeReply, body(u64(5), u128(Sample.nodeB), u8(255)), .notBoolean, at: 24,
            "probeReply.isReachable", req: "ENC-002")
    }

    private mutating func addDefinitions() {
        let replicas = [NodeID(Sample.nodeA), NodeID(Sample.nodeB)]
        good(
            "definitions", .definitions(Definitions([Self.definitionValue("a"), Self.definitionValue("b", replicas: replicas)])),
            req: "TAB-009",
            list(
                Self.definition(name: text("a")),
                Self.definition(name: text("b"), replicas: list(u128(Sample.nodeA), u128(Sample.nodeB)))),
            tail: ("definitions.floor", 8))
        bad(
            "definitions/descending", .definitions, list(Self.definition(name: text("b")), Self.definition(name: text("a"))),
            .notAscending, at: 67, "definitions.definitions", req: "ENC-008")
        bad(
            "definitions/name-begins-with-dot", .definitions, list(Self.definition(name: text(".t"))), .invalidName, at: 4,
            "definitions.definitions.name", req: "TAB-001")
        bad(
            "definitions/name-with-space", .definitions, list(Self.definition(name: text("a b"))), .invalidName, at: 4,
            "definitions.definitions.name", req: "TAB-001")
        bad(
            "definitions/name-65", .definitions, list(Self.definition(name: text(String(repeating: "n", count: 65)))),
            .limitExceeded, at: 4, "definitions.definitions.name", req: "LIM-006")
        bad(
            "definitions/type-unknown", .definitions, list(Self.definition(type: 4)), .unknownValue, at: 7,
            "definitions.definitions.type", req: "ENC-006")
        bad(
            "definitions/storage-unknown", .definitions, list(Self.definition(storage: 0)), .unknownValue, at: 8,
            "definitions.definitions.storage", req: "ENC-006")
        bad(
            "definitions/merge-unknown", .definitions, list(Self.definition(merge: 4)), .unknownValue, at: 9,
            "definitions.definitions.merge", req: "ENC-006")
        bad(
            "definitions/replicas-twice", .definitions,
            list(Self.definition(replicas: list(u128(Sample.nodeA), u128(Sample.nodeA)))), .notAscending, at: 34,
            "definitions.definitions.replicas", req: "ENC-008")
        bad(
            "definitions/exists-not-boolean", .definitions, list(Self.definition(exists: 0x80)), .notBoolean, at: 18,
            "definitions.definitions.exists", req: "ENC-002")
    }

    private mutating func addJoining() {
        let counts = [TableCount(table: Sample.table("a"), rows: 10), TableCount(table: Sample.table("b"), rows: 1 << 33)]
        let tables = list(text("a") + u64(10), text("b") + u64(1 << 33))
        good(
            "join-request", .joinRequest(JoinRequest(mode: .merge, isDryRun: true, tables: counts)), req: "JON-001",
            body(u8(1), u8(1), tables), tail: ("tables.rows", 8))
        bad(
            "join-request/mode-unknown", .joinRequest, body(u8(3), u8(0), list()), .unknownValue, at: 0, "joinRequest.mode",
            req: "ENC-006")
        good(
            "join-accept",
            .joinAccept(
                JoinAccept(
                    cluster: ClusterID(Sample.cluster), joined: Stamp(Sample.stamp),
                    members: [Self.recordValue(Sample.nodeA)], definitions: [Self.definitionValue()], tables: counts)),
            req: "JON-002",
            body(u128(Sample.cluster), u64(Sample.stamp), list(Self.record(Sample.nodeA)), list(Self.definition()), tables),
            tail: ("tables.rows", 8))
        bad(
            "join-accept/members-descending", .joinAccept,
            body(
                u128(Sample.cluster), u64(Sample.stamp), list(Self.record(Sample.nodeB), Self.record(Sample.nodeA)), list(),
                list()),
            .notAscending, at: 84, "joinAccept.members", req: "ENC-008")
        good(
            "join-reject", .joinReject(JoinReject(.notEmpty, text: "2 tables hold rows", tables: counts)), req: "JON-003",
            body(u16(0x0301), text("2 tables hold rows"), tables), tail: ("tables.rows", 8))
        bad(
            "join-reject/tables-twice", .joinReject, body(u16(0x0301), text(""), list(text("a") + u64(1), text("a") + u64(1))),
            .notAscending, at: 19, "joinReject.tables", req: "ENC-008")
    }
}
