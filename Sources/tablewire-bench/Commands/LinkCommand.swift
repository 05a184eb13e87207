import ArgumentParser

struct LinkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "link", abstract: "The first copy over a slow link: Tablewire, Mnesia or Redis, all over the same one.",
        discussion: """
            Makes two network namespaces with one wire between them that carries --rate in each direction (a token bucket with a \
            queue of 50 ms), starts a node in each, loads the rows into one, and makes the other copy them. Without a round trip \
            the wire is a pair of virtual devices; with one, this program passes the frames on, each half the round trip later. \
            Needs root, 'ip' and 'tc' (iproute2), for a round trip /dev/net/tun, and of Mnesia and Redis the programs that are \
            measured: erl, erlc and epmd, redis-server and redis-cli.

            For Tablewire the time runs from the start of 'tablewire cluster join' until it ended and 'table list' shows every \
            row; for Redis from REPLICAOF until the link is up and every key is there; for Mnesia from change_config until the \
            table is loaded.

            The JSON line adds: wire_bytes_per_row, mbit, round_trip_ms, rss_seed_mb, cpu_seed_s and cpu_joiner_s, \
            dropped_frames (those that the delaying relay had no room for), send_compressed. bytes_on_wire is what the \
            joiner's interface received and sent, with all headers.

            EXAMPLES
              tablewire-bench link --round-trip 20
              tablewire-bench link --round-trip 20 --peer mnesia --compress
            """)

    @OptionGroup var rows: RowOptions
    @Option(help: "Where the rows live: ram, for Tablewire also disc.")
    var storage = StorageOption.ram
    @Option(help: "Who copies: tablewire, mnesia or redis.")
    var peer = LinkPeer.tablewire
    @Option(help: "Megabits a second in each direction.")
    var rate = 100.0
    @Option(help: "Milliseconds there and back; 0 is as fast as the kernel.")
    var roundTrip = 0.0
    @Flag(help: "Mnesia only: with send_compressed at level 1.")
    var compress = false
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...10_000).contains(rate) else { throw ValidationError("--rate must be from 1 to 10000") }
        guard (0...1000).contains(roundTrip) else { throw ValidationError("--round-trip must be from 0 to 1000") }
        guard !compress || peer == .mnesia else { throw ValidationError("--compress is for --peer mnesia only") }
        guard storage == .ram || peer == .tablewire else {
            throw ValidationError("--storage disc is for --peer tablewire only")
        }
    }

    func run() async throws {
        let measurement = LinkMeasurement(
            rows: rows.rows, workload: rows.workload, storage: storage, peer: peer, isCompressed: compress,
            shape: SlowLink.Shape(megabits: rate, roundTrip: roundTrip))
        output.print(try await measurement.run())
    }
}

extension LinkPeer: ExpressibleByArgument {}
