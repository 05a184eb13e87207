internal import ClusterModel
internal import WireFormat

/// Writes the fields of a body as the members of a JSON object (`spec/wiredump.schema.json`).
struct JSONFields: ~Copyable, FieldVisitor {
    var out: TextBuffer
    let schema: Schema
    /// Values of the application as they are; otherwise their length only.
    let showsValues: Bool
    /// `"name":` of each name.
    private let keys: [[UInt8]]
    /// The next value is the first of its object or list.
    private var isFirst = true
    private var chunk = ChunkHead()
    /// Rows of the chunk whose fields are written, when they are known.
    var rowCount: Int?

    init(out: consuming TextBuffer, schema: Schema, showsValues: Bool) {
        self.out = out
        self.schema = schema
        self.showsValues = showsValues
        keys = schema.names.map { $0.isEmpty ? [] : Array("\"\($0)\":".utf8) }
    }

    mutating func start() { isFirst = true }

    // MARK: Keys

    @inline(__always)
    private mutating func key(_ field: Schema.Field) {
        if !isFirst { out.write(byte: 0x2C) }
        let key = keys[Int(field.name)]
        out.write(key)
        isFirst = false
    }

    // MARK: Values

    mutating func number(_ value: UInt64, width: Int, _ field: Schema.Field, at place: Range<Int>) {
        chunk.take(value, field, schema)
        key(field)
        switch field.unit {
        case .hash:
            out.write(byte: 0x22)
            out.write(hex: value, width: width)
            out.write(byte: 0x22)
        case .stamp: out.write(stamp: value)
        case .error: name(schema.errors[UInt16(truncatingIfNeeded: value)], value)
        case .message: name(schema.messageName(UInt16(truncatingIfNeeded: value)), value)
        default: out.write(decimal: value)
        }
    }

    private mutating func name(_ name: String?, _ value: UInt64) {
        guard let name else { return out.write(decimal: value) }
        out.write(byte: 0x22)
        out.write(name)
        out.write(byte: 0x22)
    }

    mutating func signed(_ value: Int64, _ field: Schema.Field, at place: Range<Int>) {
        key(field)
        out.write(decimal: value)
    }

    mutating func identifier(_ high: UInt64, _ low: UInt64, _ field: Schema.Field, at place: Range<Int>) {
        key(field)
        out.write(byte: 0x22)
        out.write(hex: high, width: 8)
        out.write(hex: low, width: 8)
        out.write(byte: 0x22)
    }

    mutating func boolean(_ value: UInt8, _ field: Schema.Field, at place: Range<Int>) {
        key(field)
        switch value {
        case 0: out.write("false")
        case 1: out.write("true")
        default: out.write(decimal: UInt64(value))
        }
    }

    mutating func enumeration(_ value: UInt64, _ enumeration: Int, _ field: Schema.Field, at place: Range<Int>) {
        chunk.take(value, field, schema)
        key(field)
        name(schema.caseName(value, of: enumeration), value)
    }

    mutating func code(_ value: UInt64, _ name: String?, _ field: Schema.Field, at place: Range<Int>) {
        key(field)
        self.name(name, value)
    }

    mutating func text(_ bytes: Span<UInt8>, _ field: Schema.Field, at place: Range<Int>) {
        key(field)
        out.write(json: bytes)
    }

    mutating func bytes(_ bytes: Span<UInt8>, isPayload: Bool, _ field: Schema.Field, at place: Range<Int>) {
        key(field)
        guard isPayload, !showsValues else { return out.write(json: bytes) }
        out.write("{\"length\":")
        out.write(decimal: UInt64(bytes.count))
        out.write(byte: 0x7D)
    }

    mutating func fixed(_ bytes: Span<UInt8>, _ field: Schema.Field, at place: Range<Int>) {
        key(field)
        out.write(byte: 0x22)
        out.write(hex: bytes)
        out.write(byte: 0x22)
    }

    mutating func typedValue(_ type: UInt16, _ bytes: Span<UInt8>, at place: Range<Int>) {
        key(.element)
        out.write("{\"type\":")
        out.write(decimal: UInt64(type))
        out.write(",\"value\":\"")
        out.write(hex: bytes)
        out.write("\"}")
    }

