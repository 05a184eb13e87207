internal import ClusterModel

/// Decides whether two versions of a row are a conflict (MRG-020).
struct ConflictJudge {
    var knowledge: WriterKnowledge
    var ownOrigin: Origin?
    /// For a snapshot's rows what we have applied; nil for operations as they are streamed, which are never of that.
    var known: ((Dot) -> Bool)?

    /// Whether the writers of the version that comes and of the one that is here did not know of each other, as far as can be told.
    func isConflict(_ incoming: RowVersion, _ existing: RowVersion) -> Bool {
        let (incoming, existing, isOlder) = (incoming.dot, existing.dot, incoming < existing)
        if incoming.origin == existing.origin { return false }
        let isOwn = existing.origin == ownOrigin
        if let known, known(incoming) { return false }
        // We wrote later and had not got it, whatever anybody has learnt of our write since.
        if isOwn, isOlder { return true }
        if known != nil { return !knowledge.vector.covers(existing) }
        if incoming.sequence <= knowledge.through, !knowledge.vector.covers(existing) { return true }
        return isOwn && existing.sequence > knowledge.ownAcked
    }
}
