internal import ClusterModel

/// Writes the fields of a message as `conformance/vectors` do, which say what bytes mean without saying how they are laid out:
/// numbers of 64 bits as text, bytes in hex, versions in one piece, a row by what it is.
struct VectorFields: ~Copyable, FieldVisitor {
    var out = TextBuffer()
    private let schema: Schema
    private var isFirst = true
    /// For each open structure or list, whether it was written as such; others lie flat in what is around them.
    private var open: [Bool] = []
    private var flags: UInt8 = 0
    private var kind = ""
    /// OPERATIONS keeps its groups packed; until their end nothing is written.
    private var isSilent = false
    private var silentDepth = 0
    private var body: [UInt8] = []

    /// Structures that vectors show in one piece with what holds them.
    private static let flat: Set = ["origin", "write", "scan", "arguments", "result"]

    init(_ schema: Schema) { self.schema = schema }

    /// The message's fields as one object.
    mutating func write(_ message: Int, _ body: Span<UInt8>) {
        var walker = BodyWalker(schema)
        self.body = [UInt8](copying: body)
        isFirst = true
        out.write(byte: 0x7B)
        _ = walker.walk(schema.messages[message].structure, in: body, &self)
        out.write(byte: 0x7D)
    }

    // MARK: Keys

    private func name(_ field: Schema.Field) -> String { schema.names[Int(field.name)] }

    /// - Returns: whether the value is to be written.
    private mutating func key(_ field: Schema.Field) -> Bool {
        guard !isSilent else { return false }
        if !isFirst { out.write(byte: 0x2C) }
        isFirst = false
        guard field.name != 0 else { return true }
        // The kind says what the result is.
        let name = name(field) == "result" ? kind : name(field)
        out.write("\"\(name)\":")
        return true
    }

    // MARK: Values

    mutating func number(_ value: UInt64, width: Int, _ field: Schema.Field, at place: Range<Int>) {
        if name(field) == "flags" {
            flags = UInt8(truncatingIfNeeded: value)
            return
        }
        guard key(field) else { return }
        if width == 8 { out.write("\"\(value)\"") } else { out.write(decimal: value) }
    }

    mutating func signed(_ value: Int64, _ field: Schema.Field, at place: Range<Int>) {
        if key(field) { out.write("\"\(value)\"") }
    }

    mutating func identifier(_ high: UInt64, _ low: UInt64, _ field: Schema.Field, at place: Range<Int>) {
        guard key(field) else { return }
        out.write(byte: 0x22)
        out.write(hex: high, width: 8)
        out.write(hex: low, width: 8)
        out.write(byte: 0x22)
    }

    mutating func boolean(_ value: UInt8, _ field: Schema.Field, at place: Range<Int>) {
        if key(field) { out.write(value == 1 ? "true" : "false") }
    }

    mutating func enumeration(_ value: UInt64, _ enumeration: Int, _ field: Schema.Field, at place: Range<Int>) {
        code(value, schema.caseName(value, of: enumeration), field, at: place)
    }

    mutating func code(_ value: UInt64, _ name: String?, _ field: Schema.Field, at place: Range<Int>) {
        guard key(field) else { return }
        if field.shape == .replyKind { kind = name ?? "" }
        if let name { out.write("\"\(name)\"") } else { out.write(decimal: value) }
    }

    mutating func text(_ bytes: Span<UInt8>, _ field: Schema.Field, at place: Range<Int>) {
        guard key(field) else { return }
        // A client gives no address: none is not the same as an empty one.
        if bytes.count == 0, name(field) == "address" { out.write("null") } else { out.write(json: bytes) }
    }

    mutating func bytes(_ bytes: Span<UInt8>, isPayload: Bool, _ field: Schema.Field, at place: Range<Int>) {
        guard key(field) else { return }
        hexadecimal(bytes)
        // The row's flags stand before its key, and say whether an owner comes.
        if name(field) == "key", isRow {
            if flags & 2 == 0 { out.write(",\"owner\":null") }
            out.write(",\"isTombstone\":\(flags & 1 == 1)")
        }
    }

