import ClusterModel
import WireFormat

// What a node does when a member is in trouble.
extension Catalogue {
    static let suspicions: [Case] = signs + outcomes + probes

    private static func trouble(
        _ id: String, also: [String] = [], _ summary: String, role: CaseRole = .acceptor,
        _ run: @escaping @Sendable (Trial) async throws -> Void
    ) -> Case { Case(id, also: also, summary, profile: .tables, role: role, isolation: .membership, run: run) }

    private static let signs: [Case] = [
        trouble("FDT-001/other-close", "A CLOSE that says anything else than SHUTTING_DOWN starts no suspicion.") { trial in
            for code in [ErrorCode.internalError, .leaving, .heartbeatTimeout] {
                let (watcher, other) = try await trial.couple()
                other.link.send(.close(Close(code)))
                try await other.link.drain()
                try await watcher.link.fence { message in
                    if case .probeRequest = message { return "the member has just spoken" }
                    return message.tells(other.identity.node, [.suspect, .down]) ? "the member has just spoken" : nil
                }
                _ = try await trial.client().call(.clusterRemove(name: other.identity.name))
            }
        },
        trouble(
            "FDT-001/silence", also: ["FDT-003", "HRT-007"],
            "A member whose link the node closes with HEARTBEAT_TIMEOUT is suspected."
        ) { trial in
            let watcher = try await trial.fastMember("watcher")
            let listener = try await trial.listen()
            let other = try await trial.fastMember("other", at: listener.address) { $0.heartbeatDeadline = 1 }
            let deadline = trial.interval(of: other) * 8 + trial.timing.reaction
            other.link.answersPings = false
            try await watcher.link.expectTold(other.identity.node, "that is suspect", within: deadline) { $0.state == .suspect }
            try await other.link.expectClose(.heartbeatTimeout)
        },
        trouble(
            "FDT-002/at-once", also: ["FDT-001", "FDT-003", "LNK-050"],
            "A member whose link ends without CLOSE is suspected and dialed at once.", role: .dialer
        ) { trial in
            let (watcher, other, listener) = try await trial.coupleWithListener()
            let start = ContinuousClock.now
            await other.link.connection.reset()
            try await watcher.link.expectTold(other.identity.node, "that is suspect") { $0.state == .suspect }
            _ = try await trial.accepted(by: listener)
            let time = ContinuousClock.now - start
            try expect(time < trial.interval(of: watcher) * 4, "a dial before any timer", got: "one after \(time.text)")
        },
        trouble(
            "FDT-002/finished", also: ["FDT-001"], "An end of the connection without CLOSE, though orderly, starts a suspicion."
        ) {
            trial in
            let (watcher, other, _) = try await trial.coupleWithListener()
            other.link.connection.finish()
            try await watcher.link.expectTold(other.identity.node, "that is suspect") { $0.state == .suspect }
        },
        trouble(
            "FDT-003/probe-request", also: ["FDT-010", "MBR-011"],
            "In a suspicion the record is suspect, is told, and another member is asked."
        ) { trial in
            let (watcher, other, _) = try await trial.coupleWithListener()
            await other.link.connection.reset()
            let told = try await watcher.link.expectTold(other.identity.node, "that is suspect") { $0.state == .suspect }
            try expectEqual(told.refutation, other.record.refutation, "refutation")
            try expectEqual(told.downSince, 0, "downSince")
            _ = try await watcher.expectProbe(of: other)
        },
        trouble("LIM-019/three-helpers", also: ["FDT-003"], "Of five other members at most three are asked to probe.") { trial in
            var helpers: [Member] = []
            for index in 0..<5 { helpers.append(try await trial.fastMember("helper-\(index)")) }
            let listener = try await trial.listen()
            let other = try await trial.fastMember("other", at: listener.address)
            await other.link.connection.reset()
            for helper in helpers {
                try await helper.link.expectTold(other.identity.node, "that is suspect") { $0.state == .suspect }
                try await helper.link.fence()
            }
            let asked = helpers.count { helper in
                helper.link.heard.contains { if case .probeRequest = $0.message { true } else { false } }
            }
            try expect((1...3).contains(asked), "one to three members that are asked", got: "\(asked)")
        },
        trouble(
            "FDT-007/down-at-once", also: ["MBR-018"], "A member that closes with SHUTTING_DOWN is down at once, without a probe."
        ) {
            trial in
            let (watcher, other) = try await trial.couple()
            let before = Clock.milliseconds
            other.link.send(.close(Close(.shuttingDown)))
            let told = try await watcher.link.expectTold(other.identity.node, "of the member") { $0.state != .up }
            try expectEqual(told.state, .down, "state")
            try expect(
                (before - 1000...Clock.milliseconds + 1000).contains(told.downSince), "downSince of the node's clock",
                got: "\(told.downSince), the clock is \(before)")
            try await watcher.link.fence { if case .probeRequest = $0 { "it said that it stops" } else { nil } }
        },
        trouble("FDT-008/leaving-stops", also: ["FDT-007"], "A leaving member that closes with SHUTTING_DOWN has left.") {
            trial in
            let (watcher, other) = try await trial.couple()
            try await trial.announceLeaving(other, to: watcher)
            other.link.send(.close(Close(.shuttingDown)))
            let told = try await watcher.link.expectTold(other.identity.node, "of the member") { $0.state != .leaving }
            try expectEqual(told.state, .left, "state")
        },
        trouble("FDT-008/leaving-lost", also: ["FDT-005"], "A leaving member that nobody reaches has left.") { trial in
            let (watcher, other) = try await trial.couple()
            try await trial.announceLeaving(other, to: watcher)
            await other.link.connection.reset()
            let number = try await watcher.expectProbe(of: other)
            watcher.link.send(.probeReply(ProbeReply(number: number, target: other.identity.node, isReachable: false)))
            let told = try await watcher.link.expectTold(other.identity.node, "of the member") { $0.state != .leaving }
            try expectEqual(told.state, .left, "state")
        },
    ]

