import ClusterModel
import Foundation
import ProgramTerminal

/// The rows that the demo writes.
enum DemoRows {
    /// A table of the demo: its name as text for people, and its definition.
    static let timeZones = definition("timezones", .orderedSet)
    static let devices = definition("devices", .set)

    /// The IANA time zones: name, and countries and coordinates as JSON.
    static func loadTimeZones() throws -> [ClusterModel.Operation] {
        let file = OwnProgram.resources.appending(path: "timezones.jsonl").path
        do {
            var lines = LineReader(try InputFile(file))
            var rows: [ClusterModel.Operation] = []
            while let line = try lines.next() {
                let row = try RowLine(parsing: line)
                rows.append(Operation(.put, key: row.key, value: row.value))
            }
            return rows
        } catch {
            throw CommandError("\(error); the folder of \(file) belongs beside the program: copy it along")
        }
    }

    /// Device `number`, the same at every run.
    static func device(_ number: Int) -> ClusterModel.Operation {
        let value = #"{"model":"meter-\#(number % 7)","firmware":"2.\#(number % 13)","battery":\#(100 - number % 61)}"#
        return Operation(.put, key: deviceKey(number), value: Array(value.utf8))
    }

    static func deviceKey(_ number: Int) -> [UInt8] {
        let digits = String(number)
        return Array(("device-" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits).utf8)
    }

    private static func definition(_ name: String, _ type: TableType) -> TableDefinition {
        guard let name = TableName(name) else { preconditionFailure("the demo's table names are valid") }
        let unset = RowVersion(stamp: .zero, dot: Dot(origin: Origin(node: NodeID(0), incarnation: 0), sequence: 0))
        return TableDefinition(name: name, type: type, storage: .disc, merge: .lww, version: unset)
    }
}
