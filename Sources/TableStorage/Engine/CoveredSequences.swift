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
