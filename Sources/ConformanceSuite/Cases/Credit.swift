import ClusterModel
import LinkTransport
import WireFormat

// Credit of lanes 2 and 3, and which lane goes first (FRM-022 to FRM-035).
extension Catalogue {
    static let creditOfLanes: [Case] = wrongCredit + raisedCredit + obeyedCredit + urgency

    // MARK: CREDIT that the suite sends

    private static let wrongCredit: [Case] =
        [UInt8(0), 1].map { lane in
            Case("FRM-033/lane-\(lane)", also: ["ERR-001"], "CREDIT for lane \(lane) is malformed.") { trial in
                try await trial.refuses(.malformed) { link in
                    link.send(OutgoingFrame(.credit, body: [lane] + Array(repeating: 0xFF, count: 8)))
                }
            }
        }
        + [Lane.replication, .bulk].map { lane in
            Case(
                "FRM-033/lowered-\(lane.rawValue)", also: ["ERR-001"],
                "CREDIT that lowers the total of lane \(lane.rawValue) is malformed."
            ) { trial in
                for (first, second) in [(UInt64(UInt32.max) - 1, nil as UInt64?), (1 << 40, 1 << 40 - 1)] {
                    let link = try await trial.link()
                    link.send(.credit(Credit(lane: lane, limit: first)))
                    if let second { link.send(.credit(Credit(lane: lane, limit: second))) }
                    try await link.isRefused(.malformed, "CREDIT \(second ?? first)")
                }
            }
        } + [
            Case("FRM-033/equal", "CREDIT that repeats the total or raises it is taken.") { trial in
                let link = try await trial.link()
                for limit in [UInt64(UInt32.max), UInt64(UInt32.max), UInt64(UInt32.max) + 1, .max, .max] {
                    for lane in [Lane.replication, .bulk] { link.send(.credit(Credit(lane: lane, limit: limit))) }
                }
                try await link.fence()
            }
        ]

    // MARK: CREDIT that the node sends

    private static let raisedCredit: [Case] = [
        Case(
            "FRM-031/calls", also: ["FRM-035"],
            "A node that answers calls raises the credit of lane 2 again and again, to ever higher totals.",
            profile: .client, run: creditOfCalls),
        Case(
            "FRM-035/bulk", also: ["FRM-031"], "A node raises the credit of lane 3 again and again, to ever higher totals."
        ) { trial in
            let link = try await trial.link()
            let first = UInt64(link.peerHello?.bulkCredit ?? 0)
            try await link.pour(.bulk, bytes: min(first * 3, 24_000_000))
            try ascends(link, .bulk)
        },
        Case(
            "FRM-032/no-more-granted",
            "A frame beyond the credit is answered with CREDIT_EXCEEDED, once untaken replies keep the node from granting more.",
            profile: .client, run: exceeded),
    ]

    private static func ascends(_ link: Conversation, _ lane: Lane) throws {
        var last: UInt64 = 0
        for case .credit(let credit) in link.heard.map(\.message) where credit.lane == lane {
            guard credit.limit >= last else { throw CaseFailure("totals that never fall", got: "\(credit.limit) after \(last)") }
            last = credit.limit
        }
    }

    private static func creditOfCalls(_ trial: Trial) async throws {
        let link = try await trial.link()
        let first = UInt64(link.peerHello?.replicationCredit ?? 0)
        var sent: UInt64 = 0
        while sent < min(first * 3, 24_000_000) {
            // Nobody has the table, so the value goes nowhere.
            let operation = Operation(.put, key: [1], value: Array(repeating: 3, count: 30_000))
            let call = OutgoingFrame(
                .call(.rowWrite(RowWrite(table: Names.table("no-such-table"), level: .local, operations: [operation]))),
                stream: link.nextStream())
            sent += UInt64(call.body.count)
            guard link.granted(.replication) >= sent else {
                throw CaseFailure("CREDIT above \(sent) on lane 2", got: "\(link.granted(.replication))")
            }
            link.send(call)
            _ = try await link.reply(to: call.stream)
            try await link.fence()
        }
        try ascends(link, .replication)
    }

