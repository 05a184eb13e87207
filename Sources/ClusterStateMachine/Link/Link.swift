import ClusterModel

/// One connection, from the dial or the accept to its end.
struct Link: Sendable {
    let id: LinkID
    let side: Side
    var state: LinkState
    /// When the opening of the connection, then the handshake, has taken too long.
    var deadline: Duration
    /// When anything came last.
    var lastHeard: Duration
    /// When it became usable and what for; nil before.
    var opened: Opened?
    /// Runs on usable links to members and joiners; clients are only timed for idleness.
    var heartbeat: Heartbeat?

    struct Opened: Hashable, Sendable {
        var since: Duration
        var purpose: Purpose
    }

    enum Side: Hashable, Sendable {
        case dialer(Target, Address)
        case acceptor(from: String)
    }

    enum Target: Hashable, Sendable {
        case member(NodeID)
        case join
    }

    /// What an established link is for; decides which messages belong on it (LNK-022).
    enum Purpose: Hashable, Sendable {
        case member
        /// We are the joiner.
        case joining
        /// The peer is the joiner.
        case admitting
        case client
    }

    init(id: LinkID, side: Side, state: LinkState, deadline: Duration, at now: Duration) {
        self.id = id
        self.side = side
        self.state = state
        self.deadline = deadline
        lastHeard = now
    }

    var isDialer: Bool {
        switch side {
        case .dialer: true
        case .acceptor: false
        }
    }

    var intent: Hello.Intent {
        switch side {
        case .dialer(.member, _): .member
        case .dialer(.join, _): .join
        case .acceptor: state.hello?.intent ?? .member
        }
    }

    /// The member that the dial was for.
    var target: NodeID? {
        if case .dialer(.member(let node), _) = side { node } else { nil }
    }

    /// The other end, as far as the connection tells.
    var remote: String {
        switch side {
        case .dialer(_, let address): address.description
        case .acceptor(let from): from
        }
    }

    var isEstablished: Bool {
        if case .established = state { true } else { false }
    }

    /// Takes note of a frame, in place: this runs for every frame of the node.
    /// - Returns: whether the link is usable and the type belongs on it.
    mutating func hear(_ type: MessageType, at now: Duration) -> Bool {
        guard let opened, opened.purpose.allows(type) else { return false }
        lastHeard = now
        heartbeat?.heard(at: now)
        return true
    }

    /// nil until HELLO came.
    var purpose: Purpose? {
        switch side {
        case .dialer(.member, _): .member
        case .dialer(.join, _): .joining
        case .acceptor:
            state.hello.map { hello in
                switch (hello.role, hello.intent) {
                case (.client, _): .client
                case (_, .join): .admitting
                case (_, .member): .member
                }
            }
        }
    }
}

extension Link.Purpose {
    /// Whether a message of this type may come on an established link of this purpose (LNK-022). HELLO and AUTH never may.
    func allows(_ type: MessageType) -> Bool {
        switch type {
        case .hello, .auth: false
        case .close, .ping, .pong, .credit: true
        case .members, .probeRequest, .probeReply, .definitions: self == .member
        case .operations, .ack, .tableState, .digestRequest, .digests: self == .member
        case .snapRequest: self == .member || self == .admitting
        case .snapBegin, .snapChunk, .snapEnd: self == .member || self == .joining
        case .snapCancel: self != .client
        case .joinRequest: self == .admitting
        case .joinAccept, .joinReject: self == .joining
        case .call, .cancel: self == .client || self == .member
        case .reply: self == .member
        }
    }
}
