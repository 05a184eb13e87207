/// Encodes random values by the field layouts of `protocol.json` alone: a second, independent writer of the wire.
/// It shares no code with `WireFormat`, so agreement proves that the JSON describes the bytes.
struct SchemaEncoder {
    struct Problem: Error, CustomStringConvertible { var description: String }

    /// An encoded value with what other fields may ask of it.
    struct Value {
        var bytes: [UInt8] = []
        /// What the value is ordered by: big-endian digits, or the UTF-8 of a text.
        var key: [UInt8] = []
        var number: UInt64 = 0
        var parts: [String: Value] = [:]

        func part(_ path: String?) throws -> Value {
            guard let path else { return self }
            var value = self
            for name in path.split(separator: ".") {
                guard let next = value.parts[String(name)] else { throw Problem(description: "no field \(path)") }
                value = next
            }
            return value
        }
    }

    let document: ProtocolDocument
    var random: SeededGenerator
    /// The method or reply kind to write; nil for any.
    var chosen: UInt64?

    init(_ document: ProtocolDocument, seed: UInt64) {
        self.document = document
        random = SeededGenerator(seed: seed)
    }

    // MARK: Fields

    mutating func structure(_ fields: [ProtocolDocument.Field]) throws -> Value {
        var values: [String: Value] = [:]
        for field in fields where field.content != nil { values[field.name] = operationGroups() }
        for name in fields.compactMap(\.selector) {
            guard let field = fields.first(where: { $0.name == name }), !isSelector(field) else { continue }
            values[name] = try value(of: field, beside: values)
        }
        for field in fields.reversed() where values[field.name] == nil {
            values[field.name] = try value(of: field, beside: values)
        }
        var result = Value()
        for field in fields {
            guard let value = values[field.name] else { continue }
            result.bytes += value.bytes
            result.key += value.key
        }
        result.parts = values
        return result
    }

    /// Later fields are drawn first, so a selector is drawn before the union that follows it is written.
    private mutating func value(of field: ProtocolDocument.Field, beside values: [String: Value]) throws -> Value {
        if let on = field.on { return try union(field, on: on) }
        if let counted = field.counts { return integer(values[counted]?.number ?? 0, width: 4) }
        if let flag = field.when, values["flags"] == nil {
            // Whether it is there is drawn here and read back by the flags before it.
            return Bool.random(using: &random) ? integer(drawNumber(in: 0...UInt64.max), width: 16).marked(flag) : Value()
        }
        if let bits = field.bits { return flags(bits, beside: values) }
        if let content = values["data"], content.parts.isEmpty, field.name == "rawLength" {
            return integer(UInt64(content.bytes.count - 4), width: 4)
        }
        if let union = values.values.first(where: { $0.parts["selector"] != nil }), isSelector(field) {
            return union.parts["selector"] ?? Value()
        }
        if let zeroUnless = field.zeroUnless {
            let cases =
                document.replies.map { ($0.name, UInt64($0.code)) }
                + document.enums.flatMap { $0.cases.map { ($0.name, UInt64($0.value)) } }
            let isSet = values[field.selector ?? ""]?.number == cases.first { $0.0 == zeroUnless }?.1
            return integer(isSet ? drawNumber(in: 1...0xFFFF) : 0, width: Self.width(field.type) ?? 0)
        }
        if field.lengthOf != nil { return bytes(count: Int.random(in: 1...40, using: &random)) }
        return try typed(field, beside: values)
    }

    private func isSelector(_ field: ProtocolDocument.Field) -> Bool { field.type == "Method" || field.type == "ReplyKind" }

    private mutating func union(_ field: ProtocolDocument.Field, on: String) throws -> Value {
        let cases: [(code: UInt64, fields: [ProtocolDocument.Field])] =
            field.of == "calls"
            ? document.calls.map { (UInt64($0.code), $0.fields) } : document.replies.map { (UInt64($0.code), $0.fields) }
        guard let selected = chosen.flatMap({ code in cases.first { $0.code == code } }) ?? cases.randomElement(using: &random)
        else { throw Problem(description: "\(field.name) has no cases") }
        var value = try structure(selected.fields)
        value.parts["selector"] = integer(selected.code, width: field.of == "calls" ? 2 : 1)
        return value
    }

