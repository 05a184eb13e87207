import ClusterModel
import LinkTransport
import WireFormat

// PING and PONG (HRT).
extension Catalogue {
    static let heartbeats: [Case] = answers + ownPings + silences + pingTables + views

    // MARK: Answers

    private static let answers: [Case] = [
        Case("HRT-002/client", "Each PING of a client is answered with its number and clock.") { trial in
            try await answersEach(try await trial.link())
        },
        Case("HRT-002/joiner", "Each PING of a joiner is answered with its number and clock.") { trial in
            try await answersEach(try await trial.joinLink(.node()))
        },
        Case(
            "HRT-002/member", "Each PING of a member is answered with its number and clock.", profile: .tables,
            isolation: .membership
        ) {
            try await answersEach(try await $0.member().link)
        },
        joinDialer("HRT-002/dialer", "A dialer answers each PING with its number and clock.") { _, link in
            try await link.accept(.node())
            try await answersEach(link)
        },
        Case("HRT-006/client", "A PONG from a client, whom nobody sent a PING, is answered with UNEXPECTED_MESSAGE.") { trial in
            try await trial.refuses(.unexpectedMessage) { $0.send(.pong(Pong(number: 1, echo: 0, clock: 0))) }
        },
        Case("HRT-006/zero", "A PONG with the number 0 is answered with UNEXPECTED_MESSAGE.") { trial in
            let link = try await trial.joinLink(.node())
            link.send(.pong(Pong(number: 0, echo: 0, clock: 0)))
            try await link.expectClose(.unexpectedMessage)
        },
        Case("HRT-006/too-high", "A PONG with a number that no PING had yet is answered with UNEXPECTED_MESSAGE.") { trial in
            let link = try await trial.joinLink(.node())
            let sequence = link.sequence
            link.send(.pong(Pong(number: 1_000_000, echo: 0, clock: 0)))
            try (try await link.expectClose(.unexpectedMessage)).blames(.pong, sequence)
        },
        Case("HRT-006/repeated", "A PONG that comes twice is no fault: a PING of the link had its number.") { trial in
            let link = try await established(trial, interval: 1)
            let ping = try await link.expectPing()
            for _ in 0..<2 { link.send(.pong(Pong(number: ping.number, echo: ping.clock, clock: Clock.milliseconds))) }
            try await link.fence()
        },
    ]

    private static func answersEach(_ link: Conversation) async throws {
        // Numbers of any order, and one twice: the answer is to each PING and not to a count of them.
        for (number, clock) in [(UInt64(5), UInt64(1)), (5, 2), (0, 3), (.max, .max), (6, 0)] {
            link.send(.ping(Ping(number: number, clock: clock)))
            let pong = try await link.expect("PONG \(number)") { message, _ in
                if case .pong(let pong) = message { pong } else { nil }
            }
            guard pong.number == number, pong.echo == clock else {
                throw CaseFailure("PONG with number \(number) and clock \(clock)", got: "\(pong.number), \(pong.echo)")
            }
            let apart = max(pong.clock, Clock.milliseconds) - min(pong.clock, Clock.milliseconds)
            guard apart < 60_000 else { throw CaseFailure("the node's clock in PONG", got: "\(pong.clock)") }
        }
    }

    // MARK: The node's PINGs

    private static let ownPings: [Case] = [
        Case(
            "HRT-001/join", also: ["HRT-005", "HRT-003"],
            "On a join link PINGs come at once and in each interval, numbered from 1."
        ) { trial in
            try await beats(try await established(trial, interval: 1), announced: 1)
        },
        Case("HRT-003/longer-interval", also: ["HRT-001", "HRT-005"], "The interval is the longer one of both HELLOs.") { trial in
            try await beats(try await established(trial, interval: 700), announced: 700, count: 5)
        },
        Case(
            "HRT-001/member", also: ["HRT-005", "HRT-003"],
            "On a member link PINGs come at once and in each interval, numbered from 1.",
            profile: .tables, isolation: .membership
        ) { trial in
            let first = try await trial.member()
            let link = try await trial.conversation()
            var hello = first.identity.hello()
            hello.heartbeatInterval = 1
            try await link.introduce(hello)
            try await beats(link, announced: 1, count: 5)
        },
        joinDialer("HRT-001/dialer", "A dialer sends its first PING on a join link at once.") { _, link in
            try await link.accept(.node())
            let ping = try await link.expectPing(within: .milliseconds(700))
            guard ping.number == 1 else { throw CaseFailure("PING 1", got: "PING \(ping.number)") }
        },
        Case("HRT-010/no-ping", "A client gets no PING, whatever interval it announces.") { trial in
            let link = try await trial.link { $0.heartbeatInterval = 1 }
            let interval = Int(link.peerHello?.heartbeatInterval ?? 1000)
            try await Clock.letPass(.milliseconds(min(interval * 2 + 100, 4000)))
            try await link.fence { $0.type == .ping ? "on a client link" : nil }
            guard !link.heard.contains(where: { $0.message.type == .ping }) else { throw CaseFailure("no PING", got: "PING") }
        },
        Case(
            "HRT-004/join",
            "In received the node gives for each lane the sequence of the last frame plus 1, and 0 where none came."
        ) { trial in
            let link = try await established(trial, interval: 1)
            // HELLO and AUTH had 0 and 1.
            let first = try await link.expectPing()
            guard first.received == [2, 0, 0, 0] else { throw CaseFailure("[2, 0, 0, 0]", got: "\(first.received)") }
            link.answersPings = false
            // Their numbers are `from` on: lane 3, lane 1, lane 3, lane 2.
            let from = link.sequence
            for lane in [UInt8(3), 1, 3, 2] { link.send(OutgoingFrame(type: Grease.value(3), lane: lane, body: [lane])) }
            try await link.fence()
            let second = try await link.expectPing()
            guard second.received == [from + 6, from + 2, from + 4, from + 3] else {
                throw CaseFailure("\([from + 6, from + 2, from + 4, from + 3])", got: "\(second.received)")
            }
        },
    ]

