import ClusterModel
import ClusterStateMachine
import LinkTransport
import NIOCore

/// One connection as the node keeps it: the transport and what is known of the other end.
final class Link {
    let id: LinkID
    let handler: LinkHandler
    var channel: (any Channel)?
    /// The peer's HELLO once both sides have proved the secret.
    var hello: Hello?
    /// Set while this is the one link to a member.
    var member: NodeID?
    /// PINGs that wait for their PONG: number and time sent.
    var pings: [(number: UInt64, sent: Duration)] = []
    /// Snapshots that this link serves, by stream.
    var serving: [UInt32: SnapshotServing] = [:]
    var isServingScheduled = false
    var codecChoice = CodecChoice()
    /// Call ids that wait for their last reply (CAL-005).
    var callsInProgress: Set<UInt32> = []
    /// Frames of unknown types in the current second.
    var skipped: (second: Int64, count: Int) = (0, 0)

    init(id: LinkID, handler: LinkHandler) {
        self.id = id
        self.handler = handler
    }

    var isClient: Bool { hello?.role == .client }
    /// The other end in a log line.
    var peerName: String { hello.map { "\($0.name)" } ?? channel?.remoteAddress.map { "\($0)" } ?? "?" }
}
