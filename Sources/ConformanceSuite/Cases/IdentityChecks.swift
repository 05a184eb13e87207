import ClusterModel
import LinkTransport
import WireFormat

// Who may have a link: the table of LNK-039, each line and each pair of lines that follow one another. The node accepts.
extension Catalogue {
    static let identityChecks: [Case] = roleChecks + clientChecks + nodeChecks + memberChecks + clockChecks

    /// The proof passes and the acceptor proves itself; then it refuses with the code.
    @discardableResult
    private static func refused(_ trial: Trial, _ code: ErrorCode, _ hello: Hello) async throws -> Close {
        let link = try await trial.conversation()
        try await link.introduce(hello)
        return try await link.expectClose(code)
    }

    private static func hello(_ identity: Identity, _ change: (inout Hello) -> Void = { _ in }) -> Hello {
        var hello = identity.hello()
        change(&hello)
        return hello
    }

    // MARK: Roles

    private static let roleChecks: [Case] = [
        Case(
            "LNK-024/replica-member", also: ["LNK-039"],
            "The role replica with the intent member is refused with ROLE_NOT_ALLOWED."
        ) { trial in
            try await refused(trial, .roleNotAllowed, hello(.node()) { $0.role = .replica })
        },
        Case("LNK-024/replica-join", also: ["LNK-039"], "The role replica with the intent join is refused with ROLE_NOT_ALLOWED.")
        { trial in
            try await refused(trial, .roleNotAllowed, hello(.node()) { ($0.role, $0.intent) = (.replica, .join) })
        },
        Case("LNK-039/replica-before-self", "ROLE_NOT_ALLOWED comes before SELF_LINK.") { trial in
            try await refused(trial, .roleNotAllowed, hello(.node()) { ($0.role, $0.node) = (.replica, trial.target.node) })
        },
        Case("LNK-039/replica-before-clock", "ROLE_NOT_ALLOWED comes before CLOCK_SKEW.") { trial in
            try await refused(trial, .roleNotAllowed, hello(.node()) { ($0.role, $0.clock) = (.replica, 0) })
        },
        Case("LNK-039/client-join", "A client with the intent join is refused with ROLE_NOT_ALLOWED.") { trial in
            try await refused(trial, .roleNotAllowed, hello(.client()) { $0.intent = .join })
        },
        Case("LNK-039/client-join-before-cluster", "ROLE_NOT_ALLOWED to a client comes before WRONG_CLUSTER.") { trial in
            try await refused(trial, .roleNotAllowed, hello(.client()) { ($0.intent, $0.cluster) = (.join, ClusterID(77)) })
        },
    ]

    // MARK: Clients

    private static let clientChecks: [Case] = [
        Case("LNK-039/client-cluster", "A client that wants another cluster is refused with WRONG_CLUSTER.") { trial in
            try await refused(trial, .wrongCluster, hello(.client()) { $0.cluster = ClusterID(77) })
        },
        Case("LNK-039/client-any", "A client that takes any cluster has a link.") { trial in
            _ = try await trial.link()
        },
        Case("LNK-039/client-own-cluster", "A client that names the node's cluster has a link.") { trial in
            let cluster = try await trial.cluster()
            _ = try await trial.link { $0.cluster = cluster }
        },
        Case("LNK-039/client-clock", "The clock of a client is not looked at.") { trial in
            _ = try await trial.link { $0.clock = 0 }
            _ = try await trial.link { $0.clock = .max }
        },
        Case("LNK-039/client-same-id", "A client may have the id of the node: only nodes are held to theirs.") { trial in
            _ = try await trial.link { $0.node = trial.target.node }
        },
        Case("LNK-039/client-address", also: ["LNK-011"], "A client that gives an address has a link like any other.") { trial in
            _ = try await trial.link { $0.address = Address(host: "127.0.0.1", port: 9) }
        },
    ]

    // MARK: Nodes

