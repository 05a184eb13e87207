/// One sentence of the spec that the suite can hold a node to.
package struct Requirement: Sendable {
    package let id: String
    /// MUST, MUST NOT, SHOULD and so on.
    package let keyword: String
    /// Whom it binds.
    package let subject: String
    /// Whether a peer can see on the connection if it is kept.
    package let isOnTheWire: Bool

    /// What the suite has to cover: on the wire, and not optional.
    package var needsCase: Bool { isOnTheWire && (keyword == "MUST" || keyword == "MUST NOT") }

    /// All of them, in the order of the spec.
    package static let all: [Requirement] = RequirementTable.text.split(whereSeparator: { $0 == "\n" || $0 == "," }).map {
        entry in
        let words = entry.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: true).map(String.init)
        return Requirement(
            id: words[0], keyword: words[3], subject: words[1], isOnTheWire: words[2] == "wire")
    }
}

/// Which requirements have cases.
package struct Coverage {
    package struct Line {
        package let requirement: Requirement
        package let cases: [Case]
        /// Why there can be no case.
        package let reason: String?
    }

    /// Those that need a case, in the order of the spec.
    package let lines: [Line]

    package init(cases: [Case] = Catalogue.all, uncovered: [(requirement: String, reason: String)] = Catalogue.uncovered) {
        let reasons = Dictionary(uncovered.map { ($0.requirement, $0.reason) }) { first, _ in first }
        lines = Requirement.all.filter(\.needsCase).map { requirement in
            let covering = cases.filter { $0.requirements.contains(requirement.id) }
            return Line(requirement: requirement, cases: covering, reason: covering.isEmpty ? reasons[requirement.id] : nil)
        }
    }

    package var covered: [Line] { lines.filter { !$0.cases.isEmpty } }
    /// With a reason, and without one: the latter is a gap.
    package var excused: [Line] { lines.filter { $0.cases.isEmpty && $0.reason != nil } }
    package var gaps: [Line] { lines.filter { $0.cases.isEmpty && $0.reason == nil } }
}
