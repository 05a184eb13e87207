import Foundation
import Glibc
import Testing

extension Scenarios {
    @Suite struct DemoTests {
        @Test func theDemoHoldsEveryStepAndClearsUp() async throws {
            try await withTestbed { testbed in
                let demo = try await Program.run(
                    ["demo", "--rows", "2000", "--json"], environment: ["TMPDIR": testbed.directory.path],
                    files: testbed.directory)
                #expect(demo.code == 0, "\(demo.errors)")
                let steps = try demo.json()
                #expect(
                    steps.compactMap { $0["name"] as? String } == [
                        "start", "load", "join", "compare", "kill", "alone", "together", "cut", "write_on_both_sides", "heal",
                        "stop",
                    ])
                #expect(steps.allSatisfy { $0["holds"] as? Bool == true })
                #expect(try leftovers(in: testbed).isEmpty)
            }
        }

        @Test func withoutATerminalTheDemoIsProseWithoutControlCharacters() async throws {
            try await withTestbed { testbed in
                let demo = try await Program.run(
                    ["demo", "--rows", "0"], environment: ["TMPDIR": testbed.directory.path], files: testbed.directory)
                #expect(demo.code == 0, "\(demo.errors)")
                #expect(!demo.text.contains("\u{1B}"))
                #expect(!demo.text.contains("\r"))
                #expect(demo.text.contains("conflict journal"))
            }
        }

        @Test(arguments: [SIGINT, SIGTERM])
        func interruptedTheDemoEndsItsNodesAndRemovesItsFiles(signal: Int32) async throws {
            try await withTestbed { testbed in
                let process = Process()
                process.executableURL = Program.url
                process.arguments = ["demo", "--rows", "200000"]
                process.environment = ProcessInfo.processInfo.environment.merging(["TMPDIR": testbed.directory.path]) { $1 }
                process.standardOutput = FileHandle.nullDevice
                process.standardError = FileHandle.nullDevice
                try process.run()
                let demo = RunningProcess(process)
                defer { demo.kill() }
                var children: [Int32] = []
                try await eventually("three nodes") {
                    children = Self.children(of: demo.id)
                    return children.count == 3
                }
                demo.signal(signal)
                try await eventually("the demo to end") { !demo.isRunning }
                #expect(demo.exitCode == 1)
                for child in children { #expect(Glibc.kill(child, 0) != 0, "process \(child) still runs") }
                #expect(try leftovers(in: testbed).isEmpty)
            }
        }

        private func leftovers(in testbed: Testbed) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: testbed.directory.path).filter { $0.hasPrefix("tablewire-demo") }
        }

        private static func children(of parent: Int32) -> [Int32] {
            let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(parent)/task")) ?? []
            return tasks.flatMap { task in
                let text = (try? String(contentsOfFile: "/proc/\(parent)/task/\(task)/children", encoding: .utf8)) ?? ""
                return text.split(separator: " ").compactMap { Int32($0) }
            }
        }
    }
}
