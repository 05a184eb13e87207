import ClusterModel
import Foundation
import Glibc
import LinkTransport
import TablewireClient
import Testing

extension Scenarios {
    /// TLS beneath the links of real nodes (SEC-006).
    @Suite struct TLSTests {
        @Test func nodesJoinReplicateAndHealOverTLS() async throws {
            try await withTestbed(hasTLS: true) { testbed in
                let nodes = try await testbed.startCluster(3)
                let line = try await nodes[0].waitForLog("node starts")
                #expect(line.contains("links=\"TLS 1.3 with mutual certificates\""), "\(line)")
                let table = try TableDefinition.named("rows", .set, .disc)
                try await nodes[0].create(table)
                try await nodes[0].fill(table, rows: 2000)
                try await testbed.waitForAgreement(nodes)
                // A killed process ends TCP and not TLS: a broken link, which the others see at once.
                try await nodes[2].kill()
                try await testbed.wait(for: nodes[2], toBe: .down, at: nodes[0])
                try await nodes[1].put("while", "away", in: table)
                try await nodes[2].start()
                try await testbed.waitUntilUp(nodes)
                try await testbed.waitForAgreement(nodes)
                // SHUTTING_DOWN arrives before the end of TLS: nobody has to find out by silence.
                #expect(try await nodes[1].stop() == 0)
                try await nodes[0].waitForLog("member is down", "peer=n2@127.0.0.1", "declared.by=n2@127.0.0.1")
            }
        }

        /// The commands, with flags and with the environment; what is refused, and in which words.
        @Test func commandsCallANodeWithTLS() async throws {
            try await withTestbed(hasTLS: true) { testbed in
                let node = try await testbed.startNodes(1)[0]
                #expect(try await testbed.run("table", "create", "t", at: node).code == 0)
                let flags = testbed.certificates.options()
                let put = try await testbed.run(
                    "table", "put", "t", "k", "v", flags[0], flags[1], flags[2], flags[3], flags[4], flags[5], at: node, as: nil)
                #expect(put.code == 0, "\(put.errors)")
                #expect(try await testbed.run("table", "get", "t", "k", at: node).text == "v\n")

                let other = testbed.directory.appending(path: "other")
                var random = SystemRandomNumberGenerator()
                try testbed.write(SecretKeys.generate(using: &random), to: other)
                for (outcome, words) in [
                    (try await testbed.run("cluster", "status", at: node, as: nil), "it takes links with TLS only"),
                    (try await testbed.run("cluster", "status", at: node, as: "stranger"), "it refuses our certificate"),
                    (try await testbed.run("cluster", "status", "--secret-file", other.path, at: node), "AUTHENTICATION_FAILED"),
                ] {
                    #expect(outcome.code == 1)
                    #expect(outcome.errorLines.count == 1 && outcome.errors.contains(words), "\(outcome.errors)")
                }
                try await node.waitForLog("handshake dropped", "no TLS: it does not speak TLS")
                try await node.waitForLog("handshake dropped", "no TLS: its certificate is not signed by one of our authorities")

                let two = try await testbed.run("cluster", "status", flags[0], flags[1], at: node, as: nil)
                #expect(two.code == 2)
                #expect(two.errors.contains("--tls-key and --tls-authorities are missing"), "\(two.errors)")
            }
        }

        /// One line in the answer and in the log, whichever side has what.
        @Test func aJoinThatTLSForbidsSaysWhy() async throws {
            try await withTestbed(hasTLS: true) { testbed in
                let node = try await testbed.startNodes(1)[0]
                let elsewhere = try await testbed.node("n2", options: testbed.certificates.options("elsewhere"))
                // The later flag counts. Its own certificate is not for its address, so that nobody can call it.
                try elsewhere.launch()
                try await elsewhere.waitForLog("node is ready")
                let refused = try await testbed.run("cluster", "join", elsewhere.address.description, at: node)
                #expect(refused.code == 1)
                #expect(refused.errors.contains("no TLS: its certificate is not for 127.0.0.1"), "\(refused.errors)")
                let strange = try await testbed.node(
                    "n3", options: testbed.certificates.options("stranger") + ["--join", node.address.description])
                try strange.launch()
                try await strange.waitForLog("join did not work", "no TLS: it refuses our certificate", "again=true")
            }
        }