    private mutating func flags(_ bits: [String], beside values: [String: Value]) -> Value {
        var number: UInt64 = 0
        for (index, bit) in bits.enumerated() {
            let field = values[bit]
            let isSet = field.map { !$0.bytes.isEmpty } ?? Bool.random(using: &random)
            if isSet { number |= 1 << UInt64(index) }
        }
        return integer(number, width: 1)
    }

    // MARK: Types

    private mutating func typed(_ field: ProtocolDocument.Field, beside values: [String: Value]) throws -> Value {
        let type = field.type
        if field.order == "canonical vector" { return canonicalVector() }
        if let element = Self.argument(of: type, "list") { return try list(of: element, field) }
        if let element = Self.argument(of: type, "optional") {
            guard Bool.random(using: &random) else { return Value(bytes: [0]) }
            return Value(bytes: try [1] + named(element, field).bytes)
        }
        if let parameters = Self.argument(of: type, "array") {
            let parts = parameters.split(separator: ",")
            var bytes: [UInt8] = []
            for _ in 0..<(Int(parts[1]) ?? 0) { bytes += try named(String(parts[0]), field).bytes }
            return Value(bytes: bytes)
        }
        if let count = Self.argument(of: type, "fixed").flatMap({ Int($0) }) { return Value(bytes: randomBytes(count)) }
        if type == "tlv" { return extensions() }
        guard field.notAbove.flatMap({ values[$0]?.number }) == nil || Self.width(type) == nil else {
            return integer(drawNumber(in: 0...(values[field.notAbove ?? ""]?.number ?? 0)), width: Self.width(type) ?? 0)
        }
        if let other = field.sumWith, let number = values[other]?.number, let width = Self.width(type) {
            let most = UInt64.max - number
            return integer(drawNumber(in: (field.minimum ?? 0)...min(most, field.maximum ?? most)), width: width)
        }
        return try named(type, field)
    }

    private mutating func named(_ type: String, _ field: ProtocolDocument.Field) throws -> Value {
        if let width = Self.width(type) {
            let most = width >= 8 ? UInt64.max : (1 << UInt64(width * 8)) - 1
            var number = drawNumber(in: (field.minimum ?? 0)...min(most, field.maximum ?? most))
            if field.odd == true { number |= 1 }
            return integer(number, width: width)
        }
        switch type {
        case "bool": return integer(UInt64.random(in: 0...1, using: &random), width: 1)
        case "bytes": return bytes(count: Int.random(in: 0...40, using: &random))
        case "text": return text(randomText())
        case "NodeName": return text(randomName(15) + "@" + randomName(20))
        case "TableName": return text(randomName(Int.random(in: 1...64, using: &random)))
        case "Address":
            if field.empty == true, Bool.random(using: &random) { return text("") }
            let host = ["10.0.0.7", "[fe80::1]", "node-1.example.net"].randomElement(using: &random) ?? ""
            return text("\(host):\(UInt16.random(in: 1...UInt16.max, using: &random))")
        default: break
        }
        if let enumeration = document.enums.first(where: { $0.name == type }) {
            let cases = enumeration.cases.filter { $0.value >= Int(field.minimum ?? 0) }
            guard let value = cases.randomElement(using: &random)?.value else { throw Problem(description: "\(type) is empty") }
            return integer(UInt64(value), width: Self.width(enumeration.width) ?? 0)
        }
        guard let structure = document.structs.first(where: { $0.name == type }) else {
            throw Problem(description: "unknown type \(type)")
        }
        var fields = structure.fields
        if let least = field.least { fields[fields.count - 1].minimum = least }
        return try self.structure(fields)
    }

    private mutating func list(of element: String, _ field: ProtocolDocument.Field) throws -> Value {
        let least = Int(field.minimum ?? 0)
        var plain = field
        plain.minimum = nil
        var elements: [Value] = []
        for _ in 0..<Int.random(in: least...(least + 4), using: &random) { elements.append(try named(element, plain)) }
        if field.order == "ascending" {
            var keyed: [(key: [UInt8], value: Value)] = []
            for value in elements {
                let key = try value.part(field.by).key
                if !keyed.contains(where: { $0.key == key }) { keyed.append((key, value)) }
            }
            elements = keyed.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
        }
        return Value(bytes: integer(UInt64(elements.count), width: 4).bytes + elements.flatMap(\.bytes))
    }

