import ClusterModel
import Foundation
import ProgramTerminal
import TablewireClient

/// The story that `tablewire demo` plays with three real processes. Every step checks what it claims and throws when it is not so.
struct Demo {
    let stage: DemoStage
    let narrator: Narrator
    let deviceRows: Int

    var n1: DemoNode { stage.nodes[0] }
    var n2: DemoNode { stage.nodes[1] }
    var n3: DemoNode { stage.nodes[2] }

    func play() async throws {
        try narrator.introduce(directory: stage.directory.path)
        try await startNodes()
        try await load()
        try await join()
        let before = try await compare()
        try await killOne()
        try await startAlone(expecting: before)
        try await startTheOthers()
        try await cut()
        let contested = try await writeOnBothSides()
        try await heal(contested)
        try await stop()
    }

    // MARK: What the steps share

    /// Waits until every node holds the same rows, and tells them.
    @discardableResult
    func waitForAgreement(_ report: StepReport, atMost limit: Duration = .seconds(60)) async throws -> [Fingerprint] {
        var prints: [[Fingerprint]] = []
        let took = try await Patience.wait(for: "equal digests on \(names(of: stage.nodes))", atMost: limit) {
            prints = []
            for node in stage.nodes { prints.append(try await node.fingerprints()) }
            return Set(prints).count == 1
        }
        for (node, prints) in zip(stage.nodes, prints) {
            try report.tell("\(node.shortName)  " + prints.map(\.description).joined(separator: "   "))
        }
        report.note("agreement_seconds", took)
        return prints.first ?? []
    }

    /// Writes one row through one node.
    /// - Returns: how many replicas have it.
    @discardableResult
    func put(_ value: String, at key: [UInt8], through node: DemoNode, level: AckLevel = .all) async throws -> WriteResult {
        let operation = Operation(.put, key: key, value: Array(value.utf8))
        return try await node.call { client in
            try await client.write(RowWrite(table: DemoRows.devices.name, level: level, operations: [operation]))
        }
    }

    /// The one value of a key as one node has it; nil when it has none.
    func value(of key: [UInt8], at node: DemoNode) async throws -> String? {
        let rows = try await node.call { try await $0.get(key, from: DemoRows.devices.name) }
        return rows.first.map { String(decoding: $0.value, as: UTF8.self) }
    }

    func names(of nodes: [DemoNode]) -> String { nodes.map(\.shortName).joined(separator: ", ") }
}

/// What says in a few bytes which rows a replica has.
struct Fingerprint: Hashable, CustomStringConvertible {
    var table: TableName
    var rows: UInt64
    var digest: UInt64

    var description: String {
        let digits = String(digest, radix: 16)
        return "\(table) \(Quantity.count(rows, "row")), digest " + String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension DemoNode {
    /// Of every table, ascending by name.
    func fingerprints() async throws -> [Fingerprint] {
        try await call { try await $0.tables() }.map {
            Fingerprint(table: $0.definition.name, rows: $0.rows, digest: $0.digest)
        }
    }

    /// How this node sees another.
    func view(of other: DemoNode) async throws -> MemberStatus? {
        try await call { try await $0.status() }.members.first { $0.record.name == other.name }
    }
}
