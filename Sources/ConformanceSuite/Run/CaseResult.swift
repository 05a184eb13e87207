/// How one case ended.
package struct CaseResult: Sendable {
    package let caseID: String
    package let requirements: [String]
    package let role: CaseRole
    package let profile: Profile
    package let summary: String
    package var verdict: Verdict
    /// What was demanded and what happened; empty for PASS.
    package var expected = ""
    package var got = ""
    package var duration: Duration = .zero
    /// The connections of a case that did not pass.
    package var records: [WireRecord] = []

    init(_ tested: Case, _ verdict: Verdict) {
        caseID = tested.id
        requirements = tested.requirements
        role = tested.role
        profile = tested.profile
        summary = tested.summary
        self.verdict = verdict
    }
}
