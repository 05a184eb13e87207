package import ClusterModel

extension LinkState {
    /// The transition for one input.
    /// - Parameter intent: what the dialer, this node or the peer, wants of the link.
    package func received(_ input: LinkInput, intent: Hello.Intent) -> LinkTransition {
        switch self {
        case .dialing: whileDialing(input)
        case .greeting: whileGreeting(input)
        case .introducing: whileIntroducing(input)
        case .proving(let hello): whileProving(hello, input, intent)
        case .confirming(let hello): whileConfirming(hello, input)
        case .silent: whileSilent(input)
        case .listening: whileListening(input)
        case .challenging(let hello): whileChallenging(hello, input)
        case .established: whileEstablished(input)
        case .closed: LinkTransition(to: self)
        }
    }

    private func whileDialing(_ input: LinkInput) -> LinkTransition {
        switch input {
        case .connected: LinkTransition(to: .greeting, .sendPreface)
        case .dialFailed(let failure): LinkTransition(to: .closed(.dialFailed(failure)))
        case .deadline: LinkTransition(to: .closed(.dialFailed(.timedOut)), .drop)
        case .ended(let end): LinkTransition(to: .closed(.ended(end)))
        case .end(let close): .dropping(close)
        case .cut: LinkTransition(to: .closed(.blocked), .drop)
        case .preface, .hello, .proof, .close, .frame, .wireError: impossible(input)
        }
    }

    private func whileGreeting(_ input: LinkInput) -> LinkTransition {
        switch input {
        case .preface(let preface):
            preface.fits ? LinkTransition(to: .introducing, .sendHello) : .closing(.unsupported(preface))
        // Whoever answers a preface with something else does not speak the protocol: a CLOSE would tell it nothing.
        case .wireError(let close): .dropping(close)
        case .ended, .deadline, .end, .cut: ending(input)
        case .connected, .dialFailed, .hello, .proof, .close, .frame: impossible(input)
        }
    }

    private func whileIntroducing(_ input: LinkInput) -> LinkTransition {
        switch input {
        case .hello(let hello, _): LinkTransition(to: .proving(hello), .sendProof)
        case .proof(_, _, let sequence): .closing(.unexpected(.auth, sequence, "AUTH before HELLO"))
        case .frame(let type, let sequence): .closing(.unexpected(type, sequence, "\(type.name) before HELLO"))
        case .close, .wireError, .ended, .deadline, .end, .cut: ending(input)
        case .connected, .dialFailed, .preface: impossible(input)
        }
    }

    private func whileProving(_ hello: Hello, _ input: LinkInput, _ intent: Hello.Intent) -> LinkTransition {
        switch input {
        case .proof(false, _, let sequence): .closing(.authenticationFailed(sequence))
        case .proof(true, .refuse(let close), _): .closing(close)
        case .proof(true, .accept, _):
            switch intent {
            case .member: LinkTransition(to: .confirming(hello), .authenticated(hello))
            case .join: LinkTransition(to: .established(hello), .authenticated(hello))
            }
        case .hello(_, let sequence): .closing(.unexpected(.hello, sequence, "a second HELLO"))
        case .frame(let type, let sequence): .closing(.unexpected(type, sequence, "\(type.name) before AUTH"))
        case .close, .wireError, .ended, .deadline, .end, .cut: ending(input)
        case .connected, .dialFailed, .preface: impossible(input)
        }
    }

    private func whileConfirming(_ hello: Hello, _ input: LinkInput) -> LinkTransition {
        switch input {
        case .frame: LinkTransition(to: .established(hello))
        case .hello(_, let sequence): .closing(.unexpected(.hello, sequence, "a second HELLO"))
        case .proof(_, _, let sequence): .closing(.unexpected(.auth, sequence, "a second AUTH"))
        case .close, .wireError, .ended, .deadline, .end, .cut: ending(input)
        case .connected, .dialFailed, .preface: impossible(input)
        }
    }

