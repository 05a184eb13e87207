/// One suite an area; a case that failed is a failure, one that could not be judged an error.
package enum JUnitReport {
    package static func text(_ results: [CaseResult], _ summary: RunSummary, _ run: RunDescription) -> String {
        let areas = Dictionary(grouping: results) { $0.caseID.prefix { $0 != "-" } }
        let suites = areas.keys.sorted().map { area in suite(String(area), areas[area] ?? [], run) }
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites name="conform \(run.node)" tests="\(results.count)" failures="\(failures(results))" \
            errors="\(errors(results))" time="\(seconds(summary.duration))">
            \(suites.joined())</testsuites>

            """
    }

    private static func suite(_ area: String, _ results: [CaseResult], _ run: RunDescription) -> String {
        let time = results.reduce(Duration.zero) { $0 + $1.duration }
        let cases = results.sorted { $0.caseID < $1.caseID }.map { entry($0, run) }.joined()
        return """
              <testsuite name="\(area)" tests="\(results.count)" failures="\(failures(results))" errors="\(errors(results))" \
            skipped="\(results.count { $0.verdict.isSkipped })" time="\(seconds(time))">
            \(cases)  </testsuite>

            """
    }

    private static func entry(_ result: CaseResult, _ run: RunDescription) -> String {
        let head =
            "    <testcase name=\"\(escaped(result.caseID))\" classname=\"\(result.profile.rawValue).\(result.role.rawValue)\" "
            + "time=\"\(seconds(result.duration))\""
        guard let body = body(result, run) else { return head + "/>\n" }
        return head + ">\n      \(body)\n    </testcase>\n"
    }

    private static func body(_ result: CaseResult, _ run: RunDescription) -> String? {
        let text = result.expected.isEmpty ? result.got : "expected \(result.expected), got \(result.got)"
        let more = "\(result.summary)\nrepeat: \(run.command(repeating: result.caseID))"
        switch result.verdict {
        case .pass, .lenient: return nil
        case .fail: return "<failure message=\"\(escaped(text))\">\(escaped(more))</failure>"
        case .unexpectedPass: return "<failure message=\"passed, but is listed as a known failure\"/>"
        case .inconclusive: return "<error message=\"\(escaped(text))\">\(escaped(more))</error>"
        case .notApplicable, .skip, .expectedFailure: return "<skipped message=\"\(result.verdict.rawValue)\"/>"
        }
    }

    private static func failures(_ results: [CaseResult]) -> Int {
        results.count { $0.verdict == .fail || $0.verdict == .unexpectedPass }
    }

    private static func errors(_ results: [CaseResult]) -> Int { results.count { $0.verdict == .inconclusive } }

    private static func seconds(_ duration: Duration) -> Double { Double(duration.wholeNanoseconds / 1_000_000) / 1000 }

    private static func escaped(_ text: String) -> String { MarkupText.escaped(text) }
}

extension Verdict {
    fileprivate var isSkipped: Bool { self == .notApplicable || self == .skip || self == .expectedFailure }
}

/// Text inside XML and HTML.
enum MarkupText {
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            // XML has no way to write these at all.
            case _ where scalar.value < 32 && scalar != "\n" && scalar != "\t": result += "?"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
