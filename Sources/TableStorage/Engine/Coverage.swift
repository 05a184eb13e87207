internal import ClusterModel

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
