package import ClusterModel

/// What is told about a run as a whole.
package struct RunDescription: Sendable {
    package static let version = "0.1.0"

    package let node: String
    package let seed: UInt64
    package let caseCount: Int
    /// Arguments that belong to every command about this node.
    package let arguments: String

    package init(node: Address, seed: UInt64, caseCount: Int, arguments: String) {
        self.node = "\(node)"
        self.seed = seed
        self.caseCount = caseCount
        self.arguments = arguments
    }

    /// What to type to run one case again.
    package func command(repeating caseID: String) -> String {
        "conform run \(node)\(arguments.isEmpty ? "" : " " + arguments) --select \(caseID)"
    }
}

/// How a run ended.
package struct RunSummary: Sendable {
    package let counts: [(verdict: Verdict, count: Int)]
    package let duration: Duration
    /// Why the run ended too early.
    package let lost: String?

    package init(_ results: [CaseResult], duration: Duration, lost: String?) {
        counts = Verdict.allCases.compactMap { verdict in
            let count = results.count { $0.verdict == verdict }
            return count == 0 ? nil : (verdict, count)
        }
        self.duration = duration
        self.lost = lost
    }

    package func count(_ verdict: Verdict) -> Int { counts.first { $0.verdict == verdict }?.count ?? 0 }

    /// The exit code of `conform run`.
    package var status: Int32 {
        if lost != nil { return 3 }
        if count(.fail) + count(.unexpectedPass) > 0 { return 1 }
        return count(.inconclusive) > 0 ? 4 : 0
    }
}

extension Verdict {
    /// People want to know more than the word.
    package var needsExplanation: Bool {
        switch self {
        case .fail, .lenient, .inconclusive, .expectedFailure, .unexpectedPass: true
        case .pass, .notApplicable, .skip: false
        }
    }
}
