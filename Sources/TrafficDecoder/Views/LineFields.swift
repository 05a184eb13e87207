/// The fields of a message that a line shows, as ` name=value`.
struct LineFields: ~Copyable, FieldVisitor {
    var out = TextBuffer(capacity: 256 * 1024)
    private let schema: Schema
    private let showsValues: Bool
    /// ` name=` of each name.
    private let keys: [[UInt8]]
    /// By structure of a message or a record: whether the field of a name is shown, wherever it stands.
    private let shown: [[Bool]]
    private var current: [Bool] = []
    private var structure = -1
    /// Shown only where there is one.
    private let offending: UInt32
    /// Structures and lists that are open, and how many elements of the innermost shown list came.
    private var depth = 0
    private var elements = 0
    private var isHidden = false
    private var hiddenDepth = 0
    /// Rows of a chunk, when they are known.
    var rowCount: Int?

    /// Elements of a list that a line has room for.
    private static let mostElements = 3
    /// Bytes of a key or a text.
    private static let mostBytes = 64

    init(_ schema: Schema, showsValues: Bool) {
        self.schema = schema
        self.showsValues = showsValues
        offending = UInt32(schema.names.firstIndex(of: "offendingSequence") ?? 0)
        keys = schema.names.map { $0.isEmpty ? [] : Array(" \($0)=".utf8) }
        shown = schema.structures.map { structure in
            let wanted = Set((Self.wanted[structure.name] ?? "").split(separator: " ").map(String.init))
            return schema.names.map { wanted.contains($0) || $0.isEmpty }
        }
    }

    private static let wanted: [String: String] = [
        "HELLO": "role intent cluster incarnation name address",
        "AUTH": "key",
        "CLOSE": "code offendingType offendingSequence retry text",
        "PING": "number tables",
        "PONG": "number",
        "CREDIT": "lane limit",
        "MEMBERS": "records name state incarnation",
        "PROBE_REQUEST": "number target",
        "PROBE_REPLY": "number target isReachable",
        "DEFINITIONS": "definitions name type storage merge exists",
        "JOIN_REQUEST": "mode isDryRun tables table rows",
        "JOIN_ACCEPT": "cluster members name definitions tables",
        "JOIN_REJECT": "code text tables table rows",
        "OPERATIONS": "table first count groups operations kind key value",
        "ACK": "table received applied durable",
        "TABLE_STATE": "table digest rows streamable wantsReply",
        "DIGEST_REQUEST": "table",
        "DIGESTS": "table",
        "SNAP_REQUEST": "table firstBucket lastBucket",
        "CALL": "method arguments table key name address mode isDryRun prefix definition type storage merge write level timeout"
            + " operations kind value scan names limit after",
        "REPLY": "code isLast kind result text page rows key value replicas wanted copied archive tables members definition name"
            + " status record state events row event conflicts",
        "SNAP_BEGIN": "table isComplete rows",
        "SNAP_CHUNK": "number nextBucket codec rawLength data",
        "SNAP_END": "chunks rows digest",
        "SNAP_CANCEL": "code text",
        "manifest": "generation cluster founded",
        "node": "node incarnation name",
        "clock": "bound",
        "members": "cluster members records name state",
        "catalogue": "catalogue definitions name type storage merge exists",
        "logStart": "segment",
        "barrier": "position synced",
        "operations": "operations table first count groups kind key value",
        "rows": "table rows",
        "vector": "table",
        "removals": "table rows key",
        "purge": "table owner below",
        "forget": "table origin node incarnation",
        "reset": "table",
        "definition": "table definition definitions name type storage merge exists",
        "collection": "table firstBucket buckets",
        "progress": "table intervals",
        "checkpointBegin": "definition definitions name type storage merge rows segment",
        "checkpointEnd": "rows",
        "conflict": "conflict result conflicts number table winner loser key value",
    ]

    /// The fields of this structure come: of a message or a record.
    mutating func start(_ structure: Int) {
        if self.structure != structure {
            self.structure = structure
            current = shown[structure]
        }
        depth = 0
        elements = 0
        isHidden = false
    }

    // MARK: What is shown

    /// Writes the name in front of a value; false when the value is not shown.
    @inline(__always)
    private mutating func key(_ field: Schema.Field) -> Bool {
        guard !isHidden, current[Int(field.name)] else { return false }
        let key = keys[Int(field.name)]
        if key.isEmpty { return element() }
        out.write(key)
        return true
    }

    /// Elements beyond the first few are only counted.
    private mutating func element() -> Bool {
        elements += 1
        guard elements <= Self.mostElements else { return false }
        if elements > 1 { out.write(byte: 0x2C) }
        return true
    }

    private mutating func open(_ isShown: Bool) {
        depth += 1
        if !isShown, !isHidden {
            isHidden = true
            hiddenDepth = depth
        }
    }

    private mutating func close() {
        if isHidden, hiddenDepth == depth { isHidden = false }
        depth -= 1
    }

