package import ClusterModel

/// Where one link stands (spec LNK). The enum is the state machine; `received` is its table, which the spec quotes and
/// `LinkStateTests` holds cell by cell.
///
/// ```
///   dialer:   dialing ─ greeting ─ introducing ─ proving ─┬─ confirming ─ established      (intent member)
///                                                         └─ established                   (intent join)
///   acceptor: silent ─ listening ─ challenging ─ established
///   all:      … ─ closed
/// ```
/// The dialer proves the secret first. Who the dialer is, is judged only after its proof, and the answer to a valid proof is
/// always the acceptor's own proof, also when a CLOSE follows: nobody without the secret learns anything about the cluster from
/// refusals, and a refusal can be believed. For the same reason the dialer takes a link of intent `member` as open only with the
/// first frame after AUTH that is not CLOSE: an acceptor that accepts sends MEMBERS at once.
package enum LinkState: Hashable, Sendable {
    /// Dialer: the connection is being opened. To greeting, closed.
    case dialing
    /// Dialer: preface sent, waits for the peer's. To introducing, closed.
    case greeting
    /// Dialer: HELLO sent, waits for the peer's. To proving, closed.
    case introducing
    /// Dialer: AUTH sent, waits for the peer's. To confirming, established, closed.
    case proving(Hello)
    /// Dialer: the peer has proved the secret; waits for its first frame. To established, closed.
    case confirming(Hello)
    /// Acceptor: silent until a valid preface. To listening, closed.
    case silent
    /// Acceptor: preface answered, waits for HELLO. To challenging, closed.
    case listening
    /// Acceptor: HELLO answered, waits for the dialer's AUTH. To established, closed.
    case challenging(Hello)
    /// Both have proved the secret and neither refused. To closed.
    case established(Hello)
    /// Final. Whatever still comes was on its way.
    case closed(LinkDownReason)

    /// The peer has proved the secret and has not been refused: what it says in CLOSE can be believed.
    package var isAuthenticated: Bool {
        switch self {
        case .confirming, .established: true
        case .dialing, .greeting, .introducing, .proving, .silent, .listening, .challenging, .closed: false
        }
    }

    /// The peer's HELLO, once it came.
    package var hello: Hello? {
        switch self {
        case .proving(let hello), .confirming(let hello), .challenging(let hello), .established(let hello): hello
        case .dialing, .greeting, .introducing, .silent, .listening, .closed: nil
        }
    }
}

/// What can happen to a link.
package enum LinkInput: Hashable, Sendable {
    case connected
    case dialFailed(DialFailure)
    case preface(Preface)
    case hello(Hello, sequence: UInt64)
    /// AUTH. The verdict on the peer's identity is made by who knows the members; it counts only when the proof is valid.
    case proof(isValid: Bool, verdict: Verdict, sequence: UInt64)
    /// The peer's CLOSE.
    case close(Close)
    /// A frame of any other type.
    case frame(MessageType, sequence: UInt64)
    /// The bytes were wrong; the CLOSE that says how.
    case wireError(Close)
    case ended(LinkEnd)
    /// The handshake, or the opening of the connection, has taken too long.
    case deadline
    /// We end the link for a reason from outside.
    case end(Close)
    /// The peer is blocked.
    case cut

    package enum Verdict: Hashable, Sendable {
        case accept
        case refuse(Close)
    }
}

/// What a transition asks for, in order.
package enum LinkStep: Hashable, Sendable {
    case sendPreface
    case sendHello
    case sendProof
    case authenticated(Hello)
    case close(Close)
    case drop
}

package struct LinkTransition: Hashable, Sendable {
    package var state: LinkState
    package var steps: [LinkStep]

    package init(to state: LinkState, _ steps: LinkStep...) {
        self.state = state
        self.steps = steps
    }

    /// We end the link with a CLOSE.
    static func closing(_ close: Close, after steps: LinkStep...) -> LinkTransition {
        var transition = LinkTransition(to: .closed(.closedHere(close)))
        transition.steps = steps + [.close(close)]
        return transition
    }

    /// We end the link without a word; `close` only says why.
    static func dropping(_ close: Close) -> LinkTransition {
        LinkTransition(to: .closed(.closedHere(close)), .drop)
    }
}
