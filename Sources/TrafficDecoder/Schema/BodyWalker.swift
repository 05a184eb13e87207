/// Takes a body apart by the layouts of the spec and shows each field to a visitor, as far as the bytes go.
///
/// Liberal: it shows what it can read and stops where the bytes end or make no sense of their length; whether they are right is
/// `Judge`'s question. Whatever was begun is ended, also then.
struct BodyWalker {
    let schema: Schema
    /// Where the next field begins.
    private(set) var offset = 0
    /// Records differ a little between logs and checkpoints.
    var isInLog = true
    private var selector = -1
    private var flags: UInt8 = 0

    init(_ schema: Schema) { self.schema = schema }

    /// Shows the fields of a structure from `start` on.
    /// - Returns: whether the bytes sufficed; `offset` is where reading ended.
    mutating func walk<V: FieldVisitor & ~Copyable>(
        _ structure: Int, in body: Span<UInt8>, from start: Int = 0, _ visitor: inout V
    ) -> Bool {
        offset = start
        selector = -1
        return fields(structure, body, &visitor)
    }

    private mutating func fields<V: FieldVisitor & ~Copyable>(
        _ structure: Int, _ body: Span<UInt8>, _ visitor: inout V
    ) -> Bool {
        for index in schema.structures[structure].fields {
            let field = schema.fields[index]
            if field.flag != 0, flags & field.flag == 0 { continue }
            if field.isInLogOnly, !isInLog { continue }
            guard value(field, body, &visitor) else { return false }
        }
        return true
    }

    private mutating func value<V: FieldVisitor & ~Copyable>(
        _ field: Schema.Field, _ body: Span<UInt8>, _ visitor: inout V
    ) -> Bool {
        switch field.shape {
        case .unsigned(let width):
            guard let number = take(Int(width), body) else { return false }
            if width == 1 { flags = UInt8(truncatingIfNeeded: number) }
            visitor.number(number, width: Int(width), field, at: (offset - Int(width))..<offset)
        case .signed:
            guard let number = take(8, body) else { return false }
            visitor.signed(Int64(bitPattern: number), field, at: (offset - 8)..<offset)
        case .identifier:
            guard body.count - offset >= 16, let high = take(8, body), let low = take(8, body) else { return false }
            visitor.identifier(high, low, field, at: (offset - 16)..<offset)
        case .boolean:
            guard let number = take(1, body) else { return false }
            visitor.boolean(UInt8(truncatingIfNeeded: number), field, at: (offset - 1)..<offset)
        case .enumeration(let index):
            let width = Int(schema.enumerations[Int(index)].width)
            guard let number = take(width, body) else { return false }
            visitor.enumeration(number, Int(index), field, at: (offset - width)..<offset)
        case .text: return text(field, body, &visitor)
        case .bytes(let isPayload): return bytes(field, isPayload: isPayload, body, &visitor)
        case .fixed(let count):
            guard body.count - offset >= Int(count) else { return false }
            offset += Int(count)
            visitor.fixed(body.extracting((offset - Int(count))..<offset), field, at: (offset - Int(count))..<offset)
        default: return compound(field, body, &visitor)
        }
        return true
    }

    private mutating func text<V: FieldVisitor & ~Copyable>(
        _ field: Schema.Field, _ body: Span<UInt8>, _ visitor: inout V
    ) -> Bool {
        let start = offset
        guard let count = take(2, body).map({ Int($0) }), body.count - offset >= count else { return back(to: start) }
        offset += count
        visitor.text(body.extracting((offset - count)..<offset), field, at: start..<offset)
        return true
    }

    private mutating func bytes<V: FieldVisitor & ~Copyable>(
        _ field: Schema.Field, isPayload: Bool, _ body: Span<UInt8>, _ visitor: inout V
    ) -> Bool {
        let start = offset
        guard let count = take(4, body).map({ Int($0) }), body.count - offset >= count else { return back(to: start) }
        offset += count
        visitor.bytes(body.extracting((offset - count)..<offset), isPayload: isPayload, field, at: start..<offset)
        return true
    }

    private mutating func compound<V: FieldVisitor & ~Copyable>(
        _ field: Schema.Field, _ body: Span<UInt8>, _ visitor: inout V
    ) -> Bool {
        switch field.shape {
        case .structure(let index): return structure(Int(index), field, body, &visitor)
        case .list(let element):
            let start = offset
            guard let count = take(4, body) else { return false }
            return elements(Int(element), count: Int(count), field, from: start, body, &visitor)
        case .array(let element, let count):
            return elements(Int(element), count: Int(count), field, from: offset, body, &visitor)
        case .optional(let element): return optional(Int(element), field, body, &visitor)
        case .extensions: return extensions(field, body, &visitor)
        case .method: return code(2, field, body, &visitor)
        case .replyKind: return code(1, field, body, &visitor)
        case .arguments, .result: return union(field, body, &visitor)
        case .groups: return groups(field, body, &visitor)
        case .chunk:
            let start = offset
            guard let count = take(4, body).map({ Int($0) }), body.count - offset >= count else { return back(to: start) }
            offset += count
            visitor.rows(body.extracting((offset - count)..<offset), isPacked: true, field, at: start..<offset)
        case .rowBlock:
            let start = offset
            offset = body.count
            visitor.rows(body.extracting(start..<offset), isPacked: false, field, at: start..<offset)
        case .body(let index): return structure(Int(index), field, body, &visitor)
        case .sizedBody(let index):
            guard take(4, body) != nil else { return false }
            visitor.prefix(at: (offset - 4)..<offset)
            return structure(Int(index), field, body, &visitor)
        default: preconditionFailure("a simple shape is read before")
        }
        return true
    }