    mutating func beginStructure(_ field: Schema.Field) {
        guard !isHidden else { return open(false) }
        guard field.name == 0 else { return open(current[Int(field.name)]) }
        elements += 1
        open(elements <= Self.mostElements)
    }

    mutating func endStructure() { close() }

    mutating func beginList(_ count: Int?, _ field: Schema.Field, at place: Range<Int>) {
        let isShown = !isHidden && current[Int(field.name)]
        if isShown, let count, field.name != schema.groupFields.operations.name {
            out.write(keys[Int(field.name)])
            out.write(decimal: UInt64(count))
        }
        elements = 0
        open(isShown)
    }

    mutating func endList() {
        let left = elements - Self.mostElements
        let isShown = !isHidden
        close()
        if isShown, left > 0 {
            out.write(" +")
            out.write(decimal: UInt64(left))
            out.write(" more")
        }
        elements = 0
    }

    // MARK: Values

    mutating func number(_ value: UInt64, width: Int, _ field: Schema.Field, at place: Range<Int>) {
        // A close seldom has all of its fields.
        if value == 0, field.unit == .message || field.unit == .milliseconds || field.name == offending { return }
        guard key(field) else { return }
        switch field.unit {
        case .hash: out.write(hex: value, width: width)
        case .stamp: out.write(plainStamp: value)
        case .error: name(schema.errors[UInt16(truncatingIfNeeded: value)], value)
        case .message: name(schema.messageName(UInt16(truncatingIfNeeded: value)), value)
        case .milliseconds where value == UInt64(UInt32.max): out.write("never")
        default:
            out.write(decimal: value)
            writeUnit(field.unit)
        }
    }

    private mutating func writeUnit(_ unit: Schema.Unit) {
        switch unit {
        case .milliseconds: out.write(" ms")
        case .microseconds: out.write(" us")
        case .bytes: out.write(" B")
        default: break
        }
    }

    private mutating func name(_ name: String?, _ value: UInt64) {
        if let name { out.write(name) } else { out.write(decimal: value) }
    }

    mutating func signed(_ value: Int64, _ field: Schema.Field, at place: Range<Int>) {
        guard key(field) else { return }
        out.write(decimal: value)
    }

    mutating func identifier(_ high: UInt64, _ low: UInt64, _ field: Schema.Field, at place: Range<Int>) {
        guard key(field) else { return }
        out.write(shortID: high)
    }

    mutating func boolean(_ value: UInt8, _ field: Schema.Field, at place: Range<Int>) {
        guard key(field) else { return }
        if value > 1 { out.write(decimal: UInt64(value)) } else { out.write(value == 1 ? "yes" : "no") }
    }

    mutating func enumeration(_ value: UInt64, _ enumeration: Int, _ field: Schema.Field, at place: Range<Int>) {
        guard key(field) else { return }
        name(schema.caseName(value, of: enumeration), value)
    }

    mutating func code(_ value: UInt64, _ name: String?, _ field: Schema.Field, at place: Range<Int>) {
        guard key(field) else { return }
        self.name(name, value)
    }

    mutating func text(_ bytes: Span<UInt8>, _ field: Schema.Field, at place: Range<Int>) {
        guard bytes.count > 0, key(field) else { return }
        out.write(text: bytes, most: Self.mostBytes * 4)
    }

    mutating func bytes(_ bytes: Span<UInt8>, isPayload: Bool, _ field: Schema.Field, at place: Range<Int>) {
        guard key(field) else { return }
        if isPayload, !showsValues {
            out.write(decimal: UInt64(bytes.count))
            out.write(" B")
        } else {
            out.write(quoted: bytes, most: isPayload ? .max : Self.mostBytes)
        }
    }

    mutating func fixed(_ bytes: Span<UInt8>, _ field: Schema.Field, at place: Range<Int>) {}
    mutating func typedValue(_ type: UInt16, _ bytes: Span<UInt8>, at place: Range<Int>) {}
    mutating func prefix(at place: Range<Int>) {}
    mutating func absent(_ field: Schema.Field, at place: Range<Int>) {}

    mutating func rows(_ bytes: Span<UInt8>, isPacked: Bool, _ field: Schema.Field, at place: Range<Int>) {
        guard key(field) else { return }
        out.write(decimal: UInt64(bytes.count))
        out.write(" B")
        guard let rowCount else { return }
        out.write(" rows=")
        out.write(decimal: UInt64(rowCount))
    }
}

extension TextBuffer {
    /// A text as it is when it has no blanks or control characters, else quoted.
    mutating func write(text bytes: Span<UInt8>, most: Int = .max) {
        for index in bytes.indices where bytes[index] <= 0x20 || bytes[index] >= 0x7F || bytes[index] == 0x22 {
            return write(quoted: bytes, most: most)
        }
        if bytes.count == 0 { return write("\"\"") }
        write(bytes)
    }

    /// `2026-11-21T18:25:16.611Z/3`.
    mutating func write(plainStamp stamp: UInt64) {
        write(milliseconds: stamp >> 16)
        write(byte: 0x2F)
        write(decimal: stamp & 0xFFFF)
    }
}
