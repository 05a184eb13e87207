/// Every case of the suite, by area.
package enum Catalogue {
    package static let all: [Case] = framing + framingBodies + framingOrder + states + handshake + identityChecks + dialing + dialedStates + racingLinks + closing + heartbeats + extensibility + creditOfLanes + encoding + encodingForms
}
