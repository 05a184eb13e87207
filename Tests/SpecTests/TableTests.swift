import Foundation
import Testing

/// The tables of the chapters are those of `protocol.json`.
@Suite struct TableTests {
    let document: ProtocolDocument
    let tables: [Chapter.Table]
    let lines: [String]

    init() throws {
        document = try ProtocolDocument.load()
        let chapters = try SpecDirectory.chapters()
        tables = chapters.flatMap(\.tables)
        lines = chapters.flatMap(\.lines)
    }

    private func table(_ heading: String) throws -> Chapter.Table {
        try #require(tables.first { $0.heading == heading }, "no table under the heading \(heading)")
    }

    private func expect(_ heading: String, has fields: [ProtocolDocument.Field]) throws {
        let rows = try table(heading).rows
        #expect(rows.map { $0[1] } == fields.map(\.name), "\(heading)")
        #expect(rows.map { $0[2].plain } == fields.map(\.type), "\(heading)")
        #expect(rows.map { $0[3] } == fields.map { $0.note ?? "" }, "\(heading)")
    }

    @Test func messages() throws {
        for message in document.messages {
            if message.fields.isEmpty { continue }
            try expect(message.name, has: message.fields)
            let code = "`0x" + String(format: "%04X", Int(message.code)) + "`"
            let index = try #require(lines.firstIndex { $0 == "#### \(message.name)" })
            #expect(lines[index + 2] == "Type \(code), lane \(message.lane).")
        }
    }

    @Test func structures() throws {
        for structure in document.structs { try expect("Structure \(structure.name)", has: structure.fields) }
    }

    @Test func enumerations() throws {
        for enumeration in document.enums {
            let rows = try table("Enumeration \(enumeration.name)").rows
            #expect(rows.map { $0[0].plain } == enumeration.cases.map(\.name), "\(enumeration.name)")
            #expect(rows.map { $0[1] } == enumeration.cases.map { "\($0.value)" }, "\(enumeration.name)")
            #expect(rows.map { $0[2] } == enumeration.cases.map(\.note), "\(enumeration.name)")
        }
    }

    @Test func limits() throws {
        let rows = try table("14. Limits").rows
        let expected = document.limits.map {
            [$0.id, $0.name, "\($0.minimum)", "\($0.default)", "\($0.maximum)", $0.unit, $0.negotiated, $0.exceeded]
        }
        #expect(rows == expected)
    }

    @Test func errors() throws {
        let rows = try table("15. Errors").rows
        let expected = document.errors.map {
            [
                "`0x" + String(format: "%04X", Int($0.code)) + "`", $0.name, $0.scope, $0.sentIn.joined(separator: ", "), $0.who,
                $0.retry, $0.level, $0.note,
            ]
        }
        #expect(rows == expected)
    }

    @Test func calls() throws {
        let found = tables.filter { $0.heading == "Methods" }
        let methods = try #require(found.first)
        #expect(methods.rows.map { $0[0].plain } == document.calls.map(\.name))
        #expect(methods.rows.map { $0[1].plain } == document.calls.map { "0x" + String(format: "%04X", Int($0.code)) })
        #expect(methods.rows.map { $0[2].plain } == document.calls.map { arguments($0.fields) })
        #expect(methods.rows.map { $0[3].plain } == document.calls.map(\.reply))
        let kinds = try #require(found.last)
        #expect(kinds.rows.map { $0[0].plain } == document.replies.map(\.name))
        #expect(kinds.rows.map { $0[1] } == document.replies.map { "\($0.code)" })
        #expect(kinds.rows.map { $0[2].plain } == document.replies.map { arguments($0.fields) })
    }

    private func arguments(_ fields: [ProtocolDocument.Field]) -> String {
        fields.isEmpty ? "none" : fields.map { "\($0.name) \($0.type)" }.joined(separator: ", ")
    }

    @Test func filesAndRecords() throws {
        let disk = tables.filter { $0.heading == "Files and records" }
        let files = try #require(disk.first { $0.header.first == "Kind" }).rows
        let single = ["manifest", "node", "clock", "members", "catalogue", "logStart"]
        #expect(
            files.map { [$0[0], $0[1].plain, $0[2]] }
                == document.files.map { file in
                    let records = file.records.joined(separator: ", ")
                    return ["\(file.kind)", file.name, single.contains(records) ? "one \(records)" : records]
                })
        let records = try #require(disk.first { $0.header.first == "Type" }).rows
        #expect(records.map { [$0[0], $0[1]] } == document.records.map { ["\($0.type)", $0.name] })
        #expect(
            records.map { $0[2].plain }
                == document.records.map { record in
                    record.fields.map { "\($0.name) \($0.type)\($0.when == "log" ? " (in a log only)" : "")" }
                        .joined(separator: ", ")
                })
    }

    /// Programs that show fields know these units and no others.
    @Test func unitsAreThoseOfTheText() {
        let fields =
            document.messages.flatMap(\.fields) + document.structs.flatMap(\.fields) + document.calls.flatMap(\.fields)
            + document.replies.flatMap(\.fields) + document.records.flatMap(\.fields)
        let units: Set = ["ms", "us", "bytes", "ms since 1970", "stamp", "hash", "error", "message"]
        #expect(Set(fields.compactMap(\.unit)) == units)
    }

    @Test func stateTablesAreCompleteAndTheSame() throws {
        let found = tables.filter { $0.heading.hasPrefix("State table: ") }
        #expect(found.map { $0.heading } == document.states.map { "State table: \($0.name)" })
        for (table, listed) in zip(found, document.states) {
            #expect(Array(table.header.dropFirst()) == listed.states, "\(listed.name)")
            #expect(table.rows.map { $0[0] } == listed.events, "\(listed.name)")
            var cells: [ProtocolDocument.StateTable.Cell] = []
            for row in table.rows {
                #expect(row.count == listed.states.count + 1, "\(listed.name): \(row[0])")
                for (state, cell) in zip(listed.states, row.dropFirst()) {
                    let parts = cell.components(separatedBy: " / ")
                    try #require(parts.count == 3, "\(listed.name): \(row[0]) in \(state) is '\(cell)'")
                    #expect(listed.states.contains(parts[1]) || parts[1] == "as told", "\(listed.name): \(cell)")
                    cells.append(
                        .init(
                            state: state, event: row[0], action: parts[0], next: parts[1], error: parts[2] == "-" ? nil : parts[2]
                        ))
                }
            }
            #expect(cells == listed.cells, "\(listed.name)")
        }
    }

    /// An error that a state table names is registered.
    @Test func errorsOfStateTablesAreRegistered() {
        let names = Set(document.errors.map(\.name))
        for table in document.states {
            for error in table.cells.compactMap(\.error) where error == error.uppercased() {
                #expect(names.contains(error), "\(table.name): \(error)")
            }
        }
    }

    @Test func timers() throws {
        let rows = try table("Timers").rows
        #expect(rows == document.timers.map { [$0.name, $0.starts, $0.stops, $0.default, $0.ends] })
    }

    @Test func everyMessageHasItsRowInTheTableOfStates() throws {
        let states = try table("Messages and states")
        let rows = states.rows
        let listed = document.permitted.map { entry in states.header.map { entry[$0 == "Message" ? "message" : $0] ?? "" } }
        #expect(rows == listed)
        #expect(rows.map { $0[0] } == document.messages.map(\.name))
        for row in rows { #expect(row.dropFirst().allSatisfy { ["yes", "no", "yes, no", "no, yes"].contains($0) }) }
    }
}
