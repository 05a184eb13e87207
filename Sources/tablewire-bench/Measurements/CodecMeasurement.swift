import CZlib
import ClusterModel
import ProgramTerminal
import WireFormat

/// Messages to bytes and back, row blocks, compression and checksums, one thread.
struct CodecMeasurement: Sendable {
    private static let groupSize = 100

    var rows: Int
    var workload: Workload
    var repeating: Double

    func run() throws -> (line: ResultLine, text: String) {
        var steps = StepTable()
        let all = (0..<rows).map { (key: workload.key($0), value: workload.value($0)) }
        let payload = all.reduce(0) { $0 + $1.key.count + $1.value.count }
        try measureOperations(all, payload, &steps)
        let blocks = try measureBlocks(all, payload, &steps)
        try measureChunks(blocks, payload, &steps)
        measureSums(all, payload, &steps)
        var line = ResultLine(
            "codec", rows: rows, valueBytes: workload.valueBytes, seconds: steps.seconds,
            rate: Double(rows) / (steps.steps.first?.seconds ?? 1), peakMemory: ProcessFigures.own.peakMemory)
        let raw = blocks.reduce(0) { $0 + $1.count }
        line["block_bytes_per_row"] = .number(Double(raw) / Double(rows))
        for level in [Int32(1), 6] {
            let packed = blocks.reduce(0) { $0 + Zlib.pack($1, level: level).count }
            line["zlib_\(level)_bytes_per_row"] = .number(Double(packed) / Double(rows))
        }
        steps.add(to: &line)
        for name in ["block_bytes_per_row", "zlib_1_bytes_per_row", "zlib_6_bytes_per_row"] {
            steps.note(name.replacing("_", with: " "), line.number(name) ?? 0)
        }
        return (line, steps.text)
    }

    // MARK: Operations

    private func measureOperations(_ all: [(key: [UInt8], value: [UInt8])], _ payload: Int, _ steps: inout StepTable) throws {
        let groups = stride(from: 0, to: rows, by: Self.groupSize).map { start in
            OperationGroup(
                stamp: Stamp(UInt64(start + 1)),
                operations: all[start..<min(start + Self.groupSize, rows)].map { Operation(.put, key: $0.key, value: $0.value) })
        }
        var encoded: [[UInt8]] = []
        steps.measure("encode operations", rows: rows, bytes: payload, repeating: repeating) {
            encoded = groups.map { OperationGroups.encode([$0]) }
        }
        var count = 0
        try steps.measure("decode operations", rows: rows, bytes: payload, repeating: repeating) {
            count = 0
            for bytes in encoded { count += try OperationGroups.validate(bytes.span) }
        }
        guard count == rows else { throw MeasurementError("\(count) of \(rows) operations came back") }
        guard let table = TableName(Stage.tableName) else { return }
        let origin = Origin(node: NodeID(1), incarnation: 1)
        let messages = encoded.enumerated().map { index, groups in
            Message.operations(
                Operations(
                    table: table, origin: origin, first: UInt64(index * Self.groupSize + 1),
                    count: UInt32(min(Self.groupSize, rows - index * Self.groupSize)), groups: groups))
        }
        var frames: [UInt8] = []
        steps.measure("encode frames", rows: rows, bytes: payload, repeating: repeating) {
            frames.removeAll(keepingCapacity: true)
            var encoder = FrameEncoder(maximumBody: Limits.frameBodyDefault)
            for message in messages { encoder.append(message, to: &frames) }
        }
        count = 0
        try steps.measure("decode frames", rows: rows, bytes: payload, repeating: repeating) {
            count = 0
            var assembler = FrameAssembler(bounds: .authenticated)
            var offset = 0
            while let frame = try assembler.next(in: frames.span, at: &offset) {
                if case .message(.operations(let operations)) = frame.content { count += Int(operations.count) }
            }
        }
        guard count == rows else { throw MeasurementError("\(count) of \(rows) operations came out of the frames") }
    }

    // MARK: Snapshots

