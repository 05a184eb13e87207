/// One file that needs nothing else: areas and their cases, and a section for each case that needs an explanation.
package enum HTMLReport {
    package static func text(_ results: [CaseResult], _ summary: RunSummary, _ run: RunDescription) -> String {
        let sorted = results.sorted { $0.caseID < $1.caseID }
        let explained = sorted.filter { $0.verdict.needsExplanation }
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <title>conform \(MarkupText.escaped(run.node))</title>
            <style>\(style)</style>
            </head>
            <body>
            <h1>\(MarkupText.escaped(run.node))</h1>
            <p>\(overview(summary, run))</p>
            \(matrix(sorted))
            \(explained.map { section($0, run) }.joined(separator: "\n"))
            </body>
            </html>

            """
    }

    private static let style = """
        body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #222; }
        table { border-collapse: collapse; width: 100%; } td, th { border-bottom: 1px solid #ddd; padding: .4rem; text-align: left; }
        td.cases { line-height: 2; } .case { border-radius: 3px; color: inherit; font-size: 12px; margin: 1px; padding: 2px 5px; }
        .PASS { background: #d9f2dd; } .LENIENT { background: #fdf0c3; } .FAIL, .XPASS { background: #f8cfcf; }
        .INCONCLUSIVE { background: #f0d9f5; } .SKIP, .NA, .XFAIL { background: #eee; }
        pre { background: #f6f6f6; overflow-x: auto; padding: .7rem; font-size: 13px; } dt { font-weight: 600; } dd { margin: 0 0 .6rem; }
        section { border-top: 2px solid #ddd; margin-top: 2rem; }
        @media (prefers-color-scheme: dark) { body { background: #1b1b1b; color: #ddd; } pre { background: #262626; }
        .PASS { background: #1f4a28; } .LENIENT { background: #574a12; } .FAIL, .XPASS { background: #632424; }
        .INCONCLUSIVE { background: #4b2a56; } .SKIP, .NA, .XFAIL { background: #333; } td, th { border-color: #444; } }
        """

    private static func overview(_ summary: RunSummary, _ run: RunDescription) -> String {
        let counts = summary.counts.map { "<span class=\"case \(name($0.verdict))\">\($0.verdict.rawValue)</span> \($0.count)" }
        let lost = summary.lost.map { " The run ended too early: \(MarkupText.escaped($0))." } ?? ""
        return "\(counts.joined(separator: " &nbsp; "))<br>\(run.caseCount) cases in \(summary.duration.text), "
            + "seed \(run.seed), conform \(RunDescription.version).\(lost)"
    }

    private static func matrix(_ results: [CaseResult]) -> String {
        let areas = Dictionary(grouping: results) { String($0.caseID.prefix { $0 != "-" }) }
        let rows = areas.keys.sorted().map { area in
            let cells = (areas[area] ?? []).map(cell).joined(separator: " ")
            return "<tr><th>\(area)</th><td class=\"cases\">\(cells)</td></tr>"
        }
        return "<table>\n\(rows.joined(separator: "\n"))\n</table>"
    }

    private static func cell(_ result: CaseResult) -> String {
        let (id, title) = (MarkupText.escaped(result.caseID), MarkupText.escaped(result.summary))
        let cell = "<span class=\"case \(name(result.verdict))\" title=\"\(title)\">\(id.dropFirst(4))</span>"
        return result.verdict.needsExplanation ? "<a href=\"#\(id)\">\(cell)</a>" : cell
    }

    private static func section(_ result: CaseResult, _ run: RunDescription) -> String {
        let wire = result.records.isEmpty ? "" : CaseCapture(result.records).lines()
        let facts = [
            ("Demanded", result.summary), ("Expected", result.expected), ("Came", result.got),
            ("Requirements", result.requirements.joined(separator: ", ")), ("Role", result.role.rawValue),
            ("Time", result.duration.text),
        ]
        let list = facts.filter { !$0.1.isEmpty }.map { "<dt>\($0.0)</dt><dd>\(MarkupText.escaped($0.1))</dd>" }
        return """
            <section id="\(MarkupText.escaped(result.caseID))">
            <h2><span class="case \(name(result.verdict))">\(result.verdict.rawValue)</span> \(MarkupText.escaped(result.caseID))</h2>
            <dl>\(list.joined())<dt>Repeat</dt><dd><code>\(MarkupText.escaped(run.command(repeating: result.caseID)))</code></dd></dl>
            \(wire.isEmpty ? "" : "<pre>\(MarkupText.escaped(wire))</pre>")
            </section>
            """
    }

    /// A class of the style sheet.
    private static func name(_ verdict: Verdict) -> String { verdict == .notApplicable ? "NA" : verdict.rawValue }
}
