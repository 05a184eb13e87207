import ClusterModel
import WireFormat

// CALL and REPLY: what holds for every method.
extension Catalogue {
    static let calls: [Case] =
        callReplies + callRefusals + callOrder + rowCalls + tableCalls + scanCalls + watchCalls + clusterCalls

    static let uncoveredCalls: [(requirement: String, reason: String)] = [
        ("CAL-001", "binds who calls; a node makes no calls")
    ]

    /// A call for each method that has one reply and changes nothing that others see.
    private static let methods: [(name: String, kind: Reply.Result.Kind, make: @Sendable (TableName) -> Call)] = [
        ("cluster-status", .clusterStatus, { _ in .clusterStatus }),
        ("cluster-conflicts", .conflicts, { _ in .clusterConflicts(after: 0, limit: 10) }),
        ("table-list", .tables, { _ in .tableList }),
        ("table-info", .tables, { .tableInfo($0) }),
        (
            "row-write", .written,
            { .rowWrite(RowWrite(table: $0, level: .local, operations: [Operation(.put, key: [1], value: [2])])) }
        ),
        ("row-get", .rows, { .rowGet(table: $0, key: [1]) }),
        ("row-scan", .rows, { .rowScan(RowScan(table: $0)) }),
        ("node-info", .nodeInfo, { _ in .nodeInfo }),
        ("node-resume", .done, { _ in .nodeResume }),
        ("table-drop", .done, { .tableDrop($0) }),
    ]

    private static let callReplies: [Case] = methods.map { method in
        Case(
            "CAL-003/\(method.name)", also: ["CAL-002", "CAL-009"],
            "\(method.name) is answered with exactly one REPLY, the last, of its kind and with the code 0.", profile: .client
        ) { trial in
            let table = try await trial.ownTable()
            let link = try await trial.link()
            let reply = try await link.call(method.make(table))
            guard reply.code == 0, reply.isLast, reply.result.kind == method.kind else {
                throw CaseFailure("a last REPLY of the kind \(method.kind)", got: reply.report)
            }
            try await link.fence { message in
                if case .reply = message { "the call has been answered" } else { nil }
            }
        }
    }

    private static let callRefusals: [Case] =
        unreadable.map { word, body in
            Case(
                "CAL-004/\(word)", also: ["CAL-009"],
                "A call that can be read but breaks a name's grammar is answered with INVALID_ARGUMENT, and the link lives.",
                profile: .client
            ) { trial in
                let link = try await trial.link()
                let stream = link.nextStream()
                link.send(OutgoingFrame(.call, body: body, stream: stream))
                let reply = try await link.reply(to: stream)
                guard reply.code == ErrorCode.invalidArgument.rawValue, reply.isLast else {
                    throw CaseFailure("REPLY(INVALID_ARGUMENT)", got: reply.report)
                }
                try await link.fence()
            }
        }
        + [0x0000, 0x0007, 0x0100, 0x0305, 0x7FFF, 0x8000, 0xFFFE].map { method in
            let text = "0x" + String(repeating: "0", count: 4 - String(method, radix: 16).count) + String(method, radix: 16)
            return Case(
                "CAL-007/\(text)", also: ["CAL-009"],
                "A method that is not registered is answered with UNKNOWN_METHOD whatever its arguments are.", profile: .client
            ) { trial in
                let link = try await trial.link()
                for arguments in [[], [0xFF], [UInt8](repeating: 0xA5, count: 300)] as [[UInt8]] {
                    let stream = link.nextStream()
                    let body = [UInt8(method >> 8), UInt8(method & 255)] + arguments
                    link.send(OutgoingFrame(.call, body: body, stream: stream))
                    let reply = try await link.reply(to: stream)
                    guard reply.code == ErrorCode.unknownMethod.rawValue, reply.isLast else {
                        throw CaseFailure("REPLY(UNKNOWN_METHOD)", got: reply.report)
                    }
                }
                try await link.fence()
            }
        }

    /// Bodies of calls whose names follow no grammar.
    private static let unreadable: [(String, [UInt8])] = {
        func text(_ text: String) -> [UInt8] { [UInt8(text.utf8.count >> 8), UInt8(text.utf8.count & 255)] + Array(text.utf8) }
        let (info, remove, join): ([UInt8], [UInt8], [UInt8]) = ([1, 4], [0, 4], [0, 2])
        return [
            ("table-with-a-space", info + text("a b")),
            ("table-without-a-name", info + text("")),
            ("table-with-a-dot-first", info + text(".a")),
            ("table-of-65-bytes", info + text(String(repeating: "a", count: 65))),
            ("node-without-a-host", remove + text("a")),
            ("node-without-a-word", remove + text("@a")),
            ("node-with-two-signs", remove + text("a@b@c")),
            ("address-without-a-port", join + text("127.0.0.1") + [0, 0]),
            ("address-with-port-0", join + text("127.0.0.1:0") + [0, 0]),
        ]
    }()