    /// A join link with a short interval and no fence, so that the first PING is the node's first message.
    private static func established(_ trial: Trial, interval: UInt32, deadline: UInt32 = 1) async throws -> Conversation {
        let link = try await trial.conversation()
        var identity = Identity.node()
        identity.intent = .join
        var hello = identity.hello()
        (hello.heartbeatInterval, hello.heartbeatDeadline) = (interval, deadline)
        try await link.introduce(hello)
        return link
    }

    /// The first PINGs come at once and then at random times between three quarters of an interval and a whole one.
    private static func beats(_ link: Conversation, announced: UInt32, count: UInt64 = 7) async throws {
        let start = ContinuousClock.now
        let interval = Duration.milliseconds(max(announced, link.peerHello?.heartbeatInterval ?? 1000))
        var clocks: [UInt64] = []
        for number in 1...count {
            let ping = try await link.expectPing(within: interval * 3)
            guard ping.number == number else { throw CaseFailure("PING \(number)", got: "PING \(ping.number)") }
            clocks.append(ping.clock)
        }
        guard let first = link.rawFrames().first(where: { $0.header.type == MessageType.ping.rawValue })?.time else {
            throw Inconclusive("the record has no PING")
        }
        guard first - start < interval / 2 + .milliseconds(100) * link.timing.scale else {
            throw CaseFailure("the first PING at once", got: "after \((first - start).text)")
        }
        try areGaps(zip(clocks.dropFirst(), clocks).map { .milliseconds(Int64($0) - Int64($1)) }, of: interval, link.timing)
    }

    /// By the node's own clock, so that the way counts for nothing. A machine under load makes some late, but not most.
    private static func areGaps(_ gaps: [Duration], of interval: Duration, _ timing: Timing) throws {
        let sorted = gaps.sorted()
        let (least, middle, most) = (sorted[0], sorted[sorted.count / 2], sorted[sorted.count - 1])
        guard least >= interval * 3 / 4 - .milliseconds(3), middle <= interval + .milliseconds(25) * timing.scale,
            most <= interval * 3
        else { throw CaseFailure("gaps from \((interval * 3 / 4).text) to \(interval.text)", got: "\(gaps.map(\.text))") }
        guard most - least >= .milliseconds(2) else { throw CaseFailure("gaps drawn at random", got: "\(gaps.map(\.text))") }
    }

    // MARK: Silence