    private static func exceeded(_ trial: Trial) async throws {
        let table = try await trial.table(replicas: [trial.target.node])
        let client = try await trial.client()
        let value = [UInt8](repeating: 7, count: Limits.value)
        let write = RowWrite(table: table, level: .local, operations: [Operation(.put, key: [1], value: value)])
        _ = try await client.succeed(.rowWrite(write), within: .seconds(10))
        let link = try await trial.link { $0.replicationCredit = 65_536 }
        // Each waits for credit that does not come.
        for _ in 0..<4 { link.send(.call(.rowGet(table: table, key: [1])), stream: link.nextStream()) }
        try await link.fence()
        let size = Int(link.peerHello?.maximumFrameBody ?? 65_536)
        let frames = Int(link.peerHello?.replicationCredit ?? 0) / size * 3 + 2
        let body = [UInt8](repeating: 1, count: size)
        for _ in 0..<min(frames, 400) { link.send(OutgoingFrame(type: Grease.value(1), lane: 2, body: body)) }
        try await link.expectClose(.creditExceeded)
    }

    // MARK: Credit that the node has

    private static let obeyedCredit: [Case] = [
        Case(
            "FRM-030/replication",
            "The node sends no more body bytes on lane 2 than it was granted, and goes on when it is granted more.",
            profile: .client
        ) { trial in
            let table = try await tableWithValue(trial, 300_000)
            let link = try await trial.link { $0.replicationCredit = 65_536 }
            link.send(.call(.rowGet(table: table, key: [1])), stream: 1)
            try await obeys(link, .replication, first: 65_536, whole: 300_000)
            _ = try await link.reply(to: 1)
        },
        Case("FRM-030/nothing", "A node that was granted nothing on lane 2 sends nothing there.", profile: .client) { trial in
            let link = try await trial.link { $0.replicationCredit = 0 }
            link.send(.call(.nodeInfo), stream: 1)
            try await link.fence { $0.type == .reply ? "without credit" : nil }
            link.grant(1_000_000, on: .replication)
            _ = try await link.reply(to: 1)
        },
        Case(
            "FRM-030/bulk",
            "The node sends no more body bytes on lane 3 than it was granted, and goes on when it is granted more.",
            profile: .tables
        ) {
            trial in
            let table = try await tableWithValue(trial, 300_000)
            let link = try await trial.link(joiner()) { $0.bulkCredit = 65_536 }
            link.send(.snapRequest(SnapRequest(table: table, have: VersionVector())), stream: 1)
            try await obeys(link, .bulk, first: 65_536, whole: 300_000)
            _ = try await link.expect("SNAP_END") { message, _ -> Bool? in if case .snapEnd = message { true } else { nil } }
        },
    ]

    private static func joiner() -> Identity {
        var identity = Identity.node()
        identity.intent = .join
        return identity
    }

    /// A table with one row that no codec makes shorter.
    private static func tableWithValue(_ trial: Trial, _ size: Int) async throws -> TableName {
        let table = try await trial.table(replicas: [trial.target.node])
        // No codec looks back so far.
        var random = SplitMix64(seed: 1)
        let block = (0..<65_536).map { _ in UInt8.random(in: 0...255, using: &random) }
        var value: [UInt8] = []
        while value.count < size { value += block.prefix(size - value.count) }
        let write = RowWrite(table: table, level: .local, operations: [Operation(.put, key: [1], value: value)])
        _ = try await trial.client().succeed(.rowWrite(write), within: .seconds(10))
        return table
    }

    /// The conversation holds each frame to what was granted; here it is seen that the node uses it, and all of it.
    private static func obeys(_ link: Conversation, _ lane: Lane, first: UInt64, whole: UInt64) async throws {
        try await link.fence()
        for limit in [first, first + 1, first + 100_000] {
            if limit > first { link.grant(limit, on: lane) }
            try await link.fence()
            let deadline = ContinuousClock.now + link.timing.reaction
            while link.bodyBytes(on: lane) < limit, ContinuousClock.now < deadline { try await link.fence() }
            guard link.bodyBytes(on: lane) == limit else {
                throw LenientPass("\(link.bodyBytes(on: lane)) of \(limit) bytes used: a node may wait for credit for more")
            }
        }
        link.grant(.max, on: lane)
    }

    // MARK: Which lane goes first

    /// More than the buffers of the system hold for a peer that does not read.
    private static let large = 8_000_000

