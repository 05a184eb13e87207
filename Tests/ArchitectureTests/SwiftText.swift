/// A Swift file in which code can be told from comments and strings.
struct SwiftText: Sendable {
    let path: String
    let lines: [String]
    /// The same lines with everything that is not code replaced by spaces.
    let codeLines: [String]
    /// The text of `codeLines`, newlines included.
    let code: [Unicode.Scalar]
    /// Where a string, comment or regular expression starts that never ends, as far as the scanner can tell.
    let unterminatedLine: Int?
    private let lineStarts: [Int]

    init(path: String, text: String) {
        var scanner = SwiftScanner(Array(text.unicodeScalars))
        scanner.scanCode()
        self.path = path
        self.lines = text.textLines.map(String.init)
        self.code = scanner.code
        var blanked = String.UnicodeScalarView()
        blanked.append(contentsOf: scanner.code)
        self.codeLines = String(blanked).textLines.map(String.init)
        self.lineStarts = [0] + scanner.code.indices.filter { scanner.code[$0] == "\n" }.map { $0 + 1 }
        self.unterminatedLine = scanner.unterminated.map { [lineStarts] in SwiftText.line(at: $0, lineStarts) }
    }

    /// The number, from 1, of the line that holds this offset of `code`.
    func line(at offset: Int) -> Int { Self.line(at: offset, lineStarts) }

    private static func line(at offset: Int, _ starts: [Int]) -> Int {
        var low = 0
        var high = starts.count
        while low < high {
            let middle = (low + high) / 2
            if starts[middle] <= offset { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// Blanks comments and literals. It knows nested comments, raw, multi-line and interpolated strings and `#/…/#`;
/// it does not know bare `/…/`: one that holds a quote or a brace must be written with `#`.
struct SwiftScanner {
    /// The text, blanked as far as the scan has come.
    private(set) var code: [Unicode.Scalar]
    private(set) var unterminated: Int?
    private var index = 0

    init(_ text: [Unicode.Scalar]) { self.code = text }

    /// Scans code to the end of the text, or to the parenthesis that closes an interpolation.
    mutating func scanCode(untilParenthesis: Bool = false) {
        var depth = 0
        while index < code.count {
            switch code[index] {
            case "/" where sees("//"): blankComment()
            case "/" where sees("/*"): blankBlockComment()
            case "\"": scanString(hashes: 0)
            case "#": scanAfterHashes()
            case "(":
                depth += 1
                index += 1
            case ")":
                if untilParenthesis && depth == 0 { return }
                depth -= 1
                index += 1
            default: index += 1
            }
        }
    }

    private mutating func scanAfterHashes() {
        var hashes = 0
        while index + hashes < code.count, code[index + hashes] == "#" { hashes += 1 }
        let next = index + hashes < code.count ? code[index + hashes] : " "
        if next == "\"" {
            blank(hashes)
            scanString(hashes: hashes)
        } else if next == "/" {
            blankRegex(hashes: hashes)
        } else {
            index += hashes
        }
    }

    private mutating func scanString(hashes: Int) {
        let start = index
        let isMultiline = sees("\"\"\"") && restOfLineIsEmpty(from: index + 3)
        let pounds = String(repeating: "#", count: hashes)
        let end = (isMultiline ? "\"\"\"" : "\"") + pounds
        let escape = "\\" + pounds
        blank(isMultiline ? 3 : 1)
        while index < code.count {
            if sees(end) { return blank(end.unicodeScalars.count) }
            if sees(escape) {
                blank(escape.unicodeScalars.count)
                scanEscaped()
            } else if code[index] == "\n" && !isMultiline {
                break
            } else {
                blank(1)
            }
        }
        unterminated = unterminated ?? start
    }

    /// What follows a backslash in a string: code in parentheses, or one character.
    private mutating func scanEscaped() {
        guard index < code.count, code[index] == "(" else { return blank(1) }
        index += 1
        scanCode(untilParenthesis: true)
        index = min(index + 1, code.count)
    }

    private mutating func blankComment() {
        while index < code.count, code[index] != "\n" { blank(1) }
    }

    private mutating func blankBlockComment() {
        let start = index
        var depth = 0
        repeat {
            guard index < code.count else {
                unterminated = unterminated ?? start
                return
            }
            let opens = sees("/*")
            let closes = sees("*/")
            depth += (opens ? 1 : 0) - (closes ? 1 : 0)
            blank(opens || closes ? 2 : 1)
        } while depth > 0
    }

    private mutating func blankRegex(hashes: Int) {
        let start = index
        let end = "/" + String(repeating: "#", count: hashes)
        blank(hashes + 1)
        while index < code.count, !sees(end) { blank(code[index] == "\\" ? 2 : 1) }
        if index == code.count { unterminated = unterminated ?? start }
        blank(end.unicodeScalars.count)
    }

    private mutating func blank(_ count: Int) {
        let end = min(index + count, code.count)
        while index < end {
            if code[index] != "\n" { code[index] = " " }
            index += 1
        }
    }

    private func sees(_ text: String) -> Bool { code[index...].starts(with: text.unicodeScalars) }

    private func restOfLineIsEmpty(from start: Int) -> Bool {
        code[min(start, code.count)...].prefix { $0 != "\n" }.allSatisfy { $0 == " " || $0 == "\t" || $0 == "\r" }
    }
}
