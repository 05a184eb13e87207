import Foundation

/// A requirement as a chapter of the spec states it: `**[id]** sentence`, at the beginning of a line.
struct ProseRequirement: Hashable {
    let id: String
    let path: String
    let line: Int
    /// The text up to the end of its paragraph.
    let statement: String
}

/// A requirement as `spec/protocol.json` lists it. Every field is optional here so that the check can name the one missing.
struct ListedRequirement: Decodable, Hashable {
    let id: String?
    let keyword: String?
    let `class`: String?
    let subject: String?
    let why: String?
}

extension SourceTree {
    static let protocolPath = "spec/protocol.json"

    /// The requirements of `spec/protocol.json`, or why they cannot be read.
    func listedRequirements() -> Result<[ListedRequirement], SpecProblem> {
        struct Listing: Decodable { let requirements: [ListedRequirement] }
        guard let text = texts[Self.protocolPath] else { return .failure(SpecProblem(reason: "does not exist")) }
        do {
            return .success(try JSONDecoder().decode(Listing.self, from: Data(text.utf8)).requirements)
        } catch {
            return .failure(SpecProblem(reason: "has no readable array `requirements`: \(error)"))
        }
    }

    /// Every requirement of every chapter, in the order of the text.
    func proseRequirements() -> [ProseRequirement] {
        chapters().flatMap { path, text -> [ProseRequirement] in
            let lines = text.textLines
            return lines.indices.compactMap { index in
                guard let id = definedID(lines[index]) else { return nil }
                let following = lines[(index + 1)...].prefix { !endsStatement($0) }
                let statement = ([lines[index]] + following).joined(separator: " ")
                return ProseRequirement(id: id, path: path, line: index + 1, statement: statement)
            }
        }
    }

    func chapters() -> [(path: String, text: String)] { files(under: ["spec"], extensions: ["md"]) }

    /// The line of `spec/protocol.json` that first names this id.
    func protocolLine(of id: String?) -> Int {
        guard let id, let lines = texts[Self.protocolPath]?.textLines else { return 1 }
        return (lines.firstIndex { $0.contains("\"\(id)\"") } ?? 0) + 1
    }
}

/// Why the machine-readable spec cannot be read.
struct SpecProblem: Error, Hashable {
    let reason: String

    var finding: Finding { Finding(path: SourceTree.protocolPath, line: 1, message: reason) }
}

/// The id that a line defines; nil when it defines none.
private func definedID(_ line: Substring) -> String? {
    line.prefixMatch(of: #/\*\*\[([A-Z]{3}-[0-9]{3})\]\*\*/#).map { String($0.1) }
}

/// A statement ends at an empty line, or where a heading, list, table, code block or another requirement begins.
private func endsStatement(_ line: Substring) -> Bool {
    line.allSatisfy(\.isWhitespace) || definedID(line) != nil || line.prefixMatch(of: #/\s*(?:#|[-*+] |[0-9]+\. |\||```)/#) != nil
}
