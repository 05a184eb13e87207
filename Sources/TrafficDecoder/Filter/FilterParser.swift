/// What is wrong with an expression, and where.
package struct FilterError: Error, Hashable, CustomStringConvertible {
    package let text: String
    /// Characters before the place.
    package let column: Int
    package let problem: String

    /// `no field 'tabel' (did you mean 'table'?) at column 5: "type=PING and tabel=a"`.
    package var description: String { "\(problem), at column \(column + 1) of \"\(text)\"" }
}

/// Reads `a = 1 and not (b ~ "x" or c in 1..2)`. `and` binds stronger than `or`; a name alone asks whether it is there.
struct FilterParser {
    private enum Token: Equatable {
        case word(String)
        case quoted(String)
        case symbol(String)
        case end
    }

    private let text: String
    private let schema: Schema
    private var tokens: [(token: Token, column: Int)] = []
    private var index = 0
    private(set) var usesFields = false

    init(_ text: String, _ schema: Schema) {
        self.text = text
        self.schema = schema
    }

    mutating func parse() throws(FilterError) -> Filter.Node {
        try split()
        guard tokens.count > 1 else { throw problem("the expression is empty") }
        let node = try disjunction()
        guard current == .end else { throw problem("expected 'and', 'or' or the end") }
        return node
    }

    // MARK: Tokens

    private mutating func split() throws(FilterError) {
        let characters = Array(text)
        var place = 0
        while place < characters.count {
            let character = characters[place]
            if character.isWhitespace {
                place += 1
            } else if character == "\"" {
                let start = place
                var content = ""
                place += 1
                while place < characters.count, characters[place] != "\"" {
                    content.append(characters[place])
                    place += 1
                }
                guard place < characters.count else { throw problem("the quotation has no end", at: start) }
                place += 1
                tokens.append((.quoted(content), start))
            } else if "()=!<>~".contains(character) {
                let two = String(characters[place..<min(place + 2, characters.count)])
                let symbol = ["!=", "<=", ">=", "=="].contains(two) ? two : String(character)
                tokens.append((.symbol(symbol), place))
                place += symbol.count
            } else {
                let start = place
                while place < characters.count, !characters[place].isWhitespace, !"()=!<>~\"".contains(characters[place]) {
                    place += 1
                }
                tokens.append((.word(String(characters[start..<place])), start))
            }
        }
        tokens.append((.end, characters.count))
    }

    private var current: Token { tokens[index].token }

    private func problem(_ words: String, at column: Int? = nil) -> FilterError {
        FilterError(text: text, column: column ?? (index < tokens.count ? tokens[index].column : 0), problem: words)
    }

    private mutating func take(_ word: String) -> Bool {
        guard case .word(let text) = current, text.lowercased() == word else { return false }
        index += 1
        return true
    }

    private mutating func take(symbol: String) -> Bool {
        guard current == .symbol(symbol) else { return false }
        index += 1
        return true
    }

    // MARK: Grammar

    private mutating func disjunction() throws(FilterError) -> Filter.Node {
        var node = try conjunction()
        while take("or") { node = .or(node, try conjunction()) }
        return node
    }

    private mutating func conjunction() throws(FilterError) -> Filter.Node {
        var node = try negation()
        while take("and") { node = .and(node, try negation()) }
        return node
    }

    private mutating func negation() throws(FilterError) -> Filter.Node {
        if take("not") { return .not(try negation()) }
        if current == .symbol("!") {
            index += 1
            return .not(try negation())
        }
        if take(symbol: "(") {
            let node = try disjunction()
            guard take(symbol: ")") else { throw problem("expected ')'") }
            return node
        }
        return .test(try comparison())
    }

    private mutating func comparison() throws(FilterError) -> Filter.Test {
        guard case .word(let name) = current else { throw problem("expected the name of a field") }
        let subject = try subject(name)
        index += 1
        if take("in") { return try range(subject) }
        let relations: [String: Filter.Test.Relation] = [
            "=": .equal, "==": .equal, "!=": .unequal, "<": .less, "<=": .lessOrEqual, ">": .greater, ">=": .greaterOrEqual,
            "~": .contains,
        ]
        guard case .symbol(let symbol) = current, let relation = relations[symbol] else {
            return Filter.Test(subject: subject, relation: .exists)
        }
        index += 1
        let (value, isQuoted) = try value()
        var test = Filter.Test(subject: subject, relation: relation, text: Array(value.utf8))
        test.number = isQuoted ? nil : try number(value, subject)
        let isOrder = [.less, .lessOrEqual, .greater, .greaterOrEqual].contains(relation)
        guard !isOrder || test.number != nil else {
            throw problem("'\(value)' is no number, and '\(symbol)' compares numbers", at: tokens[index - 1].column)
        }
        try check(test, value)
        return test
    }

