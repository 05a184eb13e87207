import ClusterModel
import ProgramTerminal

/// The state of a cluster for people.
struct StatusReport {
    private let status: ClusterStatus

    init(_ status: ClusterStatus) { self.status = status }

    func heading(colored: Bool) -> [String] {
        let live = status.members.count { $0.record.state.isLive }
        let present = status.members.count { !$0.record.state.isGone }
        let summary = "\(live) of \(Quantity.count(present, "member")) live"
        let style: Style = live == present ? .good : .bad
        return [
            "cluster \(Names.short(status.cluster))  " + (colored ? style.apply(to: summary) : summary),
            "seen by \(name(of: status.node)), coordinator \(name(of: status.coordinator))",
        ]
    }

    func members() -> TextTable {
        var table = TextTable(["", "MEMBER", "STATE", "LINK", "ADDRESS", "NODE", "ROUND TRIP", "CLOCK", "BEHIND", "NOTE"])
        for member in status.members.sorted(by: { $0.record.joined < $1.record.joined }) {
            table.append(cells(member))
        }
        return table
    }

    private func cells(_ member: MemberStatus) -> [TextTable.Cell] {
        let record = member.record
        let isSelf = record.node == status.node
        return [
            .init(isSelf ? "*" : ""), .init(record.name.text), .init("\(record.state)", style(record.state)),
            link(member, isSelf),
            .init("\(record.address)"), .init(Names.short(record.node), .faint),
            .init(member.roundTrip == 0 ? "" : "\(Quantity.oneDecimal(Double(member.roundTrip) / 1000)) ms"),
            clock(member.clockOffset, isSelf), member.behind == 0 ? .init("") : .init(number: member.behind),
            .init(note(member), .faint),
        ]
    }

    private func link(_ member: MemberStatus, _ isSelf: Bool) -> TextTable.Cell {
        if isSelf || member.record.state.isGone { return "" }
        return member.isReachable ? .init("ok", .good) : .init("unreachable", .bad)
    }

    /// Small differences are noise of the measurement; only what could matter is shown.
    private func clock(_ offset: Int64, _ isSelf: Bool) -> TextTable.Cell {
        guard !isSelf, offset.magnitude >= 100 else { return "" }
        let text = "\(offset > 0 ? "+" : "-")\(Quantity.oneDecimal(Double(offset.magnitude) / 1000)) s"
        return .init(text, offset.magnitude >= 10_000 ? .bad : .warning)
    }

    private func note(_ member: MemberStatus) -> String {
        let since = member.record.downSince == 0 ? "" : "down since \(WallTime.text(milliseconds: member.record.downSince))"
        return [since, member.reason].filter { !$0.isEmpty }.joined(separator: "; ")
    }

    private func style(_ state: MemberState) -> Style {
        switch state {
        case .up: .good
        case .joining, .suspect, .leaving: .warning
        case .down, .removed: .bad
        case .left: .faint
        }
    }

    private func name(of node: NodeID) -> String {
        status.members.first { $0.record.node == node }?.record.name.text ?? Names.short(node)
    }
}

/// Tables for people.
enum TableReport {
    static func list(_ tables: [TableInfo]) -> TextTable {
        var result = TextTable(["TABLE", "TYPE", "STORAGE", "MERGE", "ROWS", "MEMORY", "STATE", "NOTE"])
        for table in tables {
            let definition = table.definition
            result.append([
                .init(definition.name.text), .init(Names.type(definition.type)), .init("\(definition.storage)"),
                .init("\(definition.merge)"), .init(number: table.rows), .init(Quantity.bytes(table.memory)),
                .init(Names.readiness(table.readiness), table.readiness == .ready ? .good : .warning),
                .init(table.reason, .faint),
            ])
        }
        return result
    }

    /// One table in full, a line a fact. `names` gives the names of nodes that are known.
    static func describe(_ table: TableInfo, names: [NodeID: String]) -> [String] {
        let definition = table.definition
        let replicas = definition.replicas.map { names[$0] ?? Names.short($0) }
        let sync =
            definition.syncIntervalMilliseconds == 0
            ? "before every acknowledgement" : "at least every \(definition.syncIntervalMilliseconds) ms"
        var facts = [
            ("table", definition.name.text), ("type", Names.type(definition.type)), ("storage", "\(definition.storage)"),
            ("merge", "\(definition.merge)"),
        ]
        if definition.storage == .disc { facts.append(("synced", sync)) }
        facts += [
            ("replicas", replicas.isEmpty ? "every core member" : replicas.joined(separator: ", ")),
            ("state", Names.readiness(table.readiness) + (table.reason.isEmpty ? "" : ": \(table.reason)")),
            ("rows", Quantity.grouped(table.rows)), ("tombstones", Quantity.grouped(table.tombstones)),
            ("memory", Quantity.bytes(table.memory)), ("digest", Names.hexadecimal(table.digest)),
        ]
        for (index, entry) in table.vector.entries.enumerated() {
            let sequence = entry.sequence == VersionVector.whole ? "whole" : Quantity.grouped(entry.sequence)
            let writer = names[entry.origin.node] ?? Names.short(entry.origin.node)
            facts.append((index == 0 ? "vector" : "", "\(writer) incarnation \(entry.origin.incarnation): \(sequence)"))
        }
        return facts.map { $0.0 + String(repeating: " ", count: 12 - $0.0.count) + $0.1 }
    }
}

/// Bytes for people: text as it is, with control characters escaped; anything else in base64.
enum BytesText {
    static func line(_ bytes: [UInt8]) -> String {
        guard JSONText.isText(bytes) else { return "base64:" + Base64.encode(bytes) }
        var result = ""
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\\": result += "\\\\"
            default:
                if scalar.properties.generalCategory == .control {
                    result += "\\u{\(String(scalar.value, radix: 16))}"
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result
    }

    /// At most 40 characters.
    static func short(_ bytes: [UInt8]) -> String {
        let text = line(bytes)
        return text.count > 40 ? text.prefix(39) + "…" : text
    }
}
