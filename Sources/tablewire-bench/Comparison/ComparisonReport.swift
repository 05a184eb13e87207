import Foundation

/// The table of all contests, with what one must know to believe it.
struct ComparisonReport: Sendable {
    var standings: [Standing]
    var otherCPU: Double?
    var runs: Int
    var facts: [String]

    var table: Columns {
        var columns = Columns(["work", "tablewire", "peers", "ratio", "to reach", "reached"])
        for standing in standings {
            columns.append([
                standing.contest.work, standing.text(standing.own), standing.peersText,
                standing.ratio.map { Figure.short($0) } ?? "", standing.targetText, standing.verdict.rawValue,
            ])
        }
        return columns
    }

    /// What was not measured, and why; a peer that is missing everywhere for one reason stands once.
    var notes: [String] {
        var reasons: [String: [String]] = [:]
        for standing in standings {
            if let failure = standing.ownFailure {
                reasons["tablewire did not measure \(standing.contest.id): \(failure)"] = []
            }
            for (title, reason) in standing.missing {
                reasons["\(title) is missing: \(reason)", default: []].append(standing.contest.id)
            }
        }
        return reasons.keys.sorted().map { reason in
            let rows = reasons[reason] ?? []
            return rows.isEmpty ? reason : "\(reason) (\(rows.joined(separator: ", ")))"
        }
    }

    var summary: String {
        let others = otherCPU.map { ", other processes took \(Int(($0 * 100).rounded())) % of the machine (median)" } ?? ""
        return "medians of \(runs) run\(runs == 1 ? "" : "s")\(others)"
    }

    /// For terminals.
    var text: String { ([table.text, "", summary] + notes).joined(separator: "\n") }

    /// For documents.
    var markdown: String {
        var lines = ["\(summary.prefix(1).uppercased())\(summary.dropFirst()); least and most in brackets.", ""]
        lines += facts.map { "- \($0)" }
        lines += ["", table.markdown]
        if !notes.isEmpty { lines += [""] + notes.map { "- \($0)" } }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// On what a comparison was made: date, machine, versions.
enum MachineFacts {
    private static let versions: [(name: String, command: [String])] = [
        ("Redis", ["redis-server", "--version"]), ("etcd", ["etcd", "--version"]), ("Serf", ["serf", "--version"]),
        (
            "Erlang/OTP",
            ["erl", "-noshell", "-eval", "io:put_chars(erlang:system_info(otp_release)), io:nl(), halt()."]
        ),
    ]

    static func lines() -> [String] {
        let date = Date().formatted(.iso8601.year().month().day())
        var lines = [
            "date: \(date)", "processor: \(Machine.processorName), \(Machine.cores) cores, \(Machine.memoryMebibytes) MiB",
            "kernel: \(Machine.kernel)",
        ]
        if let node = try? NodeProgram.url() {
            lines.append("tablewire: \(firstLine(node, ["--version"]) ?? "unknown version")")
        }
        for (name, command) in versions {
            if let version = firstLine(URL(filePath: "/usr/bin/env"), command) { lines.append("\(name): \(version)") }
        }
        return lines
    }

    private static func firstLine(_ program: URL, _ arguments: [String]) -> String? {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = program
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let data = (try? pipe.fileHandleForReading.readToEnd()) ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { return nil }
        return String(decoding: data, as: UTF8.self).split(separator: "\n").first.map(String.init)
    }
}
