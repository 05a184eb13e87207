import ArgumentParser
import ProgramTerminal

/// How a measurement is printed.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print one line of JSON.")
    var json = false

    /// Prints a result. The load average comes last, as in the lines of the peers.
    func print(_ result: ResultLine, _ text: String? = nil) {
        Progress.clear()
        var result = result
        result["load1"] = .number(Machine.load)
        Swift.print(json ? result.json : text ?? result.table.text)
    }
}
