import Foundation

/// The dissector for Wireshark: the schema of `protocol.json` as Lua, within a text that is written by hand.
struct DissectorFile {
    static let url = SpecDirectory.url.appendingPathComponent("wireshark/tablewire.lua")
    static let template = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("tablewire.template.lua")

    let document: ProtocolDocument

    func text() throws -> String {
        let template = try String(contentsOf: Self.template, encoding: .utf8)
        return template.replacingOccurrences(of: "@SCHEMA@", with: schema)
    }

    // MARK: The schema

    private var schema: String {
        let magic = document.magic
        let parts: [(String, String)] =
            [
                ("prefaceMagic", Self.bytes(magic.preface)), ("frameMagic", Self.bytes(String(magic.frame, radix: 16))),
                ("more", "\(magic.more)"), ("crcPolynomial", Self.reversed(document.crc.polynomial)),
                ("codecNone", "\(value(of: "none", in: "Codec"))"), ("codecZlib", "\(value(of: "zlib", in: "Codec"))"),
                ("limits", table(document.limits.map { ($0.name, "\($0.maximum)") })),
                ("errors", names(document.errors.map { (Int($0.code), $0.name) })),
                ("messageNames", names(document.messages.map { (Int($0.code), $0.name) })),
                ("callNames", names(document.calls.map { (Int($0.code), $0.name) })),
                ("replyNames", names(document.replies.map { (Int($0.code), $0.name) })),
                ("texts", table(document.texts.map { ($0.name, "true") })),
                ("enums", table(document.enums.map { ($0.name, enumeration($0)) })),
                (
                    "layouts",
                    table([
                        ("preface", fields(document.layouts.preface, depth: 2)),
                        ("frameHeader", fields(document.layouts.frameHeader, depth: 2)),
                    ])
                ),
                ("structs", table(document.structs.map { ($0.name, fields($0.fields, depth: 2)) })),
                ("messages", cases(document.messages.map { (Int($0.code), $0.name, $0.fields) })),
                ("calls", cases(document.calls.map { (Int($0.code), $0.name, $0.fields) })),
                ("replies", cases(document.replies.map { (Int($0.code), $0.name, $0.fields) })),
            ]
        return "local schema = {\n" + parts.map { "    \($0.0) = \($0.1),\n" }.joined() + "}"
    }

    private func value(of name: String, in enumeration: String) -> Int {
        document.enums.first { $0.name == enumeration }?.cases.first { $0.name == name }?.value ?? -1
    }

    private func table(_ entries: [(String, String)]) -> String {
        "{\n" + entries.map { "        \($0.0) = \($0.1),\n" }.joined() + "    }"
    }

    private func names(_ entries: [(Int, String)]) -> String {
        "{\n" + entries.map { "        [\($0.0)] = \(Self.quoted($0.1)),\n" }.joined() + "    }"
    }

    private func enumeration(_ enumeration: ProtocolDocument.Enumeration) -> String {
        let names = enumeration.cases.map { "[\($0.value)] = \(Self.quoted($0.name))" }.joined(separator: ", ")
        return "{ width = \(Self.quoted(enumeration.width)), names = { \(names) } }"
    }

    private func cases(_ cases: [(code: Int, name: String, fields: [ProtocolDocument.Field])]) -> String {
        let entries = cases.map {
            ("[\($0.code)]", "{ name = \(Self.quoted($0.name)), fields = \(fields($0.fields, depth: 2)) }")
        }
        return table(entries)
    }

    /// What the reader of a field needs; the checks that only a node makes are left out.
    private func fields(_ fields: [ProtocolDocument.Field], depth: Int) -> String {
        guard !fields.isEmpty else { return "{}" }
        let indent = String(repeating: "    ", count: depth)
        let lines = fields.map { field in
            let texts = [
                ("name", field.name), ("type", field.type), ("unit", field.unit), ("when", field.when), ("on", field.on),
                ("of", field.of), ("content", field.content), ("lengthOf", field.lengthOf), ("note", field.note),
            ]
            var entries = texts.compactMap { name, text in text.map { "\(name) = \(Self.quoted($0))" } }
            if field.payload == true { entries.append("payload = true") }
            if let bits = field.bits { entries.append("bits = { \(bits.map(Self.quoted).joined(separator: ", ")) }") }
            return "\(indent)    { \(entries.joined(separator: ", ")) },\n"
        }
        return "{\n" + lines.joined() + indent + "}"
    }

    // MARK: Lua

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"") + "\""
    }

    /// Digits of bytes as a string with decimal escapes.
    private static func bytes(_ digits: String) -> String {
        let escapes = stride(from: 0, to: digits.count, by: 2).map { start in
            let number = String(UInt8(digits.dropFirst(start).prefix(2), radix: 16) ?? 0)
            return "\\" + String(repeating: "0", count: 3 - number.count) + number
        }
        return "\"" + escapes.joined() + "\""
    }

    /// The polynomial as a CRC with reflected input needs it.
    private static func reversed(_ polynomial: UInt32) -> String {
        let digits = String(polynomial, radix: 2)
        let bits = String(repeating: "0", count: 32 - digits.count) + digits
        return "0x" + String(UInt32(String(bits.reversed()), radix: 2) ?? 0, radix: 16, uppercase: true)
    }
}
