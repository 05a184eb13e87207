import Testing

/// The whole top level of the repository. Hidden files are not listed.
private let topLevel: Set<String> = [
    "Package.swift", "Sources", "Tests", "spec", "conformance", "README.md", "LICENSE", "CONTRIBUTING.md",
]

/// Words that say nothing of what is inside.
private let emptyWords: Set<String> = [
    "util", "utils", "utility", "utilities", "helper", "helpers", "common", "manager", "managers",
]

@Suite struct NamingTests {
    @Test func theTopLevelStaysSmall() {
        SourceTree.working.strayTopLevelNames().report()
    }

    @Test func namesSayWhatIsInside() {
        SourceTree.working.emptyNames().report()
    }

    @Test func aStrayTopLevelNameIsFound() {
        let tree = SourceTree(["README.md": "", "docs/a.md": "", "docs/b.md": "", "notes.txt": "", "spec/a.md": ""])
        #expect(tree.strayTopLevelNames().places == ["docs:1", "notes.txt:1"])
    }

    @Test func anEmptyNameIsFound() {
        let tree = SourceTree([
            "Sources/A/ConnectionManager.swift": "", "Sources/Common/A.swift": "", "Tests/A/test-helpers.json": "",
            "Sources/A/Uncommon.swift": "", "Sources/A/Row+Utils.swift": "", "Sources/A/HTTPUtil.swift": "",
        ])
        #expect(
            tree.emptyNames().map(\.path) == [
                "Sources/A/ConnectionManager.swift", "Sources/A/HTTPUtil.swift", "Sources/A/Row+Utils.swift",
                "Sources/Common/A.swift", "Tests/A/test-helpers.json",
            ])
    }
}

extension SourceTree {
    func strayTopLevelNames() -> [Finding] {
        let names = Set(paths.map { String($0.prefix { $0 != "/" }) })
        return names.subtracting(topLevel).sorted().map {
            Finding(path: $0, line: 1, message: "not one of \(topLevel.sorted().joined(separator: ", "))")
        }
    }

    func emptyNames() -> [Finding] {
        paths.compactMap { path in
            guard let word = words(of: path).first(where: { emptyWords.contains($0) }) else { return nil }
            return Finding(path: path, line: 1, message: "“\(word)” does not say what is inside")
        }
    }

    /// The words of a path in lower case: `HTTPUtil+Row` is http, util, row.
    private func words(of path: String) -> [String] {
        path.matches(of: #/[A-Z]+(?![a-z])|[A-Z]?[a-z]+/#).map { $0.0.lowercased() }
    }
}
