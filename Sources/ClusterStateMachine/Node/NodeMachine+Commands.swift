import ClusterModel

extension NodeMachine {
    mutating func start() {
        guard mode == .idle else { return }
        if let own = membership[identity.node], own.state.isGone {
            mode = .left
            actions.append(.selfRemoved)
            return
        }
        begin(joined: membership[identity.node]?.joined ?? Stamp(milliseconds: now.wall))
    }

    /// Takes part in the cluster from now on: the own record becomes `up`, every member is dialed.
    private mutating func begin(joined: Stamp) {
        mode = .member
        var own = MemberRecord(
            node: identity.node, joined: joined, incarnation: identity.incarnation, state: .up, name: identity.name,
            address: identity.address)
        if let known = membership[identity.node], !own.supersedes(known), own != known { own.refutation = known.refutation + 1 }
        put(own, from: nil)
        for record in membership.records where record.node != identity.node {
            if record.state == .joining { joiningSince[record.node] = now.elapsed }
            dialSoon(record.node)
        }
    }

    mutating func becomeMember(_ cluster: ClusterID, _ members: [MemberRecord], _ joined: Stamp) {
        guard mode != .stopped else { return }
        flush()
        mode = .idle
        endLinks { purpose in
            switch purpose {
            case .joining: Close(.joined)
            case .member, .admitting: Close(.leaving)
            case .client: nil
            }
        }
        (peers, joiningSince, probes, touched, viewHash, raisedAbove) = ([:], [:], [], [:], nil, nil)
        identity.cluster = cluster
        membership = Membership(members.filter { $0.node != identity.node || $0.joined >= joined })
        for record in membership.records where record.node != identity.node {
            touched[record.node] = Touched(old: nil, wasReachable: false, source: nil)
        }
        begin(joined: joined)
    }

    mutating func leave() {
        guard mode == .member, var own = ownRecord, own.state != .leaving else { return }
        own.state = .leaving
        put(own, from: nil)
    }

    mutating func finishLeaving() {
        guard mode == .member, var own = ownRecord else { return }
        own.state = .left
        put(own, from: nil)
        retire(.left)
    }

    /// No member any more: after `left` is told, or when this node was removed.
    mutating func retire(_ last: NodeAction) {
        flush()
        mode = .left
        endLinks { $0 == .client ? nil : Close(.leaving) }
        flush()
        actions.append(last)
    }

    mutating func remove(_ node: NodeID) {
        guard mode == .member, node != identity.node, var record = membership[node], !record.state.isGone else { return }
        record.state = .removed
        record.downSince = 0
        put(record, from: nil)
    }

    mutating func block(_ nodes: Set<NodeID>) {
        let healed = blocked.subtracting(nodes)
        blocked = nodes
        for id in links.keys.sorted() {
            guard let link = links[id], let node = link.state.hello?.node ?? link.target else { continue }
            if blocked.contains(node) { feed(id, .cut) }
        }
        for node in healed.sorted() {
            peers[node]?.attempt = 0
            dialSoon(node)
        }
    }

    mutating func changeIdentity(_ name: NodeName, _ address: Address) {
        identity.name = name
        identity.address = address
        guard mode == .member, var own = ownRecord, own.name != name || own.address != address else { return }
        own.name = name
        own.address = address
        own.refutation += 1
        put(own, from: nil)
    }

    mutating func incarnationRaised(_ incarnation: Incarnation) {
        guard incarnation > identity.incarnation else { return }
        identity.incarnation = incarnation
        raisedAbove = nil
        // The peers' HELLO knows the old incarnation; the links that replace these say the new one.
        endLinks { $0 == .client ? nil : Close(.duplicateLink, text: "incarnation raised to \(incarnation)") }
        guard mode == .member, var own = ownRecord else { return }
        own.incarnation = incarnation
        own.refutation = 0
        put(own, from: nil)
        for record in membership.current { dialSoon(record.node) }
    }

    mutating func shutDown() {
        flush()
        mode = .stopped
        endLinks(includingStrangers: true) { _ in Close(.shuttingDown) }
    }

    /// Ends the links for whose purpose there is a CLOSE, in order of their ids.
    /// - Parameter includingStrangers: also links whose peer has not said HELLO.
    private mutating func endLinks(includingStrangers: Bool = false, _ reason: (Link.Purpose) -> Close?) {
        for id in links.keys.sorted() {
            guard let link = links[id] else { continue }
            if let close = link.purpose.map(reason) ?? (includingStrangers ? Close(.shuttingDown) : nil) {
                feed(id, .end(close))
            }
        }
    }
}
