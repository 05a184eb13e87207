internal import ClusterModel

/// What this node knows of one peer's replica of one table. Outlives links.
struct PeerTable: Sendable {
    let node: NodeID
    /// The last whole vector that the peer has told; nil before the first one. Not mixed with what is known from elsewhere: it
    /// has the peer's own operations up to the moment at which the peer had all the others (TAB-013).
    var known: VersionVector?
    /// The life of the peer that told it.
    var knownLife: Incarnation = 0
    var knownAt: Duration = .zero
    /// How much of the own origin the peer has incorporated without a hole.
    var covered: UInt64 = 0
    /// How much of the own origin the peer has on disk.
    var durable: UInt64 = 0
    /// The peer counts as a live replica for own writes beyond this; nil: it does not count.
    var countsAfter: UInt64?
    /// It counts as soon as a link is up.
    var countsFromLinkUp = false
    /// How much of the peer's origin is on the own disk.
    var onDisk: Dot?
    /// Snapshots that failed in a row, and when the peer may be asked again.
    var failures = 0
    var retryAt: Duration = .zero
    var link: PeerLink?

    init(node: NodeID) { self.node = node }

    /// Whether the peer has the own operations up to `last`.
    func has(_ last: UInt64, onDisk: Bool) -> Bool {
        if onDisk { return durable >= last }
        if covered >= last { return true }
        guard let link else { return false }
        return link.ackedBeyondHole >= last && last >= link.hole
    }

    /// Operations of the own origin that the peer is known to have, holes not counted.
    var reach: UInt64 { max(covered, link?.ackedBeyondHole ?? 0) }
}

/// The same during one link.
struct PeerLink: Sendable {
    /// What the own stream to the peer does.
    enum Outgoing: Hashable, Sendable {
        /// The peer's TABLE_STATE has not come yet.
        case greeting
        /// The peer gets every write at once.
        case live
        /// The shell reads recent operations from this sequence on; then `live` or `paused`.
        case reading(next: UInt64)
        /// The peer's queue is over its budget; goes on from this sequence when it has drained.
        case paused(next: UInt64)
    }

    let origin: Origin
    var outgoing = Outgoing.greeting
    /// The stream skipped what is between `covered` and this sequence; 0 when it skipped nothing.
    var hole: UInt64 = 0
    var ackedBeyondHole: UInt64 = 0
    /// How much of the own origin the peer knew when it sent what came last on lane 2. PING overtakes that lane and says nothing.
    var ownAcked: UInt64 = 0

    /// The vector of the first TABLE_STATE on this link.
    var greeting: VersionVector?
    /// Where the peer's unbroken stream to here begins, as far as is known; nil: nothing is known to come.
    var streamStart: UInt64?
    /// The peer had more of its origin than had come: since when, and how far it had come then.
    var silence: (since: Duration, received: UInt64)?
    var received: UInt64 = 0
    var applied: UInt64 = 0
    var durable: UInt64 = 0
    var isGapless = true
    var isAckDue = false
    /// The peer's own origin is behind here until this sequence is applied: what it had at link-up.
    var target: UInt64 = 0

    /// PINGs in a row whose hash differed.
    var mismatches = 0
    var stateSentAt: Duration?
    /// The vector hash at which the digests were last equal.
    var verifiedHash: UInt64?
    /// The vector hash that is waiting to be verified, and when that is due.
    var quiet: (hash: UInt64, until: Duration)?
    /// TABLE_STATEs in a row with equal vectors and different digests.
    var disagreements = 0

    init(origin: Origin) { self.origin = origin }

    /// Whether the peer's own operations come without a gap.
    /// - Parameter have: the own vector's entry for the peer's origin.
    func isStreamed(have: UInt64) -> Bool {
        guard let streamStart else { return false }
        return have.isFollowed(by: streamStart)
    }
}

extension UInt64 {
    /// Whether a stream that begins at `sequence` leaves nothing out for who has everything up to here.
    func isFollowed(by sequence: UInt64) -> Bool { sequence == 0 || sequence - 1 <= self }
}
