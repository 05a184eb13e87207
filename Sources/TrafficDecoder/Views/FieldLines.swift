internal import ClusterModel

/// A line for each field of a body; with `showsBytes` each begins with the bytes that it takes.
struct FieldLines: ~Copyable, FieldVisitor {
    var out = TextBuffer(capacity: 256 * 1024)
    private let schema: Schema
    private let showsValues: Bool
    private let showsBytes: Bool
    /// Names of the open structures and the number of the next element of the open lists.
    private var path: [Part] = []
    private var walker: BodyWalker
    private var chunk = ChunkHead()
    var rowCount: Int?
    /// The body whose fields are shown, for their bytes.
    private var bytes: [UInt8] = []

    private struct Part {
        var name: UInt32
        var index: Int?
    }

    /// Bytes in one line.
    private static let bytesInLine = 16
    /// Columns of `12345  00112233445566778899aabbccddeeff  `.
    private static let bytesWidth = 41

    init(_ schema: Schema, showsValues: Bool, showsBytes: Bool) {
        self.schema = schema
        self.showsValues = showsValues
        self.showsBytes = showsBytes
        walker = BodyWalker(schema)
    }

    /// - Parameter isInLog: of the record rows, whether it stands in a log.
    mutating func show(_ structure: Int, _ body: Span<UInt8>, isInLog: Bool = true) {
        path = []
        var walker = walker
        walker.isInLog = isInLog
        keep(body)
        let isWhole = walker.walk(structure, in: body, &self)
        let end = walker.offset
        guard end < body.count || !isWhole else { return }
        let text = isWhole ? "bytes behind the last field" : "bytes that make no field"
        let isHidden = !showsValues && schema.mayHoldValues(structure)
        line(end..<body.count, hidesBytes: isHidden) { out in out.write(text) }
        if !showsBytes, isHidden {
            out.cut(to: out.count - 1)
            out.write(": \(body.count - end)\n")
        } else if !showsBytes {
            out.cut(to: out.count - 1)
            out.write(": 0x")
            out.write(hex: body.extracting(end..<min(body.count, end + 64)))
            if body.count - end > 64 { out.write("…") }
            out.write(byte: 0x0A)
        }
    }

    private mutating func keep(_ body: Span<UInt8>) {
        guard showsBytes else { return }
        bytes.removeAll(keepingCapacity: true)
        bytes.append(body)
    }

    /// A body that was not taken apart.
    mutating func show(unread body: Span<UInt8>, ofMessage message: Int?, _ text: String) {
        let mayHoldValues = message.map { schema.mayHoldValues(schema.messages[$0].structure) } ?? false
        show([("body", body.count, text)], Array(copying: body), hidesBytes: !showsValues && mayHoldValues)
    }

    /// The bytes of a header or of a body without a layout, under one name each.
    mutating func show(_ fields: [(name: String, size: Int, text: String)], _ body: [UInt8], hidesBytes: Bool = false) {
        if showsBytes { bytes = body }
        path = []
        var offset = 0
        for field in fields {
            line(offset..<(offset + field.size), hidesBytes: hidesBytes) { out in
                out.write(field.name)
                if !field.text.isEmpty {
                    out.write(" = ")
                    out.write(field.text)
                }
            }
            offset += field.size
        }
    }

    // MARK: Lines

    private mutating func line(_ place: Range<Int>, hidesBytes: Bool = false, _ write: (inout TextBuffer) -> Void) {
        guard showsBytes else {
            out.write("      ")
            write(&out)
            return out.write(byte: 0x0A)
        }
        // The buffer cannot be written while the visitor that owns both is read.
        let shown = bytes
        var rest = place
        var isFirst = true
        repeat {
            let part = rest.lowerBound..<min(rest.upperBound, rest.lowerBound + Self.bytesInLine)
            let begin = out.count
            out.write(decimal: UInt64(part.lowerBound), width: 7)
            out.write("  ")
            if hidesBytes { out.write("(not shown)") } else { out.write(hex: shown.span.extracting(part)) }
            if isFirst {
                out.write(spaces: max(2, Self.bytesWidth + 2 - (out.count - begin)))
                write(&out)
            }
            out.write(byte: 0x0A)
            isFirst = false
            rest = (hidesBytes ? rest.upperBound : part.upperBound)..<rest.upperBound
        } while !rest.isEmpty
    }

    private mutating func value(
        _ field: Schema.Field, _ place: Range<Int>, hidesBytes: Bool = false, _ write: (inout TextBuffer) -> Void
    ) {
        let names = names(field)
        line(place, hidesBytes: hidesBytes) { out in
            out.write(names)
            out.write(" = ")
            write(&out)
        }
    }

    /// `records[2].origin.node`.
    private mutating func names(_ field: Schema.Field) -> String {
        var text = ""
        for part in path {
            if part.name != 0 {
                if !text.isEmpty { text += "." }
                text += schema.names[Int(part.name)]
            }
            if let index = part.index { text += "[\(index)]" }
        }
        if field.name != 0 { text += (text.isEmpty ? "" : ".") + schema.names[Int(field.name)] }
        if field.name == 0 { count() }
        return text
    }

    /// The next element of the innermost list.
    private mutating func count() {
        if let index = path.last?.index { path[path.count - 1].index = index + 1 }
    }

    mutating func beginStructure(_ field: Schema.Field) { path.append(Part(name: field.name, index: nil)) }

    mutating func endStructure() {
        let part = path.popLast()
        if part?.name == 0 { count() }
    }

