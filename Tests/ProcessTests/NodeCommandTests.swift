import ClusterModel
import Foundation
import Testing

extension Scenarios {
    /// Starting a node as people do.
    @Suite struct NodeCommandTests {
        /// `tablewire node` makes what it needs below the home directory.
        @Test func aNodeWithoutFlagsMakesItsSecretAndDataDirectory() async throws {
            try await withTestbed { testbed in
                let port = try await FreePort.next()
                let node = try start(["node"], testbed, ["TABLEWIRE_LISTEN": "127.0.0.1:\(port)"])
                defer { node.kill() }
                let home = testbed.directory.appending(path: ".tablewire")
                try await eventually("the node to answer") {
                    try await Program.run(
                        ["cluster", "status", "--node", "127.0.0.1:\(port)"], environment: ["HOME": testbed.directory.path],
                        files: testbed.directory
                    ).code == 0
                }
                let secret = home.appending(path: "secret")
                let attributes = try FileManager.default.attributesOfItem(atPath: secret.path)
                #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
                let text = try String(contentsOf: secret, encoding: .utf8)
                let key = text.split(whereSeparator: \.isWhitespace).last ?? ""
                #expect(key.count >= 64 && key.allSatisfy(\.isHexDigit), "at least 256 random bits")
                let data = try FileManager.default.contentsOfDirectory(atPath: home.path).filter { $0 != "secret" }
                #expect(data.count == 1, "one data directory: \(data)")
            }
        }

        /// Reachable from other machines, a node wants a secret that someone gave it on purpose.
        @Test func beyondLoopbackANodeWantsASecretThatWasGiven() async throws {
            try await withTestbed { testbed in
                let port = try await FreePort.next()
                let refused = try await Program.run(
                    ["node", "--listen", "0.0.0.0:\(port)", "--data", testbed.directory.appending(path: "d").path],
                    environment: ["HOME": testbed.directory.path], files: testbed.directory, limit: .seconds(20))
                #expect(refused.code == 1 || refused.code == 2)
                #expect(refused.errors.contains("--secret-file"), "\(refused.errors)")
            }
        }

        @Test func aSecretThatOthersCanReadIsRefusedBeyondLoopback() async throws {
            try await withTestbed { testbed in
                let port = try await FreePort.next()
                try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: testbed.secret.path)
                let refused = try await Program.run(
                    [
                        "node", "--listen", "0.0.0.0:\(port)", "--data", testbed.directory.appending(path: "d").path,
                        "--secret-file", testbed.secret.path,
                    ], environment: ["HOME": testbed.directory.path], files: testbed.directory, limit: .seconds(20))
                #expect(refused.code == 1)
                #expect(refused.errors.contains(testbed.secret.path), "\(refused.errors)")
            }
        }

        @Test func aDataDirectoryIsMadeWithThoseAboveIt() async throws {
            try await withTestbed { testbed in
                let name = try #require(NodeName("deep@127.0.0.1"))
                let node = NodeProcess(
                    short: "deep", name: name, address: Address(host: "127.0.0.1", port: try await FreePort.next()),
                    data: testbed.directory.appending(path: "a/b/c"), options: [], in: testbed)
                defer { node.killForGood() }
                try await node.start()
            }
        }

        @Test func aPortInUseIsNamed() async throws {
            try await withTestbed { testbed in
                let nodes = try await testbed.startNodes(1)
                let second = try await testbed.node("second")
                second.address = nodes[0].address
                #expect(try await second.startToFail() == 1)
                #expect(second.lastWords.contains("\(nodes[0].address)"), "\(second.lastWords)")
                #expect(second.lastWords.contains("--listen"), "\(second.lastWords)")
            }
        }

        /// `--join` is for the first start: a second one with the same flags goes on where the first ended.
        @Test func theJoinFlagJoinsOnce() async throws {
            try await withTestbed { testbed in
                let n1 = try await testbed.startNodes(1)[0]
                let table = try TableDefinition.named("rows")
                try await n1.create(table)
                try await n1.fill(table, rows: 100)
                let n2 = try await testbed.node("n2", options: ["--join", n1.address.description])
                try await n2.start()
                try await testbed.waitUntilUp([n1, n2])
                try await testbed.waitForAgreement([n1, n2])
                try await n2.put("own", "row", in: table, level: .all)
                try await n2.stop()
                try await n2.start()
                try await testbed.waitUntilUp([n1, n2])
                #expect(try await testbed.waitForAgreement([n1, n2]).map(\.rows) == [101])
            }
        }

        /// A flag wins over the environment, that over the file.
        @Test func settingsComeFromFlagsEnvironmentAndFile() async throws {
            try await withTestbed { testbed in
                let port = try await FreePort.next()
                let file = testbed.directory.appending(path: "node.yaml")
                let text = """
                    name: from-file@127.0.0.1
                    listen: 127.0.0.1:1
                    data: \(testbed.directory.appending(path: "data").path)
                    secret-file: \(testbed.secret.path)
                    """
                try Data(text.utf8).write(to: file)
                let node = try start(
                    ["node", "--config", file.path, "--listen", "127.0.0.1:\(port)"], testbed,
                    ["TABLEWIRE_NAME": "from-environment@127.0.0.1", "TABLEWIRE_LISTEN": "127.0.0.1:2"])
                defer { node.kill() }
                try await eventually("the node to answer by its name") {
                    let status = try await Program.run(
                        ["cluster", "members", "--node", "127.0.0.1:\(port)", "--secret-file", testbed.secret.path],
                        files: testbed.directory)
                    return status.code == 0 && status.text.contains("from-environment@127.0.0.1")
                }
            }
        }

        /// Pages for operators: alive, ready, and numbers.
        @Test func theHTTPAddressShowsHealthReadinessAndMetrics() async throws {
            try await withTestbed { testbed in
                let port = try await FreePort.next()
                let node = try await testbed.node("n1", options: ["--http", "127.0.0.1:\(port)"])
                try await node.start()
                for (page, words) in [("health", "ok"), ("ready", "ready"), ("metrics", "heartbeat"), ("status", "n1@127.0.0.1")]
                {
                    let connection = try await RawConnection.open(to: Address(host: "127.0.0.1", port: port))
                    try await connection.send(Array("GET /\(page) HTTP/1.1\r\nHost: n1\r\nConnection: close\r\n\r\n".utf8))
                    try await connection.waitUntilClosed()
                    let answer = String(decoding: connection.received, as: UTF8.self)
                    #expect(answer.hasPrefix("HTTP/1.1 200"), "\(page): \(answer)")
                    #expect(answer.contains(words), "\(page): \(answer)")
                }
            }
        }

        /// Runs a node that these tests know only by its command line.
        private func start(_ arguments: [String], _ testbed: Testbed, _ environment: [String: String]) throws -> RunningProcess {
            let process = Process()
            process.executableURL = Program.url
            process.arguments = arguments
            process.environment = ProcessInfo.processInfo.environment
                .merging(["HOME": testbed.directory.path]) { $1 }.merging(environment) { $1 }
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            return RunningProcess(process)
        }
    }
}