    private var isRow: Bool { rowDepths.last == open.count }
    private var rowDepths: [Int] = []

    mutating func fixed(_ bytes: Span<UInt8>, _ field: Schema.Field, at place: Range<Int>) {
        if key(field) { hexadecimal(bytes) }
    }

    private mutating func hexadecimal(_ bytes: Span<UInt8>) {
        out.write(byte: 0x22)
        out.write(hex: bytes)
        out.write(byte: 0x22)
    }

    mutating func typedValue(_ type: UInt16, _ bytes: Span<UInt8>, at place: Range<Int>) {
        guard key(.element) else { return }
        out.write("{\"type\":\(type),\"value\":")
        hexadecimal(bytes)
        out.write(byte: 0x7D)
    }

    mutating func rows(_ bytes: Span<UInt8>, isPacked: Bool, _ field: Schema.Field, at place: Range<Int>) {
        if key(field) { hexadecimal(bytes) }
    }

    mutating func absent(_ field: Schema.Field, at place: Range<Int>) {
        if key(field) { out.write("null") }
    }

    mutating func prefix(at place: Range<Int>) {}

    // MARK: Structures and lists

    mutating func beginStructure(_ field: Schema.Field) {
        guard !isSilent else { return open.append(false) }
        let name = name(field)
        // Inside a version or an entry of a vector the origin lies flat; elsewhere it is an object.
        let isFlat =
            name == "origin" ? isVersion(open.count) : Self.flat.contains(name) && !(name == "result" && field.shape.isStructure)
        if isVector(field) {
            _ = key(field)
            return open.append(false)
        }
        guard !isFlat else { return open.append(false) }
        _ = key(field)
        out.write(byte: 0x7B)
        isFirst = true
        open.append(true)
        if isRowShape(field) { rowDepths.append(open.count) }
        if name == "version" || isEntry(field) { versionDepths.append(open.count) }
    }

    private var versionDepths: [Int] = []
    private func isVersion(_ depth: Int) -> Bool { versionDepths.last == depth }

    private func structureName(_ field: Schema.Field) -> String {
        guard case .structure(let index) = field.shape else { return "" }
        return schema.structures[Int(index)].name
    }

    private func isVector(_ field: Schema.Field) -> Bool { structureName(field) == "VersionVector" }
    private func isEntry(_ field: Schema.Field) -> Bool { structureName(field) == "VectorEntry" }
    private func isRowShape(_ field: Schema.Field) -> Bool { structureName(field) == "Row" }

    mutating func endStructure() {
        if rowDepths.last == open.count { rowDepths.removeLast() }
        if versionDepths.last == open.count { versionDepths.removeLast() }
        if open.popLast() == true { out.write(byte: 0x7D) }
        isFirst = false
    }

    mutating func beginList(_ count: Int?, _ field: Schema.Field, at place: Range<Int>) {
        if !isSilent, field.shape == .groups {
            _ = key(field)
            let body = body
            hexadecimal(body.span.extracting(place.upperBound..<body.count))
            isSilent = true
            silentDepth = open.count + 1
            return open.append(false)
        }
        guard !isSilent else { return open.append(false) }
        if name(field) == "entries" {
            // A vector is its entries; the key is that of the structure around them.
            out.write(byte: 0x5B)
        } else {
            _ = key(field)
            out.write(byte: 0x5B)
        }
        isFirst = true
        open.append(true)
    }

    mutating func endList() {
        if isSilent, silentDepth == open.count { isSilent = false }
        if open.popLast() == true { out.write(byte: 0x5D) }
        isFirst = false
    }
}

extension Schema.Shape {
    fileprivate var isStructure: Bool {
        if case .structure = self { return true }
        return false
    }
}
