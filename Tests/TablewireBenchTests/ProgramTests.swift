import Foundation
import Glibc
import Testing

@testable import tablewire_bench

/// The program as a person runs it, with real node processes: whether it measures the right thing, not how fast that is.
@Suite(.serialized) struct ProgramTests {
    static let commands = [
        [], ["join"], ["link"], ["write"], ["read"], ["restart"], ["failure"], ["heartbeat"], ["snapshot"], ["engine"], ["codec"],
        ["log"], ["growth"], ["compare"],
    ]

    @Test(arguments: commands) func everyCommandHasHelp(command: [String]) async throws {
        let help = try await BenchProgram.run(command + ["--help"])
        #expect(help.code == 0)
        #expect(help.errors.isEmpty)
        #expect(help.output.contains("OVERVIEW"))
        #expect(help.output.contains((["USAGE: tablewire-bench"] + command).joined(separator: " ")), "\(help.output)")
    }

    @Test(arguments: [["nonsense"], ["join", "--rows", "0"], ["write", "--ack", "some"], ["compare", "--only", "nothing"]])
    func wrongArgumentsEndWithTwo(arguments: [String]) async throws {
        let outcome = try await BenchProgram.run(arguments)
        #expect(outcome.code == 2)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
    }

    @Test func withoutANodeThereIsOneLineThatSaysWhatToDo() async throws {
        let outcome = try await BenchProgram.run(["join", "--rows", "10"], environment: ["TABLEWIRE_BINARY": "/no/such/program"])
        #expect(outcome.code == 1)
        #expect(outcome.errors.split(separator: "\n").count == 1)
        #expect(outcome.errors.contains("/no/such/program") && outcome.errors.contains("swift build"))
    }

    /// The node of this test interrupts the measurement that started it and goes on to make files until it is killed.
    @Test func anInterruptedMeasurementLeavesNothingBehind() async throws {
        let script = """
            #!/bin/sh
            while [ "$1" != --data ]; do shift; done
            mkdir -p "$2"; kill -INT $PPID
            i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); : > "$2/$i"; done
            """
        try await withTemporaryDirectory { folder in
            let node = folder.appending(path: "node").path
            let made = FileManager.default.createFile(
                atPath: node, contents: Data(script.utf8), attributes: [.posixPermissions: 0o755])
            #expect(made)
            let outcome = try await BenchProgram.run(["join", "--rows", "10"], environment: ["TABLEWIRE_BINARY": node])
            #expect(outcome.code == 128 + SIGINT)
            #expect(outcome.errors.isEmpty, "\(outcome.errors)")
        }
    }

