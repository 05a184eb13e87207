import ClusterModel
import Foundation
import Glibc
import TablewireClient
import Testing

extension Scenarios {
    @Suite struct DiskFullTests {
        /// Only root may mount a small disk.
        @Test(.enabled(if: geteuid() == 0, "a small disk can only be mounted by root"))
        func aFullDiskRefusesWritesAndKeepsWhatItAcknowledged() async throws {
            try await withTestbed { testbed in
                let disk = testbed.directory.appending(path: "n1")
                try FileManager.default.createDirectory(at: disk, withIntermediateDirectories: false)
                let mounted = try await Program.run(
                    ["-t", "tmpfs", "-o", "size=5m", "tmpfs", disk.path], of: URL(filePath: "/bin/mount"),
                    files: testbed.directory)
                guard mounted.code == 0 else { return try skipLoudly("cannot mount a small disk: \(mounted.errors)") }
                defer { _ = unsafe umount2(disk.path, Int32(MNT_DETACH)) }
                let ballast = disk.appending(path: "ballast")
                try Data(repeating: 0, count: 1024 * 1024).write(to: ballast)
                let node = try await testbed.node("n1")
                try await node.start()
                let table = try TableDefinition.named("rows")
                try await node.create(table)
                let acknowledged = try await fillUntilRefused(node, table)
                #expect(acknowledged > 50)
                #expect(try await node.rows(in: table) >= acknowledged)
                #expect(try await node.value("row-0000000", in: table) != nil)
                try await node.waitForLog("disk")
                try await node.kill()
                // What the refusal advises: make room, start again.
                try FileManager.default.removeItem(at: ballast)
                try await node.start()
                for number in [0, acknowledged / 2, acknowledged - 1] {
                    let key = Row.generated(number, prefix: "row", valueSize: 0).key
                    #expect(try await node.bytes(key, in: table) != nil, "row \(number) of \(acknowledged) was acknowledged")
                }
                #expect(try await node.rows(in: table) >= acknowledged)
            }
        }

        /// - Returns: how many rows were taken before the first that was not.
        private func fillUntilRefused(_ node: NodeProcess, _ table: TableDefinition) async throws -> Int {
            for number in 0..<2500 {
                do {
                    try await node.write([Row.generated(number, prefix: "row", valueSize: 8000)], to: table)
                } catch let error as ClientError {
                    #expect(error.code == .diskFull, "\(error)")
                    #expect(error.description.localizedCaseInsensitiveContains("disk"), "\(error)")
                    return number
                }
            }
            throw Hopeless(description: "20 MB went onto a disk of 5")
        }
    }
}
