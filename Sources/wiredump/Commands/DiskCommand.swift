import ArgumentParser
import Glibc
import ProgramTerminal
import TrafficDecoder

struct DiskCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disk",
        abstract: "Show a file of a node's data directory: MANIFEST, node, clock, log, checkpoint, conflicts.",
        discussion: """
            One line a record: where it begins in the file, its type, the fields that matter. The file is only read; the node may \
            run meanwhile. A file that ends in the middle of a record, as after a crash, is shown up to there, and the exit code \
            is 3.
            """)

    @Argument(help: "A file in a data directory.") var file: String

    @Flag(name: [.customShort("v"), .long], help: "A line for each field.") var verbose = false
    @Flag(name: [.customShort("x"), .long], help: "A line for each field, with its bytes.") var hex = false
    @Flag(name: .long, help: "JSON, one object a line (spec/wiredump.schema.json).") var json = false
    @Flag(name: .customLong("show-values"), help: "Values of rows as they are, not only their length.") var showValues = false

    func validate() throws {
        if json && (verbose || hex) { throw ValidationError("--json shows every field already: leave out -v and -x") }
    }

    func run() throws {
        let output = TextOutput()
        let form: FrameForm = json ? .json : hex ? .bytes : verbose ? .fields : .lines
        var printer = DiskPrinter(form, showsValues: showValues) { output.write($0) }
        do throws(DiskFileError) {
            try printer.show(file)
        } catch {
            throw CommandError("\(error)", status: ExitStatus.unreadable)
        }
        try output.check()
    }
}