    private static let nodeChecks: [Case] = [
        Case("LNK-039/self", "A node with the acceptor's own id is refused with SELF_LINK.") { trial in
            let cluster = try await trial.cluster()
            try await refused(trial, .selfLink, hello(.node()) { ($0.node, $0.cluster) = (trial.target.node, cluster) })
        },
        Case("LNK-039/self-join", "A joiner with the acceptor's own id is refused with SELF_LINK.") { trial in
            try await refused(trial, .selfLink, hello(.node()) { ($0.node, $0.intent) = (trial.target.node, .join) })
        },
        Case("LNK-039/self-before-cluster", "SELF_LINK comes before WRONG_CLUSTER.") { trial in
            try await refused(trial, .selfLink, hello(.node()) { $0.node = trial.target.node })
        },
        Case("LNK-039/cluster", "A member of another cluster is refused with WRONG_CLUSTER.") { trial in
            try await refused(trial, .wrongCluster, hello(.node()))
        },
        Case("LNK-039/cluster-zero", "A node that gives the cluster 0 is refused with WRONG_CLUSTER: only a client takes any.") {
            trial in
            try await refused(trial, .wrongCluster, hello(.node()) { $0.cluster = .any })
        },
        Case("LNK-039/cluster-before-clock", "WRONG_CLUSTER comes before CLOCK_SKEW.") { trial in
            try await refused(trial, .wrongCluster, hello(.node()) { $0.clock = 0 })
        },
        Case("LNK-039/stranger", "A node of the cluster's id without a record is refused with NOT_MEMBER.") { trial in
            let cluster = try await trial.cluster()
            try await refused(trial, .notMember, hello(.node()) { $0.cluster = cluster })
        },
        Case("LNK-039/stranger-before-name", "NOT_MEMBER comes before NAME_CONFLICT.") { trial in
            guard let name = try await trial.link().peerHello?.name else { throw Inconclusive("no HELLO") }
            let cluster = try await trial.cluster()
            try await refused(trial, .notMember, hello(.node()) { ($0.cluster, $0.name) = (cluster, name) })
        },
        Case("LNK-039/stranger-before-clock", "NOT_MEMBER comes before CLOCK_SKEW.") { trial in
            let cluster = try await trial.cluster()
            try await refused(trial, .notMember, hello(.node()) { ($0.cluster, $0.clock) = (cluster, 0) })
        },
        Case("LNK-061/nothing-before-proof", also: ["LNK-037"], "A link that is refused carries nothing but AUTH and CLOSE.") {
            trial in
            let link = try await trial.conversation()
            try await link.introduce(hello(.node()))
            try await link.expectClose(.wrongCluster)
            guard link.heard.map(\.message.type) == [.hello, .auth, .close] else {
                throw CaseFailure("HELLO, AUTH, CLOSE", got: "\(link.heard.map(\.message.type.name))")
            }
        },
    ]

    // MARK: Members

    private static func ofMember(
        _ word: String, also others: [String] = [], _ summary: String, run: @escaping @Sendable (Trial) async throws -> Void
    ) -> Case {
        Case("LNK-039/\(word)", also: others, summary, profile: .tables, isolation: .membership, run: run)
    }