    private mutating func range(_ subject: Filter.Test.Subject) throws(FilterError) -> Filter.Test {
        let (value, _) = try value()
        guard let dots = value.firstRange(of: "..") else {
            throw problem("expected a range, for example 10..20", at: tokens[index - 1].column)
        }
        let lower = String(value[..<dots.lowerBound])
        let upper = String(value[dots.upperBound...])
        var test = Filter.Test(subject: subject, relation: .within, text: Array(lower.utf8))
        test.number = lower.isEmpty ? Int64.min : try number(lower, subject)
        test.upper = upper.isEmpty ? Int64.max : try number(upper, subject)
        guard test.number != nil, test.upper != nil else {
            throw problem("a range has numbers at its ends", at: tokens[index - 1].column)
        }
        return test
    }

    private mutating func value() throws(FilterError) -> (String, isQuoted: Bool) {
        defer { index += 1 }
        switch current {
        case .word(let text): return (text, false)
        case .quoted(let text): return (text, true)
        case .symbol, .end:
            index -= 1
            let place = tokens[index + 1].column
            throw problem("expected a value", at: place)
        }
    }

    // MARK: Names and values

    private static let parts: [String: Filter.Test.Subject] = [
        "type": .type, "lane": .lane, "sequence": .sequence, "stream": .stream, "link": .link, "node": .node, "from": .from,
        "to": .to, "time": .time, "size": .size, "error": .error,
    ]

    private mutating func subject(_ name: String) throws(FilterError) -> Filter.Test.Subject {
        if let part = Self.parts[name] { return part }
        if let index = schema.names.firstIndex(of: name), index > 0 {
            usesFields = true
            return .field(index)
        }
        let known = Array(Self.parts.keys) + schema.names.filter { !$0.isEmpty }
        let near = known.map { ($0, Self.distance($0, name)) }.filter { $0.1 <= 2 }.min { ($0.1, $0.0) < ($1.1, $1.0) }
        throw problem("no field '\(name)'\(near.map { " (did you mean '\($0.0)'?)" } ?? "")")
    }

    /// A frame's type or lane must be one that there is: a typing error would only show nothing.
    private func check(_ test: Filter.Test, _ value: String) throws(FilterError) {
        guard test.number == nil, test.relation == .equal || test.relation == .unequal else { return }
        let known: [String]
        switch test.subject {
        case .type: known = schema.messages.map(\.name)
        case .lane: known = schema.lanes
        default: return
        }
        guard !known.contains(value) else { return }
        let near = known.map { ($0, Self.distance($0.lowercased(), value.lowercased())) }.min { ($0.1, $0.0) < ($1.1, $1.0) }
        let hint = near.map { $0.1 <= 3 ? " (did you mean \($0.0)?)" : "" } ?? ""
        throw problem("no \(test.subject.isType ? "message" : "lane") '\(value)'\(hint)", at: tokens[index - 1].column)
    }

    /// Seconds become nanoseconds; a date too.
    private func number(_ text: String, _ subject: Filter.Test.Subject) throws(FilterError) -> Int64? {
        guard case .time = subject else {
            if text.hasPrefix("0x"), let value = UInt64(text.dropFirst(2), radix: 16) { return Int64(clamping: value) }
            return UInt64(text).map { Int64(clamping: $0) } ?? Int64(text)
        }
        if let seconds = Double(text), seconds.magnitude < 1e9 { return Int64(seconds * 1e9) }
        guard let date = CalendarDate.nanoseconds(text) else {
            throw problem(
                "'\(text)' is no time: seconds since the first frame, or 2026-11-21T18:25:16.6Z", at: tokens[index - 1].column)
        }
        return date
    }

    /// Edits between two words (Levenshtein).
    private static func distance(_ a: String, _ b: String) -> Int {
        let b = Array(b)
        var row = Array(0...b.count)
        for (index, left) in a.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (column, right) in b.enumerated() {
                let next = min(row[column + 1] + 1, row[column] + 1, diagonal + (left == right ? 0 : 1))
                diagonal = row[column + 1]
                row[column + 1] = next
            }
        }
        return row[b.count]
    }
}

extension Filter.Test.Subject {
    fileprivate var isType: Bool {
        if case .type = self { return true }
        return false
    }
}

/// Dates as RFC 3339 writes them in UTC.
enum CalendarDate {
    /// `2026-11-21T18:25:16.611Z`; the fraction and the Z may be missing.
    static func nanoseconds(_ text: String) -> Int64? {
        let trimmed = text.hasSuffix("Z") ? String(text.dropLast()) : text
        let halves = trimmed.split(separator: "T")
        guard halves.count == 2 else { return nil }
        let date = halves[0].split(separator: "-").compactMap { Int64($0) }
        let clock = halves[1].split(separator: ":")
        guard date.count == 3, clock.count == 3, let hour = Int64(clock[0]), let minute = Int64(clock[1]),
            let second = Double(clock[2]), (1970...2200).contains(date[0]), (1...12).contains(date[1]),
            (1...31).contains(date[2]),
            (0...23).contains(hour), (0...59).contains(minute), second >= 0, second < 61
        else { return nil }
        let seconds = day(date[0], date[1], date[2]) * 86400 + hour * 3600 + minute * 60
        return seconds * 1_000_000_000 + Int64(second * 1e9)
    }

    /// Days since 1970 of a Gregorian date, by eras of 400 years that begin in March.
    private static func day(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