    private func measureBlocks(
        _ all: [(key: [UInt8], value: [UInt8])], _ payload: Int, _ steps: inout StepTable
    ) throws -> [[UInt8]] {
        let sorted = all.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        let origin = Origin(node: NodeID(1), incarnation: 1)
        var blocks: [[UInt8]] = []
        steps.measure("encode row blocks", rows: rows, bytes: payload, repeating: repeating) {
            blocks = []
            var encoder = RowBlockEncoder()
            for (index, row) in sorted.enumerated() {
                if !encoder.isEmpty, !encoder.fits(keyCount: row.key.count, valueCount: row.value.count) {
                    blocks.append(encoder.finish())
                    encoder = RowBlockEncoder()
                }
                let version = RowVersion(stamp: Stamp(UInt64(index + 1)), dot: Dot(origin: origin, sequence: UInt64(index + 1)))
                encoder.append(
                    key: row.key.span, value: row.value.span, isTombstone: false, isOwned: false, version: version)
            }
            if !encoder.isEmpty { blocks.append(encoder.finish()) }
        }
        var count = 0
        try steps.measure("decode row blocks", rows: rows, bytes: payload, repeating: repeating) {
            count = 0
            for block in blocks { count += try RowBlock.validate(block.span) }
        }
        guard count == rows else { throw MeasurementError("\(count) of \(rows) rows came out of the blocks") }
        return blocks
    }

    private func measureChunks(_ blocks: [[UInt8]], _ payload: Int, _ steps: inout StepTable) throws {
        for codec in [Codec.none, .zlib] {
            var chunks: [SnapChunk] = []
            steps.measure("pack chunks, \(codec)", rows: rows, bytes: payload, repeating: repeating) {
                chunks = blocks.enumerated().map { index, block in
                    ChunkCodec.chunk(number: UInt32(index), nextBucket: 0, codec: codec, raw: block)
                }
            }
            var size = 0
            try steps.measure("unpack chunks, \(codec)", rows: rows, bytes: payload, repeating: repeating) {
                size = 0
                for chunk in chunks { size += try ChunkCodec.unpack(chunk).count }
            }
            guard size == blocks.reduce(0, { $0 + $1.count }) else { throw MeasurementError("a chunk came back shorter") }
        }
        let raw = blocks.reduce(0) { $0 + $1.count }
        for level in [Int32(1), 6] {
            steps.measure("zlib level \(level)", rows: rows, bytes: raw, repeating: repeating) {
                for block in blocks { _ = Zlib.pack(block, level: level) }
            }
        }
    }

    // MARK: Sums

    private func measureSums(_ all: [(key: [UInt8], value: [UInt8])], _ payload: Int, _ steps: inout StepTable) {
        var sum: UInt64 = 0
        let large = [UInt8](repeating: 0x5A, count: 16 << 20)
        steps.measure("crc", rows: 1, bytes: large.count, repeating: repeating) {
            sum &+= UInt64(CRC32.checksum(large.span))
        }
        steps.measure("hash", rows: rows, bytes: payload, repeating: repeating) {
            for row in all {
                sum &+= RowHash.row(type: .set, merge: .lww, key: row.key.span, owner: nil, value: row.value.span)
            }
        }
        let version = RowVersion(stamp: Stamp(1), dot: Dot(origin: Origin(node: NodeID(1), incarnation: 1), sequence: 1))
        steps.measure("digest", rows: rows, repeating: repeating) {
            for index in 0..<rows { sum &+= RowHash.digest(UInt64(index), version: version) }
        }
        // Whatever is computed here must not be left out.
        if sum == 0 { Progress.show("") }
    }
}

/// Deflate at any level, to compare with what chunks use.
enum Zlib {
    static func pack(_ raw: [UInt8], level: Int32) -> [UInt8] {
        let bound = Int(compressBound(UInt(raw.count)))
        return unsafe [UInt8](unsafeUninitializedCapacity: bound) { target, count in
            unsafe raw.withUnsafeBufferPointer { source in
                var length = UInt(bound)
                let status = unsafe compress2(target.baseAddress, &length, source.baseAddress, UInt(source.count), level)
                precondition(status == Z_OK, "the bound is large enough")
                count = Int(length)
            }
        }
    }
}
