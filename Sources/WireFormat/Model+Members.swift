internal import ClusterModel

extension MemberRecord: WireValue {
    static let leastSize = 16 + 8 + 8 + 4 + 1 + 1 + 8 + 2 + 2
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> MemberRecord {
        MemberRecord(
            node: try input.read("node"),
            joined: try input.read("joined"),
            incarnation: try input.read("incarnation"),
            refutation: try input.read("refutation"),
            state: try input.read("state"),
            role: try input.read("role"),
            downSince: try input.read("downSince"),
            name: try input.read("name"),
            address: try input.read("address"))
    }
    func write(to output: inout [UInt8]) {
        node.write(to: &output)
        joined.write(to: &output)
        output.write(incarnation)
        output.write(refutation)
        output.write(state)
        output.write(role)
        output.write(downSince)
        name.write(to: &output)
        address.write(to: &output)
    }
}

extension Members: WireValue {
    static let leastSize = 4
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> Members {
        Members(try input.readAscending("records", upTo: Limits.members) { $0.node < $1.node })
    }
    func write(to output: inout [UInt8]) { output.write(records) }
}

extension ProbeRequest: WireValue {
    static let leastSize = 24
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> ProbeRequest {
        ProbeRequest(number: try input.read("number"), target: try input.read("target"))
    }
    func write(to output: inout [UInt8]) {
        output.write(number)
        target.write(to: &output)
    }
}

extension ProbeReply: WireValue {
    static let leastSize = 25
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> ProbeReply {
        ProbeReply(
            number: try input.read("number"), target: try input.read("target"), isReachable: try input.readBool("isReachable"))
    }
    func write(to output: inout [UInt8]) {
        output.write(number)
        target.write(to: &output)
        output.write(isReachable)
    }
}

extension TableCount: WireValue {
    static let leastSize = 10
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> TableCount {
        TableCount(table: try input.read("table"), rows: try input.read("rows"))
    }
    func write(to output: inout [UInt8]) {
        table.write(to: &output)
        output.write(rows)
    }
}

extension JoinRequest: WireValue {
    static let leastSize = 6
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> JoinRequest {
        JoinRequest(
            mode: try input.read("mode"),
            isDryRun: try input.readBool("isDryRun"),
            tables: try input.readAscending("tables", upTo: Limits.tables) { $0.table < $1.table })
    }
    func write(to output: inout [UInt8]) {
        output.write(mode)
        output.write(isDryRun)
        output.write(tables)
    }
}

extension JoinAccept: WireValue {
    static let leastSize = 36
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> JoinAccept {
        JoinAccept(
            cluster: try input.read("cluster"),
            joined: try input.read("joined"),
            members: try input.readAscending("members", upTo: Limits.members) { $0.node < $1.node },
            definitions: try input.readAscending("definitions", upTo: Limits.tables) { $0.name < $1.name },
            tables: try input.readAscending("tables", upTo: Limits.tables) { $0.table < $1.table })
    }
    func write(to output: inout [UInt8]) {
        cluster.write(to: &output)
        joined.write(to: &output)
        output.write(members)
        output.write(definitions)
        output.write(tables)
    }
}

extension JoinReject: WireValue {
    static let leastSize = 8
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> JoinReject {
        var reject = JoinReject(.none, text: "")
        reject.code = try input.read("code")
        reject.text = try input.readText("text", upTo: Limits.closeText)
        reject.tables = try input.readAscending("tables", upTo: Limits.tables) { $0.table < $1.table }
        return reject
    }
    func write(to output: inout [UInt8]) {
        output.write(code)
        output.write(text, upTo: Limits.closeText)
        output.write(tables)
    }
}
