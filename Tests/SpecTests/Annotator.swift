import ClusterModel

/// Takes a body apart by the layouts of `protocol.json` and writes a line for each field: offset, bytes, name, meaning.
struct Annotator {
    let document: ProtocolDocument
    private(set) var lines: [String] = []
    private let bytes: [UInt8]
    private var offset = 0
    /// Numbers read so far, by the name of the field.
    private var numbers: [String: UInt64] = [:]

    init(_ document: ProtocolDocument, _ bytes: [UInt8]) {
        self.document = document
        self.bytes = bytes
    }

    /// The lines of a whole body.
    static func lines(_ document: ProtocolDocument, _ body: [UInt8], _ fields: [ProtocolDocument.Field]) -> [String] {
        var annotator = Annotator(document, body)
        annotator.read(fields, "")
        return annotator.lines
    }

    private mutating func read(_ fields: [ProtocolDocument.Field], _ prefix: String) {
        for field in fields { read(field, prefix + field.name) }
    }

    private mutating func read(_ field: ProtocolDocument.Field, _ path: String) {
        if let flag = field.when, flag == "owner", (numbers["flags"] ?? 0) & 2 == 0 { return }
        if field.of == "calls" {
            return read(document.calls.first { UInt64($0.code) == numbers["method"] }?.fields ?? [], "")
        }
        if field.of == "replies" {
            return read(document.replies.first { UInt64($0.code) == numbers["kind"] }?.fields ?? [], "")
        }
        read(type: field.type, field, path)
    }

    private mutating func read(type: String, _ field: ProtocolDocument.Field, _ path: String) {
        if let width = SchemaEncoder.width(type) { return note(path, width, number(width, type, field.name)) }
        if let element = argument(of: type, "list") {
            let count = peek(4)
            note("\(path).count", 4, "\(count)")
            for index in 0..<count { read(type: element, field, "\(path)[\(index)]") }
            return
        }
        if let element = argument(of: type, "optional") {
            let isThere = peek(1) == 1
            note("\(path)?", 1, isThere ? "present" : "absent")
            if isThere { read(type: element, field, path) }
            return
        }
        if let parameters = argument(of: type, "array") {
            let parts = parameters.split(separator: ",")
            for index in 0..<(Int(parts[1]) ?? 0) { read(type: String(parts[0]), field, "\(path)[\(index)]") }
            return
        }
        if let count = argument(of: type, "fixed").flatMap({ Int($0) }) { return note(path, count, "") }
        switch type {
        case "bool": note(path, 1, peek(1) == 1 ? "yes" : "no")
        case "bytes": note(path, 4 + Int(peek(4)), "\(peek(4)) bytes" + printable(4, Int(peek(4))))
        case "text", "NodeName", "TableName", "Address": note(path, 2 + Int(peek(2)), quoted(2, Int(peek(2))))
        case "tlv": while offset < bytes.count { note("\(path) \(hex(peek(2)))", 4 + Int(peek(2, at: 2)), "") }
        case "Method": readCode(path, document.calls.first { UInt64($0.code) == peek(2) }?.name, 2, "method")
        case "ReplyKind": readCode(path, document.replies.first { UInt64($0.code) == peek(1) }?.name, 1, "kind")
        default: readNamed(type, path)
        }
    }

    private mutating func readCode(_ path: String, _ name: String?, _ width: Int, _ key: String) {
        numbers[key] = peek(width)
        note(path, width, name ?? "?")
    }

    private mutating func readNamed(_ type: String, _ path: String) {
        if let enumeration = document.enums.first(where: { $0.name == type }) {
            let width = SchemaEncoder.width(enumeration.width) ?? 1
            return note(path, width, enumeration.cases.first { $0.value == Int(peek(width)) }?.name ?? "?")
        }
        guard let structure = document.structs.first(where: { $0.name == type }) else {
            return note(path, bytes.count - offset, "?")
        }
        read(structure.fields, path + ".")
    }

    // MARK: One field

    private mutating func note(_ path: String, _ count: Int, _ meaning: String) {
        let start = offset
        let end = min(bytes.count, start + count)
        offset = end
        var rest = Array(bytes[start..<end])
        var head = true
        repeat {
            let part = rest.prefix(16)
            rest.removeFirst(part.count)
            let digits = hexadecimal(part)
            let label = head ? "\(path)\(meaning.isEmpty ? "" : " = \(meaning)")" : ""
            let at =
                String(repeating: " ", count: max(0, 5 - "\(end - rest.count - part.count)".count))
                + "\(end - rest.count - part.count)"
            let line = "\(at)  \(digits)" + String(repeating: " ", count: 34 - digits.count) + label
            lines.append(String(line.reversed().drop { $0 == " " }.reversed()))
            head = false
        } while !rest.isEmpty
    }

    private mutating func number(_ width: Int, _ type: String, _ name: String) -> String {
        let value = peek(width)
        numbers[name] = value
        if type == "u128" { return "" }
        if type == "i64" { return "\(Int64(bitPattern: value))" }
        let isCode = (name == "code" || name == "offendingType") && value > 0
        guard isCode else { return "\(value)" }
        let known =
            name == "code"
            ? document.errors.first { UInt64($0.code) == value }?.name
            : document.messages.first { UInt64($0.code) == value }?.name
        return known ?? hex(value)
    }

    /// The last eight bytes of a big-endian number, without moving on.
    private func peek(_ width: Int, at distance: Int = 0) -> UInt64 {
        let from = offset + distance
        guard from + width <= bytes.count else { return 0 }
        return bytes[from..<from + width].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }

    private func quoted(_ skip: Int, _ count: Int) -> String {
        "\"" + String(decoding: bytes[(offset + skip)..<(offset + skip + count)], as: UTF8.self) + "\""
    }

    private func printable(_ skip: Int, _ count: Int) -> String {
        let part = bytes[(offset + skip)..<(offset + skip + count)]
        return !part.isEmpty && part.allSatisfy { (32..<127).contains($0) } ? ", " + quoted(skip, count) : ""
    }

    private func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16, uppercase: true) }

    private func argument(of type: String, _ name: String) -> String? {
        guard type.hasPrefix("\(name)<"), type.hasSuffix(">") else { return nil }
        return String(type.dropFirst(name.count + 1).dropLast())
    }
}
