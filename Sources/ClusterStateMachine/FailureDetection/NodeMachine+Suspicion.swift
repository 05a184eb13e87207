import ClusterModel

extension NodeMachine {
    /// A member that only helpers reach is asked about again after this time (FDT-020).
    private static let recheck = Duration.seconds(5)

    /// The usable link was lost: what others have said counts now, then this node's own doubt.
    mutating func suspectAfterLoss(_ node: NodeID, _ cause: SuspicionCause) {
        if let hearsay = peers[node]?.hearsay {
            peers[node]?.hearsay = nil
            put(hearsay, from: nil)
        }
        suspect(node, cause, isQuiet: false, hasRedialFailed: false)
    }

    /// Asks up to `Limits.probeHelpers` others whether they reach the member, while this node dials it itself.
    /// - Parameter isQuiet: without making the record `suspect`: for members that nobody has lost just now.
    private mutating func suspect(_ node: NodeID, _ cause: SuspicionCause, isQuiet: Bool, hasRedialFailed: Bool) {
        guard mode == .member, var record = membership[node], peers[node]?.suspicion == nil else { return }
        switch record.state {
        case .up:
            if !isQuiet {
                record.state = .suspect
                put(record, from: nil)
            }
        case .suspect, .leaving:
            break
        case .joining, .down, .left, .removed:
            return
        }
        let helpers = chooseHelpers(besides: node)
        let unit = configuration.heartbeat.interval * (1 + awareness.score)
        lastProbe += 1
        let isDialing = peers[node]?.dialing != nil || peers[node]?.nextDial != nil
        let suspicion = Suspicion(
            number: lastProbe, redialDeadline: now.elapsed + unit * Suspicion.redialIntervals,
            deadline: now.elapsed + unit * Suspicion.intervals(members: membership.current.count), waiting: Set(helpers),
            hasRedialFailed: hasRedialFailed || !isDialing)
        peers[node, default: Peer()].suspicion = suspicion
        actions.append(.report(.suspected(node, cause, helpers: helpers)))
        flush()
        for helper in helpers {
            guard let link = peers[helper]?.link else { continue }
            actions.append(.send(link, .probeRequest(ProbeRequest(number: suspicion.number, target: node))))
        }
        conclude(node)
    }

    private mutating func chooseHelpers(besides node: NodeID) -> [NodeID] {
        let candidates = linkedMembers.filter { $0 != node }
        return candidates.shuffled(using: &random).prefix(Limits.probeHelpers).sorted()
    }

    /// An attempt to open a link has failed.
    /// - Parameter isAlive: the member itself has refused us, so it lives.
    mutating func redialFailed(_ node: NodeID, _ reason: LinkDownReason, isAlive: Bool) {
        if isAlive {
            peers[node]?.suspicion = nil
            peers[node]?.vouchedAt = now.elapsed
        } else if peers[node]?.suspicion != nil {
            peers[node]?.suspicion?.hasRedialFailed = true
            conclude(node)
        } else {
            if let last = peers[node]?.vouchedAt, now.elapsed - last < Self.recheck { return }
            suspect(node, .unreachable(reason), isQuiet: true, hasRedialFailed: true)
        }
    }

    private mutating func conclude(_ node: NodeID) {
        if peers[node]?.suspicion?.isConfirmed == true { declareDown(node, by: identity.node) }
    }

    /// Nobody reaches it, or it said itself that it stops.
    mutating func declareDown(_ node: NodeID, by source: NodeID) {
        peers[node]?.suspicion = nil
        guard var record = membership[node] else { return }
        switch record.state {
        case .up, .suspect:
            record.state = .down
            record.downSince = now.wall
        case .leaving:
            record.state = .left  // what its operator wanted; it keeps its data
        case .joining, .down, .left, .removed:
            return
        }
        put(record, from: nil)
        actions.append(.report(.declaredDown(node, by: source)))
    }

    /// A member whose link is lost answers no more: its answers count as "no".
    mutating func lostHelper(_ helper: NodeID) {
        for node in peers.keys.sorted() where peers[node]?.suspicion?.waiting.remove(helper) != nil { conclude(node) }
    }

    mutating func receive(_ reply: ProbeReply, from helper: NodeID) {
        let node = reply.target
        guard peers[node]?.suspicion?.number == reply.number else { return }  // decided meanwhile
        guard peers[node]?.suspicion?.waiting.remove(helper) != nil else { return }
        if reply.isReachable {
            peers[node]?.suspicion = nil
            peers[node]?.vouchedAt = now.elapsed
            actions.append(.report(.unreachableFromHere(node, reachedBy: helper)))
        } else {
            conclude(node)
        }
    }

    mutating func runSuspicions() {
        for (node, peer) in peers.sorted(by: { $0.key < $1.key }) {
            guard let suspicion = peer.suspicion else { continue }
            if now.elapsed >= suspicion.deadline {
                declareDown(node, by: identity.node)
            } else if now.elapsed >= suspicion.redialDeadline {
                peers[node]?.suspicion?.hasRedialFailed = true
                conclude(node)
            }
        }
    }
}
