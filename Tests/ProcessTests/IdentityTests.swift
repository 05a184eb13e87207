import ClusterModel
import Foundation
import LinkTransport
import Testing

extension Scenarios {
    /// Who a node is, when names, addresses, clocks, secrets and copies say something else.
    @Suite struct IdentityTests {
        @Test func aNodeMayChangeItsName() async throws {
            try await withTestbed { testbed in
                let nodes = try await testbed.startCluster(2)
                let (id, old) = (try await nodes[1].id(), nodes[1].name)
                try await nodes[1].stop()
                nodes[1].name = try #require(NodeName("renamed@127.0.0.1"))
                try await nodes[1].start()
                try await testbed.waitUntilUp(nodes)
                let members = try await nodes[0].status().members
                #expect(members.count == 2)
                #expect(!members.contains { $0.record.name == old })
                #expect(members.first { $0.record.name == nodes[1].name }?.record.node == id)
            }
        }

        @Test func aNodeMayChangeItsAddress() async throws {
            try await withTestbed { testbed in
                let nodes = try await testbed.startCluster(3)
                try await nodes[1].stop()
                nodes[1].address = Address(host: "127.0.0.1", port: try await FreePort.next())
                try await nodes[1].start()
                try await testbed.waitUntilUp(nodes)
                for node in nodes {
                    let record = try #require(await node.view(of: nodes[1])?.record)
                    #expect(record.address == nodes[1].address)
                }
            }
        }

        @Test func aSecondNodeWithTheSameNameIsRefused() async throws {
            try await withTestbed { testbed in
                let nodes = try await testbed.startCluster(2)
                let double = try await testbed.node("double")
                double.name = nodes[1].name
                try await double.start()
                let refused = try await testbed.run("cluster", "join", nodes[0].address.description, at: double)
                #expect(refused.code == 1)
                #expect(refused.errors.contains("NAME_CONFLICT"), "\(refused.errors)")
                #expect(refused.errors.contains(nodes[1].name.text), "\(refused.errors)")
                #expect(refused.errors.contains("--name"), "what to do is missing: \(refused.errors)")
                try await testbed.waitUntilUp(nodes)
                #expect(try await nodes[0].status().members.count == 2)
            }
        }

        /// The copy's numbers were given out twice; nothing may be lost or mixed up by that.
        @Test func aDataDirectoryRestoredFromAnOlderCopyDoesNoHarm() async throws {
            try await withTestbed { testbed in
                let nodes = try await testbed.startCluster(3)
                let table = try TableDefinition.named("rows")
                try await nodes[0].create(table)
                try await nodes[0].fill(table, rows: 100)
                try await testbed.waitForAgreement(nodes)
                try await nodes[2].stop()
                let copy = testbed.directory.appending(path: "copy")
                try FileManager.default.copyItem(at: nodes[2].data, to: copy)
                try await nodes[2].start()
                try await testbed.waitUntilUp(nodes)
                for number in 0..<20 { try await nodes[2].put("after-the-copy-\(number)", "first life", in: table, level: .all) }
                try await nodes[2].stop()
                try FileManager.default.removeItem(at: nodes[2].data)
                try FileManager.default.moveItem(at: copy, to: nodes[2].data)
                try await nodes[2].start()
                // Written before the node has heard how old its memory is, and after.
                for number in 0..<20 { try await nodes[2].put("restored-\(number)", "second life", in: table) }
                try await testbed.waitUntilUp(nodes)
                try await nodes[2].put("restored-last", "second life", in: table, level: .all)
                let prints = try await testbed.waitForAgreement(nodes)
                #expect(prints.map(\.rows) == [100 + 20 + 21])
                let dump = try await testbed.dump(table.name, of: nodes[0])
                for node in nodes {
                    #expect(try await testbed.dump(table.name, of: node) == dump)
                    #expect(try await node.value("after-the-copy-19", in: table) == "first life")
                    #expect(try await node.value("restored-0", in: table) == "second life")
                }
            }
        }

