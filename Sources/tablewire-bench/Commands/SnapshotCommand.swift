import ArgumentParser
import ClusterModel

struct SnapshotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot", abstract: "The work of a first copy on both sides, without a network.",
        discussion: """
            In this process, on one thread: rows are scanned, encoded, packed and framed, then taken apart, unpacked and merged. \
            The seconds are processor time. zlib is at the level that nodes use. The JSON line has each figure with the name \
            of the codec in front; rate and bytes_on_wire are those of the last.
            """)

    @OptionGroup var rows: RowOptions
    @Option(help: "The type of the table: set, ordered_set or bag.")
    var type = TypeOption.set
    @Option(help: "Only this codec: none or zlib. (default: both)")
    var codec: CodecOption?
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let measurement = SnapshotMeasurement(
            rows: rows.rows, workload: rows.workload, type: type, codecs: codec.map { [$0.codec] } ?? [.none, .zlib])
        let (line, text) = try measurement.run()
        output.print(line, text)
    }
}

enum CodecOption: String, ExpressibleByArgument, CaseIterable {
    case none, zlib

    var codec: Codec { self == .none ? Codec.none : .zlib }
}
