/// What the suite says of one case.
package enum Verdict: String, Sendable, CaseIterable {
    case pass = "PASS"
    /// The right action with another code than the text names; the case lists which it lets pass.
    case lenient = "LENIENT"
    case fail = "FAIL"
    /// The node was declared not to support what the case is about. Never concluded from what it did.
    case notApplicable = "N/A"
    /// Nothing can be said: the suite or its surroundings were at fault.
    case inconclusive = "INCONCLUSIVE"
    case skip = "SKIP"
    /// Failed, as the file of known failures says.
    case expectedFailure = "XFAIL"
    /// Passed although the file of known failures says that it fails.
    case unexpectedPass = "XPASS"
}

/// The node did something else than the case demands.
struct CaseFailure: Error {
    var expected: String
    var got: String

    init(_ expected: String, got: String) {
        self.expected = expected
        self.got = got
    }
}

/// The node did what is demanded, in a way that the case only tolerates.
struct LenientPass: Error {
    var text: String
    init(_ text: String) { self.text = text }
}

/// The case could not be judged, through no fault of the node.
struct Inconclusive: Error {
    var text: String
    init(_ text: String) { self.text = text }
}