    private func whileSilent(_ input: LinkInput) -> LinkTransition {
        switch input {
        case .preface(let preface):
            preface.fits
                ? LinkTransition(to: .listening, .sendPreface) : .closing(.unsupported(preface), after: .sendPreface)
        case .wireError(let close): .dropping(close)
        case .deadline: .dropping(.handshakeTimeout)
        case .end(let close): .dropping(close)
        case .ended(let end): LinkTransition(to: .closed(.ended(end)))
        case .cut: LinkTransition(to: .closed(.blocked), .drop)
        case .connected, .dialFailed, .hello, .proof, .close, .frame: impossible(input)
        }
    }

    private func whileListening(_ input: LinkInput) -> LinkTransition {
        switch input {
        case .hello(let hello, _): LinkTransition(to: .challenging(hello), .sendHello)
        case .proof(_, _, let sequence): .closing(.unexpected(.auth, sequence, "AUTH before HELLO"))
        case .frame(let type, let sequence): .closing(.unexpected(type, sequence, "\(type.name) before HELLO"))
        case .close, .wireError, .ended, .deadline, .end, .cut: ending(input)
        case .connected, .dialFailed, .preface: impossible(input)
        }
    }

    private func whileChallenging(_ hello: Hello, _ input: LinkInput) -> LinkTransition {
        switch input {
        case .proof(false, _, let sequence): .closing(.authenticationFailed(sequence))
        case .proof(true, .refuse(let close), _): .closing(close, after: .sendProof)
        case .proof(true, .accept, _): LinkTransition(to: .established(hello), .sendProof, .authenticated(hello))
        case .hello(_, let sequence): .closing(.unexpected(.hello, sequence, "a second HELLO"))
        case .frame(let type, let sequence): .closing(.unexpected(type, sequence, "\(type.name) before AUTH"))
        case .close, .wireError, .ended, .deadline, .end, .cut: ending(input)
        case .connected, .dialFailed, .preface: impossible(input)
        }
    }

    private func whileEstablished(_ input: LinkInput) -> LinkTransition {
        switch input {
        case .frame: LinkTransition(to: self)
        // The handshake is over and its deadline with it.
        case .deadline: LinkTransition(to: self)
        case .hello(_, let sequence): .closing(.unexpected(.hello, sequence, "a second HELLO"))
        case .proof(_, _, let sequence): .closing(.unexpected(.auth, sequence, "a second AUTH"))
        case .close, .wireError, .ended, .end, .cut: ending(input)
        case .connected, .dialFailed, .preface: impossible(input)
        }
    }

    /// The ways out that every state after the peer's preface has in common.
    private func ending(_ input: LinkInput) -> LinkTransition {
        switch input {
        case .close(let close): LinkTransition(to: .closed(.closedByPeer(close)), .drop)
        case .wireError(let close), .end(let close): .closing(close)
        case .ended(let end): LinkTransition(to: .closed(.ended(end)))
        case .deadline: .closing(.handshakeTimeout)
        case .cut: LinkTransition(to: .closed(.blocked), .drop)
        case .connected, .dialFailed, .preface, .hello, .proof, .frame: impossible(input)
        }
    }

    /// Our shell's bug, never the peer's fault: no byte from outside can cause it.
    private func impossible(_ input: LinkInput) -> LinkTransition {
        preconditionFailure("\(input) while \(self)")
    }
}

extension Preface {
    /// Whether the peer speaks this node's version.
    var fits: Bool { (minimumVersion...max(minimumVersion, maximumVersion)).contains(Limits.protocolVersion) }
}

extension Close {
    static let handshakeTimeout = Close(.handshakeTimeout, text: "the handshake took longer than \(Limits.handshakeTime)")

    static func unsupported(_ preface: Preface) -> Close {
        Close(
            .versionUnsupported, retry: never,
            text: "this node speaks version \(Limits.protocolVersion), not \(preface.minimumVersion) to \(preface.maximumVersion)"
        )
    }

    static func unexpected(_ type: MessageType, _ sequence: UInt64, _ text: String) -> Close {
        Close(.unexpectedMessage, offendingType: type.rawValue, offendingSequence: sequence, text: text)
    }

    static func authenticationFailed(_ sequence: UInt64) -> Close {
        Close(
            .authenticationFailed, offendingType: MessageType.auth.rawValue, offendingSequence: sequence, retry: 5000,
            text: "the proof does not fit: both nodes need the same secret")
    }
}
