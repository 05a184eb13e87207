import ClusterModel

extension NodeMachine {
    /// How often the member that copies to a joiner renews its record, so that a long copy does not expire.
    private static let renewal = Limits.joiningTime / 4

    /// `joining` members without contact expire, and those long down are cleaned when that is wanted: the coordinator removes
    /// them.
    mutating func runExpiries() {
        guard mode == .member else { return }
        for (node, since) in joiningSince.sorted(by: { $0.key < $1.key }) {
            guard var record = membership[node] else {
                joiningSince[node] = nil
                continue
            }
            if isAdmitting(node), now.elapsed >= since + Self.renewal {
                record.refutation += 1
                put(record, from: nil)
            } else if now.elapsed >= since + Limits.joiningTime {
                if coordinator == identity.node {
                    remove(node)
                    actions.append(.report(.joiningExpired(node)))
                } else {
                    joiningSince[node] = since + .seconds(60)  // should the coordinator be gone, the next one is this node
                }
            }
        }
        guard coordinator == identity.node else { return }
        for record in membership.records where isOverdue(record) {
            remove(record.node)
            actions.append(.report(.autocleaned(record.node)))
        }
    }

    var nextExpiry: Duration? {
        guard mode == .member else { return nil }
        var next = joiningSince.map { node, since in since + (isAdmitting(node) ? Self.renewal : Limits.joiningTime) }.min()
        guard let autoclean = configuration.autoclean, coordinator == identity.node else { return next }
        for record in membership.records where record.state == .down {
            let age = Duration.milliseconds(Int64(clamping: now.wall) - Int64(clamping: record.downSince))
            next = min(next ?? .seconds(Int64.max), now.elapsed + max(.zero, autoclean - age))
        }
        return next
    }

    private func isAdmitting(_ node: NodeID) -> Bool {
        links.values.contains { $0.isEstablished && $0.purpose == .admitting && $0.state.hello?.node == node }
    }

    private func isOverdue(_ record: MemberRecord) -> Bool {
        guard record.state == .down, let autoclean = configuration.autoclean, now.wall > record.downSince else { return false }
        return .milliseconds(Int64(clamping: now.wall - record.downSince)) >= autoclean
    }
}
