import Foundation

/// One file of the specification, read line by line.
struct Chapter {
    var name: String
    var lines: [String]

    /// A table with the heading that it stands under.
    struct Table {
        var heading: String
        var line: Int
        var header: [String]
        var rows: [[String]]
    }

    struct Statement {
        var line: Int
        var text: String
    }

    /// The paragraphs that begin with an id in bold brackets.
    var statements: [Statement] {
        lines.enumerated().filter { $0.element.hasPrefix("**[") }.map { Statement(line: $0.offset + 1, text: $0.element) }
    }

    /// Lines outside of code blocks that are no requirement.
    var explanations: [Statement] {
        var isCode = false
        return lines.enumerated().compactMap { index, line in
            if line.hasPrefix("```") { isCode.toggle() }
            return isCode || line.hasPrefix("**[") ? nil : Statement(line: index + 1, text: line)
        }
    }

    /// All tables in order.
    var tables: [Table] {
        var tables: [Table] = []
        var heading = ""
        var isInside = false
        for (index, line) in lines.enumerated() {
            if line.hasPrefix("#") { heading = String(line.drop { $0 == "#" }).trimmingCharacters(in: .whitespaces) }
            guard line.hasPrefix("|") else {
                isInside = false
                continue
            }
            let cells = Self.cells(line)
            if !isInside {
                tables.append(Table(heading: heading, line: index + 1, header: cells, rows: []))
                isInside = true
            } else if !cells.allSatisfy({ $0.allSatisfy { "-: ".contains($0) } && !$0.isEmpty })
                || tables[tables.count - 1].rows.count > 0
            {
                tables[tables.count - 1].rows.append(cells)
            }
        }
        return tables
    }

    private static func cells(_ line: String) -> [String] {
        line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
            .map { $0.trimmingCharacters(in: .whitespaces) }
    }
}

extension String {
    /// Without the marks of a code span.
    var plain: String { replacingOccurrences(of: "`", with: "") }

    /// With code spans taken out.
    var withoutCode: String {
        components(separatedBy: "`").enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element).joined(separator: " ")
    }

    /// The key words of BCP 14 in it, in order.
    var keywords: [String] {
        let words = withoutCode.split { !$0.isLetter }.map(String.init)
        var found: [String] = []
        for (index, word) in words.enumerated()
        where ["MUST", "SHOULD", "MAY", "SHALL", "REQUIRED", "RECOMMENDED", "OPTIONAL"].contains(word) {
            let isNegated = index + 1 < words.count && words[index + 1] == "NOT"
            found.append(isNegated ? "\(word) NOT" : word)
        }
        return found
    }

    /// Every requirement id in it.
    var citedIDs: [String] {
        matches(of: #/\b([A-Z]{3})-[0-9]{3}\b/#).filter { $0.1 != "SHA" && $0.1 != "AES" }.map { String($0.0) }
    }
}
