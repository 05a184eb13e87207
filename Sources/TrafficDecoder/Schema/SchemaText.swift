/// Reads the text that is made from `spec/protocol.json`: one entry a line, first its kind, then its parts.
///
/// The text is ours and tested against the JSON, so a mistake in it is a mistake of ours.
struct SchemaText {
    private var schema = Schema()
    private var nameIndexes: [String: UInt32] = [:]
    /// Structures and enumerations by name; both are declared before fields of them are read.
    private var named: [String: Schema.Shape] = [:]

    static func parse(_ text: String) -> Schema {
        var parser = SchemaText()
        let lines = text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        for line in lines { parser.declare(line) }
        for line in lines { parser.define(line) }
        parser.schema.groupFields = Schema.GroupFields(
            stamp: parser.field("stamp:u64;unit=stamp"), operations: parser.field("operations:u32"),
            kind: parser.field("kind:OperationKind"), key: parser.field("key:bytes"), value: parser.field("value:bytes;payload"))
        parser.schema.chunkNames = (parser.name("codec"), parser.name("rawLength"), parser.name("rawCRC"))
        parser.schema.finish()
        return parser.schema
    }

    // MARK: First pass: names

    private mutating func declare(_ line: [String]) {
        switch line[0] {
        case "lane": schema.lanes.append(line[2])
        case "file": schema.fileKinds.append(line[2])
        case "error": schema.errors[UInt16(number(line[1]))] = line[2]
        case "enum":
            var cases: [String] = []
            for entry in line.dropFirst(3) {
                let parts = entry.split(separator: "=").map(String.init)
                let value = number(parts[0])
                while cases.count <= value { cases.append("") }
                cases[value] = parts[1]
            }
            named[line[1]] = .enumeration(UInt32(schema.enumerations.count))
            schema.enumerations.append(Schema.Enumeration(name: line[1], width: UInt8(number(line[2])), cases: cases))
        case "struct":
            named[line[1]] = .structure(reserve(line[1]))
        case "message":
            let permitted = line[4].split(separator: ",").map { $0.split(separator: "/").map { $0 == "yes" } }
            schema.messages.append(
                Schema.MessageLayout(
                    code: UInt16(number(line[1])), name: line[2], lane: UInt8(number(line[3])), requirement: line[5],
                    structure: Int(reserve(line[2])),
                    permitted: permitted))
        case "call": schema.methods.append(layout(line))
        case "reply": schema.replies.append(layout(line))
        case "record": schema.records.append(layout(line))
        default: preconditionFailure("\(line[0]) is no kind of entry")
        }
    }

    private mutating func reserve(_ name: String) -> UInt32 {
        schema.structures.append(Schema.Structure(name: name, fields: 0..<0))
        return UInt32(schema.structures.count - 1)
    }

    private mutating func layout(_ line: [String]) -> Schema.Layout {
        Schema.Layout(code: number(line[1]), name: line[2], structure: Int(reserve(line[2])))
    }

    // MARK: Second pass: fields

    private mutating func define(_ line: [String]) {
        let place: (index: Int?, first: Int) =
            switch line[0] {
            case "struct": (schema.structures.firstIndex { $0.name == line[1] }, 2)
            case "message": (schema.messages.first { $0.name == line[2] }?.structure, 6)
            case "call": (schema.method(number(line[1]))?.structure, 3)
            case "reply": (schema.reply(number(line[1]))?.structure, 3)
            case "record": (schema.record(number(line[1]))?.structure, 3)
            default: (nil, 0)
            }
        guard let index = place.index else { return }
        let start = schema.fields.count
        for part in line[place.first...] {
            let made = field(part)
            schema.fields.append(made)
        }
        schema.structures[index].fields = start..<schema.fields.count
    }

    /// `name:type` and, behind semicolons, `unit=…`, `payload`, `flag=N`, `log`.
    private mutating func field(_ text: String) -> Schema.Field {
        let parts = text.split(separator: ";").map(String.init)
        let head = parts[0].split(separator: ":", maxSplits: 1).map(String.init)
        var unit = Schema.Unit.none
        var flag: UInt8 = 0
        for part in parts.dropFirst() {
            if part.hasPrefix("unit=") { unit = Self.units[String(part.dropFirst(5))] ?? .none }
            if part.hasPrefix("flag=") { flag = UInt8(number(String(part.dropFirst(5)))) }
        }
        let shape = shape(head[1], isPayload: parts.contains("payload"), unit)
        return Schema.Field(name: name(head[0]), shape: shape, unit: unit, flag: flag, isInLogOnly: parts.contains("log"))
    }

    private static let units: [String: Schema.Unit] = [
        "ms": .milliseconds, "us": .microseconds, "bytes": .bytes, "date": .date, "stamp": .stamp, "hash": .hash, "error": .error,
        "message": .message,
    ]

    private mutating func shape(_ type: String, isPayload: Bool, _ unit: Schema.Unit) -> Schema.Shape {
        if let shape = Self.simple[type] { return shape }
        if type == "bytes" { return .bytes(isPayload: isPayload) }
        if let shape = named[type] { return shape }
        guard let open = type.firstIndex(of: "<") else { preconditionFailure("\(type) is no type") }
        let inner = String(type[type.index(after: open)...].dropLast())
        switch type[..<open] {
        case "fixed": return .fixed(UInt32(number(inner)))
        case "list": return .list(element(inner, unit))
        case "optional": return .optional(element(inner, unit))
        case "array":
            let parts = inner.split(separator: ",").map(String.init)
            return .array(element(parts[0], unit), count: UInt32(number(parts[1])))
        case "body": return .body(UInt32(schema.messages.first { $0.name == inner }?.structure ?? 0))
        case "sized": return .sizedBody(UInt32(schema.messages.first { $0.name == inner }?.structure ?? 0))
        default: preconditionFailure("\(type) is no type")
        }
    }

    private static let simple: [String: Schema.Shape] = [
        "u8": .unsigned(width: 1), "u16": .unsigned(width: 2), "u32": .unsigned(width: 4), "u64": .unsigned(width: 8),
        "i64": .signed, "u128": .identifier, "bool": .boolean, "text": .text, "NodeName": .text, "TableName": .text,
        "Address": .text, "tlv": .extensions, "Method": .method, "ReplyKind": .replyKind, "arguments": .arguments,
        "result": .result, "groups": .groups, "chunk": .chunk, "rowBlock": .rowBlock,
    ]

    private mutating func element(_ type: String, _ unit: Schema.Unit) -> UInt32 {
        let shape = shape(type, isPayload: false, unit)
        schema.elements.append(Schema.Field(name: 0, shape: shape, unit: unit, flag: 0, isInLogOnly: false))
        return UInt32(schema.elements.count - 1)
    }

    private mutating func name(_ text: String) -> UInt32 {
        if let index = nameIndexes[text] { return index }
        let index = UInt32(schema.names.count)
        schema.names.append(text)
        nameIndexes[text] = index
        return index
    }

    private func number(_ text: String) -> Int { Int(text) ?? 0 }
}
