import Foundation
import Testing

/// The tables that the traffic decoder is built with are those of `protocol.json`. After a change of the JSON:
/// `TABLEWIRE_WRITE_TABLES=1 swift test --filter DecoderTablesTests`.
@Suite struct DecoderTablesTests {
    let document: ProtocolDocument

    init() throws { document = try ProtocolDocument.load() }

    @Test func tablesAreMadeFromTheJson() throws {
        let url = SpecDirectory.root.appendingPathComponent("Sources/TrafficDecoder/Schema/ProtocolTables.swift")
        let made = source()
        if ProcessInfo.processInfo.environment["TABLEWIRE_WRITE_TABLES"] == "1" {
            try made.write(to: url, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOf: url, encoding: .utf8) == made)
    }

    private func source() -> String {
        """
        /// Made from `spec/protocol.json` by `DecoderTablesTests`; not to be changed by hand. `SchemaText` reads it.
        enum ProtocolTables {
            // One entry a line, lines as long as they come.
            static let text = \"""
        \(lines().map { "        " + Self.wrapped($0) }.joined(separator: "\n"))
                \"""
        }

        """
    }

    /// A backslash at its end joins a line to the next.
    private static func wrapped(_ line: String) -> String {
        var result = ""
        var width = 0
        for word in line.split(separator: " ") {
            if width + word.count > 110 {
                result += "\\\n        "
                width = 0
            }
            result += word + " "
            width += word.count + 1
        }
        return String(result.dropLast())
    }

    private func lines() -> [String] {
        var lines = document.lanes.map { "lane \($0.code) \($0.name)" }
        lines += document.errors.map { "error \($0.code) \($0.name)" }
        lines += document.enums.map { entry in
            let width = SchemaEncoder.width(entry.width) ?? 0
            return "enum \(entry.name) \(width) " + entry.cases.map { "\($0.value)=\($0.name)" }.joined(separator: " ")
        }
        lines += document.structs.filter { $0.name != "Extension" }.map { "struct \($0.name)" + fields($0.fields) }
        lines += document.messages.map { message in
            "message \(message.code) \(message.name) \(message.lane) \(permitted(message.name)) \(message.requirement)"
                + fields(message.fields)
        }
        lines += document.calls.map { "call \($0.code) \($0.name)" + fields($0.fields) }
        lines += document.replies.map { "reply \($0.code) \($0.name)" + fields($0.fields) }
        lines += document.files.map { "file \($0.kind) \($0.name)" }
        lines += document.records.map { "record \($0.type) \($0.name)" + fields($0.fields) }
        return lines
    }

    /// Six phases of a link; where the two ends differ, "dialer/acceptor".
    private func permitted(_ message: String) -> String {
        let row = document.permitted.first { $0["message"] == message } ?? [:]
        let phases = [
            "before HELLO", "after HELLO, before AUTH", "member link", "client link, from client", "client link, from node",
            "join link",
        ]
        return phases.map { (row[$0] ?? "no").replacingOccurrences(of: ", ", with: "/") }.joined(separator: ",")
    }

    private func fields(_ fields: [ProtocolDocument.Field]) -> String {
        var flags: [String] = []
        return fields.map { field in
            if let bits = field.bits { flags = bits }
            var text = " \(field.name):\(type(field))"
            if let unit = field.unit { text += ";unit=" + (unit == "ms since 1970" ? "date" : unit) }
            if field.payload == true { text += ";payload" }
            if field.when == "log" { text += ";log" }
            if let bit = field.when.flatMap({ flags.firstIndex(of: $0) }) { text += ";flag=\(1 << bit)" }
            return text
        }.joined()
    }

    private func type(_ field: ProtocolDocument.Field) -> String {
        if field.content != nil { return "groups" }
        if field.lengthOf != nil { return "chunk" }
        return field.of.map { $0 == "calls" ? "arguments" : "result" } ?? field.type
    }
}
