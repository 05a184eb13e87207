import ClusterModel

extension NodeMachine {
    mutating func accept(_ id: LinkID, _ from: String) {
        guard mode != .stopped else {
            actions.append(.drop(id))
            return
        }
        let pending = links.values.count { !$0.isDialer && !$0.isEstablished }
        guard pending < Limits.pendingLinks else {
            // The one case in which an acceptor speaks first: waiting for the preface would be one more link that waits.
            let close = Close(.tooManyLinks, retry: 1000, text: "\(pending) links are in their handshake")
            actions += [.sendPreface(id, Preface()), .close(id, close)]
            actions.append(.report(.handshakeRefused(id, peer: nil, from: from, close)))
            return
        }
        links[id] = Link(
            id: id, side: .acceptor(from: from), state: .silent, deadline: now.elapsed + Limits.handshakeTime, at: now.elapsed)
    }

    mutating func dialJoin(_ id: LinkID, _ address: Address) {
        guard mode == .member || mode == .left else {
            actions.append(.joinFailed(id, .dialFailed(.other("this node is stopping"))))
            return
        }
        open(id, .join, address)
    }

    mutating func open(_ id: LinkID, _ target: Link.Target, _ address: Address) {
        links[id] = Link(
            id: id, side: .dialer(target, address), state: .dialing, deadline: now.elapsed + configuration.dial.timeout,
            at: now.elapsed)
        actions.append(.dial(id, address))
    }

    /// Hands one input to a link's state machine and does what it says.
    mutating func feed(_ id: LinkID, _ input: LinkInput) {
        guard let link = links[id] else { return }  // it was on its way when the link ended
        let transition = link.state.received(input, intent: link.intent)
        var reached = link
        reached.state = transition.state  // an acceptor's HELLO answers with the dialer's intent (LNK-025)
        for step in transition.steps { actions.append(action(for: step, reached)) }
        switch transition.state {
        case .closed(let reason):
            links[id] = nil
            ended(link, reason)
        case .established(let hello):
            links[id]?.state = transition.state
            if !link.isEstablished { established(id, hello) }
        case .dialing, .greeting, .introducing, .proving, .confirming, .silent, .listening, .challenging:
            links[id]?.state = transition.state
        }
    }

    private func action(for step: LinkStep, _ link: Link) -> NodeAction {
        switch step {
        case .sendPreface: .sendPreface(link.id, Preface())
        case .sendHello: .sendHello(link.id, hello(link.intent))
        case .sendProof: .sendProof(link.id, asDialer: link.isDialer)
        case .authenticated(let hello): .authenticated(link.id, hello)
        case .close(let close): .close(link.id, close.fitted)
        case .drop: .drop(link.id)
        }
    }

    private func hello(_ intent: Hello.Intent) -> Hello {
        let template = configuration.hello
        return Hello(
            role: .core, intent: intent, cluster: identity.cluster, node: identity.node, incarnation: identity.incarnation,
            clock: now.wall, nonce: [], heartbeatInterval: UInt32(clamping: configuration.heartbeat.interval.milliseconds),
            heartbeatDeadline: UInt32(clamping: configuration.heartbeat.deadline.milliseconds),
            maximumFrameBody: template.maximumFrameBody, replicationCredit: template.replicationCredit,
            bulkCredit: template.bulkCredit, name: identity.name, address: identity.address, features: template.features,
            codecs: template.codecs, extensions: template.extensions)
    }

    /// Whether the peer, whose proof is valid, may have the link.
    mutating func verdict(on id: LinkID) -> LinkInput.Verdict {
        guard let link = links[id], let hello = link.state.hello, let purpose = link.purpose else { return .accept }
        if mode != .member, purpose == .member || purpose == .admitting {
            return .refuse(Close(.leaving, retry: 5000, text: "this node is not a member at the moment"))
        }
        if case .refuse(let close) = membership.verdict(on: hello, purpose: purpose, identity: identity, at: now) {
            return .refuse(close)
        }
        if let target = link.target, target != hello.node {
            return .refuse(Close(.notMember, retry: Close.never, text: "dialed for node \(target), found \(hello.node)"))
        }
        if purpose == .member, loses(link, hello) {
            verifyLink(to: hello.node)
            return .refuse(.duplicate)
        }
        return .accept
    }

