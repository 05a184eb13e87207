import ClusterModel

extension NodeMachine {
    /// A link is no more; `link` is as it was before.
    mutating func ended(_ link: Link, _ reason: LinkDownReason) {
        forgetProbes(askedOn: link.id)
        if link.state.isAuthenticated, case .closedByPeer(let close) = reason { believe(close, link) }
        switch link.side {
        case .dialer(.join, _):
            if reason != .closedHere(Close(.joined)) { actions.append(.joinFailed(link.id, reason)) }
        case .dialer(.member(let node), _):
            if peers[node]?.dialing == link.id { peers[node]?.dialing = nil }
            if link.isEstablished { memberLinkEnded(link, reason) } else { dialEnded(node, link, reason) }
        case .acceptor(let from):
            if link.isEstablished {
                if link.purpose == .member { memberLinkEnded(link, reason) }
            } else {
                reportHandshake(link, from, reason)
            }
        }
    }

    private mutating func reportHandshake(_ link: Link, _ from: String, _ reason: LinkDownReason) {
        switch reason {
        case .closedHere(let close):
            if close.isCode(.duplicateLink) { return }
            if link.state == .silent {
                actions.append(.report(.handshakeDropped(link.id, from: from, reason: reason.description)))
            } else {
                actions.append(.report(.handshakeRefused(link.id, peer: link.state.hello, from: from, close)))
            }
        case .closedByPeer(let close):
            if close.isCode(.duplicateLink) || close.isCode(.shuttingDown) { return }
            actions.append(.report(.refusedByPeer(link.id, link.state.hello?.node, close, isAuthenticated: false)))
        case .ended, .dialFailed, .blocked:
            actions.append(.report(.handshakeDropped(link.id, from: from, reason: reason.description)))
        }
    }

    /// What a peer that knows the secret says about this node itself.
    private mutating func believe(_ close: Close, _ link: Link) {
        let node = link.state.hello?.node
        switch ErrorCode(rawValue: close.code) {
        case .removed:
            guard mode == .member, let own = ownRecord, link.purpose == .member, close.detail >= own.joined.value else { break }
            retire(.selfRemoved)
        case .staleIncarnation:
            raiseIncarnation(above: close.detail)
        case .duplicateLink, .shuttingDown, .leaving, .idle, .joined:
            return
        default:
            break
        }
        actions.append(.report(.refusedByPeer(link.id, node, close, isAuthenticated: true)))
    }

    mutating func raiseIncarnation(above seen: Incarnation) {
        guard seen >= identity.incarnation, seen > raisedAbove ?? 0, seen < .max else { return }
        raisedAbove = seen
        actions.append(.raiseIncarnation(above: seen))
    }

    /// The usable link to a member, or one that has lost the race, is gone.
    private mutating func memberLinkEnded(_ link: Link, _ reason: LinkDownReason) {
        guard let node = link.state.hello?.node, peers[node]?.link == link.id else { return }
        touch(node)
        peers[node]?.link = nil
        peers[node]?.lastFailure = reason
        peers[node]?.vouchedAt = nil
        actions.append(.linkDown(link.id, node, reason))
        lostHelper(node)
        guard mode == .member, membership[node]?.state.isGone == false else { return }
        let hasLived = now.elapsed - (link.opened?.since ?? now.elapsed) >= .seconds(1)
        if hasLived { peers[node]?.attempt = 0 }
        switch reason {
        case .closedByPeer(let close):
            // It has just spoken, so it is alive, unless it said that it stops: dials that fail mean nothing for a while (FDT-001).
            if close.isCode(.shuttingDown) { declareDown(node, by: node) } else { peers[node]?.vouchedAt = now.elapsed }
            let isWorthHurry = close.isCode(.heartbeatTimeout) && hasLived
            planDial(node, hurry: isWorthHurry, retry: close.retry)
        case .closedHere(let close):
            if close.isCode(.heartbeatTimeout) { return }  // the failure detector goes on
            if isFault(close) { actions.append(.report(.linkRefused(link.id, node, close))) }
            peers[node]?.vouchedAt = now.elapsed
            planDial(node, hurry: false)
        case .ended, .dialFailed, .blocked:
            planDial(node, hurry: hasLived)
            suspectAfterLoss(node, .linkLost(reason))
        }
    }

    private func isFault(_ close: Close) -> Bool { close.code >= ErrorCode.versionUnsupported.rawValue }

    /// An attempt to open a link to a member has failed.
    private mutating func dialEnded(_ node: NodeID, _ link: Link, _ reason: LinkDownReason) {
        defer { answerProbes(of: node, isReachable: isReachable(node)) }
        guard peers[node]?.link == nil, mode == .member, let record = membership[node], !record.state.isGone else { return }
        peers[node, default: Peer()].attempt += 1
        peers[node]?.lastFailure = reason
        let attempt = peers[node]?.attempt ?? 1
        var retry: UInt32 = 0
        if case .closedByPeer(let close) = reason { retry = close.retry }
        planDial(node, hurry: false, retry: retry)
        if reason != .closedHere(.duplicate) {
            actions.append(.report(.dialFailed(node, record.address, reason, attempt: attempt)))
        }
        let hasSpoken = link.state.isAuthenticated && link.state.hello?.node == node
        redialFailed(node, reason, isAlive: hasSpoken)
    }
}
