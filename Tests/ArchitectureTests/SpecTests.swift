import Testing

/// What looks like an id and is none: digests and ciphers.
private let notAreas: Set<Substring> = ["SHA", "AES"]

private let keywords: Set<String> = ["MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY"]
private let classes: Set<String> = ["wire", "hook", "none"]

/// Holds the prose of the spec, `spec/protocol.json` and the code together.
@Suite struct SpecTests {
    @Test func everyCitedIDIsDefined() {
        SourceTree.working.undefinedCitations().report()
    }

    @Test func everyProseIDIsDefinedOnce() {
        SourceTree.working.badDefinitions().report()
    }

    @Test func proseAndProtocolDefineTheSameIDs() {
        SourceTree.working.idsOnOneSideOnly().report()
    }

    @Test func everySentenceHasTheKeywordOfItsRequirement() {
        SourceTree.working.wrongKeywords().report()
    }

    @Test func everyRequirementIsComplete() {
        SourceTree.working.incompleteRequirements().report()
    }
}

extension SourceTree {
    /// Ids in code, comments, strings and chapters that `spec/protocol.json` does not define.
    func undefinedCitations() -> [Finding] {
        checked { requirements in
            let defined = Set(requirements.compactMap(\.id))
            let id = #/\b([A-Z]{3})-[0-9]{3}\b/#.wordBoundaryKind(.simple)
            let texts = swiftFiles.map { (path: $0.path, lines: $0.lines.map { $0[...] }) }
            let prose = chapters().map { (path: $0.path, lines: $0.text.textLines) }
            return (texts + prose).flatMap { path, lines in
                lines.enumerated().flatMap { index, line in
                    line.matches(of: id).filter { !notAreas.contains($0.1) && !defined.contains(String($0.0)) }.map {
                        Finding(path: path, line: index + 1, message: "cites \($0.0), which \(Self.protocolPath) does not define")
                    }
                }
            }
        }
    }

    /// Ids that the prose defines twice, or elsewhere than at the beginning of a line.
    func badDefinitions() -> [Finding] {
        let inside = #/.\*\*\[[A-Z]{3}-[0-9]{3}\]\*\*/#
        let misplaced = chapters().flatMap { path, text in
            text.textLines.enumerated().filter { $0.element.contains(inside) }.map { index, _ in
                Finding(path: path, line: index + 1, message: "a definition must stand at the beginning of its line")
            }
        }
        var first: [String: ProseRequirement] = [:]
        let repeated = proseRequirements().compactMap { requirement -> Finding? in
            guard let earlier = first[requirement.id] else {
                first[requirement.id] = requirement
                return nil
            }
            return requirement.finding("\(requirement.id) is already defined at \(earlier.path):\(earlier.line)")
        }
        return checked { _ in [] } + misplaced + repeated
    }

    func idsOnOneSideOnly() -> [Finding] {
        checked { requirements in
            let listed = Set(requirements.compactMap(\.id))
            let prose = proseRequirements()
            let unlisted = prose.filter { !listed.contains($0.id) }.map {
                $0.finding("\($0.id) is missing in \(Self.protocolPath)")
            }
            let unwritten = listed.subtracting(prose.map(\.id)).sorted().map {
                Finding(path: Self.protocolPath, line: protocolLine(of: $0), message: "no chapter defines \($0)")
            }
            return unlisted + unwritten
        }
    }

    func wrongKeywords() -> [Finding] {
        checked { requirements in
            let expected = Dictionary(
                requirements.map { ($0.id ?? "", $0.keyword ?? "") }, uniquingKeysWith: { first, _ in first })
            return proseRequirements().compactMap { requirement in
                guard let keyword = expected[requirement.id] else { return nil }
                let found = normativeWords(requirement.statement)
                guard found != [keyword] else { return nil }
                let list = found.isEmpty ? "none" : found.joined(separator: ", ")
                return requirement.finding("\(requirement.id) needs the one keyword \(keyword); it has: \(list)")
            }
        }
    }

    func incompleteRequirements() -> [Finding] {
        checked { requirements in
            var seen: Set<String> = []
            return requirements.enumerated().flatMap { index, requirement in
                var problems = requirement.problems()
                if let id = requirement.id, !seen.insert(id).inserted { problems.append("is listed twice") }
                return problems.map { problem in
                    let name = requirement.id ?? "requirement number \(index + 1)"
                    return Finding(
                        path: Self.protocolPath, line: protocolLine(of: requirement.id), message: "\(name) \(problem)")
                }
            }
        }
    }

    /// What a check finds in the listed requirements, or the one finding that there are none to check.
    private func checked(_ check: ([ListedRequirement]) -> [Finding]) -> [Finding] {
        switch listedRequirements() {
        case .success(let requirements): check(requirements)
        case .failure(let problem): [problem.finding]
        }
    }
}

extension ListedRequirement {
    fileprivate func problems() -> [String] {
        var problems: [String] = []
        if id?.wholeMatch(of: #/[A-Z]{3}-[0-9]{3}/#) == nil { problems.append("has no id of three letters, dash, three digits") }
        if !keywords.contains(keyword ?? "") { problems.append("needs a keyword of \(keywords.sorted())") }
        if !classes.contains(self.class ?? "") { problems.append("needs a class of \(classes.sorted())") }
        if subject?.isEmpty ?? true { problems.append("needs a subject") }
        if self.class == "none", why?.isEmpty ?? true { problems.append("is of class none and does not say why") }
        return problems
    }
}

extension ProseRequirement {
    fileprivate func finding(_ message: String) -> Finding { Finding(path: path, line: line, message: message) }
}

/// The BCP 14 keywords of a statement, those in code spans left out.
private func normativeWords(_ statement: String) -> [String] {
    let word = #/\b(?:MUST|SHALL|SHOULD|MAY|NOT RECOMMENDED|RECOMMENDED|REQUIRED|OPTIONAL)(?: NOT)?\b/#.wordBoundaryKind(.simple)
    return statement.replacing(#/`[^`]*`/#, with: "").matches(of: word).map { String($0.0) }
}