    /// The race (LNK-060): of two links between the same lives of two nodes the one dialed by the higher NodeID stays. A link of
    /// a later life, or a second one from the same dialer, replaces the first, which can only be a leftover.
    private func loses(_ link: Link, _ hello: Hello) -> Bool {
        guard let other = peers[hello.node]?.link, other != link.id else { return false }
        guard let old = links[other], let oldHello = old.state.hello else { return false }
        if hello.incarnation != oldHello.incarnation { return hello.incarnation < oldHello.incarnation }
        if link.isDialer == old.isDialer { return false }
        return link.isDialer ? identity.node < hello.node : hello.node < identity.node
    }

    /// A second link lost against this one; should this one be a leftover, a PING finds out.
    private mutating func verifyLink(to node: NodeID) {
        if let id = peers[node]?.link { ping(id) }
    }

    private mutating func established(_ id: LinkID, _ hello: Hello) {
        guard let purpose = links[id]?.purpose else { return }
        links[id]?.opened = Link.Opened(since: now.elapsed, purpose: purpose)
        switch purpose {
        case .member:
            memberLinkOpened(id, hello)
        case .joining:
            links[id]?.heartbeat = Heartbeat(own: configuration.heartbeat, peer: hello, isJoin: true, at: now.elapsed)
            actions.append(.joinLinkUp(id, hello))
        case .admitting:
            links[id]?.heartbeat = Heartbeat(own: configuration.heartbeat, peer: hello, isJoin: true, at: now.elapsed)
        case .client:
            break
        }
    }

    private mutating func memberLinkOpened(_ id: LinkID, _ hello: Hello) {
        guard let link = links[id] else { return }
        let node = hello.node
        if loses(link, hello) {
            verifyLink(to: node)
            feed(id, .end(.duplicate))
            return
        }
        replaceLinks(to: node, by: id)
        touch(node)
        peers[node, default: Peer()].link = id
        peers[node]?.nextDial = nil
        peers[node]?.lastFailure = nil
        peers[node]?.viewMismatches = 0
        links[id]?.heartbeat = Heartbeat(own: configuration.heartbeat, peer: hello, at: now.elapsed)
        actions.append(.linkUp(id, node, hello))
        foundAlive(node, hello)
        flush()
        actions.append(.send(id, .members(Members(membership.records))))
        ping(id)
        answerProbes(of: node, isReachable: true)
    }

    /// Ends the link that this one replaces, and an own attempt that has not got as far as a proof.
    private mutating func replaceLinks(to node: NodeID, by id: LinkID) {
        if let old = peers[node]?.link {
            peers[node]?.link = nil
            feed(old, .end(.duplicate))
            actions.append(.linkDown(old, node, .closedHere(.duplicate)))
        }
        guard let pending = peers[node]?.dialing else { return }
        if pending == id {
            peers[node]?.dialing = nil
            return
        }
        switch links[pending]?.state {
        case .dialing, .greeting, .introducing:
            peers[node]?.dialing = nil
            feed(pending, .end(.duplicate))
        // Past our proof the peer may already have preferred it: the race rule decides.
        case .proving, .confirming, .silent, .listening, .challenging, .established, .closed, nil:
            break
        }
    }
}

extension Close {
    static let duplicate = Close(.duplicateLink, text: "another link between these nodes stays")

    /// With the text cut to what CLOSE may carry (LIM-006).
    var fitted: Close {
        guard text.utf8.count > Limits.closeText else { return self }
        var close = self
        while close.text.utf8.count > Limits.closeText { close.text.removeLast() }
        return close
    }
}
