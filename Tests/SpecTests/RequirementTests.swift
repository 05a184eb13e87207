import Foundation
import Testing

/// Prose and `protocol.json` say the same.
@Suite struct RequirementTests {
    static let subjects: Set<String> = [
        "node", "dialer", "acceptor", "sender", "receiver", "member", "joiner", "writer", "replica", "caller", "answerer",
    ]
    let document: ProtocolDocument
    let chapters: [Chapter]

    init() throws {
        document = try ProtocolDocument.load()
        chapters = try SpecDirectory.chapters()
    }

    @Test func everyStatementIsListedWordForWord() throws {
        let pattern = #/\*\*\[([A-Z]{3}-[0-9]{3})\]\*\* \(([a-z]+), (wire|hook|none)(?:: ([^)]*))?\) (.+)/#
        var found: [ProtocolDocument.Requirement] = []
        for chapter in chapters {
            for statement in chapter.statements {
                let place = "\(chapter.name):\(statement.line)"
                let match = try #require(try pattern.wholeMatch(in: statement.text), "\(place) is not written like a requirement")
                let text = String(match.5)
                let keywords = text.keywords
                #expect(keywords.count == 1, "\(place) has the key words \(keywords)")
                found.append(
                    ProtocolDocument.Requirement(
                        id: String(match.1), keyword: keywords.first ?? "", subject: String(match.2), class: String(match.3),
                        why: match.4.map(String.init), chapter: chapter.name, text: text))
            }
        }
        let listed = document.requirements
        for (prose, json) in zip(found, listed) { #expect(prose == json) }
        #expect(found.map(\.id) == listed.map(\.id))
    }

    @Test func idsAreUniqueAndEveryPartIsThere() {
        let ids = document.requirements.map(\.id)
        #expect(ids.count == Set(ids).count)
        for requirement in document.requirements {
            #expect(Self.subjects.contains(requirement.subject), "\(requirement.id)")
            #expect((requirement.class == "none") == (requirement.why != nil), "\(requirement.id)")
            #expect(["MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY"].contains(requirement.keyword), "\(requirement.id)")
        }
    }

    @Test func keyWordsStandInRequirementsOnly() {
        for chapter in chapters {
            for line in chapter.explanations where !line.text.keywords.isEmpty {
                #expect(line.text.contains("**MUST NOT**"), "\(chapter.name):\(line.line) \(line.text)")
            }
        }
    }

    @Test func everyCitedIdExists() throws {
        let defined = Set(document.requirements.map(\.id))
        for chapter in chapters {
            for (index, line) in chapter.lines.enumerated() {
                for id in line.citedIDs { #expect(defined.contains(id), "\(chapter.name):\(index + 1) cites \(id)") }
            }
        }
        for entry in document.messages { #expect(defined.contains(entry.requirement), "\(entry.name)") }
        for entry in document.calls { #expect(defined.contains(entry.requirement), "\(entry.name)") }
        for entry in document.limits { #expect(defined.contains(entry.id), "\(entry.name)") }
    }

    /// Every conformance vector tests a requirement.
    @Test func everyVectorCitesARequirement() throws {
        struct Vectors: Decodable {
            struct Vector: Decodable { var name: String, req: String }
            var vectors: [Vector]
        }
        let defined = Set(document.requirements.map(\.id))
        let directory = SpecDirectory.root.appendingPathComponent("conformance/vectors")
        let files = try FileManager.default.contentsOfDirectory(atPath: directory.path).filter { $0.hasSuffix(".json") }
        #expect(!files.isEmpty)
        for file in files {
            let data = try Data(contentsOf: directory.appendingPathComponent(file))
            for vector in try JSONDecoder().decode(Vectors.self, from: data).vectors {
                #expect(defined.contains(vector.req), "\(file): \(vector.name) cites \(vector.req)")
            }
        }
    }

    @Test func chaptersAreListedInTheTableOfContents() throws {
        let contents = try #require(chapters.first?.lines.joined(separator: "\n"))
        for chapter in chapters.dropFirst() { #expect(contents.contains("(\(chapter.name))"), "\(chapter.name)") }
    }
}
