/// Every case of the suite, by area.
package enum Catalogue {
    package static let all: [Case] = links + calls + replicated

    /// Requirements on the wire that no case can judge, and why.
    package static let uncovered: [(requirement: String, reason: String)] =
        uncoveredOfLinks + uncoveredCalls + uncoveredReplicated

    /// Bytes, frames, handshake, states, heartbeats and the end of a link.
    private static let links: [Case] =
        framing + framingBodies + framingOrder + encoding + encodingForms + handshake + handshakeProofs + identityChecks
        + states + dialing + dialedStates + believing + racingLinks + closing + heartbeats + creditOfLanes + extensibility
        + linkLimits + errors
}
