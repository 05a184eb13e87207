/// One function, initialiser, subscript or computed property that has a body.
struct FunctionBody: Hashable {
    let line: Int
    /// The first line of its declaration.
    let head: String
    /// How many lines stand between its braces; nil where the braces do not close.
    let length: Int?
}

extension SwiftText {
    /// Every body in the file, nested ones too.
    func functions() -> [FunctionBody] {
        words().compactMap { word in
            guard introducesBody(word), let open = openingBrace(after: word) else { return nil }
            let line = line(at: word.lowerBound)
            let close = closingBrace(of: open)
            return FunctionBody(
                line: line, head: lines[line - 1].trimmingPrefix { $0 == " " }.description,
                length: close.map { max(0, self.line(at: $0) - self.line(at: open) - 1) })
        }
    }

    /// The identifiers and keywords of the code.
    private func words() -> [Range<Int>] {
        var result: [Range<Int>] = []
        var start: Int?
        for index in code.indices {
            if code[index].isWordPart {
                start = start ?? index
            } else if let begin = start {
                result.append(begin..<index)
                start = nil
            }
        }
        return result
    }

    private func introducesBody(_ word: Range<Int>) -> Bool {
        if word.lowerBound > 0, [".", "`", "@", "#"].contains(code[word.lowerBound - 1]) { return false }
        switch String(String.UnicodeScalarView(code[word])) {
        case "func", "var", "deinit": return true
        case "init", "subscript": return ["(", "<", "?", "!"].contains(code[word.upperBound])
        default: return false
        }
    }

    /// Where the body starts, past parameters, result and constraints; nil when the declaration has none.
    private func openingBrace(after word: Range<Int>) -> Int? {
        let isProperty = code[word].elementsEqual("var".unicodeScalars)
        var depth = 0
        for index in word.upperBound..<code.count {
            switch code[index] {
            case "{" where depth == 0: return index
            case "(", "[", "{": depth += 1
            case ")", "]", "}":
                depth -= 1
                if depth < 0 { return nil }
            case "\n" where isProperty && depth == 0: return nil
            case ";" where depth == 0: return nil
            default: break
            }
        }
        return nil
    }

    private func closingBrace(of open: Int) -> Int? {
        var depth = 0
        for index in open..<code.count {
            if code[index] == "{" { depth += 1 }
            if code[index] == "}" {
                depth -= 1
                if depth == 0 { return index }
            }
        }
        return nil
    }
}

extension Unicode.Scalar {
    fileprivate var isWordPart: Bool { self == "_" || properties.isAlphabetic || properties.numericType != nil }
}