        @Test func aNodeInClearRefusesWhoComesWithTLS() async throws {
            try await withTestbed(hasTLS: true) { secure in
                try await withTestbed { testbed in
                    let node = try await testbed.startNodes(1)[0]
                    try await node.waitForLog("node starts", "links=\"in clear\"")
                    let called = try await testbed.run(
                        "cluster", "status", "--tls-certificate", secure.certificates.files()[0].file, "--tls-key",
                        secure.certificates.files()[1].file, "--tls-authorities", secure.certificates.files()[2].file, at: node)
                    #expect(called.code == 1)
                    #expect(called.errors.contains("it ended the connection in the TLS handshake; is TLS configured there"))
                    try await node.waitForLog("handshake dropped", "a TLS hello; this port is not configured for TLS")
                }
            }
        }

        @Test func theKeyLogHasTheSecretsOfEachLink() async throws {
            try await withTestbed(hasTLS: true) { testbed in
                let file = testbed.directory.appending(path: "keys.log")
                let node = try await testbed.node("n1", options: ["--tls-key-log", file.path])
                try await node.start()
                try await node.waitForLog("warning", "whoever has the TLS key log can read the links", file.path)
                let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
                #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
                for count in 1...3 {
                    let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
                    let secrets = lines.filter {
                        $0.wholeMatch(of: #/CLIENT_TRAFFIC_SECRET_0 [0-9a-f]{64} [0-9a-f]{64,96}/#) != nil
                    }
                    #expect(secrets.count == count, "\(lines)")
                    #expect(try await testbed.run("cluster", "status", at: node).code == 0)
                }
            }
        }

        /// A connection that says nothing, not even TLS, is one of the links that wait (LIM-007, LIM-008).
        @Test func connectionsWithoutTLSAreLimitedInNumberAndTime() async throws {
            try await withTestbed(hasTLS: true) { testbed in
                let node = try await testbed.startNodes(1)[0]
                var waiting: [RawConnection] = []
                let start = ContinuousClock.now
                for _ in 0..<Limits.pendingLinks { waiting.append(try await RawConnection.open(to: node.address)) }
                let further = try await RawConnection.open(to: node.address)
                try await further.waitUntilClosed(within: .seconds(3))
                #expect(further.received == [], "nothing can be said without TLS")
                #expect(waiting.count { $0.isOpen } == Limits.pendingLinks)
                for connection in waiting { try await connection.waitUntilClosed() }
                #expect(ContinuousClock.now - start >= Limits.handshakeTime - .milliseconds(500))
                #expect(try await testbed.run("cluster", "status", at: node).code == 0)
            }
        }

        /// Each link has its certificate checked (SEC-013), also for a dialer that keeps what the node gave it for resuming.
        @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl"), "apt-get install openssl"))
        func noSessionIsResumed() async throws {
            try await withTestbed(hasTLS: true) { testbed in
                let node = try await testbed.startNodes(1)[0]
                let files = testbed.certificates.files().map(\.file)
                let session = testbed.directory.appending(path: "session").path
                for option in ["-sess_out", "-sess_in"] {
                    // What is said within TLS is wrong on purpose: the node then ends the connection at once.
                    let dialed = try await Program.run(
                        [
                            "s_client", "-connect", node.address.description, "-cert", files[0], "-key", files[1], "-CAfile",
                            files[2], "-ign_eof", option, session,
                        ], of: URL(filePath: "/usr/bin/openssl"), input: Data("hello\n".utf8), files: testbed.directory,
                        limit: .seconds(20))
                    #expect(dialed.text.contains("New, TLSv1.3"), "\(option): \(dialed.text)")
                    #expect(FileManager.default.fileExists(atPath: session))
                }
            }
        }

        @Test func aCaptureOfANodeWithTLSHoldsPlainBytes() async throws {
            try await withTestbed(hasTLS: true) { testbed in
                let file = testbed.directory.appending(path: "n1.pcapng")
                let node = try await testbed.node("n1", options: ["--capture", file.path])
                try await node.start()
                let table = try TableDefinition.named("rows")
                try await node.create(table)
                try await node.put("the-key", "the-value", in: table)
                #expect(try await node.stop() == 0)
                let capture = try Capture(file)
                #expect(capture.beginsWithPreface && capture.contains("the-key"))
            }
        }
    }
}
