import ClusterModel
import Foundation
import TablewireClient
import Testing

extension Scenarios {
    /// Everything at once, for a while: `TABLEWIRE_STORM_SECONDS` makes it longer, `TABLEWIRE_STORM_SEED` repeats the disorder.
    @Suite struct StormTests {
        private static let environment = ProcessInfo.processInfo.environment

        /// Three nodes are written to while they are killed, paused, cut apart and started again. Then all hold the same rows.
        @Test func afterKillsPausesAndCutsAllNodesHoldTheSameRows() async throws {
            let seconds = Self.environment["TABLEWIRE_STORM_SECONDS"].flatMap { Int($0) } ?? 12
            let seed = Self.environment["TABLEWIRE_STORM_SEED"].flatMap { UInt64($0) } ?? .random(in: 0...UInt64.max)
            print("seed of the storm: \(seed)")
            try await withTestbed { testbed in
                let nodes = try await testbed.startCluster(3, options: ["--allow-faults"])
                let tables = try [
                    TableDefinition.named("a-set", .set, .disc), .named("in-order", .orderedSet, .ram),
                    .named("a-bag", .bag, .disc),
                    .named("owned", .set, .ram, .owner),
                ]
                for table in tables { try await nodes[0].create(table) }
                let isOver = Flag()
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for (index, node) in nodes.enumerated() {
                        group.addTask {
                            await Self.write(to: node, tables, seed: seed &+ UInt64(index)) { isOver.isUp }
                        }
                    }
                    let end = ContinuousClock.now + .seconds(seconds)
                    var random = SplitMix(seed: seed)
                    while ContinuousClock.now < end { try await disturb(nodes, &random) }
                    isOver.raise()
                    var writes = 0
                    for try await count in group { writes += count }
                    print("writes taken: \(writes)")
                    #expect(writes > 0)
                }
                try await calm(nodes)
                try await testbed.waitUntilUp(nodes)
                let prints = try await testbed.waitForAgreement(nodes)
                #expect(prints.count == tables.count)
                for table in tables {
                    let dump = try await testbed.dump(table.name, of: nodes[0])
                    for node in nodes.dropFirst() { #expect(try await testbed.dump(table.name, of: node) == dump) }
                }
            }
        }

        /// Puts and deletes rows of few keys, so that nodes often write the same ones.
        /// - Returns: how many writes were answered.
        private static func write(
            to node: NodeProcess, _ tables: [TableDefinition], seed: UInt64, until isOver: @Sendable () -> Bool
        ) async -> Int {
            var random = SplitMix(seed: seed)
            var taken = 0
            while !isOver() {
                let count = Int.random(in: 1...20, using: &random)
                let operations = (0..<count).map { _ in
                    let key = Array("key-\(Int.random(in: 0..<60, using: &random))".utf8)
                    if Int.random(in: 0..<10, using: &random) < 3 { return ClusterModel.Operation(.delete, key: key) }
                    return ClusterModel.Operation(
                        .put, key: key, value: Array("value-\(Int.random(in: 0..<5, using: &random))".utf8))
                }
                let table = tables[Int.random(in: 0..<tables.count, using: &random)]
                do {
                    try await node.write(operations, to: table)
                    taken += 1
                } catch {
                    // The node is dead or cut off at the moment; a pause keeps this from spinning.
                    _ = try? await eventually("the node to be back", within: .milliseconds(200)) { isOver() }
                }
            }
            return taken
        }

        private func disturb(_ nodes: [NodeProcess], _ random: inout SplitMix) async throws {
            let victim = nodes[Int.random(in: 0..<nodes.count, using: &random)]
            let others = nodes.filter { $0 !== victim }
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                try await victim.kill()
                try await linger(&random)
                try await victim.start()
            case 1:
                victim.pause()
                try await linger(&random)
                victim.resume()
            case 2:
                try await cut(victim, from: others)
                try await linger(&random)
                for node in nodes { try await node.call { try await $0.block([]) } }
            default:
                for node in others { try await node.kill() }
                for node in others { try await node.start() }
            }
            try await linger(&random)
        }

        private func cut(_ victim: NodeProcess, from others: [NodeProcess]) async throws {
            let (name, names) = (victim.name, others.map(\.name))
            try await victim.call { try await $0.block(names) }
            for node in others { try await node.call { try await $0.block([name]) } }
        }

        /// Up to 1.5 seconds: longer than a node needs to be called down, or shorter.
        private func linger(_ random: inout SplitMix) async throws {
            let end = ContinuousClock.now + .milliseconds(Int.random(in: 10...1500, using: &random))
            try await eventually("the end of a while") { ContinuousClock.now > end }
        }

        private func calm(_ nodes: [NodeProcess]) async throws {
            for node in nodes {
                node.resume()
                if node.process?.isRunning != true { try await node.start() }
                try await node.call { try await $0.block([]) }
            }
        }
    }
}
