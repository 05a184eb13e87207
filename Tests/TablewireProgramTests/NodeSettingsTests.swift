import ClusterModel
import Foundation
import LinkTransport
import NodeRuntime
import ProgramTerminal
import Testing

@testable import tablewire

@Suite struct NodeSettingsTests {
    private let directory: TemporaryDirectory
    private let secret: String

    init() throws {
        directory = try TemporaryDirectory()
        secret = try directory.file("secret", String(repeating: "ab", count: 32))
    }

    /// A layer from what a configuration file would say.
    private func layer(_ yaml: String) throws -> SettingsLayer { try SettingsFile.parse(yaml, name: "node.yaml") }

    private func configuration(
        flags: String = "", environment: [String: String] = [:], file: String = ""
    ) throws -> NodeConfiguration {
        let given = try layer("data: /data\nsecret-file: \(secret)\n" + file)
        let settings = NodeSettings(
            flags: try layer(flags), environment: SettingsLayer(environment: { environment[$0] }), file: given)
        return try settings.configuration()
    }

    @Test func theDefaults() throws {
        let configuration = try configuration()
        #expect(configuration.name.text == "n1@127.0.0.1")
        #expect(configuration.listen == Address(host: "127.0.0.1", port: 7400))
        #expect(configuration.advertise == nil)
        #expect(configuration.join == [])
        #expect(configuration.http == nil)
        #expect(configuration.preset == .lan)
        #expect(configuration.capture == nil)
        #expect(configuration.clockOffset == .zero)
        #expect(!configuration.allowsFaults)
        #expect(configuration.keys.keys.first?.bytes == [UInt8](repeating: 0xAB, count: 32))
    }

    @Test func flagBeforeEnvironmentBeforeFile() throws {
        let file = "name: file@h\nlisten: 127.0.0.1:1\nhttp: 127.0.0.1:11\ncapture: /var/tmp/n1.pcapng"
        let environment = ["TABLEWIRE_NAME": "env@h", "TABLEWIRE_LISTEN": "127.0.0.1:2", "TABLEWIRE_HTTP": ""]
        let all = try configuration(flags: "name: flag@h", environment: environment, file: file)
        #expect(all.name.text == "flag@h")
        #expect(all.listen.port == 2)
        // An empty variable is as good as none.
        #expect(all.http?.port == 11)
        #expect(all.capture == "/var/tmp/n1.pcapng")
    }

    @Test func aListIsTakenWholeFromOneSource() throws {
        let file = "join: [10.0.0.1:7400, 10.0.0.2:7400]"
        #expect(try configuration(file: file).join.map(\.host) == ["10.0.0.1", "10.0.0.2"])
        #expect(try configuration(file: "join: 10.0.0.1:7400").join.map(\.host) == ["10.0.0.1"])
        let environment = ["TABLEWIRE_JOIN": "10.0.0.3:1, 10.0.0.4:1"]
        #expect(try configuration(environment: environment, file: file).join.map(\.host) == ["10.0.0.3", "10.0.0.4"])
    }

