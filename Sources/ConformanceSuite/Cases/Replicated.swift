// Members, tables, replication and snapshots.
extension Catalogue {
    static let replicated: [Case] = [
        snapshotSending,
        memberRecords,
        memberNews,
        joining,
        joiningNode,
        suspicions,
        tableDefinitions,
        versions,
        replicationSending,
        replicationReceiving,
        writeLevels,
        merging,
        digests,
        snapshotReceiving,
        snapshotChunks,
        copiedData,
        clusterLimits,
    ].flatMap { $0 }
}