        @Test func aSecondProcessOnOneDataDirectoryEndsWithItsName() async throws {
            try await withTestbed { testbed in
                let node = try await testbed.startNodes(1)[0]
                let second = NodeProcess(
                    short: "second", name: node.name, address: Address(host: "127.0.0.1", port: try await FreePort.next()),
                    data: node.data, options: [], in: testbed)
                #expect(try await second.startToFail() == 1)
                #expect(second.lastWords.contains(node.data.path), "\(second.lastWords)")
                #expect(second.logLines.count == 1, "one line says it: \(second.logLines)")
                _ = try await node.status()
            }
        }

        /// n2 is gone and a node of another cluster has its address.
        @Test func aStrangerOnAReusedAddressIsNotTakenForTheMember() async throws {
            try await withTestbed { testbed in
                let nodes = try await testbed.startCluster(2)
                let table = try TableDefinition.named("rows")
                try await nodes[0].create(table)
                try await nodes[0].fill(table, rows: 10)
                try await testbed.waitForAgreement(nodes)
                try await nodes[1].stop()
                let stranger = try await testbed.node("stranger")
                stranger.address = nodes[1].address
                try await stranger.start()
                let other = try TableDefinition.named("of-the-stranger")
                try await stranger.create(other)
                try await nodes[0].waitForLog("WRONG_CLUSTER")
                let view = try #require(await nodes[0].view(of: nodes[1]))
                #expect(!view.isReachable)
                #expect(!view.reason.isEmpty)
                #expect(try await nodes[0].fingerprints().map(\.table) == [table.name])
                #expect(try await stranger.fingerprints().map(\.table) == [other.name])
                #expect(try await stranger.status().members.count == 1)
            }
        }

        @Test func aWrongSecretIsRefusedOnBothWays() async throws {
            try await withTestbed { testbed in
                let nodes = try await testbed.startNodes(1)
                var random = SystemRandomNumberGenerator()
                let wrong = testbed.directory.appending(path: "wrong-secret")
                try testbed.write(SecretKeys.generate(using: &random), to: wrong)
                let asked = try await testbed.run("cluster", "status", "--secret-file", wrong.path, at: nodes[0])
                #expect(asked.code == 1)
                #expect(asked.errorLines.count == 1)
                #expect(asked.errors.localizedCaseInsensitiveContains("secret"), "\(asked.errors)")

                let stranger = try await testbed.node("stranger", options: ["--secret-file", wrong.path])
                try stranger.launch()
                try await eventually("the stranger to answer") {
                    try await testbed.run("cluster", "status", "--secret-file", wrong.path, at: stranger).code == 0
                }
                let refused = try await testbed.run(
                    "cluster", "join", nodes[0].address.description, "--secret-file", wrong.path, at: stranger)
                #expect(refused.code == 1)
                #expect(refused.errors.localizedCaseInsensitiveContains("secret"), "\(refused.errors)")
                try await nodes[0].waitForLog("AUTHENTICATION_FAILED")
            }
        }

        @Test func aClockTenMinutesOffIsRefusedAndNamed() async throws {
            try await withTestbed { testbed in
                let n1 = try await testbed.startNodes(1)[0]
                let late = try await testbed.node("late", options: ["--clock-offset", "600"])
                try await late.start()
                let refused = try await testbed.run("cluster", "join", n1.address.description, at: late)
                #expect(refused.code == 1)
                #expect(refused.errors.contains("CLOCK_SKEW"), "\(refused.errors)")
                #expect(refused.errors.localizedCaseInsensitiveContains("clock"), "\(refused.errors)")
                #expect(try await n1.status().members.count == 1)
            }
        }

        /// The same after it has become a member: its clock is set wrong between two starts.
        @Test func aMemberWhoseClockGoesWrongIsShownAsSuch() async throws {
            try await withTestbed { testbed in
                let nodes = try await testbed.startCluster(2)
                try await nodes[1].stop()
                nodes[1].options += ["--clock-offset", "-600"]
                try await nodes[1].start()
                try await eventually("n1 to say why n2 is unreachable") {
                    let view = try #require(await nodes[0].view(of: nodes[1]))
                    return !view.isReachable && view.reason.localizedCaseInsensitiveContains("clock")
                }
            }
        }
    }
}
