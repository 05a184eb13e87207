internal import ClusterModel

/// Decides whether two versions of a row are a conflict (MRG-020).
struct ConflictJudge {
    var knowledge: WriterKnowledge
    var ownOrigin: Origin?
    /// For a snapshot's rows our own vector; nil for operations as they are streamed.
    var ownVector: VersionVector?

    func wasBlind(_ incoming: Dot, of existing: Dot) -> Bool {
        if incoming.origin == existing.origin { return false }
        if let ownVector { return !knowledge.vector.covers(existing) && !ownVector.covers(incoming) }
        if incoming.sequence <= knowledge.through, !knowledge.vector.covers(existing) { return true }
        return existing.origin == ownOrigin && existing.sequence > knowledge.ownAcked
    }
}