    private mutating func structure<V: FieldVisitor & ~Copyable>(
        _ index: Int, _ field: Schema.Field, _ body: Span<UInt8>, _ visitor: inout V
    ) -> Bool {
        visitor.beginStructure(field)
        let isWhole = fields(index, body, &visitor)
        visitor.endStructure()
        return isWhole
    }

    private mutating func elements<V: FieldVisitor & ~Copyable>(
        _ index: Int, count: Int, _ field: Schema.Field, from start: Int, _ body: Span<UInt8>, _ visitor: inout V
    ) -> Bool {
        let element = schema.elements[index]
        visitor.beginList(count, field, at: start..<offset)
        var isWhole = true
        var left = count
        while left > 0, isWhole {
            isWhole = value(element, body, &visitor)
            left -= 1
        }
        visitor.endList()
        return isWhole
    }

    private mutating func optional<V: FieldVisitor & ~Copyable>(
        _ index: Int, _ field: Schema.Field, _ body: Span<UInt8>, _ visitor: inout V
    ) -> Bool {
        guard let mark = take(1, body) else { return false }
        guard mark == 1 else {
            visitor.absent(field, at: (offset - 1)..<offset)
            return mark == 0
        }
        visitor.prefix(at: (offset - 1)..<offset)
        var element = schema.elements[index]
        element.name = field.name
        return value(element, body, &visitor)
    }

    /// Type, u16 length, value, to the end of the body (EXT-003).
    private mutating func extensions<V: FieldVisitor & ~Copyable>(
        _ field: Schema.Field, _ body: Span<UInt8>, _ visitor: inout V
    ) -> Bool {
        visitor.beginList(nil, field, at: offset..<offset)
        defer { visitor.endList() }
        while offset < body.count {
            let start = offset
            guard let type = take(2, body), let count = take(2, body).map({ Int($0) }), body.count - offset >= count else {
                return back(to: start)
            }
            offset += count
            visitor.typedValue(UInt16(type), body.extracting((offset - count)..<offset), at: start..<offset)
        }
        return true
    }

    private mutating func code<V: FieldVisitor & ~Copyable>(
        _ width: Int, _ field: Schema.Field, _ body: Span<UInt8>, _ visitor: inout V
    ) -> Bool {
        guard let number = take(width, body) else { return false }
        selector = Int(number)
        let name = width == 2 ? schema.method(selector)?.name : schema.reply(selector)?.name
        visitor.code(number, name, field, at: (offset - width)..<offset)
        return true
    }

    private mutating func union<V: FieldVisitor & ~Copyable>(
        _ field: Schema.Field, _ body: Span<UInt8>, _ visitor: inout V
    ) -> Bool {
        let layout = field.shape == .arguments ? schema.method(selector) : schema.reply(selector)
        guard let layout else { return false }
        return structure(layout.structure, field, body, &visitor)
    }

    /// Groups of stamp, count, and operations of kind, two lengths, key and value (REP-004).
    private mutating func groups<V: FieldVisitor & ~Copyable>(
        _ field: Schema.Field, _ body: Span<UInt8>, _ visitor: inout V
    ) -> Bool {
        let start = offset
        guard let count = take(4, body).map({ Int($0) }), body.count - offset >= count else { return back(to: start) }
        let end = offset + count
        let parts = schema.groupFields
        visitor.beginList(nil, field, at: start..<offset)
        defer { visitor.endList() }
        while offset < end {
            visitor.beginStructure(parts.group)
            let isWhole = group(parts, body.extracting(first: end), &visitor)
            visitor.endStructure()
            guard isWhole else { return false }
        }
        return true
    }

    private mutating func group<V: FieldVisitor & ~Copyable>(
        _ parts: Schema.GroupFields, _ body: Span<UInt8>, _ visitor: inout V
    ) -> Bool {
        guard value(parts.stamp, body, &visitor), let count = take(4, body) else { return false }
        visitor.beginList(Int(count), parts.operations, at: (offset - 4)..<offset)
        defer { visitor.endList() }
        var left = count
        while left > 0 {
            visitor.beginStructure(parts.group)
            let isWhole = operation(parts, body, &visitor)
            visitor.endStructure()
            guard isWhole else { return false }
            left -= 1
        }
        return true
    }

    private mutating func operation<V: FieldVisitor & ~Copyable>(
        _ parts: Schema.GroupFields, _ body: Span<UInt8>, _ visitor: inout V
    ) -> Bool {
        guard value(parts.kind, body, &visitor) else { return false }
        let lengths = offset
        guard let keyCount = take(4, body).map({ Int($0) }), let valueCount = take(4, body).map({ Int($0) }),
            body.count - offset >= keyCount, body.count - offset - keyCount >= valueCount
        else { return back(to: lengths) }
        let key = offset..<(offset + keyCount)
        let value = key.upperBound..<(key.upperBound + valueCount)
        offset = value.upperBound
        visitor.prefix(at: lengths..<key.lowerBound)
        visitor.bytes(body.extracting(key), isPayload: false, parts.key, at: key)
        visitor.bytes(body.extracting(value), isPayload: true, parts.value, at: value)
        return true
    }

    // MARK: Bytes

    /// The next integer of `width` bytes, or nil when they are not there.
    @inline(__always)
    private mutating func take(_ width: Int, _ body: Span<UInt8>) -> UInt64? {
        guard body.count - offset >= width else { return nil }
        let number: UInt64 =
            switch width {
            case 1: UInt64(body[offset])
            case 2: UInt64(body.load(at: offset, as: UInt16.self))
            case 4: UInt64(body.load(at: offset, as: UInt32.self))
            default: body.load(at: offset, as: UInt64.self)
            }
        offset += width
        return number
    }

    private mutating func back(to start: Int) -> Bool {
        offset = start
        return false
    }
}
