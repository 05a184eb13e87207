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
