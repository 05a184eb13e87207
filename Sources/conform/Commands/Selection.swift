import ArgumentParser
import ConformanceSuite
import Foundation
import ProgramTerminal

/// Which cases.
struct Selection: ParsableArguments {
    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp(
            "A case, a requirement, an area, a role or a profile; * stands for any text; @FILE for a file of them. May be repeated.",
            valueName: "id"))
    var select: [String] = []

    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp("Cases to leave out, given as for --select.", valueName: "id"))
    var skip: [String] = []

    /// - Throws: `UsageError` when a pattern fits nothing.
    func cases() throws -> [Case] {
        let wanted = select.isEmpty ? Catalogue.all : try fitting(select)
        let unwanted = Set(try fitting(skip).map(\.id))
        let cases = wanted.filter { !unwanted.contains($0.id) }
        guard !cases.isEmpty else { throw UsageError("no case is left to run: see 'conform list'") }
        return cases
    }

    private func fitting(_ patterns: [String]) throws -> [Case] {
        var ids: Set<String> = []
        for pattern in try patterns.flatMap(Self.expand) {
            let found = Catalogue.all.filter { $0.fits(pattern) }
            guard !found.isEmpty else { throw UsageError("'\(pattern)' fits no case: see 'conform list'") }
            ids.formUnion(found.map(\.id))
        }
        return Catalogue.all.filter { ids.contains($0.id) }
    }

    /// The lines of a file, or the pattern itself.
    private static func expand(_ pattern: String) throws -> [String] {
        guard pattern.hasPrefix("@") else { return [pattern] }
        let path = String(pattern.dropFirst())
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandError("cannot read the list of cases in \(path)", status: Status.usage)
        }
        return String(decoding: data, as: UTF8.self).split(separator: "\n").map { line in
            line.prefix { $0 != "#" }.trimmingCharacters(in: .whitespaces)
        }.filter { !$0.isEmpty }
    }
}

extension Case {
    /// Whether a pattern means this case.
    func fits(_ pattern: String) -> Bool {
        let names = [id, area, role.rawValue, profile.rawValue] + requirements
        return names.contains { Wildcard.fits(pattern[...], $0[...]) }
    }
}

/// Patterns in which `*` stands for any text.
enum Wildcard {
    static func fits(_ pattern: Substring, _ text: Substring) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        if first == "*" {
            let rest = pattern.dropFirst()
            return text.indices.contains { fits(rest, text[$0...]) } || fits(rest, "")
        }
        return text.first == first && fits(pattern.dropFirst(), text.dropFirst())
    }
}