    private static let outcomes: [Case] = [
        trouble("FDT-005/nobody-reaches", also: ["FDT-003"], "A member that neither the node nor its helper reaches is down.") {
            trial in
            let (watcher, other) = try await trial.couple()
            let before = Clock.milliseconds
            await other.link.connection.reset()
            let number = try await watcher.expectProbe(of: other)
            watcher.link.send(.probeReply(ProbeReply(number: number, target: other.identity.node, isReachable: false)))
            let told = try await watcher.link.expectTold(other.identity.node, "that is down") { $0.state == .down }
            try expect(
                (before - 1000...Clock.milliseconds + 1000).contains(told.downSince), "downSince of the node's clock",
                got: "\(told.downSince), the clock is \(before)")
        },
        trouble("FDT-005/no-helper", "A member that the node does not reach is down when there is nobody to ask.") { trial in
            let other = try await trial.fastMember("other")
            await other.link.connection.reset()
            try await trial.expectRecord(of: other.identity.node, "down") { $0.state == .down }
        },
        trouble("FDT-005/helper-lost", "A helper that is lost counts as one that does not reach the member.") { trial in
            let (watcher, other) = try await trial.couple()
            await other.link.connection.reset()
            _ = try await watcher.expectProbe(of: other)
            watcher.link.send(.close(Close(.internalError)))
            try await trial.expectRecord(of: other.identity.node, "down") { $0.state == .down }
        },
        trouble("FDT-005/no-answer", "A member whose dial hangs and whose helper is silent is down after some intervals.") {
            trial in
            let (watcher, other, _) = try await trial.coupleWithListener()
            await other.link.connection.reset()
            _ = try await watcher.expectProbe(of: other)
            let patience = trial.interval(of: watcher) * 20 + trial.timing.reaction
            try await watcher.link.expectTold(other.identity.node, "that is down", within: patience) { $0.state == .down }
        },
        trouble("FDT-006/link-again", "A member that links again while it is suspected is not declared down.") { trial in
            let (watcher, other, _) = try await trial.coupleWithListener()
            await other.link.connection.reset()
            let number = try await watcher.expectProbe(of: other)
            let back = try await trial.again(other) { $0.heartbeatInterval = 1 }
            watcher.link.send(.probeReply(ProbeReply(number: number, target: other.identity.node, isReachable: false)))
            try await watcher.link.fence { $0.tells(other.identity.node, [.down]) ? "it is linked" : nil }
            try await back.link.fence()
        },
        trouble("FDT-006/helper-reaches", also: ["FDT-001"], "A member that a helper reaches is not declared down.") { trial in
            let (watcher, other) = try await trial.couple()
            await other.link.connection.reset()
            let number = try await watcher.expectProbe(of: other)
            watcher.link.send(.probeReply(ProbeReply(number: number, target: other.identity.node, isReachable: true)))
            // Longer than any suspicion lasts among so few.
            try await Clock.letPass(trial.interval(of: watcher) * 4)
            try await watcher.link.fence { $0.tells(other.identity.node, [.down]) ? "a helper reaches it" : nil }
            try expect(try await trial.record(of: other.identity.node)?.state != .down, "not down", got: "down")
        },
        trouble("FDT-006/refuted", also: ["MBR-010"], "A record that refutes ends the suspicion.") { trial in
            let (watcher, other, _) = try await trial.coupleWithListener()
            await other.link.connection.reset()
            let number = try await watcher.expectProbe(of: other)
            var refuted = other.record
            refuted.refutation += 1
            watcher.link.send(.members(Members([refuted])))
            watcher.link.send(.probeReply(ProbeReply(number: number, target: other.identity.node, isReachable: false)))
            try await Clock.letPass(trial.interval(of: watcher) * 4)
            try await watcher.link.fence { $0.tells(other.identity.node, [.down]) ? "it has refuted" : nil }
            try expectEqual(try await trial.record(of: other.identity.node), refuted, "the record")
        },
        trouble(
            "FDT-006/proof", "A member that answers a dial with its proof is not declared down, though it refuses the link.",
            role: .dialer
        ) { trial in
            let (watcher, other, listener) = try await trial.coupleWithListener()
            await other.link.connection.reset()
            let number = try await watcher.expectProbe(of: other)
            let dialed = try await trial.accepted(by: listener)
            _ = try await dialed.welcome { _ in other.identity.hello() }
            dialed.send(.close(Close(.tooManyLinks, retry: 60_000)))
            try await dialed.drain()
            watcher.link.send(.probeReply(ProbeReply(number: number, target: other.identity.node, isReachable: false)))
            try await Clock.letPass(trial.interval(of: watcher) * 4)
            try await watcher.link.fence { $0.tells(other.identity.node, [.down]) ? "it has proved itself" : nil }
        },
        trouble("FDT-010/numbers", "Each suspicion has a number of its own.") { trial in
            let watcher = try await trial.fastMember("watcher")
            var numbers: [UInt64] = []
            for index in 0..<3 {
                let other = try await trial.fastMember("other-\(index)")
                await other.link.connection.reset()
                numbers.append(try await watcher.expectProbe(of: other))
            }
            try expectEqual(Set(numbers).count, 3, "different numbers of \(numbers)")
        },
        trouble("FDT-012/wrong-number", "A PROBE_REPLY with another number than that of the suspicion is ignored.") { trial in
            let (watcher, other, _) = try await trial.coupleWithListener()
            await other.link.connection.reset()
            let number = try await watcher.expectProbe(of: other)
            let target = other.identity.node
            for wrong in [number + 1, number &- 1, 0] {
                watcher.link.send(.probeReply(ProbeReply(number: wrong, target: target, isReachable: true)))
            }
            // Had one counted, the suspicion would be over.
            let patience = trial.interval(of: watcher) * 20 + trial.timing.reaction
            try await watcher.link.expectTold(target, "that is down", within: patience) { $0.state == .down }
        },
        trouble("FDT-012/unasked", "A PROBE_REPLY that nobody asked for is ignored.") { trial in
            let (watcher, other) = try await trial.couple()
            watcher.link.send(.probeReply(ProbeReply(number: 1 << 40, target: other.identity.node, isReachable: false)))
            watcher.link.send(.probeReply(ProbeReply(number: 1 << 40, target: .random(), isReachable: false)))
            try await watcher.link.fence { $0.tells(other.identity.node, [.suspect, .down]) ? "nobody asked" : nil }
            try expectEqual(try await trial.record(of: other.identity.node)?.state, .up, "state")
        },
    ]

