import ArgumentParser
import PacketCapture
import ProgramTerminal

struct LiveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "live",
        abstract: "Show what passes on a network interface now (Linux).",
        discussion: """
            Needs the right to capture: root, or once 'sudo setcap cap_net_raw+ep wiredump'. The kernel hands over TCP only, with \
            --port only of that port. With -w the packets are written as pcapng as well.

            Ends with SIGINT or SIGTERM, or after --first frames.
            """)

    @Argument(help: "An interface, for example lo or eth0, or 'any'.")
    var interface: String

    @Option(help: "Only TCP from or to this port.")
    var port: UInt16?

    @Option(name: [.customShort("w"), .long], help: ArgumentHelp("Write the packets as pcapng.", valueName: "file"))
    var write: String?

    @OptionGroup(title: "WHAT TO SHOW") var show: ShowOptions

    func run() throws {
        let display = try Display(show)
        let dropped: Int
        do {
            dropped = try capture(display)
        } catch let error as LiveCaptureError {
            throw CommandError("\(error)")
        } catch let error as RecordingError {
            throw CommandError("\(error)")
        }
        try display.finish()
        try display.check()
        if dropped > 0 {
            throw CommandError(
                "\(Quantity.count(dropped, "packet")) were dropped: this machine could not keep up",
                status: ExitStatus.lostPackets)
        }
    }

    /// - Returns: packets that the kernel dropped.
    private func capture(_ display: Display) throws -> Int {
        let stop = try StopRequest()
        try stop.requestOnSignals()
        var live = try LiveCapture(on: interface, port: port)
        let writer = try write.map { try PacketWriter(creating: $0, interface: interface) }
        StandardError.write("wiredump: capturing on \(interface)\(port.map { ", port \($0)" } ?? ""); Ctrl-C ends it\n")
        var reassembler = Reassembler()
        var event = LiveCapture.Event.quiet
        while event != .stopped {
            event = try live.next(until: stop) { packet, bytes in
                writer?.write(packet, bytes)
                reassembler.take(packet, bytes, into: display.decoder)
            }
            display.flush()
            writer?.flush()
            if display.isDone { stop.request() }
        }
        if !display.isDone { reassembler.finish(into: display.decoder) }
        let dropped = live.droppedPackets()
        writer?.finish(dropped: dropped)
        return dropped
    }
}

/// Writes packets as they were captured; the first failure ends that, and is told once.
private final class PacketWriter {
    private var writer: PcapngWriter?

    init(creating path: String, interface: String) throws(RecordingError) {
        writer = try PcapngWriter(creating: path, origin: .init(application: "wiredump", interface: interface))
    }

    func write(_ packet: PacketHead, _ bytes: Span<UInt8>) {
        attempt { (writer) throws(RecordingError) in
            try writer.packet(at: packet.time, payload: bytes, originalLength: packet.originalLength)
        }
    }

    func flush() { attempt { (writer) throws(RecordingError) in try writer.flush() } }

    func finish(dropped: Int) {
        guard let writer = writer.take() else { return }
        do throws(RecordingError) {
            try writer.finish(dropped: dropped)
        } catch {
            fail(error)
        }
    }

    private func attempt(_ body: (inout PcapngWriter) throws(RecordingError) -> Void) {
        guard var open = writer.take() else { return }
        do throws(RecordingError) {
            try body(&open)
            writer = consume open
        } catch {
            fail(error)
        }
    }

    private func fail(_ error: RecordingError) {
        StandardError.write("wiredump: \(error): the recording ends here, what passes is shown on\n")
    }
}
