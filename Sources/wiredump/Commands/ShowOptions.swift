import ArgumentParser
import Glibc
import ProgramTerminal
import TrafficDecoder

/// What is shown of frames, and how. All commands that show frames have these.
struct ShowOptions: ParsableArguments {
    @Flag(name: [.customShort("v"), .long], help: "A line for each field.")
    var verbose = false

    @Flag(name: [.customShort("x"), .long], help: "A line for each field, with its bytes.")
    var hex = false

    @Flag(name: .long, help: "JSON, one object a line (spec/wiredump.schema.json); of --stats one object.")
    var json = false

    @Option(
        name: .long,
        help: ArgumentHelp("Only frames for which this holds; see FILTERS in 'wiredump --help'.", valueName: "expression"))
    var filter: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Only one connection, one snapshot or call on it, or one row.", valueName: "link=N|stream=N/S|key=TABLE/KEY"))
    var follow: String?

    @Option(name: .long, help: ArgumentHelp("Stop after so many frames.", valueName: "n"))
    var first: Int?

    @Option(name: .long, help: ArgumentHelp("Only the last so many frames.", valueName: "n"))
    var last: Int?

    @Flag(name: .long, help: "Only the number of frames.")
    var count = false

    @Flag(name: .long, help: "Counts and rates, heartbeats, handshakes, lag and credit instead of frames.")
    var stats = false

    @Flag(name: .long, help: "Exit with 1 when a rule of the protocol was broken.")
    var check = false

    @Option(
        name: .customLong("extract-vector"),
        help: ArgumentHelp("One frame, by its number in --json, as a vector for conformance/vectors.", valueName: "n"))
    var extractVector: Int?

    @Flag(name: .customLong("show-values"), help: "Values of rows as they are, not only their length.")
    var showValues = false

    @Option(name: .long, help: "Times: 'relative' to the first packet, in seconds, or 'utc'.")
    var time = Clock.relative

    @Option(name: .long, help: "Colour: 'auto' is on terminals without NO_COLOR.")
    var color = ColorChoice.auto

    enum Clock: String, ExpressibleByArgument, CaseIterable { case relative, utc }
    enum ColorChoice: String, ExpressibleByArgument, CaseIterable { case auto, always, never }

    func validate() throws {
        if verbose && json || hex && json { throw ValidationError("--json shows every field already: leave out -v and -x") }
        if let first, first < 1 { throw ValidationError("--first needs a number of at least 1") }
        if let last, last < 1 { throw ValidationError("--last needs a number of at least 1") }
        if first != nil && last != nil { throw ValidationError("--first and --last exclude each other") }
        if stats && (verbose || hex || filter != nil || follow != nil || first != nil || last != nil || count) {
            throw ValidationError("--stats counts everything: it goes with --json and --check only")
        }
    }

    var form: FrameForm {
        if json { return .json }
        if hex { return .bytes }
        return verbose ? .fields : .lines
    }

    var view: ViewOptions {
        var options = ViewOptions()
        options.clock = time == .utc ? .utc : .relative
        options.showsValues = showValues
        options.isColoured =
            switch color {
            case .auto: Terminal.wantsColor(STDOUT_FILENO)
            case .always: true
            case .never: false
            }
        return options
    }

    func selection() throws -> FrameSelection {
        var selection = FrameSelection()
        selection.first = first
        selection.last = last
        selection.countsOnly = count
        do {
            let wanted = try filter.map { try Filter($0) }
            let followed = try follow.map { try Filter(following: $0) }
            selection.filter = wanted.flatMap { left in followed.map { left.and($0) } ?? left } ?? followed
        } catch let error as FilterError {
            throw UsageError(error.description)
        }
        return selection
    }
}