    private static let probes: [Case] = [
        trouble("FDT-011/heard-lately", "A PROBE_REQUEST about a member that has just spoken is answered with 1.") { trial in
            let (asker, other) = try await trial.couple()
            try await other.link.fence()
            let start = ContinuousClock.now
            asker.link.send(.probeRequest(ProbeRequest(number: 77, target: other.identity.node)))
            try expectEqual(try await asker.expectProbeReply(77, of: other), true, "isReachable")
            let time = ContinuousClock.now - start
            try expect(time < .seconds(1), "an answer at once", got: "one after \(time.text)")
        },
        trouble("FDT-011/answers-ping", "A PROBE_REQUEST about a silent member is answered with 1 as soon as that speaks.") {
            trial in
            let (asker, other) = try await trial.couple()
            try await other.link.fence()
            try await Clock.letPass(trial.interval(of: asker) * 2)
            asker.link.send(.probeRequest(ProbeRequest(number: 78, target: other.identity.node)))
            try await asker.link.fence()
            try await other.link.fence()
            try expectEqual(try await asker.expectProbeReply(78, of: other), true, "isReachable")
        },
        trouble("FDT-011/mute", "A PROBE_REQUEST about a member that stays silent is answered with 0 after an interval.") {
            trial in
            let (asker, other) = try await trial.couple()
            try await Clock.letPass(trial.interval(of: asker) * 2)
            let start = ContinuousClock.now
            asker.link.send(.probeRequest(ProbeRequest(number: 79, target: other.identity.node)))
            try expectEqual(try await asker.expectProbeReply(79, of: other), false, "isReachable")
            let time = ContinuousClock.now - start
            let limit = trial.interval(of: asker) * 3 + .milliseconds(500)
            try expect(time < limit, "an answer after one interval", got: "one after \(time.text)")
        },
        trouble("FDT-011/no-link", "A PROBE_REQUEST about a member without a link is answered with 0 when the dial fails.") {
            trial in
            let asker = try await trial.fastMember("asker")
            let dead = Identity.node("dead").record(joined: asker.stamp())
            trial.removeAtEnd(dead.name)
            asker.link.send(.members(Members([dead])))
            try await asker.link.fence()
            asker.link.send(.probeRequest(ProbeRequest(number: 80, target: dead.node)))
            let reply = try await asker.link.expect("PROBE_REPLY 80") { message, _ in
                if case .probeReply(let reply) = message, reply.number == 80 { reply } else { nil }
            }
            try expectEqual(reply, ProbeReply(number: 80, target: dead.node, isReachable: false), "PROBE_REPLY")
        },
    ]
}

