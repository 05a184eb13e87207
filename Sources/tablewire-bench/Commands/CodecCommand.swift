import ArgumentParser

struct CodecCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "codec", abstract: "Messages to bytes and back, compression, checksums.",
        discussion: """
            In this process, on one thread. Operations stand in groups of a hundred; megabytes are those of keys and values, \
            for zlib those of the blocks. Each step runs for a while and its fastest run counts. Each has its <step>_rate in \
            rows a second and <step>_mb_per_s in the JSON line; rate is that of encoding operations.
            """)

    @Option(help: "How many rows.")
    var rows = 100_000
    @Option(help: "Bytes of each value.")
    var value = 64
    @Option(help: "How long to repeat each step.")
    var seconds = 0.5
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard rows > 0 else { throw ValidationError("--rows must be at least 1") }
        guard (0...100_000).contains(value) else { throw ValidationError("--value must be from 0 to 100000") }
    }

    func run() async throws {
        let measurement = CodecMeasurement(rows: rows, workload: Workload(valueBytes: value), repeating: seconds)
        let (line, text) = try measurement.run()
        output.print(line, text)
    }
}
