import ClusterModel

extension NodeMachine {
    /// Whether a link to this member is wanted and nothing is done about it yet.
    func wantsDial(_ node: NodeID) -> Bool {
        guard mode == .member, node != identity.node, !blocked.contains(node) else { return false }
        guard let record = membership[node], !record.state.isGone, record.state != .joining else { return false }
        guard let peer = peers[node] else { return true }
        return peer.link == nil && peer.dialing == nil
    }

    /// Dials now, whatever pause was planned.
    mutating func dialNow(_ node: NodeID) {
        guard wantsDial(node), let record = membership[node] else { return }
        let id = makeLinkID()
        peers[node, default: Peer()].nextDial = nil
        peers[node]?.dialing = id
        open(id, .member(node), record.address)
    }

    /// Dials at the end of this event: other changes of the same event come first.
    mutating func dialSoon(_ node: NodeID) {
        guard wantsDial(node) else { return }
        peers[node, default: Peer()].nextDial = now.elapsed
    }

    /// Plans the next attempt: at once when in a hurry, else after the pause that the failures so far ask for.
    /// - Parameter retry: the peer's hint in milliseconds; it lengthens the pause up to the longest one.
    mutating func planDial(_ node: NodeID, hurry: Bool, retry: UInt32 = 0) {
        guard wantsDial(node) else { return }
        if hurry {
            dialNow(node)
        } else {
            let hint = min(Duration.milliseconds(Int64(retry)), configuration.dial.longestPause)
            peers[node, default: Peer()].nextDial = now.elapsed + max(hint, pause(after: peers[node]?.attempt ?? 0))
        }
    }

    private mutating func pause(after attempts: Int) -> Duration {
        let doublings = min(max(attempts, 1) - 1, 16)
        let pause = min(configuration.dial.longestPause, configuration.dial.firstPause * (1 << doublings))
        return pause * (1 - Double.random(in: 0..<0.5, using: &random))
    }

    mutating func runDials() {
        let due = peers.filter { $0.value.nextDial.map { $0 <= now.elapsed } ?? false }
        for node in due.keys.sorted() {
            peers[node]?.nextDial = nil
            dialNow(node)
        }
    }
}
