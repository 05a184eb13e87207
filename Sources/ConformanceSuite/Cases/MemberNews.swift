import ClusterModel
import WireFormat

// What members tell one another about members.
extension Catalogue {
    static let memberNews: [Case] = told + aboutItself + aboutOthers + gone + coordinators

    private static func news(
        _ id: String, also: [String] = [], _ summary: String, _ run: @escaping @Sendable (Trial) async throws -> Void
    ) -> Case { Case(id, also: also, summary, profile: .tables, isolation: .membership, run: run) }

    private static let told: [Case] = [
        news("MBR-011/at-once", "At the beginning of a member link all records come, those of gone members too.") { trial in
            let first = try await trial.member(.node("first"))
            var gone = Identity.node("gone").record(joined: first.stamp(), state: .left)
            gone.incarnation = 3
            first.link.send(.members(Members([gone])))
            try await first.link.fence()
            let second = try await trial.member(.node("second"))
            let told = try second.link.toldMembers().map(\.node)
            let known = try await trial.status().members.map(\.record.node)
            try expectEqual(told, known, "the nodes of the records")
            try expect(
                told.contains(gone.node) && told.contains(first.identity.node), "gone and living ones", got: "\(told.count)")
        },
        news("MBR-011/changes", "A record that changes is told to the other members, and not to the one from which it came.") {
            trial in
            let first = try await trial.member(.node("first"))
            let second = try await trial.member(.node("second"))
            let news = Identity.node("news").record(joined: first.stamp())
            trial.removeAtEnd(news.name)
            let before = first.link.heard.count
            first.link.send(.members(Members([news])))
            try expectEqual(try await second.link.expectTold(news.node, "of the newcomer") { _ in true }, news, "the record")
            try await first.link.fence()
            // All records may come anew at any time (HRT-013): only a few of them were sent because of this one.
            for entry in first.link.heard.dropFirst(before) {
                guard case .members(let members) = entry.message else { continue }
                let isAll = members.records.contains { $0.node == trial.target.node }
                try expect(isAll || !members.records.contains(news), "no record back to where it came from", got: "MEMBERS")
            }
        },
        news("MBR-018/up-again", also: ["MBR-014"], "A member that was down and is up again has downSince 0.") { trial in
            let watcher = try await trial.member(.node("watcher"))
            let other = try await trial.member(.node("other"))
            other.link.send(.close(Close(.shuttingDown)))
            let down = try await watcher.link.expectTold(other.identity.node, "that is down") { $0.state == .down }
            try expect(down.downSince > 0, "downSince of a member that is down", got: "0")
            other.identity.incarnation += 1
            let link = try await trial.conversation()
            try await link.introduce(other.identity.hello())
            let up = try await watcher.link.expectTold(other.identity.node, "that is up") { $0.state == .up }
            try expectEqual(up.downSince, 0, "downSince of a member that is up")
        },
    ]

    private static let aboutItself: [Case] = [
        refuting("suspect") { $0.state = .suspect },
        refuting("down") { record in
            record.state = .down
            record.downSince = Clock.milliseconds
        },
        refuting("higher-refutation") { record in
            record.refutation += 41
            record.state = .suspect
        },
        refuting("higher-joined") { record in
            record.joined = Stamp(record.joined.value + 1)
            record.state = .suspect
        },
    ]

    private static func refuting(_ word: String, _ change: @escaping @Sendable (inout MemberRecord) -> Void) -> Case {
        news("MBR-012/\(word)", "A record of itself that is above its own is answered with a refutation above both.") { trial in
            let member = try await trial.member()
            guard let own = try member.link.toldMembers().first(where: { $0.node == trial.target.node }) else {
                throw CaseFailure("the node's own record", got: "none")
            }
            var rumour = own
            change(&rumour)
            member.link.send(.members(Members([rumour])))
            let answer = try await member.link.expectTold(own.node, "of itself that refutes") { $0.refutation > own.refutation }
            try expectEqual(answer.refutation, max(own.refutation, rumour.refutation) + 1, "refutation")
            try expectEqual(answer.joined, rumour.joined, "joined")
            try expectEqual(answer.state, .up, "state")
            try expectEqual(answer.incarnation, own.incarnation, "incarnation")
        }
    }

