import Testing

/// One thing a check objects to, written so that an editor can jump to it.
struct Finding: Hashable, CustomStringConvertible {
    let path: String
    let line: Int
    let message: String

    var description: String { "\(path):\(line): \(message)" }
}

extension [Finding] {
    /// Records every finding as an issue of the running test.
    func report(sourceLocation: SourceLocation = #_sourceLocation) {
        for finding in self {
            Issue.record("\(finding.description)", sourceLocation: sourceLocation)
        }
    }

    /// `path:line` of each finding, which is what the tests of the checks compare.
    var places: [String] { map { "\($0.path):\($0.line)" } }
}
