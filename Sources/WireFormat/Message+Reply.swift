public import ClusterModel

extension Reply.Result {
    /// The code that tells how the body goes on (CAL-003).
    public var kind: Kind {
        switch self {
        case .done: .done
        case .failure: .failure
        case .clusterStatus: .clusterStatus
        case .joined: .joined
        case .conflicts: .conflicts
        case .memberEvent: .memberEvent
        case .tables: .tables
        case .written: .written
        case .rows: .rows
        case .rowEvents: .rowEvents
        case .nodeInfo: .nodeInfo
        }
    }
}

extension Reply: WireValue {
    static let leastSize = 4
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> Reply {
        let code: UInt16 = try input.read("code")
        let isLast = try input.readBool("isLast")
        let kindStart = input
        let kind = try input.read("kind", as: Result.Kind.self)
        // A failure has a code, and nothing else has one.
        guard (kind == .failure) == (code != ErrorCode.none.rawValue) else { throw kindStart.failure(.contradiction, "kind") }
        var reply = Reply(try read(kind, &input), isLast: isLast)
        reply.code = code
        return reply
    }

    private static func read(_ kind: Result.Kind, _ input: inout Span<UInt8>) throws(ReadFailure) -> Result {
        switch kind {
        case .done: .done
        case .failure: .failure(try input.readText("text", upTo: Limits.closeText))
        case .clusterStatus: .clusterStatus(try input.read("status"))
        case .joined: .joined(try input.read("joined"))
        case .conflicts: .conflicts(try input.readList("conflicts"))
        case .memberEvent: .memberEvent(try input.read("event"))
        case .tables: .tables(try readTables(&input, "tables"))
        case .written: .written(try input.read("written"))
        case .rows: .rows(try input.read("page"))
        case .rowEvents: .rowEvents(try input.readList("events"))
        case .nodeInfo: .nodeInfo(try input.read("info"))
        }
    }

    static func readTables(_ input: inout Span<UInt8>, _ field: StaticString) throws(ReadFailure) -> [TableInfo] {
        try input.readAscending(field, upTo: Limits.tables) { $0.definition.name < $1.definition.name }
    }

    func write(to output: inout [UInt8]) {
        output.write(code)
        output.write(isLast)
        output.write(result.kind)
        switch result {
        case .done: break
        case .failure(let text): output.write(text, upTo: Limits.closeText)
        case .clusterStatus(let status): status.write(to: &output)
        case .joined(let joined): joined.write(to: &output)
        case .conflicts(let conflicts): output.write(conflicts)
        case .memberEvent(let event): event.write(to: &output)
        case .tables(let tables): output.write(tables)
        case .written(let written): written.write(to: &output)
        case .rows(let page): page.write(to: &output)
        case .rowEvents(let events): output.write(events)
        case .nodeInfo(let info): info.write(to: &output)
        }
    }
}
