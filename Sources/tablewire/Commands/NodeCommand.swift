import ArgumentParser
import ClusterModel
import Logging
import NodeRuntime
import ProgramTerminal
import ServiceLifecycle
import UnixSignals

struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node", abstract: "Run a node until it is stopped.",
        discussion: """
            The node loads its own data, serves at once, and looks for the other members of its cluster for as long as it runs. \
            SIGTERM or SIGINT (Ctrl-C) stops it in good order; a second one, or SIGKILL, does no harm to its data.

            Everything can also be given in the environment (TABLEWIRE_LISTEN for --listen, several addresses for \
            TABLEWIRE_JOIN separated by commas) or in a YAML file (--config), with the same names. A flag wins over the \
            environment, that over the file, that over the default.

            Without --secret-file the secret is ~/.tablewire/secret, which the first node makes (256 random bits, readable for \
            you alone). All members need the same. A node that can be reached from other machines has to be given one, and \
            refuses a file that others can read.

            --tls-certificate, --tls-key and --tls-authorities (all three, in PEM) put TLS 1.3 beneath every link. Both ends show a \
            certificate and check the other's against their own authorities; who dials also checks that it names the host that was \
            dialled. So a node's certificate has the address that its peers dial among its subject alternative names, and is for \
            servers and clients. The secret is needed all the same. --tls-key-log appends what Wireshark and tshark need to read a \
            capture of the links; whoever has it can read them.

            --capture writes a pcapng file (for wiredump, Wireshark, tcpdump) of what this node sends and receives on its \
            links, with keys and values as they are, also with TLS: only you can read it. A file that is there is replaced. A slow or full disk \
            never holds up the node; what is missing for that is counted, in the log, in the counter capture.bytes_lost, and in \
            the file.

            EXAMPLES
              tablewire node
              tablewire node --name n2@127.0.0.1 --listen 127.0.0.1:7402 \\
                --join 127.0.0.1:7400
              tablewire node --config /etc/tablewire/node.yaml

            A FILE
              name: n1@10.0.0.1
              listen: 10.0.0.1:7400
              data: /var/lib/tablewire
              secret-file: /etc/tablewire/secret
              join: [10.0.0.2:7400, 10.0.0.3:7400]

            EXIT CODES
              0  stopped by a signal
              1  cannot start or go on; standard error says why and what to do
              2  wrong usage
            """)

    @Option(help: ArgumentHelp("The node's name, unique in its cluster. (default: n1@127.0.0.1)", valueName: "name@host"))
    var name: String?
    @Option(help: ArgumentHelp("Where to accept links of nodes and clients. (default: 127.0.0.1:7400)", valueName: "host:port"))
    var listen: String?
    @Option(help: ArgumentHelp("What the other members dial. (default: as --listen)", valueName: "host:port"))
    var advertise: String?
    @Option(help: ArgumentHelp("The data directory, for one node at a time. (default: ~/.tablewire/NAME)", valueName: "dir"))
    var data: String?
    @Option(help: ArgumentHelp("The file with the cluster's secret. (default: ~/.tablewire/secret)", valueName: "file"))
    var secretFile: String?
    @Option(help: ArgumentHelp("This node's certificate and those up to an authority. (default: no TLS)", valueName: "file"))
    var tlsCertificate: String?
    @Option(help: ArgumentHelp("The private key of the certificate, mode 0600.", valueName: "file"))
    var tlsKey: String?
    @Option(help: ArgumentHelp("The authorities whose certificates are taken, and no others.", valueName: "file"))
    var tlsAuthorities: String?
    @Option(
        help: ArgumentHelp("Append the secrets of the links to this file, for Wireshark. (default: nowhere)", valueName: "file"))
    var tlsKeyLog: String?
    @Option(help: ArgumentHelp("A member of the cluster to join at the first start; may be repeated.", valueName: "host:port"))
    var join: [String] = []
    @Option(
        help: ArgumentHelp("Where to serve /health, /ready, /status and /metrics. (default: nowhere)", valueName: "host:port"))
    var http: String?
    @Option(help: ArgumentHelp("Heartbeats for: local (one machine), lan, wan. (default: lan)", valueName: "preset"))
    var preset: String?
    @Option(
        help: ArgumentHelp("Write what passes on the links to this file, for wiredump. (default: nowhere)", valueName: "file"))
    var capture: String?
    @Option(help: ArgumentHelp("How the log looks: text or json. (default: text)", valueName: "format"))
    var logFormat: String?
    @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error or critical. (default: info)", valueName: "level"))
    var logLevel: String?
    @Option(help: ArgumentHelp("Read settings from this YAML file. (default: $TABLEWIRE_CONFIG)", valueName: "file"))
    var config: String?
    @Flag(help: .hidden) var allowFaults = false
    @Option(help: .hidden) var clockOffset: String?
    /// A deliberate fault (`Mutation`), or `list`.
    @Option(help: .hidden) var mutate: String?

    func run() async throws {
        if mutate == "list" { return try listMutations() }
        let file = try (config ?? Environment.value("TABLEWIRE_CONFIG")).map(SettingsFile.read) ?? SettingsLayer()
        let settings = NodeSettings(flags: flags(), environment: SettingsLayer(environment: Environment.value), file: file)
        let logger = Logs.make(format: try settings.logFormat(), level: try settings.logLevel())
        let configuration = try settings.configuration()
        if let file = settings.keyLog() {
            logger.warning("whoever has the TLS key log can read the links", metadata: ["file": "\(file)"])
        }
        let node = Node(configuration: configuration, logger: logger)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: node, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: Logs.lifecycle(logger)))
        do {
            try await group.run()
        } catch let error as NodeError {
            throw CommandError("\(error)")
        }
    }

    private func listMutations() throws {
        let output = Output()
        for mutation in Mutation.all { try output.print("\(mutation.id)\t\(mutation.fault)") }
        try output.flush()
    }

    private func flags() -> SettingsLayer {
        var layer = SettingsLayer()
        let single: [(NodeSetting, String?)] = [
            (.name, name), (.listen, listen), (.advertise, advertise), (.data, data), (.secretFile, secretFile), (.http, http),
            (.tlsCertificate, tlsCertificate), (.tlsKey, tlsKey), (.tlsAuthorities, tlsAuthorities), (.tlsKeyLog, tlsKeyLog),
            (.preset, preset), (.capture, capture), (.logFormat, logFormat), (.logLevel, logLevel), (.clockOffset, clockOffset),
            (.mutate, mutate),
            (.allowFaults, allowFaults ? "true" : nil),
        ]
        for case (let setting, let text?) in single { layer.set(setting, [text], source: "--\(setting.rawValue)") }
        if !join.isEmpty { layer.set(.join, join, source: "--join") }
        return layer
    }
}
