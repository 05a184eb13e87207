public import ClusterModel

/// Two writes of one row, neither of whose writers knew the other's (MRG-020).
public struct RowConflict: Hashable, Sendable {
    public var winner: Row
    public var loser: Row

    public init(winner: Row, loser: Row) {
        self.winner = winner
        self.loser = loser
    }
}

/// What a peer's operations or rows did to a table.
public struct Applied: Hashable, Sendable {
    /// Rows and tombstones that came, and the sum of their digests (DIG-001): counted by `merge` only.
    public var rows: Int = 0
    public var digest: UInt64 = 0
    /// Rows and tombstones that were new here or replaced an older version.
    public var changed: Int = 0
    /// Those that lost, were covered already, or lie at or below the table's floor.
    public var ignored: Int = 0
    /// In the order in which they were found.
    public var conflicts: [RowConflict] = []

    public init() {}
}