    mutating func absent(_ field: Schema.Field, at place: Range<Int>) {
        key(field)
        out.write("null")
    }

    mutating func prefix(at place: Range<Int>) {}

    // MARK: Structures and lists

    mutating func beginStructure(_ field: Schema.Field) {
        key(field)
        out.write(byte: 0x7B)
        isFirst = true
    }

    mutating func endStructure() {
        out.write(byte: 0x7D)
        isFirst = false
    }

    mutating func beginList(_ count: Int?, _ field: Schema.Field, at place: Range<Int>) {
        key(field)
        out.write(byte: 0x5B)
        isFirst = true
    }

    mutating func endList() {
        out.write(byte: 0x5D)
        isFirst = false
    }

    // MARK: Rows

    mutating func rows(_ bytes: Span<UInt8>, isPacked: Bool, _ field: Schema.Field, at place: Range<Int>) {
        key(field)
        out.write("{\"length\":")
        out.write(decimal: UInt64(bytes.count))
        let rows = showsValues || rowCount == nil && !isPacked ? chunk.rows(bytes, isPacked: isPacked) : nil
        if let count = rowCount ?? rows?.count {
            out.write(",\"count\":")
            out.write(decimal: UInt64(count))
        }
        if showsValues, let rows {
            out.write(",\"rows\":[")
            for index in rows.indices { row(rows[index], isFirst: index == 0) }
            out.write(byte: 0x5D)
        }
        out.write(byte: 0x7D)
        isFirst = false
    }

    private mutating func row(_ row: Row, isFirst: Bool) {
        out.write(isFirst ? "{\"key\":" : ",{\"key\":")
        out.write(json: row.key.span)
        if row.isTombstone { out.write(",\"tombstone\":true") }
        if let owner = row.owner {
            out.write(",\"owner\":\"")
            write(owner.value)
            out.write(byte: 0x22)
        }
        out.write(",\"value\":")
        out.write(json: row.value.span)
        out.write(",\"version\":{\"stamp\":")
        out.write(stamp: row.version.stamp.value)
        out.write(",\"origin\":{\"node\":\"")
        write(row.version.dot.origin.node.value)
        out.write("\",\"incarnation\":")
        out.write(decimal: row.version.dot.origin.incarnation)
        out.write("},\"sequence\":")
        out.write(decimal: row.version.dot.sequence)
        out.write("}}")
    }

    private mutating func write(_ id: UInt128) {
        out.write(hex: UInt64(truncatingIfNeeded: id >> 64), width: 8)
        out.write(hex: UInt64(truncatingIfNeeded: id), width: 8)
    }
}

extension TextBuffer {
    /// `"2026-11-21T18:25:16.611Z/3"`: the clock's milliseconds and its counter (VER-001).
    mutating func write(stamp: UInt64) {
        write(byte: 0x22)
        write(plainStamp: stamp)
        write(byte: 0x22)
    }
}

/// What the fields before the data of a SNAP_CHUNK say of how it is packed.
struct ChunkHead {
    private var codec: UInt64 = 0
    private var rawLength: UInt64 = 0
    private var rawCRC: UInt64 = 0

    mutating func take(_ value: UInt64, _ field: Schema.Field, _ schema: Schema) {
        if field.name == schema.chunkNames.codec { codec = value }
        if field.name == schema.chunkNames.rawLength { rawLength = value }
        if field.name == schema.chunkNames.rawCRC { rawCRC = value }
    }

    /// nil when the block is not what the fields say.
    func rows(_ bytes: Span<UInt8>, isPacked: Bool) -> [Row]? {
        guard isPacked else { return try? RowBlock.rows(bytes) }
        guard let codec = Codec(rawValue: UInt16(truncatingIfNeeded: codec)) else { return nil }
        var data: [UInt8] = []
        data.append(bytes)
        let chunk = SnapChunk(
            number: 0, nextBucket: 0, codec: codec, rawLength: UInt32(truncatingIfNeeded: rawLength),
            rawCRC: UInt32(truncatingIfNeeded: rawCRC), data: data)
        guard let block = try? ChunkCodec.unpack(chunk) else { return nil }
        return try? RowBlock.rows(block.span)
    }
}
