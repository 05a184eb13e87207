internal import ClusterModel

/// Looks for a field of a name for which a test holds, wherever in the body it stands. Rows in chunks count as fields too.
struct FieldProbe: FieldVisitor {
    private let test: Filter.Test
    private let name: UInt32
    private let schema: Schema
    private var chunk = ChunkHead()
    private(set) var isFound = false
    /// Structures and lists that are open, from the innermost one of the name on: their elements count as the field.
    private var depth = 0
    private var nameDepth: Int?

    init(_ test: Filter.Test, name: UInt32, _ schema: Schema) {
        self.test = test
        self.name = name
        self.schema = schema
    }

    private func isMeant(_ field: Schema.Field) -> Bool {
        field.name == name || field.name == 0 && nameDepth == depth
    }

    private mutating func check(_ number: Int64, _ field: Schema.Field) {
        if !isFound, isMeant(field) { isFound = test.holds(number) }
    }

    private mutating func check(_ text: String?, or number: UInt64, _ field: Schema.Field) {
        guard !isFound, isMeant(field) else { return }
        if test.number == nil, let text {
            isFound = test.holds(Array(text.utf8).span)
        } else {
            isFound = test.holds(Int64(clamping: number))
        }
    }

    mutating func number(_ value: UInt64, width: Int, _ field: Schema.Field, at place: Range<Int>) {
        chunk.take(value, field, schema)
        guard !isFound, isMeant(field) else { return }
        let code = UInt16(truncatingIfNeeded: value)
        switch field.unit {
        case .error: check(schema.errors[code], or: value, field)
        case .message: check(schema.messageName(code), or: value, field)
        case .hash: hexadecimal([value], width: width, field)
        default: check(Int64(clamping: value), field)
        }
    }

    /// Ids and hashes: what was written is the beginning of the digits.
    private mutating func hexadecimal(_ words: [UInt64], width: Int, _ field: Schema.Field) {
        guard isMeant(field) else { return }
        var digits: [UInt8] = []
        for word in words {
            for shift in stride(from: width * 8 - 4, through: 0, by: -4) {
                digits.append(TextBuffer.hexDigit(UInt8(truncatingIfNeeded: word >> UInt64(shift)) & 15))
            }
        }
        let isEqual = digits.starts(with: test.text)
        switch test.relation {
        case .exists: isFound = true
        case .equal, .contains: isFound = isEqual
        case .unequal: isFound = !isEqual
        default: break
        }
    }

    mutating func signed(_ value: Int64, _ field: Schema.Field, at place: Range<Int>) { check(value, field) }

    mutating func identifier(_ high: UInt64, _ low: UInt64, _ field: Schema.Field, at place: Range<Int>) {
        if !isFound { hexadecimal([high, low], width: 8, field) }
    }

    mutating func boolean(_ value: UInt8, _ field: Schema.Field, at place: Range<Int>) {
        check(value == 1 ? "true" : "false", or: UInt64(value), field)
    }

    mutating func enumeration(_ value: UInt64, _ enumeration: Int, _ field: Schema.Field, at place: Range<Int>) {
        chunk.take(value, field, schema)
        check(schema.caseName(value, of: enumeration), or: value, field)
    }

    mutating func code(_ value: UInt64, _ name: String?, _ field: Schema.Field, at place: Range<Int>) {
        check(name, or: value, field)
    }

    mutating func text(_ bytes: Span<UInt8>, _ field: Schema.Field, at place: Range<Int>) {
        if !isFound, isMeant(field) { isFound = test.holds(bytes) }
    }

    mutating func bytes(_ bytes: Span<UInt8>, isPayload: Bool, _ field: Schema.Field, at place: Range<Int>) {
        text(bytes, field, at: place)
    }

    mutating func fixed(_ bytes: Span<UInt8>, _ field: Schema.Field, at place: Range<Int>) {}
    mutating func typedValue(_ type: UInt16, _ bytes: Span<UInt8>, at place: Range<Int>) {}
    mutating func prefix(at place: Range<Int>) {}
    mutating func absent(_ field: Schema.Field, at place: Range<Int>) {}

    mutating func rows(_ bytes: Span<UInt8>, isPacked: Bool, _ field: Schema.Field, at place: Range<Int>) {
        guard !isFound else { return }
        let isKey = name == schema.groupFields.key.name
        guard isKey || name == schema.groupFields.value.name else {
            if field.name == name { isFound = test.holds(Int64(bytes.count)) }
            return
        }
        isFound = (chunk.rows(bytes, isPacked: isPacked) ?? []).contains { test.holds((isKey ? $0.key : $0.value).span) }
    }

    mutating func beginStructure(_ field: Schema.Field) {
        if field.name == name, test.relation == .exists { isFound = true }
        depth += 1
    }

    mutating func endStructure() { depth -= 1 }

    mutating func beginList(_ count: Int?, _ field: Schema.Field, at place: Range<Int>) {
        depth += 1
        guard field.name == name else { return }
        // A list is as large as its count, and has its elements.
        if let count, test.number != nil { isFound = isFound || test.holds(Int64(count)) }
        if test.relation == .exists { isFound = true }
        nameDepth = depth
    }

    mutating func endList() {
        if nameDepth == depth { nameDepth = nil }
        depth -= 1
    }
}
