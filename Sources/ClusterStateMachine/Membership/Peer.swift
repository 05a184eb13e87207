import ClusterModel

/// What this node keeps about its side of another member, beside the record that all share.
struct Peer: Hashable, Sendable {
    /// The one usable link.
    var link: LinkID?
    /// A link that we are opening.
    var dialing: LinkID?
    /// When to dial; nil while there is a link, an attempt, or no reason to.
    var nextDial: Duration?
    /// Failed attempts since the last link that lived.
    var attempt = 0
    /// A worse state that somebody told us although our own link to the member is alive: adopted when the link is lost (MBR-013).
    var hearsay: MemberRecord?
    var suspicion: Suspicion?
    /// When the member was last reached by somebody, while we have no link: by a helper, by our own dial that it refused, or by
    /// a link that one of us closed with a word.
    var vouchedAt: Duration?
    /// PINGs in a row whose view hash was not ours.
    var viewMismatches = 0
    var lastViewSync: Duration?
    /// Why there is no link.
    var lastFailure: LinkDownReason?
}

/// A record or reachability that changed while one event is handled: told once, at the end.
struct Touched: Hashable, Sendable {
    var old: MemberRecord?
    var wasReachable: Bool
    /// Who told us, when one member told all of it: it need not be told back.
    var source: NodeID?
}
