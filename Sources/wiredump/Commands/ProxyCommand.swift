import ArgumentParser
import PacketCapture
import ProgramTerminal
import TrafficDecoder

struct ProxyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "proxy",
        abstract: "Stand between two programs, pass everything on unchanged, and show or record it.",
        discussion: """
            Needs no privileges. Each connection to --listen is passed on to --to, byte for byte and in time; \
            half-closes and resets are passed on too. What passes is shown as it comes, and with -w written as pcapng with the \
            packets that would have carried it, which Wireshark and tshark open.

            A client is pointed at the proxy with --node. Between two nodes, the one that joins is given the proxy's address: \
            the link of its join goes through the proxy, later ones to the address that the member itself gives.

            Ends with SIGINT or SIGTERM; the file is complete then.
            """)

    @Option(help: ArgumentHelp("Where to accept connections; port 0 takes a free one.", valueName: "host:port"))
    var listen: String

    @Option(help: ArgumentHelp("Where to pass them on to.", valueName: "host:port"))
    var to: String

    @Option(name: [.customShort("w"), .long], help: ArgumentHelp("Write what passes as pcapng.", valueName: "file"))
    var write: String?

    @OptionGroup(title: "WHAT TO SHOW") var show: ShowOptions

    func run() throws {
        guard let listen = SocketName(listen) else { throw UsageError("--listen needs HOST:PORT, not '\(listen)'") }
        guard let to = SocketName(to) else { throw UsageError("--to needs HOST:PORT, not '\(to)'") }
        let display = try Display(show)
        do {
            let stop = try StopRequest()
            try stop.requestOnSignals()
            let recorder = try write.map { path in
                StreamRecorder(
                    try PcapngWriter(
                        creating: path,
                        origin: .init(application: "wiredump", interface: "proxy", description: "\(listen) to \(to)")))
            }
            try proxy(listen, to, display, recorder, stop)
        } catch let error as RecordingError {
            throw CommandError("\(error)")
        } catch let error as ProxyError {
            throw CommandError("\(error)")
        }
        try display.finish()
        try display.check()
    }

    private func proxy(
        _ listen: SocketName, _ to: SocketName, _ display: Display, _ recorder: StreamRecorder?, _ stop: StopRequest
    ) throws {
        let sink = LiveSink(display, recorder, stop)
        // What is shown or written may be slow. What passes waits a little for it, so that under load nothing is left out.
        let queue = try StreamQueue(bounds: .init(patience: .milliseconds(100)), into: sink)
        let proxy = try RecordingProxy(.init(listen: listen, target: to), sink: queue) { notice in
            StandardError.write("wiredump: \(notice)\n")
        }
        StandardError.write("wiredump: \(proxy.address) passes on to \(to); Ctrl-C ends it\n")
        try proxy.run(until: stop)
        queue.finish()
        let leftOut = queue.leftOut
        recorder?.finish(dropped: leftOut.pieces)
        if leftOut.bytes > 0 {
            StandardError.write(
                "wiredump: \(Quantity.count(leftOut.bytes, "byte")) passed on but neither shown nor written: too slow\n")
        }
        if let recorder, recorder.failure == nil, let write { StandardError.write("wiredump: \(write) is complete\n") }
    }
}

/// Shows and records what passes, on the thread of a queue.
final class LiveSink: QueuedSink {
    private let display: Display
    private let recorder: StreamRecorder?
    private let stop: StopRequest
    private var hasFailed = false

    init(_ display: Display, _ recorder: StreamRecorder?, _ stop: StopRequest) {
        self.display = display
        self.recorder = recorder
        self.stop = stop
    }

    func began(_ flow: Flow, at time: Timestamp) {
        display.decoder.began(flow, at: time)
        recorder?.began(flow, at: time)
    }

    func received(_ bytes: Span<UInt8>, _ direction: Direction, of flow: Int, at time: Timestamp) {
        recorder?.received(bytes, direction, of: flow, at: time)
        display.decoder.received(bytes, direction, of: flow, at: time)
    }

    func lost(_ count: Int?, _ direction: Direction, of flow: Int, at time: Timestamp) {
        recorder?.lost(count, direction, of: flow, at: time)
        display.decoder.lost(count, direction, of: flow, at: time)
    }

    func ended(_ direction: Direction, of flow: Int, by end: FlowEnd, at time: Timestamp) {
        recorder?.ended(direction, of: flow, by: end, at: time)
        display.decoder.ended(direction, of: flow, by: end, at: time)
    }

    func caughtUp() {
        display.flush()
        recorder?.flush()
        if let failure = recorder?.failure, !hasFailed {
            hasFailed = true
            StandardError.write("wiredump: \(failure): the recording ends here, what passes is passed on\n")
        }
        if display.isDone { stop.request() }
    }
}
