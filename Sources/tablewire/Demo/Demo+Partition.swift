import ClusterModel
import ProgramTerminal
import TablewireClient

/// What both sides of the partition wrote at one key.
struct ContestedRow {
    var key: [UInt8]
    var earlier: String
    var later: String
}

// Two sides are cut apart, and come together again.
extension Demo {
    private static let leftKey = Array("written-by-n1-alone".utf8)
    private static let rightKey = Array("written-by-n2-and-n3".utf8)

    func cut() async throws {
        try await narrator.step(
            "cut", "Cut n1 off from n2 and n3",
            proves: "Both sides know whom they cannot reach."
        ) { report in
            let (one, two, three) = (n1.name, n2.name, n3.name)
            try await n1.call { try await $0.block([two, three]) }
            for node in [n2, n3] { try await node.call { try await $0.block([one]) } }
            let took = try await Patience.wait(for: "both sides to see the cut") {
                for (node, other) in [(n1, n2), (n1, n3), (n2, n1), (n3, n1)]
                where try await node.view(of: other)?.isReachable != false { return false }
                return true
            }
            try report.tell("n1 | n2, n3  after \(took.inSeconds)")
        }
    }

    func writeOnBothSides() async throws -> ContestedRow {
        try await narrator.step(
            "write_on_both_sides", "Write on both sides",
            proves: "Each side takes writes; for now the two hold different rows."
        ) { report in
            let row = ContestedRow(
                key: DemoRows.deviceKey(0), earlier: "changed on the side of n1", later: "changed on the side of n2")
            try await put("only n1 can see this", at: Self.leftKey, through: n1, level: .local)
            try await put("only n2 and n3 can see this", at: Self.rightKey, through: n2, level: .local)
            try await put(row.earlier, at: row.key, through: n1, level: .local)
            try await waitForLaterClock()
            try await put(row.later, at: row.key, through: n2, level: .local)
            try report.tell("n1: written-by-n1-alone, and another value for device-00000000")
            try report.tell("n2: written-by-n2-and-n3, and yet another value for device-00000000")
            guard try await value(of: Self.rightKey, at: n1) == nil, try await value(of: Self.leftKey, at: n2) == nil else {
                throw CommandError("a row crossed the cut")
            }
            guard try await n1.fingerprints() != n2.fingerprints() else {
                throw CommandError("the digests are equal although the rows differ")
            }
            return row
        }
    }

    func heal(_ contested: ContestedRow) async throws {
        try await narrator.step(
            "heal", "Heal the cut",
            proves: "Both sides' rows are everywhere; where both wrote one row the later write won, and the other is kept in "
                + "the conflict journal. Nobody restarted."
        ) { report in
            for node in stage.nodes { try await node.call { try await $0.block([]) } }
            try await waitForAgreement(report)
            for node in stage.nodes {
                guard try await value(of: Self.leftKey, at: node) != nil, try await value(of: Self.rightKey, at: node) != nil
                else { throw CommandError("\(node.shortName) does not have the rows of both sides") }
                let value = try await value(of: contested.key, at: node)
                guard value == contested.later else {
                    throw CommandError("\(node.shortName) has '\(value ?? "")' at the contested key, not the later write")
                }
            }
            try await tellConflicts(contested, report)
            try await waitUntilAllAreUp()
        }
    }

    /// Shows the journal entry of the contested row wherever it is kept.
    private func tellConflicts(_ contested: ContestedRow, _ report: StepReport) async throws {
        var journals: [String] = []
        for node in stage.nodes {
            let entries = try await node.call { try await $0.conflicts() }.filter { $0.winner.key == contested.key }
            for entry in entries {
                let (winner, loser) = (
                    String(decoding: entry.winner.value, as: UTF8.self), String(decoding: entry.loser.value, as: UTF8.self)
                )
                guard winner == contested.later, loser == contested.earlier else {
                    throw CommandError("the journal of \(node.shortName) names '\(winner)' over '\(loser)'")
                }
                try report.tell("\(node.shortName)'s journal: '\(winner)' won over '\(loser)'")
                journals.append(node.shortName)
            }
        }
        report.note("conflict_kept_by", .string(journals.joined(separator: " ")))
        guard !journals.isEmpty else { throw CommandError("no node's conflict journal has the row that lost") }
    }

    /// Two writes in one millisecond are ordered by node, not by time; here the order shall show.
    private func waitForLaterClock() async throws {
        let start = ContinuousClock.now
        try await Patience.wait(for: "the clock") { ContinuousClock.now - start > .milliseconds(2) }
    }
}