    private static let aboutOthers: [Case] =
        [MemberState.suspect, .down].map { state in
            news("MBR-013/\(state)", "A record of a linked member that says \(state) is not taken, but told to that member.") {
                trial in
                let (teller, other, rumour) = try await hearsay(trial, state)
                teller.link.send(.members(Members([rumour])))
                try expectEqual(try await other.link.expectTold(rumour.node, "of itself") { $0 == rumour }, rumour, "the record")
                try await teller.link.fence()
                try expectEqual(try await trial.record(of: rumour.node)?.state, .up, "the state of the record")
            }
        } + [
            news("MBR-013/afterwards", "A record that was held back is taken when the link is lost.") { trial in
                let (teller, other, rumour) = try await hearsay(trial, .down)
                teller.link.send(.members(Members([rumour])))
                _ = try await other.link.expectTold(rumour.node, "of itself") { $0 == rumour }
                await other.link.connection.reset()
                try await trial.expectRecord(of: rumour.node, "as told: \(rumour)") { $0 == rumour }
            },
            news("MBR-014/higher-incarnation", "A link under a higher incarnation makes the record that of HELLO.") { trial in
                let watcher = try await trial.member(.node("watcher"))
                let other = try await trial.member(.node("other"))
                var newer = other.identity
                newer.incarnation += 5
                newer.name = Names.node("renamed-\(newer.node.value.hexadecimal.prefix(8))", host: "127.0.0.1")
                newer.address = Address(host: "127.0.0.1", port: 2)
                trial.removeAtEnd(newer.name)
                let link = try await trial.conversation()
                try await link.introduce(newer.hello())
                let record = try await watcher.link.expectTold(newer.node, "under the new incarnation") {
                    $0.incarnation == newer.incarnation
                }
                try expectEqual(record, newer.record(joined: other.accept.joined), "the record")
            },
            news("MBR-014/refutation-0", "A link under a higher incarnation sets the refutation to 0 and the state to up.") {
                trial in
                let watcher = try await trial.member(.node("watcher"))
                let other = try await trial.member(.node("other"))
                var record = other.record
                record.refutation = 9
                record.state = .leaving
                other.link.send(.members(Members([record])))
                _ = try await watcher.link.expectTold(record.node, "that is leaving") { $0.state == .leaving }
                var newer = other.identity
                newer.incarnation += 1
                try await trial.conversation().introduce(newer.hello())
                let up = try await watcher.link.expectTold(newer.node, "of the new life") { $0.incarnation == newer.incarnation }
                try expectEqual(up, newer.record(joined: other.accept.joined), "the record")
            },
        ]

    private static func hearsay(
        _ trial: Trial, _ state: MemberState
    ) async throws -> (teller: Member, other: Member, rumour: MemberRecord) {
        let teller = try await trial.member(.node("teller"))
        let other = try await trial.member(.node("other"))
        var rumour = other.record
        rumour.state = state
        rumour.downSince = state == .down ? Clock.milliseconds - 5000 : 0
        return (teller, other, rumour)
    }