    @Test(arguments: [
        ("tls-certificate: c", "--tls-key and --tls-authorities are"), ("tls-certificate: c\ntls-key: k", "--tls-authorities is"),
        ("tls-key: k\ntls-authorities: a", "--tls-certificate is"),
        ("tls-key-log: l", "--tls-certificate and --tls-key and --tls-authorities are"),
    ])
    func tlsTakesAllOfItsFilesOrNone(text: String, missing: String) throws {
        #expect(try configuration().tls == nil)
        #expect(
            throws: UsageError("TLS needs --tls-certificate, --tls-key and --tls-authorities together: \(missing) missing")
        ) { try configuration(flags: text) }
    }

    /// Each file may come from another source.
    @Test func tlsIsReadFromItsFiles() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Certificates").standardizedFileURL
        let key = try directory.file("key", String(contentsOf: folder.appending(path: "node.key"), encoding: .utf8))
        let log = directory.path + "/keys.log"
        let environment = ["TABLEWIRE_TLS_KEY": key, "TABLEWIRE_TLS_KEY_LOG": log]
        let file = "tls-authorities: \(folder.path)/authority.pem"
        let configuration = try configuration(
            flags: "tls-certificate: \(folder.path)/node.pem", environment: environment, file: file)
        #expect(configuration.tls != nil)
        #expect(FileManager.default.fileExists(atPath: log))
        #expect(throws: CommandError.self) {
            try self.configuration(flags: "tls-certificate: \(key)", environment: environment, file: file)
        }
    }

    @Test func everySettingHasAVariable() {
        #expect(NodeSetting.secretFile.variable == "TABLEWIRE_SECRET_FILE")
        #expect(NodeSetting.listen.variable == "TABLEWIRE_LISTEN")
        #expect(Set(NodeSetting.allCases.map(\.variable)).count == NodeSetting.allCases.count)
    }

    @Test(arguments: [
        ("name: n1", "node.yaml:1: name: 'n1' is not a node name: give name@host, such as n1@127.0.0.1"),
        ("listen: here", "node.yaml:1: listen: 'here' is not an address: give host:port, such as 127.0.0.1:7400"),
        ("http: 127.0.0.1:0", "node.yaml:1: http: '127.0.0.1:0' is not an address: give host:port, such as 127.0.0.1:7400"),
        ("join: [a]", "node.yaml:1: join: 'a' is not an address: give host:port, such as 127.0.0.1:7400"),
        ("preset: fast", "node.yaml:1: preset: 'fast' is none of local, lan, wan"),
        ("allow-faults: maybe", "node.yaml:1: allow-faults: 'maybe' is neither true nor false"),
        ("clock-offset: late", "node.yaml:1: clock-offset: 'late' is not a number of seconds"),
    ])
    func aWrongValueNamesItsPlace(text: String, message: String) {
        #expect(throws: UsageError(message)) { try configuration(flags: text) }
    }

    @Test(arguments: [
        ("name: a@b\nlistn: 127.0.0.1:1", "node.yaml:2: unknown key 'listn'; the keys are name, listen,"),
        ("- a", "node.yaml is not a list of settings"),
        ("just text", "node.yaml is not a list of settings"),
        ("name: [a@b]", "node.yaml:1: name takes one text"),
        ("name: {a: b}", "node.yaml:1: name takes one text"),
        ("join:\n  - {a: b}", "node.yaml:1: join is a list of texts"),
        ("name: \"a", "node.yaml is not YAML:"),
        ("name: a@b\nname: c@d", "node.yaml is not YAML:"),
    ])
    func aWrongFileIsAnError(text: String, message: String) {
        let error = #expect(throws: CommandError.self) { try layer(text) }
        #expect(error?.description.hasPrefix(message) == true, "\(String(describing: error))")
    }

    @Test func anEmptyFileSaysNothing() throws {
        #expect(try layer("").values.isEmpty)
        #expect(try layer("# nothing\n").values.isEmpty)
    }

    @Test(arguments: ["0.0.0.0:7400", "10.0.0.1:7400", "[::]:7400", "node1.example.org:7400", "127.0.0.1.example.org:7400"])
    func listeningToANetworkNeedsAGivenSecret(listen: String) throws {
        let exposed = NodeSettings(
            flags: try layer("listen: \"\(listen)\"\ndata: /data"), environment: SettingsLayer(), file: SettingsLayer())
        let error = #expect(throws: UsageError.self) { try exposed.configuration() }
        #expect(error?.description.contains("needs a secret that was given: add --secret-file FILE") == true)
        #expect(try configuration(flags: "listen: \"\(listen)\"").listen == Address(listen))
    }

    @Test func loopbackIsKnown() {
        for host in ["127.0.0.1", "127.1.2.3", "::1", "localhost"] { #expect(NodeSettings.isLoopback(host)) }
        for host in ["0.0.0.0", "::", "127.0.0", "127.0.0.256", "128.0.0.1", "localhost.example.org"] {
            #expect(!NodeSettings.isLoopback(host))
        }
    }
}

@Suite struct SecretFileTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private let good = String(repeating: "0f", count: 32)

    @Test(arguments: [0o640, 0o604, 0o620, 0o644, 0o601])
    func whatOthersCanReadIsRefused(mode: Int) throws {
        let path = try directory.file("secret", good, mode: mode)
        #expect(throws: CommandError("others can read the secret \(path): make it yours alone with: chmod 600 \(path)")) {
            try SecretFile.forClient(path)
        }
    }

    @Test(arguments: [0o600, 0o400])
    func whatTheOwnerAloneCanReadIsTaken(mode: Int) throws {
        let path = try directory.file("secret", good, mode: mode)
        #expect(try SecretFile.forClient(path).keys.keys.count == 1)
        #expect(try SecretFile.forNode(path).keys.keys.count == 1)
    }

    @Test(arguments: [
        ("", "there is no key in it"), ("abc", "the key is not a whole number of hex byte pairs"),
        (String(repeating: "ab", count: 31), "the key has 31 bytes, at least 32 are needed"),
    ])
    func whatIsNoSecretIsSaid(text: String, problem: String) throws {
        let path = try directory.file("secret", text)
        let error = #expect(throws: CommandError.self) { try SecretFile.forClient(path) }
        #expect(error?.description.contains("is not a secret: line 1: \(problem)") == true)
    }

    @Test func aMissingFileSaysHowToGetOne() throws {
        let client = #expect(throws: CommandError.self) { try SecretFile.forClient(directory.path + "/no") }
        #expect(client?.description.hasPrefix("there is no secret at \(directory.path)/no: give the file") == true)
        let node = #expect(throws: CommandError.self) { try SecretFile.forNode(directory.path + "/no") }
        #expect(node?.description.hasPrefix("there is no secret at \(directory.path)/no: copy it from another node") == true)
    }

    @Test func aDirectoryIsNoSecret() {
        #expect(throws: CommandError("\(directory.path) is a directory: give the file that holds the secret")) {
            try SecretFile.forClient(directory.path)
        }
    }

    /// The default secret is made once, whoever asks first, and then stays.
    @Test func theDefaultIsMadeOnceAndForItsOwnerAlone() async throws {
        let path = directory.path + "/secret"
        let all = try await withThrowingTaskGroup(of: SecretKeys.self) { group in
            for _ in 0..<8 { group.addTask { try SecretFile.readOrCreate(path).keys } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(all.count == 1)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["secret"])
    }
}
