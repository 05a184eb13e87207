public import ClusterModel

extension NodeMachine {
    /// Every record, gone ones included, ascending by node.
    public var members: [MemberRecord] { membership.records }
    public func record(of node: NodeID) -> MemberRecord? { membership[node] }
    /// The member of this name that is not gone.
    public func record(named name: NodeName) -> MemberRecord? { membership.named(name) }
    public var ownRecord: MemberRecord? { membership[identity.node] }
    /// The longest-standing `up` member (MBR-030); this node when it knows of none.
    public var coordinator: NodeID { membership.coordinator ?? identity.node }
    /// The usable link to a member.
    public func link(to node: NodeID) -> LinkID? { peers[node]?.link }
    /// Members with a usable link, ascending.
    public var linkedMembers: [NodeID] { peers.filter { $0.value.link != nil }.keys.sorted() }
    /// Whether this node has a usable link to the member; true for itself.
    public func isReachable(_ node: NodeID) -> Bool { node == identity.node || link(to: node) != nil }
    /// Links in any state.
    public var linkCount: Int { links.count }
    public var isBlocked: Bool { !blocked.isEmpty }

    /// A member as `clusterStatus` shows it; `behind` is the shell's to fill.
    public func status(of node: NodeID) -> MemberStatus? {
        guard let record = membership[node] else { return nil }
        let heartbeat = link(to: node).flatMap { links[$0]?.heartbeat }
        return MemberStatus(
            record: record, isReachable: isReachable(node),
            roundTrip: UInt32(clamping: heartbeat?.roundTrip?.microseconds ?? 0), clockOffset: heartbeat?.clockOffset ?? 0,
            reason: isReachable(node) || record.state.isGone ? "" : reason(node))
    }

    private func reason(_ node: NodeID) -> String {
        if blocked.contains(node) { return "blocked" }
        guard let peer = peers[node] else { return "not dialed yet" }
        return peer.lastFailure?.description ?? "not dialed yet"
    }
}

extension LinkDownReason: CustomStringConvertible {
    /// For people: status, logs.
    public var description: String {
        switch self {
        case .ended(.eof): "the peer closed the connection"
        case .ended(.reset): "the connection was reset"
        case .ended(.error(let text)): text
        case .dialFailed(.refused): "connection refused"
        case .dialFailed(.timedOut): "no answer"
        case .dialFailed(.other(let text)): text
        case .closedByPeer(let close): "the peer closed with \(close.name): \(close.text)"
        case .closedHere(let close): "closed with \(close.name): \(close.text)"
        case .blocked: "blocked"
        }
    }
}

extension Close {
    /// The code's name in the registry, or its number.
    public var name: String { ErrorCode(rawValue: code)?.name ?? "code \(code)" }

    func isCode(_ code: ErrorCode) -> Bool { self.code == code.rawValue }
}
