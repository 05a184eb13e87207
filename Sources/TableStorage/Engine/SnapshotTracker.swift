/// Remembers which rows came in a complete snapshot, by row hash: 8 bytes a row until `Table.prune`.
public struct SnapshotTracker: Sendable {
    var hashes: [UInt64] = []
    public init() {}
}
