import ArgumentParser
import ConformanceSuite
import ProgramTerminal

struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the cases.")

    @OptionGroup var selection: Selection

    func run() throws {
        let output = Output()
        for entry in try selection.cases() {
            try output.print("\(entry.id)\t\(entry.role.rawValue)\t\(entry.profile.rawValue)\t\(entry.summary)")
        }
        try output.flush()
    }
}