    private static let memberChecks: [Case] = [
        ofMember("member", also: ["LNK-061"], "A member with its own id, cluster and name has a link.") { trial in
            try await trial.member().link.fence()
        },
        ofMember("removed", also: ["LNK-044"], "A removed member is refused with REMOVED and the joined stamp of its record.") {
            trial in
            let member = try await removed(trial)
            let close = try await refused(trial, .removed, member.identity.hello())
            try close.details(member.accept.joined.value, "the joined stamp of the record")
        },
        ofMember("removed-before-stale", "REMOVED comes before STALE_INCARNATION.") { trial in
            let member = try await removed(trial)
            try await refused(trial, .removed, hello(member.identity) { $0.incarnation -= 1 })
        },
        ofMember(
            "stale", also: ["LNK-044", "LNK-053"],
            "A lower incarnation than the record's is refused with STALE_INCARNATION and the highest seen."
        ) {
            trial in
            let member = try await trial.member()
            let close = try await refused(trial, .staleIncarnation, hello(member.identity) { $0.incarnation -= 1 })
            try close.details(member.identity.incarnation, "the highest incarnation seen")
            try await member.link.fence()
        },
        ofMember(
            "stale-joiner", also: ["LNK-044"],
            "A joiner with a lower incarnation than its record's is refused with STALE_INCARNATION."
        ) {
            trial in
            let member = try await trial.member()
            try await refused(
                trial, .staleIncarnation,
                hello(member.identity) { ($0.incarnation, $0.intent, $0.cluster) = ($0.incarnation - 1, .join, ClusterID(5)) })
        },
        ofMember("stale-before-name", "STALE_INCARNATION comes before NAME_CONFLICT.") { trial in
            let member = try await trial.member()
            guard let name = member.link.peerHello?.name else { throw Inconclusive("no HELLO") }
            try await refused(
                trial, .staleIncarnation, hello(member.identity) { ($0.incarnation, $0.name) = ($0.incarnation - 1, name) })
        },
        ofMember("name", "A member with the name of one that joined earlier is refused with NAME_CONFLICT.") { trial in
            let member = try await trial.member()
            guard let name = member.link.peerHello?.name else { throw Inconclusive("no HELLO") }
            try await refused(trial, .nameConflict, hello(member.identity) { $0.name = name })
        },
        ofMember("name-before-clock", "NAME_CONFLICT comes before CLOCK_SKEW.") { trial in
            let member = try await trial.member()
            guard let name = member.link.peerHello?.name else { throw Inconclusive("no HELLO") }
            try await refused(trial, .nameConflict, hello(member.identity) { ($0.name, $0.clock) = (name, 0) })
        },
        ofMember("name-of-gone", "The name of a member that is gone is free.") { trial in
            let gone = try await removed(trial)
            let member = try await trial.member()
            let link = try await trial.conversation()
            try await link.introduce(hello(member.identity) { $0.name = gone.identity.name })
            try await link.fence()
            trial.removeAtEnd(gone.identity.name)
        },
        ofMember(
            "clock-member", also: ["LNK-044", "LIM-015"], "A member whose clock is 61 seconds behind is refused with CLOCK_SKEW."
        ) { trial in
            let member = try await trial.member()
            let close = try await refused(trial, .clockSkew, hello(member.identity) { $0.clock -= 61_000 })
            try close.tellsClock()
        },
    ]

    /// A member that was let in, had a link, and was removed.
    private static func removed(_ trial: Trial) async throws -> Member {
        let member = try await trial.member()
        _ = try await trial.client().succeed(.clusterRemove(name: member.identity.name))
        try await member.link.expectClose(.removed)
        return member
    }

    // MARK: Clocks

    /// On join links, which need no record.
    private static let clockChecks: [Case] = [
        ("behind-61", -61_000, false), ("ahead-61", 61_000, false), ("behind-59", -59_000, true), ("ahead-59", 59_000, true),
        ("zero", Int64.min, false),
    ].map { (word: String, offset: Int64, isTaken: Bool) in
        let what = isTaken ? "is taken" : "is refused with CLOCK_SKEW, which tells the acceptor's clock"
        // A node may take the clock of a joiner as seen, so that its stamps run ahead from then on.
        return Case(
            "LIM-015/\(word)", also: ["LNK-039", "LNK-044"], "A joiner whose clock is off as the name says \(what).",
            isolation: isTaken ? .alone : .shared
        ) { trial in
            let wrong = hello(.node()) {
                $0.intent = .join
                $0.clock = offset == .min ? 0 : UInt64(Int64($0.clock) + offset)
            }
            guard !isTaken else {
                let link = try await trial.conversation()
                try await link.introduce(wrong)
                return try await link.fence()
            }
            try (try await refused(trial, .clockSkew, wrong)).tellsClock()
        }
    }
}

extension Trial {
    /// The cluster of the node under test.
    func cluster() async throws -> ClusterID {
        guard case .nodeInfo(let info) = try await client().succeed(.nodeInfo) else { throw Inconclusive("nodeInfo has no info") }
        return info.cluster
    }
}

extension Close {
    func details(_ expected: UInt64, _ what: String) throws {
        guard detail == expected else { throw CaseFailure("\(what), \(expected), as detail", got: "\(detail)") }
    }

    func tellsClock() throws {
        let now = Clock.milliseconds
        guard detail > now - 30_000, detail < now + 30_000 else {
            throw CaseFailure("the node's clock as detail, about \(now)", got: "\(detail)")
        }
    }
}
