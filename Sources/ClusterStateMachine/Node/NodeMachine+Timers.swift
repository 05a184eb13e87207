import ClusterModel

extension NodeMachine {
    /// Sends the next PING of a link.
    mutating func ping(_ id: LinkID) {
        let jitter = Double.random(in: 0..<1, using: &random)
        guard let number = links[id]?.heartbeat?.ping(at: now.elapsed, jitter: jitter) else { return }
        actions.append(.sendPing(id, number: number))
    }

    mutating func runTimers() {
        for id in links.keys.sorted() { runTimers(of: id) }
        runDials()
        runSuspicions()
        expireProbes()
        runExpiries()
    }

    private mutating func runTimers(of id: LinkID) {
        guard let link = links[id] else { return }
        if !link.isEstablished {
            if now.elapsed >= link.deadline { feed(id, .deadline) }
            return
        }
        guard let heartbeat = link.heartbeat else {
            if now.elapsed >= link.lastHeard + Limits.clientIdleTime { feed(id, .end(Close(.idle))) }
            return
        }
        if let cause = heartbeat.failure(at: now.elapsed) {
            let node = link.state.hello?.node
            let wasUsable = node.flatMap { peers[$0]?.link } == id
            feed(id, .end(Close(.heartbeatTimeout, text: "\(cause)")))
            if wasUsable, let node, mode == .member {
                planDial(node, hurry: true)
                suspectAfterLoss(node, cause)
            }
        } else if now.elapsed >= heartbeat.nextPing {
            ping(id)
        }
    }

    /// Time in which this node was not run does not count against others (FDT-030).
    mutating func noticeLateness() {
        let interval = configuration.heartbeat.interval
        let lateness = awareness.lateness(due: nextDeadline, interval: interval, at: now.elapsed)
        guard lateness > .zero else { return }
        for id in links.keys {
            links[id]?.deadline += lateness
            links[id]?.heartbeat?.postpone(by: lateness, at: now.elapsed)
        }
        for node in peers.keys {
            peers[node]?.suspicion?.postpone(by: lateness, atLeastTo: now.elapsed + interval)
        }
        if lateness > interval { actions.append(.report(.late(by: lateness))) }
    }

    /// The earliest time at which `runTimers` has something to do.
    func earliestDeadline() -> Duration? {
        var next = nextExpiry
        func consider(_ deadline: Duration?) {
            if let deadline { next = min(next ?? deadline, deadline) }
        }
        for link in links.values {
            if !link.isEstablished {
                consider(link.deadline)
            } else {
                consider(link.heartbeat?.next ?? link.lastHeard + Limits.clientIdleTime)
            }
        }
        for peer in peers.values {
            consider(peer.nextDial)
            consider(peer.suspicion?.next)
        }
        for probe in probes { consider(probe.deadline) }
        return next
    }
}