    private static let silences: [Case] = [
        Case(
            "HRT-007/silent", also: ["HRT-003", "LNK-046"],
            "A join link on which nothing comes is closed with HEARTBEAT_TIMEOUT after four times the deadline."
        ) { trial in
            let link = try await established(trial, interval: 1)
            link.answersPings = false
            try await dies(link, after: deadline(link, interval: 1, own: 1) * 4)
        },
        Case("HRT-003/own-interval", also: ["HRT-007"], "The deadline is at least twice the interval that the peer announced.") {
            trial in
            let link = try await established(trial, interval: 600)
            link.answersPings = false
            try await dies(link, after: deadline(link, interval: 600, own: 1) * 4)
        },
        Case("HRT-007/unanswered", "A join link whose peer sends but answers no PING is closed with HEARTBEAT_TIMEOUT.") {
            trial in
            let link = try await established(trial, interval: 1)
            link.answersPings = false
            let limit = deadline(link, interval: 1, own: 1) * 4
            let start = ContinuousClock.now
            while ContinuousClock.now - start < limit * 2 + .seconds(1) {
                link.send(.ping(link.makePing()))
                guard let heard = try await link.next(within: .milliseconds(100)) else { continue }
                guard case .message(.close(let close), _) = heard else { continue }
                guard close.code == ErrorCode.heartbeatTimeout.rawValue else {
                    throw CaseFailure("CLOSE(HEARTBEAT_TIMEOUT)", got: close.report)
                }
                try within(ContinuousClock.now - start, limit)
                return try await link.expectEnd()
            }
            throw CaseFailure("CLOSE(HEARTBEAT_TIMEOUT)", got: "a link that stays")
        },
        Case("HRT-007/answered-late", "A PING that is not answered is no fault when a later one is.") { trial in
            let link = try await established(trial, interval: 1)
            link.answersPings = false
            let limit = deadline(link, interval: 1, own: 1) * 4
            let end = ContinuousClock.now + limit + limit / 2
            while ContinuousClock.now < end {
                let ping = try await link.expectPing(within: limit)
                guard ping.number.isMultiple(of: 3) else { continue }
                link.send(.pong(Pong(number: ping.number, echo: ping.clock, clock: Clock.milliseconds)))
            }
            try await link.fence()
        },
        Case(
            "HRT-007/member", also: ["HRT-003"],
            "A member link on which nothing comes is closed with HEARTBEAT_TIMEOUT after a deadline.",
            profile: .tables, isolation: .membership
        ) { trial in
            let first = try await trial.member()
            let link = try await trial.conversation()
            var hello = first.identity.hello()
            (hello.heartbeatInterval, hello.heartbeatDeadline) = (1, 1)
            try await link.introduce(hello)
            link.answersPings = false
            try await dies(link, after: deadline(link, interval: 1, own: 1))
        },
    ]

    /// As HRT-003 has it, for a member link.
    private static func deadline(_ link: Conversation, interval: UInt32, own: UInt32) -> Duration {
        let longer = max(interval, link.peerHello?.heartbeatInterval ?? 0)
        return .milliseconds(max(own, link.peerHello?.heartbeatDeadline ?? 0, 2 * longer))
    }

    private static func dies(_ link: Conversation, after limit: Duration) async throws {
        let start = ContinuousClock.now
        let close = try await link.expectClose(.heartbeatTimeout, within: limit * 2 + .seconds(1))
        try within(ContinuousClock.now - start, limit)
        try close.blamesNothing()
    }

    private static func within(_ time: Duration, _ limit: Duration) throws {
        guard time > limit - .milliseconds(60), time < limit + limit / 2 + .milliseconds(300) else {
            throw CaseFailure("CLOSE after \(limit.text)", got: "CLOSE after \(time.text)")
        }
    }

    // MARK: Tables in PING

    private static let pingTables: [Case] = [
        Case("LIM-029/129", also: ["ERR-001"], "A PING with 129 tables is malformed.") { trial in
            try await trial.refuses(.malformed) { $0.send(.ping(Ping(number: 1, clock: 0, tables: hashes(129)))) }
        },
        Case("LIM-029/128", "A PING with 128 tables is answered.") { trial in
            let link = try await trial.link()
            link.send(.ping(Ping(number: 77, clock: 0, tables: hashes(128))))
            _ = try await link.expect("PONG 77") { message, _ -> Bool? in
                if case .pong(let pong) = message, pong.number == 77 { true } else { nil }
            }
        },
        Case(
            "HRT-011/vector-hash", also: ["HRT-012"],
            "PING gives the vector hash of a table that both ends replicate, and of no other.",
            profile: .tables, isolation: .alone, run: vectorHash),
        Case(
            "HRT-011/turns", also: ["LIM-029"], "Of 140 tables each PING gives at most 128, and each has its turn.",
            profile: .tables,
            isolation: .alone, run: turns),
    ]

    private static func hashes(_ count: Int) -> [Ping.TableHash] {
        (0..<count).map { Ping.TableHash(table: Names.table("t\(1000 + $0)"), vectorHash: 0) }
    }

    private static func vectorHash(_ trial: Trial) async throws {
        let both = try await trial.table("both")
        let own = try await trial.table("own", replicas: [trial.target.node])
        let write = RowWrite(table: both, level: .local, operations: [Operation(.put, key: [1], value: [2])])
        guard case .written(let written) = try await trial.client().succeed(.rowWrite(write)) else {
            throw CaseFailure("the result of the write", got: "another kind of reply")
        }
        let link = try await trial.quick(try await trial.member())
        let ping = try await link.expectPing { $0.tables.contains { $0.table == both } }
        let entry = bigEndian(trial.target.node.value) + bigEndian(trial.target.incarnation) + bigEndian(written.last)
        guard let hash = ping.tables.first(where: { $0.table == both })?.vectorHash, hash == XXH64.hash(entry.span) else {
            throw CaseFailure("XXH64 of one entry of the node's own", got: "\(ping.tables)")
        }
        guard !ping.tables.contains(where: { $0.table == own }) else {
            throw CaseFailure("only tables that both replicate", got: "\(own)")
        }
    }

