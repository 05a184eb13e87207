import ArgumentParser

/// The root of all measurements.
struct TablewireBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tablewire-bench",
        abstract: "Measure how fast Tablewire is, alone and beside its peers.",
        discussion: """
            Each subcommand measures one thing and prints a table, or with --json one line of JSON. Those that need nodes start \
            the program 'tablewire' that stands beside this one, on loopback, in a temporary directory (TMPDIR), and end it \
            afterwards. Rows have keys like device/00001234/sensor/temperature (32 bytes on average) and JSON-like values \
            of exactly --value bytes; the same numbers give the same bytes everywhere.

            Build with '-c release': a debug build is ten times slower and measures nothing. Let nothing else run.

            EXAMPLES
              tablewire-bench join --rows 1000000 --storage disc
              tablewire-bench write --writers 16 --ack all --json
              tablewire-bench compare --peers DIR --runs 5 --output table.md

            THE JSON LINE
              peer, benchmark, rows, value_bytes, seconds, rate (rows or operations a
              second), rss_mb (peak resident size; of the joiner in 'join'),
              bytes_on_wire, then what is particular to the measurement, and load1,
              the load average of the machine. Times are wall clock seconds; names
              that end in _us are microseconds, in _mb mebibytes. lo_bytes is the
              growth of the loopback counter: with headers, and whatever else ran.

            ENVIRONMENT
              TABLEWIRE_BINARY  the program to start as a node
              TABLEWIRE_PEERS   the folder of the peers' drivers, for 'compare'
              TMPDIR            where nodes keep their data: the disk that is measured

            EXIT CODES
              0  measured
              1  not measured; standard error says why
              2  wrong usage
            """,
        version: "0.1.0",
        subcommands: [
            JoinCommand.self, LinkCommand.self, WriteCommand.self, ReadCommand.self, RestartCommand.self,
            FailureCommand.self, HeartbeatCommand.self, SnapshotCommand.self, EngineCommand.self, CodecCommand.self,
            LogCommand.self, GrowthCommand.self, CompareCommand.self,
        ])
}
