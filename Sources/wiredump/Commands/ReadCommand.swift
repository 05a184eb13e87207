import ArgumentParser
import Glibc
import PacketCapture
import ProgramTerminal
import TrafficDecoder

struct ReadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read",
        abstract: "Show a capture file; this is what 'wiredump FILE' does.",
        discussion: "pcap or pcapng, plain or packed by gzip; '-' is standard input.")

    @Argument(help: ArgumentHelp("A capture, or '-' for standard input.", valueName: "file"))
    var file: String

    @OptionGroup(title: "WHAT TO SHOW") var show: ShowOptions

    func run() throws {
        let display = try Display(show)
        var reassembler = Reassembler()
        var failure: CaptureError?
        let summary: CaptureSummary
        do throws(CaptureError) {
            let name = file == "-" ? "standard input" : file
            var reader =
                file == "-" ? try CaptureReader(descriptor: STDIN_FILENO, named: name) : try CaptureReader(opening: file)
            do throws(CaptureError) {
                while !display.isDone, try reader.next({ reassembler.take($0, $1, into: display.decoder) }) {}
            } catch {
                failure = error
            }
            summary = reader.summary
        } catch {
            throw CommandError("\(error)", status: ExitStatus.unreadable)
        }
        if !display.isDone { reassembler.finish(into: display.decoder) }
        try display.finish()
        if let failure { throw CommandError("\(failure)", status: ExitStatus.unreadable) }
        if !display.isDone { try tell(summary, reassembler.counters, display) }
        try display.check()
    }

    /// What people should know of the capture, on standard error.
    /// - Throws: the exit code for a capture that lost packets.
    private func tell(_ summary: CaptureSummary, _ counters: ReassemblyCounters, _ display: Display) throws {
        let decoder = display.decoder
        if decoder.ownLinks == 0 {
            return StandardError.write("wiredump: \(file): \(nothing(summary, counters, display))\n")
        }
        try display.check()
        if summary.droppedPackets > 0 {
            throw CommandError(
                "\(file): \(Quantity.count(summary.droppedPackets, "packet")) were dropped while it was captured: what they held is missing",
                status: ExitStatus.lostPackets)
        }
        if decoder.lostBytes > 0 || decoder.gapsOfUnknownSize > 0 {
            throw CommandError(
                "\(file): \(Quantity.count(decoder.lostBytes, "byte")) of its connections are not in the capture"
                    + (decoder.gapsOfUnknownSize > 0
                        ? ", and \(Quantity.count(decoder.gapsOfUnknownSize, "gap")) of unknown size" : ""),
                status: ExitStatus.lostPackets)
        }
    }

    /// Why nothing was shown.
    private func nothing(_ summary: CaptureSummary, _ counters: ReassemblyCounters, _ display: Display) -> String {
        guard summary.packets > 0 else { return "no packets in this capture" }
        guard display.decoder.foreignLinks > 0 else {
            return "no TCP in this capture of \(Quantity.count(summary.packets, "packet"))"
        }
        return "no Tablewire in this capture: \(Quantity.count(display.decoder.foreignLinks, "TCP connection")) of something else"
            + (display.decoder.foreignBytes == 0 ? "" : ", the first begins with \(display.decoder.foreignOpening)")
    }
}
