import ClusterModel

extension Membership {
    /// Whether the peer that has just proved the secret may have this link (LNK-039). The order is the order in which a peer with
    /// several faults is told of one.
    func verdict(on hello: Hello, purpose: Link.Purpose, identity: NodeIdentity, at now: Moment) -> LinkInput.Verdict {
        if hello.role == .replica {
            return .refuse(Close(.roleNotAllowed, retry: Close.never, text: "replica links are reserved"))
        }
        switch purpose {
        case .client: return clientVerdict(hello, identity)
        case .member:
            if let close = memberRefusal(hello, identity) { return .refuse(close) }
        case .joining, .admitting:
            if let close = joinRefusal(hello, identity) { return .refuse(close) }
        }
        if let close = clockRefusal(hello, now) { return .refuse(close) }
        return .accept
    }

    private func clientVerdict(_ hello: Hello, _ identity: NodeIdentity) -> LinkInput.Verdict {
        guard hello.intent == .member else {
            return .refuse(Close(.roleNotAllowed, retry: Close.never, text: "a client cannot join"))
        }
        guard hello.cluster == .any || hello.cluster == identity.cluster else {
            return .refuse(.wrongCluster(hello, identity))
        }
        return .accept
    }

    private func memberRefusal(_ hello: Hello, _ identity: NodeIdentity) -> Close? {
        if let close = selfRefusal(hello, identity) { return close }
        guard hello.cluster == identity.cluster else { return .wrongCluster(hello, identity) }
        guard let record = self[hello.node] else {
            return Close(.notMember, retry: 1000, text: "\(hello.name) is not in this node's member list")
        }
        guard !record.state.isGone else {
            return Close(.removed, retry: Close.never, detail: record.joined.value, text: "\(hello.name) was removed or left")
        }
        if let close = incarnationRefusal(hello, record) { return close }
        if let holder = otherHolder(of: hello.name, than: record) {
            return Close(.nameConflict, retry: Close.never, text: "\(hello.name) is also the name of \(holder.node)")
        }
        return nil
    }

    private func joinRefusal(_ hello: Hello, _ identity: NodeIdentity) -> Close? {
        if let close = selfRefusal(hello, identity) { return close }
        return self[hello.node].flatMap { incarnationRefusal(hello, $0) }
    }

    private func selfRefusal(_ hello: Hello, _ identity: NodeIdentity) -> Close? {
        if hello.node == identity.node {
            return Close(.selfLink, retry: Close.never, text: "both ends are node \(hello.node)")
        }
        guard hello.role == .core else {
            return Close(.roleNotAllowed, retry: Close.never, text: "a member link needs role core")
        }
        return nil
    }

    private func incarnationRefusal(_ hello: Hello, _ record: MemberRecord) -> Close? {
        guard hello.incarnation < record.incarnation else { return nil }
        return Close(
            .staleIncarnation, detail: record.incarnation,
            text: "incarnation \(hello.incarnation) of \(hello.name), but \(record.incarnation) was seen")
    }

    /// The member with this name that joined before: of two nodes with one name the later is refused (MBR-005).
    private func otherHolder(of name: NodeName, than record: MemberRecord) -> MemberRecord? {
        current.first { $0.name == name && $0.node != record.node && Self.joinedBefore($0, record) }
    }

    private func clockRefusal(_ hello: Hello, _ now: Moment) -> Close? {
        let difference = hello.clock > now.wall ? hello.clock - now.wall : now.wall - hello.clock
        guard difference > UInt64(Limits.clockSkew.milliseconds) else { return nil }
        return Close(
            .clockSkew, retry: 5000, detail: now.wall,
            text: "the clocks differ by \(difference) ms, more than \(Limits.clockSkew)")
    }

    /// Why a node may not join, as far as the member list and the request tell (JON-003); nil when it may.
    func joinRejection(_ request: JoinRequest, _ hello: Hello) -> JoinReject? {
        let own = self[hello.node]
        if let own, !own.state.isGone, own.state != .joining {
            return JoinReject(.alreadyMember, text: "\(own.name) is a member of this cluster already")
        }
        if let holder = current.first(where: { $0.name == hello.name && $0.node != hello.node }) {
            return JoinReject(.nameConflict, text: "\(hello.name) is the name of member \(holder.node)")
        }
        if own == nil, current.count >= Limits.members {
            return JoinReject(.tooManyMembers, text: "the cluster has \(Limits.members) members")
        }
        let filled = request.tables.filter { $0.rows > 0 }
        if request.mode == .refuse, !filled.isEmpty {
            return JoinReject(
                .notEmpty,
                text: "the joining node has rows of its own: say --merge to bring them along or --replace to archive them",
                tables: filled)
        }
        return nil
    }
}

extension Close {
    static func wrongCluster(_ hello: Hello, _ identity: NodeIdentity) -> Close {
        Close(.wrongCluster, retry: never, text: "this is cluster \(identity.cluster), not \(hello.cluster)")
    }
}
