import ClusterModel
import WireFormat

// How many replicas a write waits for.
extension Catalogue {
    static let writeLevels: [Case] = levels + failures

    private static func level(
        _ id: String, also: [String] = [], _ summary: String, _ run: @escaping @Sendable (Trial) async throws -> Void
    ) -> Case { Case(id, also: also, summary, profile: .tables, isolation: .membership, run: run) }

    /// A write that waits, and what the members have to acknowledge.
    private static func writeWaiting(
        _ trial: Trial, _ level: AckLevel, members count: Int, storage: StorageKind = .ram, timeout: UInt32 = 20_000
    ) async throws -> (members: [Member], call: CallUnderWay, message: Operations) {
        let table = try await trial.table(storage: storage)
        var members: [Member] = []
        for index in 0..<count {
            let member = try await trial.member(.node("member-\(index)"))
            member.announce(table, vector: VersionVector((trial.nodeOrigin, try await trial.last(table))))
            try await member.link.fence()
            members.append(member)
        }
        let write = RowWrite(table: table, level: level, timeout: timeout, operations: [.put("a", "1"), .put("b", "2")])
        let call = try await trial.start(.rowWrite(write))
        var message = Operations(table: table, origin: trial.nodeOrigin, first: 0, count: 0, groups: [])
        for member in members { message = try await member.link.expectOperations(table) }
        return (members, call, message)
    }

    private static let levels: [Case] = [
        level("REP-030/local", "A write of the level local is answered though no other replica has it.") { trial in
            let (_, call, _) = try await writeWaiting(trial, .local, members: 1)
            try await call.expectWritten(replicas: 1, wanted: 1)
        },
        level("REP-030/all", also: ["REP-031", "REP-034"], "A write of the level all waits for every replica.") { trial in
            let (members, call, message) = try await writeWaiting(trial, .all, members: 2)
            members[0].acknowledge(message)
            try await members[0].link.fence()
            try await call.expectWaiting()
            members[1].acknowledge(message)
            try await call.expectWritten(replicas: 3, wanted: 3)
        },
        level("REP-030/majority-of-3", also: ["REP-031"], "A write of the level majority waits for two of three replicas.") {
            trial in
            let (members, call, message) = try await writeWaiting(trial, .majority, members: 2)
            try await call.expectWaiting()
            members[1].acknowledge(message)
            try await call.expectWritten(replicas: 2, wanted: 2)
        },
        level("REP-030/majority-of-2", "Of two replicas the majority is both.") { trial in
            let (members, call, message) = try await writeWaiting(trial, .majority, members: 1)
            try await call.expectWaiting()
            members[0].acknowledge(message)
            try await call.expectWritten(replicas: 2, wanted: 2)
        },
        level("REP-031/not-applied", "An ACK that received the write and has not applied it does not count.") { trial in
            let (members, call, message) = try await writeWaiting(trial, .all, members: 1)
            members[0].acknowledge(message, applied: message.last - 1, durable: message.last - 1)
            try await members[0].link.fence()
            try await call.expectWaiting()
            members[0].acknowledge(message)
            try await call.expectWritten(replicas: 2, wanted: 2)
        },
        level("REP-031/ram-not-durable", "In a ram table an ACK counts that has applied the write.") { trial in
            let (members, call, message) = try await writeWaiting(trial, .all, members: 1)
            members[0].acknowledge(message, applied: message.last, durable: message.first - 1)
            try await call.expectWritten(replicas: 2, wanted: 2)
        },
        level("REP-031/disc-not-durable", "In a disc table that syncs at once an ACK counts only when the write is durable.") {
            trial in
            let (members, call, message) = try await writeWaiting(trial, .all, members: 1, storage: .disc)
            members[0].acknowledge(message, applied: message.last, durable: message.first - 1)
            try await members[0].link.fence()
            try await call.expectWaiting()
            members[0].acknowledge(message)
            try await call.expectWritten(replicas: 2, wanted: 2)
        },
    ]

    private static let failures: [Case] = [
        level(
            "REP-032/timeout", also: ["REP-030"], "A level that is not reached in time is answered with ACKNOWLEDGEMENT_TIMEOUT."
        ) {
            trial in
            let start = ContinuousClock.now
            let (_, call, _) = try await writeWaiting(trial, .all, members: 1, timeout: 300)
            let reply = try await call.reply()
            try expectEqual(reply.code, ErrorCode.acknowledgementTimeout.rawValue, "the code of the reply")
            let time = ContinuousClock.now - start
            try expect(time >= .milliseconds(290), "an answer after 300 ms", got: "one after \(time.text)")
        },
        level("REP-033/stays", also: ["REP-032"], "A write that timed out stays, and goes on to replicas that come later.") {
            trial in
            let (members, call, message) = try await writeWaiting(trial, .all, members: 1, timeout: 50)
            try expectEqual(
                try await call.reply().code, ErrorCode.acknowledgementTimeout.rawValue, "the code of the reply")
            try expectEqual(try await trial.texts(message.table, "b"), ["b=2"], "the row")
            let again = try await trial.again(members[0])
            again.announce(message.table, vector: VersionVector((trial.nodeOrigin, message.first - 1)))
            try expectEqual(try await again.link.expectOperations(message.table), message, "OPERATIONS on the next link")
        },
        level(
            "REP-034/goes-down", also: ["FDT-007"],
            "A replica that goes down while a write waits for it is not asked for any more."
        ) {
            trial in
            let (members, call, _) = try await writeWaiting(trial, .all, members: 1)
            try await call.expectWaiting()
            members[0].link.send(.close(Close(.shuttingDown)))
            try await call.expectWritten(replicas: 1, wanted: 1)
        },
        level(
            "REP-034/removed", also: ["MBR-024"],
            "A replica that is removed while a write waits for it is not asked for any more."
        ) {
            trial in
            let (members, call, message) = try await writeWaiting(trial, .all, members: 2)
            members[0].acknowledge(message)
            try await members[0].link.fence()
            _ = try await trial.client().succeed(.clusterRemove(name: members[1].identity.name))
            try await call.expectWritten(replicas: 2, wanted: 2)
        },
    ]
}

extension Member {
    fileprivate func acknowledge(_ message: Operations, applied: UInt64? = nil, durable: UInt64? = nil) {
        link.send(
            .ack(
                Ack(
                    table: message.table, origin: message.origin, received: message.last, applied: applied ?? message.last,
                    durable: durable ?? message.last)))
    }
}

extension CallUnderWay {
    /// No answer yet.
    fileprivate func expectWaiting() async throws {
        try await link.fence { if case .reply(let reply) = $0 { "the level is not reached (\(reply.report))" } else { nil } }
    }

    fileprivate func expectWritten(replicas: UInt16, wanted: UInt16) async throws {
        let reply = try await reply()
        guard case .written(let result) = reply.result else { throw CaseFailure("success of rowWrite", got: reply.report) }
        try expectEqual(result.wanted, wanted, "wanted")
        try expect(result.replicas >= replicas, "replicas \(replicas)", got: "\(result.replicas)")
    }
}
