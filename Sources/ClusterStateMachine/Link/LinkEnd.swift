public import ClusterModel

/// How a connection ended under our hands, without a CLOSE of ours.
public enum LinkEnd: Hashable, Sendable {
    /// The peer closed its direction without a CLOSE before it.
    case eof
    /// The peer's system reset the connection: usually the process is gone.
    case reset
    /// Anything else, in the words of the system.
    case error(String)
}

/// Why a connection could not be opened.
public enum DialFailure: Hashable, Sendable {
    /// The host answered that nobody listens there.
    case refused
    case timedOut
    /// Anything else, in the words of the system: no route, name not found.
    case other(String)
}

/// Why a link is no more.
public enum LinkDownReason: Hashable, Sendable {
    /// The connection ended without a CLOSE.
    case ended(LinkEnd)
    /// It could not be opened.
    case dialFailed(DialFailure)
    /// The peer sent this CLOSE.
    case closedByPeer(Close)
    /// We sent this CLOSE: `HEARTBEAT_TIMEOUT`, `DUPLICATE_LINK`, `REMOVED`, a wire error.
    case closedHere(Close)
    /// Dropped without a CLOSE because the peer is blocked (CAL: `nodeBlock`).
    case blocked
}