    private static func bigEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
        stride(from: T.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> T($0)) }
    }

    private static func turns(_ trial: Trial) async throws {
        var missing: Set<TableName> = []
        for number in 0..<140 { missing.insert(try await trial.table("\(number)")) }
        let first = try await trial.member()
        let link = try await trial.quick(first)
        for _ in 0..<4 {
            let ping = try await link.expectPing()
            guard ping.tables.count <= 128 else { throw CaseFailure("at most 128 tables", got: "\(ping.tables.count)") }
            missing.subtract(ping.tables.map(\.table))
            if missing.isEmpty { return }
        }
        throw CaseFailure("each table in one of four PINGs", got: "none of \(missing.count) tables")
    }

    // MARK: Views

    private static let views: [Case] = [
        Case(
            "HRT-012/view-hash",
            "viewHash is XXH64 over the bodies of MEMBERS with all records and DEFINITIONS with the whole catalogue.",
            profile: .tables, isolation: .alone
        ) { trial in
            _ = try await trial.table()
            let link = try await trial.quick(try await trial.member())
            let view = try await view(link)
            let ping = try await link.expectPing()
            guard ping.viewHash == view else { throw CaseFailure("viewHash \(view)", got: "\(ping.viewHash)") }
        },
        Case(
            "HRT-013/two-in-a-row", also: ["HRT-012"],
            "Two PINGs in a row with another viewHash bring MEMBERS and DEFINITIONS, one alone does not, and not twice a second.",
            profile: .tables, isolation: .alone, run: twoInARow),
    ]

    /// What the node's viewHash has to be, from what it sends when the link begins.
    private static func view(_ link: Conversation) async throws -> UInt64 {
        var parts: [MessageType: Message] = [:]
        let (members, definitions) = try await link.expect("MEMBERS and DEFINITIONS") { message, _ in
            parts[message.type] = message
            guard let members = parts[.members], let definitions = parts[.definitions] else { return nil as (Message, Message)? }
            return (members, definitions)
        }
        let bytes = MessageCodec.encode(members) + MessageCodec.encode(definitions)
        return XXH64.hash(bytes.span)
    }

    private static func twoInARow(_ trial: Trial) async throws {
        _ = try await trial.table()
        let link = try await trial.quick(try await trial.member())
        let view = try await view(link)
        func beat(_ hash: UInt64) async throws -> Set<MessageType> {
            var ping = link.makePing()
            ping.viewHash = hash
            link.send(.ping(ping))
            // Lane 1 goes after lane 0, so what answers the PING stands behind its PONG, and before the next one's.
            var heard: Set<MessageType> = []
            _ = try await link.expect("PONG \(ping.number)") { message, _ -> Bool? in
                heard.insert(message.type)
                if case .pong(let pong) = message, pong.number == ping.number { return true }
                return nil
            }
            return heard.intersection([.members, .definitions])
        }
        // What was sent when the link began counts for its first second.
        try await Clock.letPass(.milliseconds(1100))
        for hash in [view, view &+ 1, view, view &+ 1, view, view] {
            guard try await beat(hash).isEmpty else { throw CaseFailure("nothing on one PING that differs", got: "MEMBERS") }
        }
        var heard: Set<MessageType> = []
        for hash in [view &+ 1, view &+ 1, view] { heard.formUnion(try await beat(hash)) }
        guard heard == [.members, .definitions] else {
            throw CaseFailure("MEMBERS and DEFINITIONS after two that differ", got: "\(heard.map(\.name))")
        }
        for hash in [view &+ 1, view &+ 1, view &+ 1, view] {
            guard try await beat(hash).isEmpty else { throw CaseFailure("nothing more within a second", got: "MEMBERS") }
        }
        try await Clock.letPass(.milliseconds(1100))
        heard = []
        for hash in [view &+ 1, view &+ 1, view] { heard.formUnion(try await beat(hash)) }
        guard heard == [.members, .definitions] else {
            throw CaseFailure("MEMBERS and DEFINITIONS again a second later", got: "\(heard.map(\.name))")
        }
    }
}

extension Conversation {
    /// The next PING of the node that fits.
    func expectPing(within time: Duration? = nil, _ fits: (Ping) -> Bool = { _ in true }) async throws -> Ping {
        try await expect("PING", within: time) { message, _ in
            if case .ping(let ping) = message, fits(ping) { ping } else { nil }
        }
    }
}

extension Trial {
    /// A further link of the member, on which PINGs come as often as the node sends them and on which nothing was said yet.
    func quick(_ member: Member) async throws -> Conversation {
        let link = try await conversation()
        var hello = member.identity.hello()
        hello.heartbeatInterval = 1
        try await link.introduce(hello)
        return link
    }
}
