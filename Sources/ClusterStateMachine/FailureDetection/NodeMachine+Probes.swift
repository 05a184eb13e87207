import ClusterModel

extension NodeMachine {
    /// Answers at once from what is known, else after a PING or a dial has shown it, at the latest after one interval (FDT-011).
    mutating func answer(_ request: ProbeRequest, askedOn link: LinkID) {
        let node = request.target
        guard mode == .member, node != identity.node, let record = membership[node], !record.state.isGone else {
            reply(to: request, on: link, isReachable: node == identity.node)
            return
        }
        let interval = configuration.heartbeat.interval
        if let id = peers[node]?.link, let heartbeat = links[id]?.heartbeat {
            if now.elapsed - heartbeat.lastHeard < interval {
                reply(to: request, on: link, isReachable: true)
                return
            }
            ping(id)
        } else {
            dialNow(node)
            guard peers[node]?.dialing != nil else {
                reply(to: request, on: link, isReachable: false)
                return
            }
        }
        // One question a member and target: a repeated one replaces the first, so an asker cannot pile them up.
        probes.removeAll { $0.asker == link && $0.target == node }
        probes.append(HelperProbe(asker: link, number: request.number, target: node, deadline: now.elapsed + interval))
    }

    private mutating func reply(to request: ProbeRequest, on link: LinkID, isReachable: Bool) {
        let reply = ProbeReply(number: request.number, target: request.target, isReachable: isReachable)
        actions.append(.send(link, .probeReply(reply)))
    }

    /// What the askers waited for is known.
    mutating func answerProbes(of node: NodeID, isReachable: Bool) {
        answerProbes(isReachable: isReachable) { $0.target == node }
    }

    mutating func expireProbes() {
        let elapsed = now.elapsed
        answerProbes(isReachable: false) { $0.deadline <= elapsed }
    }

    mutating func forgetProbes(askedOn link: LinkID) {
        probes.removeAll { $0.asker == link }
    }

    private mutating func answerProbes(isReachable: Bool, where matches: (HelperProbe) -> Bool) {
        let answered = probes.filter(matches)
        guard !answered.isEmpty else { return }
        probes.removeAll(where: matches)
        for probe in answered {
            let reply = ProbeReply(number: probe.number, target: probe.target, isReachable: isReachable)
            actions.append(.send(probe.asker, .probeReply(reply)))
        }
    }
}