    mutating func beginList(_ count: Int?, _ field: Schema.Field, at place: Range<Int>) {
        if let count, field.name != schema.groupFields.operations.name || showsBytes {
            value(field, place) { out in
                out.write(decimal: UInt64(count))
                out.write(count == 1 ? " element" : " elements")
            }
        } else if !place.isEmpty {
            prefix(at: place)
        }
        path.append(Part(name: field.name, index: 0))
    }

    mutating func endList() { path.removeLast() }

    // MARK: Values

    mutating func number(_ value: UInt64, width: Int, _ field: Schema.Field, at place: Range<Int>) {
        chunk.take(value, field, schema)
        let schema = schema
        self.value(field, place) { $0.write(value, width: width, field.unit, schema) }
    }

    mutating func signed(_ value: Int64, _ field: Schema.Field, at place: Range<Int>) {
        self.value(field, place) { out in
            out.write(decimal: value)
            out.write(unit: field.unit)
        }
    }

    mutating func identifier(_ high: UInt64, _ low: UInt64, _ field: Schema.Field, at place: Range<Int>) {
        value(field, place) { out in
            out.write(hex: high, width: 8)
            out.write(hex: low, width: 8)
        }
    }

    mutating func boolean(_ value: UInt8, _ field: Schema.Field, at place: Range<Int>) {
        self.value(field, place) { out in
            if value > 1 { out.write(decimal: UInt64(value)) } else { out.write(value == 1 ? "yes" : "no") }
        }
    }

    mutating func enumeration(_ value: UInt64, _ enumeration: Int, _ field: Schema.Field, at place: Range<Int>) {
        chunk.take(value, field, schema)
        code(value, schema.caseName(value, of: enumeration), field, at: place)
    }

    mutating func code(_ value: UInt64, _ name: String?, _ field: Schema.Field, at place: Range<Int>) {
        self.value(field, place) { out in
            out.write(name ?? "unknown")
            out.write(" (")
            out.write(decimal: value)
            out.write(")")
        }
    }

    mutating func text(_ bytes: Span<UInt8>, _ field: Schema.Field, at place: Range<Int>) {
        let text = Array(copying: bytes)
        value(field, place) { $0.write(text: text.span) }
    }

    mutating func bytes(_ bytes: Span<UInt8>, isPayload: Bool, _ field: Schema.Field, at place: Range<Int>) {
        let isHidden = isPayload && !showsValues
        let content = isHidden ? [] : Array(copying: bytes)
        let count = bytes.count
        value(field, place, hidesBytes: isHidden) { out in
            if isHidden {
                out.write("\(count) bytes")
            } else {
                out.write(quoted: content.span)
            }
        }
    }

    mutating func fixed(_ bytes: Span<UInt8>, _ field: Schema.Field, at place: Range<Int>) {
        let content = Array(copying: bytes)
        value(field, place) { $0.write(hex: content.span) }
    }

    mutating func typedValue(_ type: UInt16, _ bytes: Span<UInt8>, at place: Range<Int>) {
        let content = Array(copying: bytes)
        value(.element, place) { out in
            out.write("type \(type)\(Grease.isGrease(type) ? " (GREASE)" : ""), \(content.count) bytes")
            if !content.isEmpty {
                out.write(" 0x")
                out.write(hex: content.span)
            }
        }
    }

    mutating func prefix(at place: Range<Int>) {
        if showsBytes { line(place) { _ in } }
    }

    mutating func absent(_ field: Schema.Field, at place: Range<Int>) {
        value(field, place) { $0.write("none") }
    }

    mutating func rows(_ bytes: Span<UInt8>, isPacked: Bool, _ field: Schema.Field, at place: Range<Int>) {
        let rows = showsValues || rowCount == nil ? chunk.rows(bytes, isPacked: isPacked) : nil
        let count = rowCount ?? rows?.count
        let size = bytes.count
        value(field, place, hidesBytes: !showsValues) { out in
            out.write("\(size) bytes, ")
            out.write(count.map { "\($0) rows" } ?? "not a row block")
        }
        guard showsValues, let rows else { return }
        for row in rows {
            out.write("        ")
            out.write(row)
            out.write(byte: 0x0A)
        }
    }
}

extension TextBuffer {
    /// A number as its unit says.
    mutating func write(_ value: UInt64, width: Int, _ unit: Schema.Unit, _ schema: Schema) {
        switch unit {
        case .hash: write(hex: value, width: width)
        case .stamp: write(plainStamp: value)
        case .date:
            write(decimal: value)
            guard value > 0 else { return }
            write(" (")
            write(milliseconds: value)
            write(")")
        case .error, .message:
            let code = UInt16(truncatingIfNeeded: value)
            let name = unit == .error ? schema.errors[code] : schema.messageName(code)
            write(name ?? (value == 0 ? "none" : "unknown"))
            write(" (0x")
            write(hex: value, width: 2)
            write(")")
        default:
            write(decimal: value)
            write(unit: unit)
        }
    }

    mutating func write(unit: Schema.Unit) {
        switch unit {
        case .milliseconds: write(" ms")
        case .microseconds: write(" us")
        case .bytes: write(" bytes")
        default: break
        }
    }

    /// `put "key" = "value" 2026-…Z/3 08e552d3.17/5`, or `delete`.
    mutating func write(_ row: Row) {
        write(row.isTombstone ? "delete " : "put ")
        write(quoted: row.key.span)
        if !row.value.isEmpty {
            write(" = ")
            write(quoted: row.value.span)
        }
        if row.owner != nil { write(" owned") }
        write(" ")
        write(plainStamp: row.version.stamp.value)
        write(" ")
        write(shortID: UInt64(truncatingIfNeeded: row.version.dot.origin.node.value >> 64))
        write(".\(row.version.dot.origin.incarnation)/\(row.version.dot.sequence)")
    }
}