    private static let gone: [Case] =
        [(MemberState.left, ErrorCode.leaving), (.removed, .removed)].map { state, code in
            news("MBR-016/\(state)", also: ["LNK-044"], "A member that is learnt to be \(state) is told so, and its link closed.")
            { trial in
                let teller = try await trial.member(.node("teller"))
                let other = try await trial.member(.node("other"))
                var record = other.record
                record.state = state
                teller.link.send(.members(Members([record])))
                _ = try await other.link.expectTold(record.node, "of itself that is \(state)") { $0.state == state }
                try await other.link.expectClose(code)
                try expectEqual(try await trial.record(of: record.node)?.state, state, "the state of the record")
            }
        } + [
            news(
                "MBR-024/reachable", also: ["MBR-016"],
                "clusterRemove makes a member removed, tells the others and closes its link."
            ) {
                trial in
                let watcher = try await trial.member(.node("watcher"))
                let other = try await trial.member(.node("other"))
                _ = try await trial.client().succeed(.clusterRemove(name: other.identity.name))
                let told = try await watcher.link.expectTold(other.identity.node, "that is removed") { $0.state == .removed }
                try expectEqual(told.joined, other.accept.joined, "joined")
                _ = try await other.link.expectTold(other.identity.node, "of itself that is removed") { $0.state == .removed }
                try await other.link.expectClose(.removed)
            },
            news("MBR-024/joining", "clusterRemove removes a member that is joining.") { trial in
                let watcher = try await trial.member(.node("watcher"))
                let joiner = Identity.joiner()
                _ = try await trial.join(joiner, on: trial.joinLink(joiner))
                _ = try await trial.client().succeed(.clusterRemove(name: joiner.name))
                _ = try await watcher.link.expectTold(joiner.node, "that is removed") { $0.state == .removed }
            },
            news("MBR-024/down", also: ["FDT-007"], "clusterRemove removes a member that is down.") { trial in
                let watcher = try await trial.member(.node("watcher"))
                let other = try await trial.member(.node("other"))
                other.link.send(.close(Close(.shuttingDown)))
                _ = try await watcher.link.expectTold(other.identity.node, "that is down") { $0.state == .down }
                _ = try await trial.client().succeed(.clusterRemove(name: other.identity.name))
                let told = try await watcher.link.expectTold(other.identity.node, "that is removed") { $0.state == .removed }
                try expectEqual(told.downSince, 0, "downSince of a removed member")
            },
        ]

    private static let coordinators: [Case] = [
        news("MBR-030/alone", "The longest-standing up member is the coordinator, not a newcomer.") { trial in
            let member = try await trial.member()
            try expect(member.accept.joined > .zero, "a stamp as joined", got: "0")
            try expectEqual(try await trial.status().coordinator, trial.target.node, "coordinator")
        },
        news("MBR-030/earlier", "A member that joined earlier is the coordinator, as long as it is up.") { trial in
            let member = try await trial.member()
            var elder = Identity.node("elder").record(joined: Stamp(1))
            trial.removeAtEnd(elder.name)
            member.link.send(.members(Members([elder])))
            try await member.link.fence()
            try expectEqual(try await trial.status().coordinator, elder.node, "coordinator")
            elder.state = .leaving
            member.link.send(.members(Members([elder])))
            try await member.link.fence()
            try expectEqual(try await trial.status().coordinator, trial.target.node, "coordinator when the elder leaves")
        },
        news("MBR-030/same-stamp", "Of two that joined at one stamp the lower node id is the coordinator.") { trial in
            let member = try await trial.member()
            var low = Identity.node("low").record(joined: Stamp(1))
            low.node = NodeID(17)
            var high = Identity.node("high").record(joined: Stamp(1))
            high.node = NodeID(.max - 17)
            trial.removeAtEnd(low.name)
            trial.removeAtEnd(high.name)
            // Ids that other runs used are gone by now; a later join brings them back.
            (low.joined, high.joined) = (
                try await trial.earliest(low.node, high.node), try await trial.earliest(low.node, high.node)
            )
            member.link.send(.members(Members([low, high])))
            try await member.link.fence()
            try expectEqual(try await trial.status().coordinator, low.node, "coordinator")
        },
    ]
}

extension Trial {
    /// A `joined` above that of any record that the node has of these, and as low as that allows.
    fileprivate func earliest(_ nodes: NodeID...) async throws -> Stamp {
        let known = try await status().members.filter { nodes.contains($0.record.node) }.map(\.record.joined.value)
        return Stamp((known.max() ?? 1) + 1)
    }
}
