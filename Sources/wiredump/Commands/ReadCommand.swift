import ArgumentParser
import PacketCapture
import ProgramTerminal

struct ReadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read",
        abstract: "Show a capture file; this is what 'wiredump FILE' does.",
        discussion: "pcap or pcapng, plain or packed by gzip; '-' is standard input.")

    @Argument(help: ArgumentHelp("A capture, or '-' for standard input.", valueName: "file"))
    var file: String

    @OptionGroup(title: "WHAT TO SHOW") var show: ShowOptions

    func run() async throws {
        var dump = try Dump(show)
        try dump.read(file)
    }
}
