import ClusterModel
import ProgramTerminal
import TableStorage
import WireFormat

/// The path of a first copy without a network, one thread: rows scanned and encoded, packed, put into frames; and taken apart,
/// unpacked and merged on the other side.
struct SnapshotMeasurement: Sendable {
    var rows: Int
    var workload: Workload
    var type: TypeOption
    var codecs: [Codec]

    func run() throws -> (line: ResultLine, text: String) {
        let source = EngineTable(type: type.type, workload: workload)
        source.fill(0..<rows)
        var columns = Columns(["", "rows/s", "send, s", "receive, s", "bytes a row"])
        var line = ResultLine("snapshot", rows: rows, valueBytes: workload.valueBytes)
        line["shape"] = .text(type.rawValue)
        var wire = 0
        var total = 0.0
        for codec in codecs {
            Progress.show("codec \(codec)")
            let sent = try send(source.table, codec)
            let receiving = try receive(sent.frames, source.table.digest)
            let size = sent.frames.reduce(0) { $0 + $1.count }
            let seconds = sent.seconds + receiving
            columns.append([
                "\(codec)", Figure.short(Double(rows) / seconds), Figure.short(sent.seconds), Figure.short(receiving),
                Figure.short(Double(size) / Double(rows)),
            ])
            line["\(codec)_rate"] = .number(Double(rows) / seconds)
            line["\(codec)_cpu_send_s"] = .number(sent.seconds)
            line["\(codec)_cpu_receive_s"] = .number(receiving)
            line["\(codec)_wire_bytes_per_row"] = .number(Double(size) / Double(rows))
            wire = size
            total += seconds
            line["rate"] = .number(Double(rows) / seconds)
        }
        line["seconds"] = .number(total)
        line["bytes_on_wire"] = .integer(wire)
        line["rss_mb"] = .number(ProcessFigures.own.peakMemory)
        return (line, columns.text)
    }

    private func send(_ table: Table, _ codec: Codec) throws -> (frames: [[UInt8]], seconds: Double) {
        let start = ProcessorClock.seconds
        var frames: [[UInt8]] = []
        var encoder = FrameEncoder(maximumBody: Limits.frameBodyMaximum)
        var scanner = table.deltaScan(buckets: 0...Limits.buckets - 1, have: VersionVector(), complete: true)
        var number: UInt32 = 0
        while let chunk = scanner.next(table) {
            guard !chunk.block.isEmpty else { continue }
            let message = ChunkCodec.chunk(
                number: number, nextBucket: UInt16(chunk.nextBucket), codec: codec, raw: chunk.block)
            var bytes: [UInt8] = []
            encoder.append(.snapChunk(message), stream: 1, to: &bytes)
            frames.append(bytes)
            number += 1
        }
        return (frames, ProcessorClock.seconds - start)
    }

    private func receive(_ frames: [[UInt8]], _ digest: UInt64) throws -> Double {
        let copy = EngineTable(type: type.type, workload: workload)
        let start = ProcessorClock.seconds
        copy.table.reserve(rows: rows)
        var assembler = FrameAssembler(bounds: .init(frameBody: Limits.frameBodyMaximum))
        var tracker: SnapshotTracker?
        for bytes in frames {
            var offset = 0
            while let frame = try assembler.next(in: bytes.span, at: &offset) {
                guard case .message(.snapChunk(let chunk)) = frame.content else { continue }
                let block = try ChunkCodec.unpack(chunk)
                _ = try copy.table.merge(block: block.span, tracker: &tracker)
            }
        }
        let seconds = ProcessorClock.seconds - start
        guard copy.table.digest == digest else { throw MeasurementError("the copy differs from its source") }
        return seconds
    }
}
