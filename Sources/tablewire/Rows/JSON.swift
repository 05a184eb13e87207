import Foundation

/// A JSON value to be printed. Members keep their order, so one value has one text.
indirect enum JSON: Hashable, Sendable {
    case object([Member])
    case array([JSON])
    case string(String)
    /// A JSON string when the bytes are UTF-8 text, else `{"base64": "..."}`.
    case bytes([UInt8])
    case number(Int64)
    case unsigned(UInt64)
    case decimal(Double)
    case bool(Bool)
    case null

    struct Member: Hashable, Sendable {
        var name: String
        var value: JSON
    }

    static func object(_ members: KeyValuePairs<String, JSON>) -> JSON {
        .object(members.map { Member(name: $0.key, value: $0.value) })
    }

    /// Appends the text, on one line.
    func append(to buffer: inout [UInt8]) {
        switch self {
        case .object(let members):
            JSONText.list(members, "{", "}", to: &buffer) { member, buffer in
                JSONText.quote(Array(member.name.utf8), to: &buffer)
                buffer.append(contentsOf: ": ".utf8)
                member.value.append(to: &buffer)
            }
        case .array(let values):
            JSONText.list(values, "[", "]", to: &buffer) { value, buffer in value.append(to: &buffer) }
        case .string(let text): JSONText.quote(Array(text.utf8), to: &buffer)
        case .bytes(let bytes): JSONText.append(bytes, to: &buffer)
        case .number(let value): buffer.append(contentsOf: String(value).utf8)
        case .unsigned(let value): buffer.append(contentsOf: String(value).utf8)
        case .decimal(let value): buffer.append(contentsOf: (value.isFinite ? "\(value)" : "null").utf8)
        case .bool(let value): buffer.append(contentsOf: (value ? "true" : "false").utf8)
        case .null: buffer.append(contentsOf: "null".utf8)
        }
    }
}

/// Bytes as text that survives everything.
enum Base64 {
    static func encode(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

    /// - Returns: nil when the text is not base64, blanks and line ends included.
    static func decode(_ text: [UInt8]) -> [UInt8]? { Data(base64Encoded: Data(text)).map(Array.init) }
}

/// Writes JSON text. Every byte string has exactly one text, so two dumps of equal rows are equal files.
enum JSONText {
    /// The bytes as a string when they are UTF-8, else as `{"base64": "..."}`.
    static func append(_ bytes: [UInt8], to buffer: inout [UInt8]) {
        if isText(bytes) {
            quote(bytes, to: &buffer)
        } else {
            buffer.append(contentsOf: #"{"base64": ""#.utf8)
            buffer.append(contentsOf: Base64.encode(bytes).utf8)
            buffer.append(contentsOf: #""}"#.utf8)
        }
    }

    static func isText(_ bytes: [UInt8]) -> Bool {
        (try? UTF8Span(validating: bytes.span)) != nil
    }

    /// A JSON string. Only what JSON demands is escaped: quotes, backslashes and control characters.
    /// - Precondition: valid UTF-8.
    static func quote(_ bytes: [UInt8], to buffer: inout [UInt8]) {
        buffer.append(UInt8(ascii: "\""))
        var plain = 0
        for index in bytes.indices where needsEscape(bytes[index]) {
            buffer.append(contentsOf: bytes[plain..<index])
            escape(bytes[index], to: &buffer)
            plain = index + 1
        }
        buffer.append(contentsOf: bytes[plain...])
        buffer.append(UInt8(ascii: "\""))
    }

    static func list<Element>(
        _ elements: [Element], _ open: String, _ close: String, to buffer: inout [UInt8], _ one: (Element, inout [UInt8]) -> Void
    ) {
        buffer.append(contentsOf: open.utf8)
        for (index, element) in elements.enumerated() {
            if index > 0 { buffer.append(contentsOf: ", ".utf8) }
            one(element, &buffer)
        }
        buffer.append(contentsOf: close.utf8)
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private static func escape(_ byte: UInt8, to buffer: inout [UInt8]) {
        buffer.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): buffer.append(byte)
        case UInt8(ascii: "\n"): buffer.append(UInt8(ascii: "n"))
        case UInt8(ascii: "\r"): buffer.append(UInt8(ascii: "r"))
        case UInt8(ascii: "\t"): buffer.append(UInt8(ascii: "t"))
        case 0x08: buffer.append(UInt8(ascii: "b"))
        case 0x0C: buffer.append(UInt8(ascii: "f"))
        default:
            buffer.append(contentsOf: "u00".utf8)
            buffer.append(contentsOf: (byte < 16 ? "0" : "").utf8)
            buffer.append(contentsOf: String(byte, radix: 16).utf8)
        }
    }
}
