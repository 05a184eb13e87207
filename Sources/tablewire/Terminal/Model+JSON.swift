import ClusterModel
import Foundation

/// How the values of the protocol look in JSON. Numbers above 2^53 are strings, because many readers round them.
extension JSON {
    static func version(_ version: RowVersion) -> JSON {
        .object([
            "time": .string(WallTime.text(milliseconds: version.stamp.milliseconds)),
            "stamp": .string("\(version.stamp.value)"),
            "node": .string("\(version.dot.origin.node)"),
            "incarnation": .unsigned(version.dot.origin.incarnation),
            "sequence": .unsigned(version.dot.sequence),
        ])
    }

    static func row(_ row: Row) -> JSON {
        var members: [Member] = [Member(name: "key", value: .bytes(row.key))]
        members.append(
            row.isTombstone ? Member(name: "deleted", value: .bool(true)) : Member(name: "value", value: .bytes(row.value)))
        if row.isTombstone, !row.value.isEmpty { members.append(Member(name: "value", value: .bytes(row.value))) }
        if let owner = row.owner { members.append(Member(name: "owner", value: .string("\(owner)"))) }
        members.append(Member(name: "version", value: .version(row.version)))
        return .object(members)
    }

    static func position(_ position: WatchPosition) -> JSON { .string("\(position.incarnation):\(position.number)") }

    static func rowEvent(_ event: RowEvent) -> JSON {
        guard case .object(let members) = row(event.row) else { return .null }
        return .object([Member(name: "position", value: .position(event.position))] + members)
    }

    static func memberEvent(_ event: MemberEvent) -> JSON {
        guard case .object(let members) = record(event.record) else { return .null }
        return .object(
            [Member(name: "position", value: .position(event.position))] + members
                + [Member(name: "reachable", value: .bool(event.isReachable))])
    }

    static func record(_ record: MemberRecord) -> JSON {
        .object([
            "name": .string(record.name.text),
            "state": .string("\(record.state)"),
            "address": .string("\(record.address)"),
            "node": .string("\(record.node)"),
            "role": .string("\(record.role)"),
            "incarnation": .unsigned(record.incarnation),
            "refutation": .unsigned(UInt64(record.refutation)),
            "joined": .string(WallTime.text(milliseconds: record.joined.milliseconds)),
            "downSince": record.downSince == 0 ? .null : .string(WallTime.text(milliseconds: record.downSince)),
        ])
    }

    static func member(_ member: MemberStatus) -> JSON {
        guard case .object(let members) = record(member.record) else { return .null }
        let status = KeyValuePairs<String, JSON>(
            dictionaryLiteral: ("reachable", .bool(member.isReachable)),
            ("roundTripMicroseconds", member.roundTrip == 0 ? .null : .unsigned(UInt64(member.roundTrip))),
            ("clockOffsetMilliseconds", .number(member.clockOffset)), ("behind", .unsigned(member.behind)),
            ("reason", member.reason.isEmpty ? .null : .string(member.reason)))
        return .object(members + status.map { Member(name: $0.key, value: $0.value) })
    }

    static func table(_ table: TableInfo) -> JSON {
        let definition = table.definition
        return .object([
            "name": .string(definition.name.text),
            "type": .string(Names.type(definition.type)),
            "storage": .string("\(definition.storage)"),
            "merge": .string("\(definition.merge)"),
            "syncIntervalMilliseconds": .unsigned(UInt64(definition.syncIntervalMilliseconds)),
            "replicas": .array(definition.replicas.map { .string("\($0)") }),
            "state": .string(Names.readiness(table.readiness)),
            "reason": table.reason.isEmpty ? .null : .string(table.reason),
            "rows": .unsigned(table.rows),
            "tombstones": .unsigned(table.tombstones),
            "memoryBytes": .unsigned(table.memory),
            "digest": .string(Names.hexadecimal(table.digest)),
            "vector": .array(table.vector.entries.map(vectorEntry)),
        ])
    }

    private static func vectorEntry(_ entry: VersionVector.Entry) -> JSON {
        .object([
            "node": .string("\(entry.origin.node)"),
            "incarnation": .unsigned(entry.origin.incarnation),
            "sequence": entry.sequence == VersionVector.whole ? .string("whole") : .unsigned(entry.sequence),
        ])
    }

    static func status(_ status: ClusterStatus) -> JSON {
        .object([
            "cluster": .string("\(status.cluster)"),
            "node": .string("\(status.node)"),
            "coordinator": .string("\(status.coordinator)"),
            "members": .array(status.members.map(member)),
            "tables": .array(status.tables.map(table)),
        ])
    }

    static func conflict(_ conflict: Conflict) -> JSON {
        .object([
            "number": .unsigned(conflict.number),
            "table": .string(conflict.table.text),
            "winner": row(conflict.winner),
            "loser": row(conflict.loser),
        ])
    }

    static func joined(_ result: JoinResult) -> JSON {
        .object([
            "cluster": .string("\(result.cluster)"),
            "dryRun": .bool(result.isDryRun),
            "copied": .unsigned(result.copied),
            "merged": .unsigned(result.merged),
            "archive": result.archive == 0 ? .null : .string("archive-\(result.archive)"),
        ])
    }

    static func written(_ result: WriteResult) -> JSON {
        .object([
            "replicas": .unsigned(UInt64(result.replicas)),
            "wanted": .unsigned(UInt64(result.wanted)),
            "time": .string(WallTime.text(milliseconds: result.stamp.milliseconds)),
            "stamp": .string("\(result.stamp.value)"),
            "sequence": .unsigned(result.last),
        ])
    }
}

/// The words of the command line for values of the protocol, the same that its arguments take.
enum Names {
    static func type(_ type: TableType) -> String {
        switch type {
        case .set: "set"
        case .orderedSet: "ordered_set"
        case .bag: "bag"
        }
    }

    static func readiness(_ readiness: TableReadiness) -> String {
        switch readiness {
        case .loading: "loading"
        case .local: "local"
        case .catchingUp: "catching up"
        case .ready: "ready"
        }
    }

    /// The first 8 digits of an id: enough for people to tell a few apart.
    static func short(_ id: some CustomStringConvertible) -> String { String(id.description.prefix(8)) }

    static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// Times as people and programs read them.
enum WallTime {
    private static let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    /// `2026-11-21T16:31:26.123Z`.
    static func text(milliseconds: UInt64) -> String {
        // Milliseconds of 48 bits and more leave the range of years that the format has.
        let limited = min(milliseconds, 253_402_300_799_999)
        return Date(timeIntervalSince1970: Double(limited) / 1000).formatted(style)
    }

    static func now() -> String { Date().formatted(style) }
}
