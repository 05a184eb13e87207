import ClusterModel
import Foundation
import TablewireClient
import Testing

extension Scenarios {
    /// The largest and the emptiest rows (LIM-004, LIM-005).
    @Suite struct LimitTests {
        @Test func aValueOfExactlySixteenMiBIsOnEveryNode() async throws {
            try await withTestbed { testbed in
                let nodes = try await testbed.startCluster(2)
                let table = try TableDefinition.named("rows")
                try await nodes[0].create(table)
                var value = [UInt8](repeating: 0x5A, count: Limits.value)
                value[Limits.value - 1] = 0x0A
                try await nodes[0].put(Array("large".utf8), value, in: table)
                try await testbed.waitForAgreement(nodes)
                for node in nodes { #expect(try await node.bytes(Array("large".utf8), in: table) == value) }
                // As a snapshot too, and from the disk.
                let third = try await testbed.node("n3")
                try await third.start()
                try await third.join(nodes[0])
                for node in nodes { try await node.kill() }
                try await third.kill()
                try await third.start()
                #expect(try await third.bytes(Array("large".utf8), in: table) == value)
            }
        }

        @Test func oneByteMoreIsRefusedWithTheLimitNamed() async throws {
            try await withTestbed { testbed in
                let node = try await testbed.startNodes(1)[0]
                let table = try TableDefinition.named("rows")
                try await node.create(table)
                let file = testbed.directory.appending(path: "large.jsonl")
                for (count, code) in [(Limits.value, Int32(0)), (Limits.value + 1, 1)] {
                    let value = String(repeating: "x", count: count)
                    try Data(#"{"key": "k\#(count)", "value": "\#(value)"}"#.utf8).write(to: file)
                    let loaded = try await testbed.run("table", "load", "rows", file.path, at: node)
                    #expect(loaded.code == code, "\(count): \(loaded.errors)")
                    if code == 1 {
                        let namesLimit = loaded.errors.contains("16777216") || loaded.errors.contains("16 MiB")
                        #expect(namesLimit, "\(loaded.errors)")
                        #expect(loaded.errorLines.count == 1, "\(loaded.errors)")
                    }
                }
                await expectRefusal(.valueTooLarge, naming: Limits.value) {
                    try await node.put([1], [UInt8](repeating: 0, count: Limits.value + 1), in: table)
                }
                #expect(try await node.rows(in: table) == 1)
                _ = try await node.put("the link", "lives", in: table)
            }
        }

        @Test func aKeyOfSixtyFourKiBWorksAndOneByteMoreIsRefused() async throws {
            try await withTestbed { testbed in
                let nodes = try await testbed.startCluster(2)
                let table = try TableDefinition.named("rows")
                try await nodes[0].create(table)
                let key = [UInt8](repeating: 0x6B, count: Limits.key)
                try await nodes[0].put(key, [1, 2, 3], in: table)
                try await testbed.waitForAgreement(nodes)
                #expect(try await nodes[1].bytes(key, in: table) == [1, 2, 3])
                await expectRefusal(.keyTooLarge, naming: Limits.key) { try await nodes[0].put(key + [1], [1], in: table) }
                #expect(try await nodes[1].rows(in: table) == 1)
            }
        }

        @Test func emptyAndBinaryKeysAndValuesAreRowsLikeAnyOther() async throws {
            try await withTestbed { testbed in
                let nodes = try await testbed.startCluster(2)
                let table = try TableDefinition.named("rows", .orderedSet)
                try await nodes[0].create(table)
                let rows: [([UInt8], [UInt8])] = [
                    ([], Array("empty key".utf8)), (Array("empty value".utf8), []), ([0], [0]),
                    (Array(0...255), Array((0...255).reversed())),
                    ([0xFF, 0xFE, 0xC0], [0xED, 0xA0, 0x80]), (Array("\u{1F6F0}".utf8), Array("line\nend\u{0}\"\\".utf8)),
                ]
                for (key, value) in rows { try await nodes[0].put(key, value, in: table) }
                try await testbed.waitForAgreement(nodes)
                for (key, value) in rows { #expect(try await nodes[1].bytes(key, in: table) == value) }
                // What `dump` writes, `load` reads, byte by byte.
                let dump = try await testbed.dump(table.name, of: nodes[1])
                let copy = try TableDefinition.named("copy", .orderedSet)
                try await nodes[0].create(copy)
                let file = testbed.directory.appending(path: "dump.jsonl")
                try dump.write(to: file)
                let loaded = try await testbed.run("table", "load", "copy", file.path, at: nodes[0])
                #expect(loaded.code == 0, "\(loaded.errors)")
                #expect(try await testbed.dump(copy.name, of: nodes[0]) == dump)
            }
        }

        private func expectRefusal(_ code: ErrorCode, naming limit: Int, _ write: () async throws -> some Sendable) async {
            do {
                _ = try await write()
                Issue.record("a write beyond the limit of \(limit) bytes was taken")
            } catch let error as ClientError {
                #expect(error.code == code)
                #expect(error.description.contains("\(limit)") || error.description.contains("iB"), "\(error)")
            } catch {
                Issue.record("\(error)")
            }
        }
    }
}