    private static let urgency: [Case] = [
        Case(
            "FRM-022/control-before-replication", also: ["FRM-025"], "A PONG goes before what waits on lane 2.", profile: .client
        ) { trial in
            let table = try await tableWithValue(trial, large)
            let link = try await trial.link { $0.heartbeatInterval = 1000 }
            link.send(.call(.rowGet(table: table, key: [1])), stream: 1)
            try await overtakes(link, .reply, by: .ping(link.makePing()), .pong)
            _ = try await link.reply(to: 1, within: .seconds(10))
        },
        Case("FRM-022/control-before-bulk", also: ["FRM-025"], "A PONG goes before what waits on lane 3.", profile: .tables) {
            trial in
            let table = try await tableWithValue(trial, large)
            let link = try await trial.link(joiner())
            link.send(.snapRequest(SnapRequest(table: table, have: VersionVector())), stream: 1)
            try await overtakes(link, .snapChunk, by: .ping(link.makePing()), .pong)
        },
        Case(
            "FRM-022/membership-before-bulk", "JOIN_ACCEPT goes before what waits on lane 3.", profile: .tables,
            isolation: .membership
        ) { trial in
            let table = try await tableWithValue(trial, large)
            let link = try await trial.link(joiner())
            link.send(.snapRequest(SnapRequest(table: table, have: VersionVector())), stream: 1)
            let request = JoinRequest(mode: .refuse, isDryRun: true, tables: [])
            try await overtakes(link, .snapChunk, by: .joinRequest(request), .joinAccept)
        },
        Case(
            "FRM-022/control-before-membership", "A PONG goes before a JOIN_ACCEPT that waits.", profile: .tables,
            isolation: .membership
        ) { trial in
            let table = try await tableWithValue(trial, large)
            let link = try await trial.link(joiner())
            link.send(.snapRequest(SnapRequest(table: table, have: VersionVector())), stream: 1)
            try await blocked(link)
            let ping = link.makePing()
            link.send(.joinRequest(JoinRequest(mode: .refuse, isDryRun: true, tables: [])))
            link.send(.ping(ping))
            try await Clock.letPass(.milliseconds(100) * trial.timing.scale)
            await link.connection.reads(true)
            _ = try await link.expect("PONG before JOIN_ACCEPT", within: .seconds(10)) { message, _ -> Bool? in
                if case .joinAccept = message { throw CaseFailure("PONG before JOIN_ACCEPT", got: "JOIN_ACCEPT") }
                if case .pong(let pong) = message, pong.number == ping.number { return true }
                return nil
            }
        },
        Case(
            "FRM-025/half-interval", "Under full load of lane 2 a PONG comes within half of the heartbeat interval.",
            profile: .client
        ) { trial in
            let table = try await tableWithValue(trial, large)
            let link = try await trial.link { $0.heartbeatInterval = 1000 }
            for stream in UInt32(1)...3 { link.send(.call(.rowGet(table: table, key: [1])), stream: stream) }
            var pongs = 0
            while link.heard.count(where: { $0.message.type == .reply }) < 3 {
                let ping = link.makePing()
                let start = ContinuousClock.now
                link.send(.ping(ping))
                _ = try await link.expect("PONG", within: .seconds(10)) { message, _ -> Bool? in
                    if case .pong(let pong) = message, pong.number == ping.number { true } else { nil }
                }
                let time = ContinuousClock.now - start
                guard time < .milliseconds(500) * trial.timing.scale else {
                    throw CaseFailure("PONG within 500 ms", got: "PONG after \(time.text)")
                }
                pongs += 1
            }
            guard pongs > 0 else { throw Inconclusive("the replies came before a PING was answered") }
        },
    ]

    /// Takes nothing more, until what the node has to send does not fit the buffers of the system any more.
    private static func blocked(_ link: Conversation) async throws {
        await link.connection.reads(false)
        try await Clock.letPass(.milliseconds(300) * link.timing.scale)
    }

    /// While much waits on a slow lane, what answers `request` comes before most of that.
    private static func overtakes(
        _ link: Conversation, _ slow: MessageType, by request: Message, _ answer: MessageType
    ) async throws {
        try await blocked(link)
        link.send(request)
        try await Clock.letPass(.milliseconds(100) * link.timing.scale)
        await link.connection.reads(true)
        _ = try await link.expect("\(answer.name) before the end of \(slow.name)", within: .seconds(10)) { message, _ -> Bool? in
            if message.type == slow {
                throw CaseFailure("\(answer.name) before the end of a long \(slow.name)", got: slow.name)
            }
            return message.type == answer ? true : nil
        }
    }
}
