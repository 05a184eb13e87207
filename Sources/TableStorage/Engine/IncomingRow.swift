internal import ClusterModel

/// A version of a row on its way into the table, its bytes borrowed from the message.
struct IncomingRow {
    var key: Bytes
    var value: Bytes
    var isTombstone: Bool
    var version: RowVersion
}

/// Which sequences of one origin have been applied.
struct CoveredSequences {
    /// All up to this one.
    var through: UInt64
    /// And these, beyond gaps.
    var intervals: [ClosedRange<UInt64>]

    func contains(_ sequence: UInt64) -> Bool {
        if sequence <= through { return true }
        return !intervals.isEmpty && intervals.contains { $0.contains(sequence) }
    }
}

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

/// What a version vector says of each origin of a table, by origin number: one array look-up a record.
struct Coverage {
    private let vector: VersionVector
    private var sequences: [UInt64] = []
    private var generation = -1

    init(_ vector: VersionVector) { self.vector = vector }

    /// To be called whenever origins may have been numbered anew.
    mutating func refresh(_ origins: borrowing OriginTable) {
        guard generation != origins.generation else { return }
        generation = origins.generation
        sequences = origins.entries.map { vector.sequence(of: $0.origin) }
    }

    @inline(__always)
    func covers(_ record: Record) -> Bool { sequences[record.origin] >= record.sequence }
}
