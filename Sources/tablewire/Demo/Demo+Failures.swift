import ClusterModel
import Foundation
import ProgramTerminal
import TablewireClient

// Processes die and come back.
extension Demo {
    private static let missed = Array("written-while-n3-was-dead".utf8)

    func killOne() async throws {
        try await narrator.step(
            "kill", "Kill n3 with SIGKILL",
            proves: "The others agree that n3 is down, and go on writing without it."
        ) { report in
            n3.kill()
            let took = try await Patience.wait(for: "n1 and n2 to declare n3 down") {
                for node in [n1, n2] where try await node.view(of: n3)?.record.state != .down { return false }
                return true
            }
            try report.tell("n1 and n2 show n3 as down after \(took.inSeconds)")
            report.note("down_seconds", took)
            let written = try await put("n3 has never seen this", at: Self.missed, through: n1)
            try report.tell("a row written to n1 is on \(written.replicas) of \(written.wanted) live replicas")
            guard written.replicas == 2, written.wanted == 2 else {
                throw CommandError("the row is on \(written.replicas) of \(written.wanted) replicas, 2 of 2 were expected")
            }
        }
    }

    func startAlone(expecting before: [Fingerprint]) async throws {
        try await narrator.step(
            "alone", "Kill n1 and n2 too, and start n3 alone",
            proves: "n3 serves all rows that it had when it died, from its own disk, with nobody there to ask."
        ) { report in
            n1.kill()
            n2.kill()
            let took = try await n3.start()
            try report.tell("n3 answers \(took.inSeconds) after its start")
            report.note("start_seconds", took)
            let ready = try await Patience.wait(for: "n3 to have loaded its tables") {
                try await n3.call { try await $0.tables() }.allSatisfy { $0.readiness != .loading }
            }
            let prints = try await n3.fingerprints()
            try report.tell("n3  " + prints.map(\.description).joined(separator: "   "))
            report.note("load_seconds", took + ready)
            guard prints == before else { throw CommandError("n3 came back with other rows than it had") }
            guard try await value(of: Self.missed, at: n3) == nil else {
                throw CommandError("n3 has a row that it cannot have: somebody else answered")
            }
        }
    }

    func startTheOthers() async throws {
        try await narrator.step(
            "together", "Start n1 and n2 again",
            proves: "They find each other without being told, and n3 gets what it missed."
        ) { report in
            for node in [n1, n2] { try await node.start() }
            try await waitForAgreement(report)
            guard try await value(of: Self.missed, at: n3) == "n3 has never seen this" else {
                throw CommandError("n3 has not got the row that was written while it was dead")
            }
            try await waitUntilAllAreUp()
            try await waitForClocks()
        }
    }

    func stop() async throws {
        try await narrator.step(
            "stop", "Stop all three with SIGTERM", proves: "Each ends by itself with exit code 0."
        ) { _ in
            for node in stage.nodes { try await node.stop() }
        }
    }

    /// After a crash a node's stamps begin above every one that it may have issued, so for a moment ahead of its clock.
    /// What "later" means to people it means to stamps when that moment is over.
    private func waitForClocks() async throws {
        for node in stage.nodes {
            try await Patience.wait(for: "the stamps of \(node.shortName) to be those of its clock") {
                let written = try await put("written to see its stamp", at: Array("clock".utf8), through: node)
                return Double(written.stamp.milliseconds) <= Date().timeIntervalSince1970 * 1000
            }
        }
    }

    /// Waits until each node has a link to each other and calls it up.
    func waitUntilAllAreUp() async throws {
        try await Patience.wait(for: "all nodes to see each other up") {
            for node in stage.nodes {
                let members = try await node.call { try await $0.status() }.members
                let good = members.count { $0.record.state == .up && $0.isReachable }
                if good != stage.nodes.count { return false }
            }
            return true
        }
    }
}
