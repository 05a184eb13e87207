import ArgumentParser
import ConformanceSuite
import ProgramTerminal

struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the cases, or what they cover.",
        discussion: """
            A line a case: id, role, profile, what has to happen. With --coverage a line for each requirement that a peer can see on \
            the wire: its id, and its cases or the reason why there is none.
            """)

    @OptionGroup(title: "WHICH CASES") var selection: Selection
    @Flag(name: .long, help: "List requirements and their cases.")
    var coverage = false

    func run() throws {
        let output = Output()
        if coverage {
            try listCoverage(output)
        } else {
            for entry in try selection.cases() {
                try output.print("\(entry.id)\t\(entry.role.rawValue)\t\(entry.profile.rawValue)\t\(entry.summary)")
            }
        }
        try output.flush()
    }

    private func listCoverage(_ output: Output) throws {
        let coverage = Coverage(cases: try selection.cases())
        for line in coverage.lines {
            let cases = line.cases.map(\.id).joined(separator: " ")
            try output.print("\(line.requirement.id)\t\(cases.isEmpty ? "none: \(line.reason ?? "no case yet")" : cases)")
        }
        try output.print(
            "\(coverage.covered.count) of \(coverage.lines.count) requirements have cases, "
                + "\(coverage.excused.count) cannot have one, \(coverage.gaps.count) have none yet")
    }
}
