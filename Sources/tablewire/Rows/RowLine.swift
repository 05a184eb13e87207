import ClusterModel

/// A row as one line of JSON: `{"key": "...", "value": "..."}`, in an owner table with `"owner"` behind them.
struct RowLine: Hashable {
    var key: [UInt8]
    var value: [UInt8]
    /// The node id that `dump` wrote; nil when there was none.
    var owner: String?

    init(key: [UInt8], value: [UInt8], owner: String? = nil) {
        self.key = key
        self.value = value
        self.owner = owner
    }

    init(_ row: Row) {
        self.init(key: row.key, value: row.value, owner: row.owner?.description)
    }

    /// Appends the line with its line feed.
    func append(to buffer: inout [UInt8]) {
        buffer.append(contentsOf: #"{"key": "#.utf8)
        JSONText.append(key, to: &buffer)
        buffer.append(contentsOf: #", "value": "#.utf8)
        JSONText.append(value, to: &buffer)
        if let owner {
            buffer.append(contentsOf: #", "owner": "#.utf8)
            JSONText.quote(Array(owner.utf8), to: &buffer)
        }
        buffer.append(contentsOf: "}\n".utf8)
    }

    /// Reads one line without its line feed.
    /// - Throws: what is wrong and at which byte of the line, from 1.
    init(parsing line: ArraySlice<UInt8>) throws(RowLineError) {
        var reader = RowLineReader(line)
        self = try reader.row()
    }
}

/// Why a line is not a row.
struct RowLineError: Error, Hashable, CustomStringConvertible {
    /// Byte of the line, from 1.
    var column: Int
    var problem: String

    var description: String { "\(problem) (column \(column))" }
}

/// Reads the one shape of JSON that a row may have. Strict: whatever is not understood is an error, never skipped.
private struct RowLineReader {
    private let line: ArraySlice<UInt8>
    private var position: Int

    init(_ line: ArraySlice<UInt8>) {
        self.line = line
        position = line.startIndex
    }

    mutating func row() throws(RowLineError) -> RowLine {
        var key: [UInt8]?
        var value: [UInt8]?
        var owner: [UInt8]?
        try expect(UInt8(ascii: "{"), "a row is an object such as {\"key\": \"a\", \"value\": \"b\"}")
        var isFirst = true
        while try nextMember(isFirst: &isFirst) {
            let start = position
            let name = try string()
            try expect(UInt8(ascii: ":"), "expected ':'")
            switch name {
            case Array("key".utf8) where key == nil: key = try bytes()
            case Array("value".utf8) where value == nil: value = try bytes()
            case Array("owner".utf8) where owner == nil: owner = try string()
            case Array("key".utf8), Array("value".utf8), Array("owner".utf8):
                throw RowLineError(column: column(start), problem: "'\(text(name))' stands twice")
            default:
                throw RowLineError(column: column(start), problem: "unknown member '\(text(name))': a row has key and value")
            }
        }
        skipBlanks()
        guard position == line.endIndex else { throw error("something follows after the row") }
        guard let key else { throw error("the row has no key") }
        guard let value else { throw error("the row has no value") }
        return RowLine(key: key, value: value, owner: owner.map(text))
    }

    /// Goes to the next member's name, or past the closing brace.
    private mutating func nextMember(isFirst: inout Bool) throws(RowLineError) -> Bool {
        skipBlanks()
        guard position < line.endIndex else { throw error("the row ends too early") }
        if line[position] == UInt8(ascii: "}") {
            position += 1
            return false
        }
        if !isFirst {
            try expect(UInt8(ascii: ","), "expected ',' or '}'")
            skipBlanks()
        }
        isFirst = false
        return true
    }

    /// A string, or `{"base64": "..."}`.
    private mutating func bytes() throws(RowLineError) -> [UInt8] {
        skipBlanks()
        guard position < line.endIndex, line[position] == UInt8(ascii: "{") else { return try string() }
        position += 1
        let start = position
        guard try string() == Array("base64".utf8) else {
            throw RowLineError(column: column(start), problem: "expected \"base64\"")
        }
        try expect(UInt8(ascii: ":"), "expected ':'")
        let text = try string()
        guard let bytes = Base64.decode(text) else { throw error("the text is not base64") }
        try expect(UInt8(ascii: "}"), "expected '}'")
        return bytes
    }

    private mutating func string() throws(RowLineError) -> [UInt8] {
        try expect(UInt8(ascii: "\""), "expected a string")
        let start = position
        // Most strings have no escape: they are found and copied in one piece.
        while position < line.endIndex {
            let byte = line[position]
            if byte == UInt8(ascii: "\"") {
                let result = Array(line[start..<position])
                try checkText(result, from: start)
                position += 1
                return result
            }
            if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
            guard byte >= 0x20 else { throw error("a control character has to be escaped") }
            position += 1
        }
        throw error("the string does not end")
    }

    private mutating func escapedString(from start: Int) throws(RowLineError) -> [UInt8] {
        var result = Array(line[start..<position])
        while position < line.endIndex {
            let byte = line[position]
            switch byte {
            case UInt8(ascii: "\""):
                try checkText(result, from: start)
                position += 1
                return result
            case UInt8(ascii: "\\"):
                position += 1
                try appendEscape(to: &result)
            default:
                guard byte >= 0x20 else { throw error("a control character has to be escaped") }
                result.append(byte)
                position += 1
            }
        }
        throw error("the string does not end")
    }

    private mutating func appendEscape(to result: inout [UInt8]) throws(RowLineError) {
        guard position < line.endIndex else { throw error("the string does not end") }
        let byte = line[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(byte)
        case UInt8(ascii: "n"): result.append(0x0A)
        case UInt8(ascii: "r"): result.append(0x0D)
        case UInt8(ascii: "t"): result.append(0x09)
        case UInt8(ascii: "b"): result.append(0x08)
        case UInt8(ascii: "f"): result.append(0x0C)
        case UInt8(ascii: "u"): result.append(contentsOf: String(Character(try scalar())).utf8)
        default:
            position -= 1
            throw error("unknown escape")
        }
    }

    /// What follows `\u`: four digits, or two surrogates.
    private mutating func scalar() throws(RowLineError) -> Unicode.Scalar {
        let first = try hexadecimal()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, position + 1 < line.endIndex, line[position] == UInt8(ascii: "\\"),
            line[position + 1] == UInt8(ascii: "u")
        else { throw error("a surrogate without its other half") }
        position += 2
        let second = try hexadecimal()
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw error("a surrogate without its other half") }
        return scalar
    }

    private mutating func hexadecimal() throws(RowLineError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard position < line.endIndex, let digit = digit(line[position]) else { throw error("expected four hex digits") }
            value = value << 4 | digit
            position += 1
        }
        return value
    }

    private func digit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }

    // MARK: Details

    private func checkText(_ bytes: [UInt8], from start: Int) throws(RowLineError) {
        guard JSONText.isText(bytes) else {
            throw RowLineError(column: column(start), problem: "the string is not UTF-8: write {\"base64\": \"...\"} for bytes")
        }
    }

    private mutating func expect(_ byte: UInt8, _ problem: String) throws(RowLineError) {
        skipBlanks()
        guard position < line.endIndex, line[position] == byte else { throw error(problem) }
        position += 1
    }

    private mutating func skipBlanks() {
        while position < line.endIndex, Self.isBlank(line[position]) { position += 1 }
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A
    }

    private func column(_ index: Int) -> Int { index - line.startIndex + 1 }
    private func error(_ problem: String) -> RowLineError { RowLineError(column: column(position), problem: problem) }
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
