import ClusterModel

extension NodeMachine {
    /// A record that a member told us.
    mutating func receive(_ record: MemberRecord, from source: NodeID) {
        guard mode == .member else { return }
        if record.node == identity.node {
            receiveOwn(record, from: source)
            return
        }
        let old = membership[record.node]
        if let old {
            guard record.supersedes(old) else { return }
            if isHearsay(record, old) {
                keepHearsay(record, known: old)
                return
            }
        }
        put(record, from: source)
    }

    /// A link outweighs hearsay (MBR-013): who has a living link to a member does not believe others that it is suspect or down,
    /// but tells the member, which refutes it before everybody.
    private func isHearsay(_ record: MemberRecord, _ old: MemberRecord) -> Bool {
        guard record.state == .suspect || record.state == .down, record.joined == old.joined else { return false }
        guard record.incarnation == old.incarnation, let link = peers[record.node]?.link else { return false }
        return links[link]?.heartbeat?.failure(at: now.elapsed) == nil
    }

    private mutating func keepHearsay(_ record: MemberRecord, known: MemberRecord) {
        if let kept = peers[record.node]?.hearsay, !record.supersedes(kept) { return }
        peers[record.node]?.hearsay = record
        if let link = peers[record.node]?.link { actions.append(.send(link, .members(Members([record])))) }
    }

    /// Somebody has a record of this node that is above ours: removal is obeyed, everything else is answered.
    private mutating func receiveOwn(_ record: MemberRecord, from source: NodeID) {
        guard let own = ownRecord, record.supersedes(own) else { return }
        if record.state.isGone {
            retire(.selfRemoved)
        } else if record.incarnation > own.incarnation {
            raiseIncarnation(above: record.incarnation)
        } else if record.refutation == .max {
            raiseIncarnation(above: own.incarnation)
        } else {
            var answer = own
            answer.joined = record.joined
            answer.refutation = max(own.refutation, record.refutation) + 1
            put(answer, from: nil)
            actions.append(.report(.refuted(record.state, by: source, refutation: answer.refutation)))
        }
    }

    /// Makes this record ours if it supersedes what we have, and does what follows from it.
    mutating func put(_ record: MemberRecord, from source: NodeID?) {
        let old = membership[record.node]
        touch(record.node, source)
        guard membership.merge(record) else {
            if old == nil { actions.append(.report(.tooManyMembers(record.node))) }
            return
        }
        if record.node != identity.node { changed(old, record, source) }
        reportNameConflict(old, record)
    }

    private mutating func changed(_ old: MemberRecord?, _ new: MemberRecord, _ source: NodeID?) {
        let node = new.node
        joiningSince[node] = new.state == .joining ? now.elapsed : nil
        if let hearsay = peers[node]?.hearsay, !hearsay.supersedes(new) { peers[node]?.hearsay = nil }
        if new.state.isGone {
            endGone(new)
            return
        }
        switch new.state {
        case .down:
            peers[node]?.suspicion = nil
            if let source { actions.append(.report(.declaredDown(node, by: source))) }
        case .joining, .up, .leaving:
            if peers[node]?.suspicion != nil {
                // It has refuted: somebody reaches it.
                peers[node]?.suspicion = nil
                peers[node]?.vouchedAt = now.elapsed
            }
            if let old, old.state == .suspect || old.state == .down { actions.append(.report(.recovered(node))) }
        case .suspect, .left, .removed:
            break
        }
        endOldLife(new)
        let isNews = old == nil || old?.incarnation != new.incarnation || old?.address != new.address
        if isNews || (new.state == .up && (old?.state == .down || old?.state == .joining)) {
            peers[node]?.attempt = 0
            dialSoon(node)
        }
    }

    /// The member has been started anew: a link to its last life is a leftover.
    private mutating func endOldLife(_ record: MemberRecord) {
        guard let id = peers[record.node]?.link, let hello = links[id]?.state.hello else { return }
        if hello.incarnation < record.incarnation { feed(id, .end(.duplicate)) }
    }

    /// The member has left or was removed: it is told so, then its links end.
    private mutating func endGone(_ record: MemberRecord) {
        flush()
        let close =
            record.state == .left
            ? Close(.leaving)
            : Close(.removed, retry: Close.never, detail: record.joined.value, text: "\(record.name) was removed")
        for id in links.keys.sorted() {
            guard let link = links[id], (link.state.hello?.node ?? link.target) == record.node else { continue }
            if link.purpose == .member { feed(id, .end(close)) }
        }
        lostHelper(record.node)
        answerProbes(of: record.node, isReachable: false)
        peers[record.node] = nil
    }

    /// The peer has proved who it is on a new link: that is better than what anybody says.
    mutating func foundAlive(_ node: NodeID, _ hello: Hello) {
        peers[node]?.suspicion = nil
        peers[node]?.hearsay = nil
        peers[node]?.vouchedAt = nil
        guard var record = membership[node], record.incarnation < hello.incarnation, let address = hello.address else { return }
        // Exactly the record that it has of itself, so that nobody has to tell it twice.
        record.incarnation = hello.incarnation
        record.refutation = 0
        record.state = .up
        record.downSince = 0
        record.name = hello.name
        record.address = address
        put(record, from: nil)
    }

    private mutating func reportNameConflict(_ old: MemberRecord?, _ new: MemberRecord) {
        guard !new.state.isGone, old == nil || old?.name != new.name || old?.state.isGone == true else { return }
        guard let other = membership.records.first(where: { $0.name == new.name && $0.node != new.node && !$0.state.isGone })
        else { return }
        let (earlier, later) = Membership.joinedBefore(other, new) ? (other, new) : (new, other)
        actions.append(.report(.nameConflict(new.name, earlier.node, later.node)))
    }

    // MARK: Telling

    /// Notes that a record or its reachability is about to change.
    mutating func touch(_ node: NodeID, _ source: NodeID? = nil) {
        if let before = touched[node] {
            if before.source != source { touched[node]?.source = nil }
        } else {
            touched[node] = Touched(old: membership[node], wasReachable: isReachable(node), source: source)
        }
    }

    /// Persists, announces and broadcasts what has changed since the last time.
    mutating func flush() {
        guard !touched.isEmpty else { return }
        let changes = touched.sorted { $0.key < $1.key }.compactMap { node, touched in
            membership[node].map { (touched: touched, new: $0) }
        }
        touched = [:]
        if changes.contains(where: { Self.isWorthDisk($0.touched.old, $0.new) }) {
            actions.append(.persistMembers(membership.records))
        }
        for change in changes {
            let reachable = isReachable(change.new.node)
            guard change.touched.old != change.new || change.touched.wasReachable != reachable else { continue }
            actions.append(.memberChanged(old: change.touched.old, new: change.new, isReachable: reachable))
        }
        for (peer, link) in peers.compactMapValues(\.link).sorted(by: { $0.key < $1.key }) {
            let news = changes.filter { $0.touched.old != $0.new && $0.touched.source != peer }
            if !news.isEmpty { actions.append(.send(link, .members(Members(news.map(\.new))))) }
        }
    }

    /// A suspicion and its end concern the present only: they would cost a write each and mean nothing after a restart.
    private static func isWorthDisk(_ old: MemberRecord?, _ new: MemberRecord) -> Bool {
        guard var before = old else { return true }
        guard new.state != .suspect, before != new else { return false }
        guard before.state == .suspect, new.state == .up else { return true }
        before.state = .up
        before.refutation = new.refutation
        return before != new
    }
}
