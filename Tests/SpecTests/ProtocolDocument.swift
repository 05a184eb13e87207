import Foundation

/// `spec/protocol.json`, as far as the tests read it.
struct ProtocolDocument: Decodable {
    struct Field: Decodable, Hashable {
        var name: String
        var type: String
        var note: String?
        /// "ascending" or "canonical vector".
        var order: String?
        /// Path of the element's field that ascends; the element itself when nil.
        var by: String?
        /// Name of the limit that bounds length or count.
        var limit: String?
        var minimum: UInt64?
        var maximum: UInt64?
        /// Minimum of the last field of this structure in this place.
        var least: UInt64?
        /// Only odd codes are ignorable, so only those may be sent.
        var odd: Bool?
        /// The text may be empty.
        var empty: Bool?
        /// The flag that says whether the field is there.
        var when: String?
        /// Names of the flags from bit 0 on.
        var bits: [String]?
        /// The field that selects the case, and the list of cases.
        var on: String?
        var of: String?
        var content: String?
        var counts: String?
        var sumWith: String?
        var lengthOf: String?
        var notAbove: String?
        /// The case of the field `selector` without which the field is 0.
        var zeroUnless: String?
        var selector: String?
        /// What a number measures or names.
        var unit: String?
        /// Bytes that belong to the application: tools show their length only.
        var payload: Bool?
    }
    struct File: Decodable { var name: String, kind: UInt16, records: [String] }
    struct Record: Decodable { var name: String, type: UInt8, fields: [Field] }
    struct Struct: Decodable { var name: String, fields: [Field] }
    struct Message: Decodable { var name: String, code: UInt16, lane: UInt8, requirement: String, fields: [Field] }
    struct Method: Decodable { var name: String, code: UInt16, requirement: String, reply: String, fields: [Field] }
    struct ReplyKind: Decodable { var name: String, code: UInt8, fields: [Field] }
    struct Enumeration: Decodable {
        struct Case: Decodable { var name: String, value: Int, note: String }
        var name: String
        var width: String
        var cases: [Case]
    }
    struct Text: Decodable { var name: String, maximum: Int }
    struct Limit: Decodable {
        var id: String
        var name: String
        var minimum: Int
        var `default`: Int
        var maximum: Int
        var unit: String
        var negotiated: String
        var exceeded: String
    }
    struct Failure: Decodable {
        var code: UInt16
        var name: String
        var scope: String
        var sentIn: [String]
        var who: String
        var retry: String
        var level: String
        var note: String
    }
    struct StateTable: Decodable {
        struct Cell: Decodable, Hashable { var state: String, event: String, action: String, next: String, error: String? }
        var name: String
        var chapter: String
        var states: [String]
        var events: [String]
        var cells: [Cell]
    }
    struct Requirement: Decodable, Hashable {
        var id: String
        var keyword: String
        var subject: String
        var `class`: String
        var why: String?
        var chapter: String
        var text: String
    }
    struct Timer: Decodable { var name: String, starts: String, stops: String, `default`: String, ends: String }
    struct Magic: Decodable { var preface: String, prefaceSize: Int, frame: UInt16, frameHeaderSize: Int, more: UInt8 }
    struct Checksum: Decodable { var polynomial: UInt32, check: UInt32 }
    struct LaneEntry: Decodable { var name: String, code: UInt8, credit: Bool }
    struct Layouts: Decodable { var preface: [Field], frameHeader: [Field] }

    var version: UInt16
    var magic: Magic
    var crc: Checksum
    var layouts: Layouts
    var lanes: [LaneEntry]
    var texts: [Text]
    var enums: [Enumeration]
    var structs: [Struct]
    var messages: [Message]
    var calls: [Method]
    var replies: [ReplyKind]
    var files: [File]
    var records: [Record]
    var grease: [UInt16]
    var limits: [Limit]
    var errors: [Failure]
    var timers: [Timer]
    /// For each message, by the heading of the column, whether it may come there.
    var permitted: [[String: String]]
    var states: [StateTable]
    var requirements: [Requirement]

    static func load() throws -> ProtocolDocument {
        let data = try Data(contentsOf: SpecDirectory.url.appendingPathComponent("protocol.json"))
        return try JSONDecoder().decode(ProtocolDocument.self, from: data)
    }

    func limit(_ name: String) -> Int? { limits.first { $0.name == name }?.maximum }
}

/// Where the chapters are.
enum SpecDirectory {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let url = root.appendingPathComponent("spec")

    /// Every chapter in reading order, README first.
    static func chapters() throws -> [Chapter] {
        let names = try FileManager.default.contentsOfDirectory(atPath: url.path).filter { $0.hasSuffix(".md") }
        return try names.sorted { a, b in a == "README.md" || (b != "README.md" && a < b) }.map { name in
            let text = try String(contentsOf: url.appendingPathComponent(name), encoding: .utf8)
            return Chapter(name: name, lines: text.components(separatedBy: "\n"))
        }
    }
}
