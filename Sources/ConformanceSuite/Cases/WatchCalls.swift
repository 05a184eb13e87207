import ClusterModel

// rowWatch and clusterWatch.
extension Catalogue {
    static let watchCalls: [Case] = [
        Case(
            "CAL-041/changes", also: ["CAL-002", "CAL-003"],
            "A watch reports puts and deletes in their order, none of them the last reply.", profile: .client, run: rowChanges),
        Case(
            "CAL-041/resume", also: ["CAL-042"],
            "A watch from a position goes on behind it, without a gap and without repeating.", profile: .client, run: rowResume),
        Case("CAL-041/no-echo", "A watch without a position begins with the next change.", profile: .client) { trial in
            let table = try await trial.ownTable()
            try await trial.put([([1], [1])], into: table)
            let link = try await trial.link()
            link.send(.call(.rowWatch(table: table, position: nil)), stream: 1)
            try await link.fence { if case .reply = $0 { "nothing has changed" } else { nil } }
        },
        Case("CAL-042/other-life", "A watch from a position of another incarnation ends with POSITION_TOO_OLD.", profile: .client)
        { trial in
            let table = try await trial.ownTable()
            let link = try await trial.link()
            let position = WatchPosition(incarnation: trial.target.incarnation - 1, number: 1)
            try await link.expectRefusal(.positionTooOld, of: .rowWatch(table: table, position: position))
            try await link.expectRefusal(.positionTooOld, of: .clusterWatch(position: position))
        },
        Case(
            "CAL-040/join-and-removal", "A cluster watch reports a member that joins and is removed.", profile: .client,
            isolation: .membership, run: memberChanges),
        Case(
            "CAL-040/resume", also: ["CAL-042"], "A cluster watch from a position goes on behind it.", profile: .client,
            isolation: .membership, run: memberResume),
    ]

    private static func event(_ link: Conversation, _ stream: UInt32) async throws -> [RowEvent] {
        try await link.expect("a row event") { message, header in
            guard case .reply(let reply) = message, header.stream == stream else { return nil }
            guard case .rowEvents(let events) = reply.result, !reply.isLast, reply.code == 0, !events.isEmpty else {
                throw CaseFailure("row events, not the last", got: reply.report)
            }
            return events
        }
    }

    /// Events until the row `key` has come.
    private static func events(_ link: Conversation, _ stream: UInt32, until key: [UInt8]) async throws -> [RowEvent] {
        var all: [RowEvent] = []
        while all.last?.row.key != key { all += try await event(link, stream) }
        return all
    }

    private static func rowChanges(_ trial: Trial) async throws {
        for type in TableType.allCases {
            let table = try await trial.ownTable("\(type.rawValue)", type: type)
            let link = try await trial.link()
            link.send(.call(.rowWatch(table: table, position: nil)), stream: 1)
            try await link.fence()
            let operations = [
                Operation(.put, key: [1], value: [1]), Operation(.put, key: [2], value: [2]),
                Operation(.delete, key: [1], value: type == .bag ? [1] : []), Operation(.put, key: [9], value: [9]),
            ]
            for operation in operations {
                _ = try await trial.client().succeed(.rowWrite(RowWrite(table: table, level: .local, operations: [operation])))
            }
            let events = try await events(link, 1, until: [9])
            // Changes of one row may be reported as one.
            var state: [[UInt8]: Bool] = [:]
            for event in events { state[event.row.key] = !event.row.isTombstone }
            guard state == [[1]: false, [2]: true, [9]: true] else { throw CaseFailure("1 gone, 2 and 9 there", got: "\(state)") }
            let numbers = events.map(\.position.number)
            guard numbers == numbers.sorted(), events.allSatisfy({ $0.position.incarnation == trial.target.incarnation }) else {
                throw CaseFailure("ascending positions of this incarnation", got: "\(events.map(\.position))")
            }
        }
    }

    private static func rowResume(_ trial: Trial) async throws {
        let table = try await trial.ownTable()
        let link = try await trial.link()
        link.send(.call(.rowWatch(table: table, position: nil)), stream: 1)
        try await link.fence()
        try await trial.put((1...9).map { ([$0], [$0]) }, into: table)
        let all = try await events(link, 1, until: [9])
        for (index, event) in all.enumerated() where event.position != all.last?.position {
            let stream = UInt32(index + 2)
            link.send(.call(.rowWatch(table: table, position: event.position)), stream: stream)
            let rest = try await events(link, stream, until: [9])
            let wanted = all.drop { $0.position.number <= event.position.number }
            guard rest.map(\.row.key) == wanted.map(\.row.key) else {
                throw CaseFailure("the keys \(wanted.map(\.row.key)) behind a position", got: "\(rest.map(\.row.key))")
            }
        }
    }

    /// The next event of a member.
    private static func memberEvent(_ link: Conversation, _ stream: UInt32, of member: Member) async throws -> MemberEvent {
        while true {
            let reply = try await link.reply(to: stream, of: "clusterWatch")
            guard case .memberEvent(let event) = reply.result, !reply.isLast, reply.code == 0 else {
                throw CaseFailure("a member event, not the last", got: reply.report)
            }
            if event.record.node == member.identity.node { return event }
        }
    }

    /// Events of a member until it is in a state and reachable or not.
    @discardableResult
    private static func follow(
        _ link: Conversation, _ stream: UInt32, of member: Member, until state: MemberState, isReachable: Bool
    ) async throws -> MemberEvent {
        while true {
            let event = try await memberEvent(link, stream, of: member)
            if event.record.state == state, event.isReachable == isReachable { return event }
        }
    }

    private static func memberChanges(_ trial: Trial) async throws {
        let link = try await trial.link()
        link.send(.call(.clusterWatch(position: nil)), stream: 1)
        try await link.fence()
        let member = try await trial.member()
        try await follow(link, 1, of: member, until: .joining, isReachable: false)
        try await follow(link, 1, of: member, until: .up, isReachable: true)
        _ = try await trial.client().succeed(.clusterRemove(name: member.identity.name))
        try await follow(link, 1, of: member, until: .removed, isReachable: false)
    }

    private static func memberResume(_ trial: Trial) async throws {
        let link = try await trial.link()
        link.send(.call(.clusterWatch(position: nil)), stream: 1)
        try await link.fence()
        let member = try await trial.member()
        var all: [MemberEvent] = []
        while all.last.map({ $0.record.state != .up || !$0.isReachable }) ?? true {
            all.append(try await memberEvent(link, 1, of: member))
        }
        for (index, event) in all.dropLast().enumerated() {
            let stream = UInt32(index + 2)
            link.send(.call(.clusterWatch(position: event.position)), stream: stream)
            let next = try await memberEvent(link, stream, of: member)
            guard next == all[index + 1] else {
                throw CaseFailure("the event at \(all[index + 1].position.number)", got: "the one at \(next.position.number)")
            }
        }
    }
}