    /// Runs a measurement and reads its one line.
    private func measure(_ arguments: String...) async throws -> ResultLine {
        let outcome = try await BenchProgram.run(arguments + ["--json"])
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.lines.count == 1, "\(outcome.output)")
        #expect(outcome.lines.first?.hasPrefix(#"{"peer": "tablewire", "benchmark": "\#(arguments[0])", "rows": "#) == true)
        let line = try #require(outcome.lines.first.flatMap { ResultLine(parsing: $0) })
        for field in ["value_bytes", "seconds", "rate", "rss_mb", "bytes_on_wire", "load1"] {
            #expect(line.number(field) != nil, "\(field) is missing")
        }
        return line
    }

    @Test(arguments: ["ram", "disc"]) func aJoinCopiesEveryRow(storage: String) async throws {
        let line = try await measure("join", "--rows", "2000", "--storage", storage)
        #expect(line.number("rows") == 2000)
        #expect(line.number("value_bytes") == 64)
        #expect(line["table"] == .text(storage))
        #expect(try #require(line.number("seconds")) > 0)
        #expect(try #require(line.number("rss_mb")) > 1)
        #expect(try #require(line.number("rss_seed_mb")) > 1)
        #expect(try #require(line.number("bytes_on_wire")) > 20 * 2000)
        #expect(line.number("cpu_joiner_s") != nil)
    }

    @Test(.enabled(if: geteuid() == 0, "network namespaces can only be made by root"), arguments: ["0", "20"])
    func aJoinOverASlowLinkCopiesEveryRow(roundTrip: String) async throws {
        let line = try await measure("link", "--rows", "5000", "--round-trip", roundTrip)
        #expect(line.number("rows") == 5000)
        #expect(line.number("mbit") == 100)
        #expect(line.number("round_trip_ms") == Double(roundTrip))
        #expect(line.number("dropped_frames") == 0)
        let wire = try #require(line.number("bytes_on_wire"))
        #expect(wire > 10 * 5000)
        // Nothing is faster than the wire, nor than the handshakes of a connection and of the link on it.
        let seconds = try #require(line.number("seconds"))
        let least = try #require(Double(roundTrip)) * 3 / 1000
        #expect(seconds > least)
    }

    @Test func aSlowLinkThatCannotBeMeasuredSaysWhatIsMissing() async throws {
        let outcome = try await BenchProgram.run(["link", "--peer", "redis"], environment: ["PATH": "/no/such/folder"])
        #expect(outcome.code == 1)
        #expect(outcome.errors.split(separator: "\n").count == 1)
        #expect(outcome.errors.contains(geteuid() == 0 ? "redis-server, redis-cli" : "root"), "\(outcome.errors)")
    }

    @Test func writesReachEveryReplica() async throws {
        let line = try await measure(
            "write", "--seconds", "0.3", "--writers", "4", "--batch", "3", "--keys", "1000", "--nodes", "2")
        let rows = try #require(line.number("rows"))
        #expect(rows > 0 && rows.truncatingRemainder(dividingBy: 3) == 0)
        #expect(line["ack"] == .text("all"))
        let median = try #require(line.number("p50_us"))
        let high = try #require(line.number("p99_us"))
        #expect(median > 0 && median <= high)
        #expect(try #require(line.number("p999_us")) <= #require(line.number("max_us")))
        #expect(try #require(line.number("seconds")) >= 0.3)
    }

    @Test func aNodeInThisProcessWritesToReplicas() async throws {
        let line = try await measure("write", "--in-process", "--seconds", "0.3", "--keys", "100", "--nodes", "2")
        #expect(try #require(line.number("rows")) > 0)
        #expect(line["ack"] == .text("local"))
    }

    @Test(arguments: ["clean", "kill"]) func aRestartBringsEveryRowBack(stop: String) async throws {
        let line = try await measure("restart", "--rows", "2000", "--stop", stop)
        #expect(line["stop"] == .text(stop))
        #expect(try #require(line.number("disk_bytes")) > 2000 * 50)
    }

    @Test func aKilledNodeIsCalledDown() async throws {
        let line = try await measure("failure", "--preset", "local", "--settle", "0.2")
        let (all, first) = (try #require(line.number("seconds")), try #require(line.number("first_seconds")))
        #expect(all > 0 && first <= all)
    }

    @Test func whatRunsInThisProcessIsMeasured() async throws {
        #expect(try #require(await measure("read", "--rows", "1000", "--seconds", "0.1").number("rate")) > 0)
        for type in ["set", "ordered_set", "bag"] {
            let engine = try await measure("engine", "--rows", "2000", "--type", type)
            #expect(engine.number("merge_rate") != nil)
            #expect(engine.number("delete_rate") != nil)
        }
        #expect(try await measure("codec", "--rows", "1000", "--seconds", "0.01").number("zlib_level_1_mb_per_s") != nil)
        #expect(try await measure("log", "--rows", "1000", "--seconds", "0.05").number("recover_from_the_log_rate") != nil)
        let snapshot = try await measure("snapshot", "--rows", "2000")
        let (raw, packed) = (snapshot.number("none_wire_bytes_per_row"), snapshot.number("zlib_wire_bytes_per_row"))
        #expect(try #require(packed) < #require(raw))
        #expect(snapshot.number("bytes_on_wire") == (packed ?? 0) * 2000)
    }
}

/// The comparison with a folder of drivers that the test makes.
@Suite(.serialized) struct CompareTests {
    /// - Parameter drivers: a shell script for each peer.
    private func compare(_ drivers: [String: String], _ arguments: String...) async throws -> BenchProgram.Outcome {
        try await withTemporaryDirectory { folder in
            for (peer, script) in drivers {
                let place = folder.appending(path: peer)
                try FileManager.default.createDirectory(at: place, withIntermediateDirectories: false)
                let made = FileManager.default.createFile(
                    atPath: place.appending(path: "bench.sh").path, contents: Data("#!/bin/sh\n\(script)\n".utf8),
                    attributes: [.posixPermissions: 0o755])
                #expect(made)
            }
            return try await BenchProgram.run(
                ["compare", "--peers", folder.path, "--only", "read", "--rows", "1000", "--seconds", "0.05"] + arguments)
        }
    }

