import ClusterModel

/// Every number that the node counts, in one place. `node.info` and /metrics show them under these names.
struct Counters {
    var operationsWritten: UInt64 = 0
    var operationsApplied: UInt64 = 0
    var conflicts: UInt64 = 0
    var snapshotsSent: UInt64 = 0
    var snapshotsReceived: UInt64 = 0
    var snapshotRowsSent: UInt64 = 0
    var snapshotRowsReceived: UInt64 = 0
    var linksRefused: UInt64 = 0
    var linkViolations: UInt64 = 0
    var framesSkipped: UInt64 = 0
    var suspicions: UInt64 = 0
    var membersDeclaredDown: UInt64 = 0
    var diskSyncs: UInt64 = 0
    var captureBytesLost: UInt64 = 0
    /// Heartbeats as this node measured them, microseconds (HRT-004).
    var pongs: UInt64 = 0
    var roundTripLatest: UInt64 = 0
    var roundTripHighest: UInt64 = 0
    /// The longest delay of a PING behind its due time and of a PONG behind its PING while a snapshot was under way, microseconds.
    var roundTripHighestUnderSnapshot: UInt64 = 0
    var pongsUnderSnapshot: UInt64 = 0

    mutating func notePong(roundTrip: UInt64, underSnapshot: Bool) {
        pongs += 1
        roundTripLatest = roundTrip
        roundTripHighest = max(roundTripHighest, roundTrip)
        guard underSnapshot else { return }
        pongsUnderSnapshot += 1
        roundTripHighestUnderSnapshot = max(roundTripHighestUnderSnapshot, roundTrip)
    }

    /// Ascending by name.
    var all: [NodeInfo.Counter] {
        [
            .init("capture.bytes_lost", captureBytesLost),
            .init("cluster.members_declared_down", membersDeclaredDown),
            .init("cluster.suspicions", suspicions),
            .init("disk.syncs", diskSyncs),
            .init("heartbeat.pongs", pongs),
            .init("heartbeat.pongs_under_snapshot", pongsUnderSnapshot),
            .init("heartbeat.round_trip_highest_under_snapshot_us", roundTripHighestUnderSnapshot),
            .init("heartbeat.round_trip_highest_us", roundTripHighest),
            .init("heartbeat.round_trip_latest_us", roundTripLatest),
            .init("link.frames_skipped", framesSkipped),
            .init("link.refused", linksRefused),
            .init("link.violations", linkViolations),
            .init("merge.conflicts", conflicts),
            .init("replication.operations_applied", operationsApplied),
            .init("replication.operations_written", operationsWritten),
            .init("snapshot.received", snapshotsReceived),
            .init("snapshot.rows_received", snapshotRowsReceived),
            .init("snapshot.rows_sent", snapshotRowsSent),
            .init("snapshot.sent", snapshotsSent),
        ]
    }
}
