/// Every case of the suite, by area.
package enum Catalogue {
    package static let all: [Case] = framing + calls

    /// Requirements on the wire that no case can judge, and why.
    package static let uncovered: [(requirement: String, reason: String)] = uncoveredCalls
}
