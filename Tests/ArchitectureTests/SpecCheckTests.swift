import Testing

/// Each check of the spec, on a small spec that violates it. Ids are put together here so that none is cited.
@Suite struct SpecCheckTests {
    private static let one = "QQQ" + "-001"
    private static let two = "QQQ" + "-002"
    private static let three = "QQQ" + "-003"

    @Test func aSoundSpecPasses() {
        let tree = spec(
            prose:
                "# Frames\n\n**[\(Self.one)]** A sender MUST count frames. See `MUST`.\n**[\(Self.two)]** A node MAY\nwait.\n\nIt MUST not matter here.",
            [entry(Self.one, "MUST"), entry(Self.two, "MAY", class: "none", more: ", \"why\": \"a permission\"")],
            code: "// \(Self.one): SHA-256, AES-128\nlet a = \"\(Self.two)\"\n")
        #expect(tree.allFindings == [])
    }

    @Test func aMissingSpecIsFound() {
        let tree = SourceTree(["Sources/A/A.swift": ""])
        #expect(tree.undefinedCitations().places == ["spec/protocol.json:1"])
        #expect(tree.badDefinitions().places == ["spec/protocol.json:1"])
        #expect(tree.idsOnOneSideOnly().places == ["spec/protocol.json:1"])
        #expect(tree.wrongKeywords().places == ["spec/protocol.json:1"])
        #expect(tree.incompleteRequirements().places == ["spec/protocol.json:1"])
    }

    @Test func anUnreadableSpecIsFound() {
        let tree = SourceTree(["spec/protocol.json": "{\"requirements\": 3}"])
        #expect(tree.idsOnOneSideOnly().places == ["spec/protocol.json:1"])
    }

    @Test func anUndefinedCitationIsFound() {
        let tree = spec(
            prose: "**[\(Self.one)]** A MUST b (\(Self.two)).", [entry(Self.one, "MUST")],
            code: "// \(Self.one)\nlet a = \"\(Self.three)\"\n")
        #expect(tree.undefinedCitations().places == ["Sources/A/A.swift:2", "spec/a.md:1"])
    }

    @Test func aSecondDefinitionIsFound() {
        let prose = "**[\(Self.one)]** A MUST b.\n**[\(Self.one)]** A MUST c.\n- **[\(Self.two)]** A MUST d."
        let tree = spec(prose: prose, [entry(Self.one, "MUST")])
        #expect(tree.badDefinitions().places == ["spec/a.md:3", "spec/a.md:2"])
    }

    @Test func anIDOnOneSideIsFound() {
        let tree = spec(prose: "Text\n**[\(Self.one)]** A MUST b.", [entry(Self.two, "MUST"), entry(Self.three, "MAY")])
        #expect(tree.idsOnOneSideOnly().places == ["spec/a.md:2", "spec/protocol.json:2", "spec/protocol.json:3"])
    }

    @Test(arguments: [
        "A node must wait.", "A node MUST NOT wait.", "A node MUST wait and MUST NOT hurry.", "A node SHALL wait.",
        "A node `MUST` wait.", "A node\nMUST wait and\nSHOULD hope.",
    ])
    func aWrongKeywordIsFound(_ sentence: String) {
        let tree = spec(prose: "**[\(Self.one)]** \(sentence)", [entry(Self.one, "MUST")])
        #expect(tree.wrongKeywords().places == ["spec/a.md:1"])
    }

    @Test(arguments: [
        "{\"id\": \"Q-1\", \"keyword\": \"MAY\", \"class\": \"wire\", \"subject\": \"node\"}",
        "{\"id\": \"QQQ-\(1)11\", \"class\": \"wire\", \"subject\": \"node\"}",
        "{\"id\": \"QQQ-\(1)11\", \"keyword\": \"SHALL\", \"class\": \"wire\", \"subject\": \"node\"}",
        "{\"id\": \"QQQ-\(1)11\", \"keyword\": \"MAY\", \"class\": \"maybe\", \"subject\": \"node\"}",
        "{\"id\": \"QQQ-\(1)11\", \"keyword\": \"MAY\", \"class\": \"wire\", \"subject\": \"\"}",
        "{\"id\": \"QQQ-\(1)11\", \"keyword\": \"MAY\", \"class\": \"none\", \"subject\": \"node\"}",
    ])
    func anIncompleteRequirementIsFound(_ entry: String) {
        let tree = spec(prose: "", [entry])
        #expect(tree.incompleteRequirements().places == ["spec/protocol.json:2"])
    }

    @Test func aRequirementListedTwiceIsFound() {
        let tree = spec(prose: "", [entry(Self.one, "MAY"), entry(Self.one, "MAY")])
        #expect(tree.incompleteRequirements().count == 1)
    }

    private func spec(prose: String, _ entries: [String], code: String = "") -> SourceTree {
        SourceTree([
            "spec/a.md": prose, "Sources/A/A.swift": code,
            "spec/protocol.json": "{\"requirements\": [\n" + entries.joined(separator: ",\n") + "\n]}",
        ])
    }

    private func entry(_ id: String, _ keyword: String, class: String = "wire", more: String = "") -> String {
        "{\"id\": \"\(id)\", \"keyword\": \"\(keyword)\", \"class\": \"\(`class`)\", \"subject\": \"node\"\(more)}"
    }
}

extension SourceTree {
    fileprivate var allFindings: [Finding] {
        undefinedCitations() + badDefinitions() + idsOnOneSideOnly() + wrongKeywords() + incompleteRequirements()
    }
}
