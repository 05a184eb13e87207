import ClusterModel

/// One member that this node has lost and asks others about (FDT). Ends when a link comes up, a helper reaches the member, or
/// everything has failed.
struct Suspicion: Hashable, Sendable {
    /// Number of the PROBE_REQUESTs.
    let number: UInt64
    /// When the own attempt to open a link counts as failed: a hung process's system still opens connections.
    var redialDeadline: Duration
    /// When missing answers count as "no".
    var deadline: Duration
    /// Helpers that have not answered.
    var waiting: Set<NodeID>
    /// The own attempt to open a link has failed.
    var hasRedialFailed: Bool

    /// Nobody reaches it.
    var isConfirmed: Bool { hasRedialFailed && waiting.isEmpty }

    /// When something is to be decided next.
    var next: Duration { hasRedialFailed ? deadline : min(redialDeadline, deadline) }

    mutating func postpone(by lateness: Duration, atLeastTo floor: Duration) {
        redialDeadline = max(redialDeadline + lateness, floor)
        deadline = max(deadline + lateness, floor)
    }

    /// Intervals until the own attempt counts as failed.
    static let redialIntervals = 2

    /// Intervals until missing answers count as "no": 2 in clusters up to 16 members, one more for each doubling beyond,
    /// because more nodes share a network and a disturbance.
    static func intervals(members: Int) -> Int {
        var intervals = 2
        var size = 16
        while size < members {
            intervals += 1
            size *= 2
        }
        return intervals
    }
}

/// A PROBE_REQUEST that this node has not answered yet: it waits for a sign of the target.
struct HelperProbe: Hashable, Sendable {
    let asker: LinkID
    let number: UInt64
    let target: NodeID
    let deadline: Duration
}
