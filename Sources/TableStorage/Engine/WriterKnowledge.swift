public import ClusterModel

/// What is known of how much the writer of incoming operations or rows had seen: decides what counts as a conflict (MRG-020).
///
/// An operation with sequence q was written without knowledge of a dot d when q lies at or before `through` and `vector` does
/// not cover d, or when d is our own and beyond `ownAcked`.
public struct WriterKnowledge: Hashable, Sendable {
    /// The writer's vector when the link came up. For a snapshot: the sender's vector at SNAP_BEGIN.
    public var vector: VersionVector
    /// The writer's last own sequence when the link came up.
    public var through: UInt64
    /// The last sequence of our own origin that the writer had acknowledged before it sent these operations.
    public var ownAcked: UInt64

    public init(vector: VersionVector, through: UInt64, ownAcked: UInt64) {
        self.vector = vector
        self.through = through
        self.ownAcked = ownAcked
    }
}
