import ConformanceSuite
import Foundation
import ProgramTerminal

/// The file of `--known-failing`: ids of cases, one a line.
enum KnownFailures {
    static func read(_ path: String) throws -> Set<String> {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandError("cannot read the known failures in \(path)", status: Status.usage)
        }
        let known = Set(Catalogue.all.map(\.id))
        var ids: Set<String> = []
        for (index, line) in String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            let id = line.prefix { $0 != "#" }.trimmingCharacters(in: .whitespaces)
            guard !id.isEmpty else { continue }
            guard known.contains(id) else {
                throw CommandError("\(path):\(index + 1): there is no case '\(id)': see 'conform list'", status: Status.usage)
            }
            ids.insert(id)
        }
        return ids
    }
}