extension Trial {
    /// A member whose links have the node's own interval, and a long deadline.
    func fastMember(
        _ word: String, at address: Address = Address(host: "127.0.0.1", port: 1), _ change: (inout Hello) -> Void = { _ in }
    ) async throws -> Member {
        try await member(.node(word, address: address)) { hello in
            hello.heartbeatInterval = 1
            change(&hello)
        }
    }

    /// The interval of the links of such a member: the node's.
    func interval(of member: Member) -> Duration { .milliseconds(member.link.peerHello?.heartbeatInterval ?? 0) }

    /// Two members; nobody listens at the address of the second.
    fileprivate func couple() async throws -> (watcher: Member, other: Member) {
        let (watcher, other) = (try await fastMember("watcher"), try await fastMember("other"))
        try await watcher.link.expectTold(other.identity.node, "that is up") { $0.state == .up }
        return (watcher, other)
    }

    /// Two members; dials to the second are accepted and not answered.
    fileprivate func coupleWithListener() async throws -> (watcher: Member, other: Member, listener: Listener) {
        let watcher = try await fastMember("watcher")
        let listener = try await listen()
        let other = try await fastMember("other", at: listener.address)
        try await watcher.link.expectTold(other.identity.node, "that is up") { $0.state == .up }
        while let early = try await listener.accept(within: .zero) { early.close() }
        return (watcher, other, listener)
    }

    fileprivate func announceLeaving(_ member: Member, to watcher: Member) async throws {
        member.record.state = .leaving
        member.link.send(.members(Members([member.record])))
        try await watcher.link.expectTold(member.identity.node, "that is leaving") { $0.state == .leaving }
    }
}

extension Member {
    /// PROBE_REQUEST about another: its number.
    fileprivate func expectProbe(of other: Member) async throws -> UInt64 {
        try await link.expect("PROBE_REQUEST about \(other.identity.name)") { message, _ in
            if case .probeRequest(let request) = message, request.target == other.identity.node { request.number } else { nil }
        }
    }

    fileprivate func expectProbeReply(_ number: UInt64, of other: Member) async throws -> Bool {
        try await link.expect("PROBE_REPLY \(number)") { message, _ in
            guard case .probeReply(let reply) = message, reply.number == number else { return nil }
            return reply.target == other.identity.node ? reply.isReachable : nil
        }
    }
}

extension Message {
    /// MEMBERS with a record of a node in one of these states.
    fileprivate func tells(_ node: NodeID, _ states: Set<MemberState>) -> Bool {
        guard case .members(let members) = self else { return false }
        return members.records.contains { $0.node == node && states.contains($0.state) }
    }
}