    @Test func peersAreRunAndThoseMissingAreNamed() async throws {
        let mnesia = """
            echo noise; echo "{\\"peer\\": \\"mnesia\\", \\"benchmark\\": \\"$1\\", \\"rows\\": 1000, \\"rate\\": 0.5}"
            """
        let outcome = try await compare(
            ["mnesia": mnesia, "raw": "echo first >&2; echo 'g++ is not installed' >&2; exit 3"], "--runs", "2")
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("mnesia ets:lookup 0.5 /s, mnesia dirty_read 0.5 /s, raw unordered_map missing"))
        #expect(outcome.output.contains("raw unordered_map is missing: g++ is not installed (read)"))
        #expect(outcome.output.contains("medians of 2 runs, other processes took"))
        #expect(outcome.output.contains("yes"))
    }

    @Test func withoutDriversOursStandsAlone() async throws {
        let outcome = try await BenchProgram.run(
            ["compare", "--only", "read", "--rows", "1000", "--seconds", "0.05", "--runs", "1", "--json"])
        #expect(outcome.code == 0, "\(outcome.errors)")
        let line = try #require(outcome.lines.first.flatMap { ResultLine(parsing: $0) })
        #expect(outcome.lines.count == 1)
        #expect(line["row"] == .text("read"))
        #expect(line["reached"] == .text("?"))
        #expect(try #require(line.number("median")) > 0)
        guard case .text(let missing) = line["missing"] else { throw BenchProgram.Leftover(description: "nobody is missing") }
        #expect(missing.contains("mnesia ets:lookup: no folder of drivers was given"))
    }

    @Test func theTableAndEachRunAreWritten() async throws {
        try await withTemporaryDirectory { folder in
            let (table, results) = (folder.appending(path: "table.md").path, folder.appending(path: "lines").path)
            let outcome = try await compare(
                ["mnesia": "echo '{\"rate\": 1e12}'"], "--runs", "3", "--output", table, "--results", results)
            #expect(outcome.code == 0, "\(outcome.errors)")
            let text = try String(contentsOfFile: table, encoding: .utf8)
            #expect(text.contains("| work | tablewire | peers | ratio | to reach | reached |"))
            #expect(text.contains("- date: 20") && text.contains("- kernel: ") && text.contains("- processor: "))
            #expect(text.contains("≥ 3 × mnesia | no |"))
            let lines = try String(contentsOfFile: results, encoding: .utf8).split(separator: "\n")
            #expect(lines.count == 3 * 4)
            #expect(lines.allSatisfy { ResultLine(parsing: $0)?.number("round") != nil })
            #expect(lines.contains { $0.contains("\"error\": \"no driver raw/bench.*") })
        }
    }

    @Test func aDriverThatHangsIsEndedAndNamed() async throws {
        let outcome = try await compare(
            ["raw": "exec sleep 30", "mnesia": "echo '{\"rate\": 1}'"], "--runs", "1", "--limit", "0.5")
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("raw unordered_map is missing: it was ended: waited 0.5 seconds"), "\(outcome.output)")
    }

    /// Drivers end what they start with SIGTERM; who starts them must not have blocked it.
    @Test func aDriverCanEndWhatItStarts() async throws {
        let driver = """
            sleep 5 & child=$!; kill -TERM $child; wait $child
            if [ $? = 143 ]; then echo '{"rate": 1}'; else echo 'could not end its child' >&2; exit 1; fi
            """
        let outcome = try await compare(["raw": driver, "mnesia": driver], "--runs", "1", "--limit", "20")
        #expect(outcome.output.contains("mnesia ets:lookup 1 /s"), "\(outcome.output)")
    }

    /// Peers may be many minutes; whoever gives up leaves nothing running.
    @Test func aDriverIsEndedWithTheComparison() async throws {
        try await withTemporaryDirectory { folder in
            let mark = folder.appending(path: "ended").path
            let driver = "trap 'echo > \(mark); exit 143' TERM; kill -TERM $PPID; for i in $(seq 200); do sleep 0.05; done"
            let outcome = try await compare(["mnesia": driver], "--runs", "1")
            #expect(outcome.code == 128 + SIGTERM)
            var ended = FileManager.default.fileExists(atPath: mark)
            let end = ContinuousClock.now + .seconds(20)
            while !ended, ContinuousClock.now < end {
                await Task.yield()
                ended = FileManager.default.fileExists(atPath: mark)
            }
            #expect(ended)
        }
    }
}