    private static let callOrder: [Case] = [
        Case(
            "CAL-005/stream-in-progress", "A CALL with the stream of a call in progress is answered with UNEXPECTED_MESSAGE.",
            profile: .client
        ) {
            trial in
            let table = try await trial.ownTable()
            let link = try await trial.link()
            link.send(.call(.rowWatch(table: table, position: nil)), stream: 7)
            try await link.fence()
            link.send(.call(.nodeInfo), stream: 7)
            try await link.expectClose(.unexpectedMessage)
        },
        Case(
            "CAL-005/stream-again", also: ["CAL-002"], "A stream may be used again once its call was answered.", profile: .client
        ) { trial in
            let link = try await trial.link()
            for _ in 0..<3 {
                link.send(.call(.nodeInfo), stream: 9)
                _ = try await link.reply(to: 9)
            }
        },
        Case("CAL-006/watch", "CANCEL ends a watch with a last REPLY of the code CANCELLED.", profile: .client) { trial in
            let table = try await trial.ownTable()
            let link = try await trial.link()
            link.send(.call(.rowWatch(table: table, position: nil)), stream: 3)
            try await link.fence()
            link.send(.cancel, stream: 3)
            let reply = try await link.reply(to: 3)
            guard reply.code == ErrorCode.cancelled.rawValue, reply.isLast else {
                throw CaseFailure("a last REPLY(CANCELLED)", got: reply.report)
            }
        },
        Case("CAL-006/no-such-call", "CANCEL of a stream without a call is ignored.", profile: .client) { trial in
            let link = try await trial.link()
            link.send(.cancel, stream: 3)
            try await link.fence { if case .reply = $0 { "there was no call" } else { nil } }
        },
        Case("CAL-006/other-call", "CANCEL of a call that is no watch is ignored: its answer comes.", profile: .client) { trial in
            let link = try await trial.link()
            link.send([OutgoingFrame(.call(.nodeInfo), stream: 4), OutgoingFrame(.cancel, stream: 4)])
            let reply = try await link.reply(to: 4)
            guard reply.code == 0 else { throw CaseFailure("the reply to nodeInfo", got: reply.report) }
            try await link.fence { if case .reply = $0 { "the call has been answered" } else { nil } }
        },
        Case(
            "CAL-008/one-too-many", also: ["LIM-023", "CAL-009"],
            "1024 calls in progress are taken, and one more is answered with TOO_MANY_CALLS.", profile: .client, run: tooManyCalls
        ),
        Case(
            "CAL-027/order", "Calls of one link are taken in their order: a read sees the write before it.", profile: .client,
            run: readsSeeWrites),
    ]

    private static func tooManyCalls(_ trial: Trial) async throws {
        let table = try await trial.ownTable()
        let link = try await trial.link()
        let watch = Message.call(.rowWatch(table: table, position: nil))
        for stream in 1...UInt32(Limits.callsInProgress) { link.send(watch, stream: stream) }
        try await link.fence { if case .reply(let reply) = $0, reply.code != 0 { "1024 are allowed" } else { nil } }
        link.send(watch, stream: 2000)
        let reply = try await link.reply(to: 2000)
        guard reply.code == ErrorCode.tooManyCalls.rawValue, reply.isLast else {
            throw CaseFailure("REPLY(TOO_MANY_CALLS)", got: reply.report)
        }
        // With one less in progress there is room again.
        link.send(.cancel, stream: 1)
        _ = try await link.reply(to: 1)
        link.send(.call(.nodeInfo), stream: 2001)
        let next = try await link.reply(to: 2001)
        guard next.code == 0 else { throw CaseFailure("the reply to nodeInfo", got: next.report) }
    }

    private static func readsSeeWrites(_ trial: Trial) async throws {
        let table = try await trial.ownTable()
        let link = try await trial.link()
        var frames: [OutgoingFrame] = []
        for index in 0..<50 {
            let write = RowWrite(table: table, level: .local, operations: [Operation(.put, key: [7], value: [UInt8(index)])])
            frames.append(OutgoingFrame(.call(.rowWrite(write)), stream: UInt32(2 * index + 1)))
            frames.append(OutgoingFrame(.call(.rowGet(table: table, key: [7])), stream: UInt32(2 * index + 2)))
        }
        link.send(frames)
        var answered = 0
        while answered < 50 {
            let (stream, reply) = try await link.expect("REPLY") { message, header in
                if case .reply(let reply) = message { (header.stream, reply) } else { nil }
            }
            guard stream.isMultiple(of: 2) else { continue }
            guard case .rows(let page) = reply.result, page.rows.map(\.value) == [[UInt8(stream / 2 - 1)]] else {
                throw CaseFailure("the value \(stream / 2 - 1), written just before", got: reply.report)
            }
            answered += 1
        }
    }
}

extension Trial {
    /// A table that no member but the node replicates.
    func ownTable(
        _ word: String = "", type: TableType = .set, storage: StorageKind = .ram, merge: MergeRule = .lww
    ) async throws -> TableName {
        try await table(word, type: type, storage: storage, merge: merge, replicas: [target.node])
    }

    /// Writes rows one after the other, on the node alone.
    func put(_ rows: [([UInt8], [UInt8])], into table: TableName) async throws {
        let client = try await client()
        for piece in stride(from: 0, to: rows.count, by: 1000) {
            let operations = rows[piece..<min(rows.count, piece + 1000)].map { Operation(.put, key: $0.0, value: $0.1) }
            _ = try await client.succeed(.rowWrite(RowWrite(table: table, level: .local, operations: operations)))
        }
    }
}

extension Reply.Result {
    /// The kind that the case is registered as.
    var kind: Kind {
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
