import Foundation
import Testing

/// The dissector is what `protocol.json` makes it now. `TABLEWIRE_WRITE_DISSECTOR=1` writes it anew.
@Suite struct DissectorFileTests {
    @Test func dissectorIsWhatTheSpecMakes() throws {
        let made = try DissectorFile(document: .load()).text()
        if ProcessInfo.processInfo.environment["TABLEWIRE_WRITE_DISSECTOR"] == "1" {
            try made.write(to: DissectorFile.url, atomically: true, encoding: .utf8)
        }
        let committed = try String(contentsOf: DissectorFile.url, encoding: .utf8)
        let pairs = zip(made.components(separatedBy: "\n"), committed.components(separatedBy: "\n")).enumerated()
        let difference = pairs.first { $0.element.0 != $0.element.1 }
        #expect(difference == nil, "line \(difference.map { $0.offset + 1 } ?? 0) differs")
        #expect(made == committed)
    }

    /// The info column names fields by hand: each must still exist.
    @Test func highlightedFieldsExist() throws {
        let document = try ProtocolDocument.load()
        let template = try String(contentsOf: DissectorFile.template, encoding: .utf8)
        let block = try #require(template.firstMatch(of: #/local highlights = \{\n([\s\S]*?)\n\}/#)).output.1
        var found = 0
        for match in block.matches(of: #/(\w+) = \{([^}]*)\}/#) {
            let message = try #require(document.messages.first { $0.name == match.output.1 }, "\(match.output.1)")
            for name in match.output.2.matches(of: #/"(\w+)"/#).map(\.output.1) {
                #expect(message.fields.contains { $0.name == name }, "\(message.name).\(name)")
                found += 1
            }
        }
        #expect(found > 20)
    }
}