    private mutating func extensions() -> Value {
        var bytes: [UInt8] = []
        var type: UInt64 = 1
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            type += 2 * UInt64.random(in: 1...5000, using: &random)
            let value = randomBytes(Int.random(in: 0...20, using: &random))
            bytes += integer(type, width: 2).bytes + integer(UInt64(value.count), width: 2).bytes + value
        }
        return Value(bytes: bytes)
    }

    /// A few nodes, each with perhaps a floor before its other entries.
    private mutating func canonicalVector() -> Value {
        var entries: [UInt8] = []
        var count: UInt64 = 0
        var node: UInt64 = 0
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            node += UInt64.random(in: 1...9, using: &random)
            var incarnation: UInt64 = 0
            for index in 0..<Int.random(in: 1...3, using: &random) {
                incarnation += UInt64.random(in: 1...9, using: &random)
                let isFloor = index == 0 && Bool.random(using: &random)
                let sequence = isFloor ? UInt64.max : UInt64.random(in: 1...UInt64.max - 1, using: &random)
                entries +=
                    integer(node, width: 16).bytes + integer(incarnation, width: 8).bytes + integer(sequence, width: 8).bytes
                count += 1
            }
        }
        return Value(bytes: integer(count, width: 4).bytes + entries)
    }

    private mutating func operationGroups() -> Value {
        var groups: [UInt8] = []
        var total: UInt64 = 0
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let count = UInt64.random(in: 1...4, using: &random)
            groups += integer(UInt64.random(in: 0...UInt64.max, using: &random), width: 8).bytes + integer(count, width: 4).bytes
            for _ in 0..<count {
                let key = randomBytes(Int.random(in: 0...12, using: &random))
                let value = randomBytes(Int.random(in: 0...12, using: &random))
                groups += integer(UInt64.random(in: 1...2, using: &random), width: 1).bytes
                groups += integer(UInt64(key.count), width: 4).bytes + integer(UInt64(value.count), width: 4).bytes + key + value
            }
            total += count
        }
        var value = Value(bytes: integer(UInt64(groups.count), width: 4).bytes + groups)
        value.number = total
        return value
    }

    // MARK: Bytes

    private mutating func bytes(count: Int) -> Value {
        Value(bytes: integer(UInt64(count), width: 4).bytes + randomBytes(count))
    }

    private func text(_ text: String) -> Value {
        Value(bytes: integer(UInt64(text.utf8.count), width: 2).bytes + Array(text.utf8), key: Array(text.utf8))
    }

    /// Big-endian; wider than 8 bytes the upper ones are zero.
    private func integer(_ number: UInt64, width: Int) -> Value {
        var bytes = [UInt8](repeating: 0, count: width)
        for index in 0..<min(width, 8) { bytes[width - 1 - index] = UInt8(truncatingIfNeeded: number >> UInt64(8 * index)) }
        return Value(bytes: bytes, key: bytes, number: number)
    }

    /// The ends of the range as often as what lies between.
    private mutating func drawNumber(in range: ClosedRange<UInt64>) -> UInt64 {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: range.lowerBound
        case 1: range.upperBound
        default: UInt64.random(in: range, using: &random)
        }
    }

    private mutating func randomBytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    private mutating func randomName(_ count: Int) -> String {
        let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")
        return String((0..<count).compactMap { _ in letters.randomElement(using: &random) })
    }

    private mutating func randomText() -> String {
        let letters = Array("abc xyz äöü 表 🛰")
        return String((0..<Int.random(in: 0...30, using: &random)).compactMap { _ in letters.randomElement(using: &random) })
    }

    static func width(_ type: String) -> Int? {
        ["u8": 1, "u16": 2, "u32": 4, "u64": 8, "u128": 16, "i64": 8][type]
    }

    private static func argument(of type: String, _ name: String) -> String? {
        guard type.hasPrefix("\(name)<"), type.hasSuffix(">") else { return nil }
        return String(type.dropFirst(name.count + 1).dropLast())
    }
}

extension SchemaEncoder.Value {
    fileprivate func marked(_ flag: String) -> SchemaEncoder.Value {
        var copy = self
        copy.parts[flag] = SchemaEncoder.Value()
        return copy
    }
}

/// SplitMix64: the same bytes in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
