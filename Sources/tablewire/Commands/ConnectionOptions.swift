import ArgumentParser
import ClusterModel
import LinkTransport
import ProgramTerminal
import TablewireClient

/// Which node to call and how to prove that we may.
struct ConnectionOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp("The node to call. (default: $TABLEWIRE_NODE, then 127.0.0.1:7400)", valueName: "host:port"),
        transform: Arguments.address)
    var node: Address?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The file with the cluster's secret. (default: $TABLEWIRE_SECRET_FILE, then ~/.tablewire/secret)", valueName: "file"))
    var secretFile: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "For nodes with TLS: our certificate, in PEM. (default: $TABLEWIRE_TLS_CERTIFICATE, then no TLS)", valueName: "file"))
    var tlsCertificate: String?

    @Option(
        name: .long, help: ArgumentHelp("The private key of the certificate. (default: $TABLEWIRE_TLS_KEY)", valueName: "file"))
    var tlsKey: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The authorities whose certificates are taken, and no others. (default: $TABLEWIRE_TLS_AUTHORITIES)",
            valueName: "file"))
    var tlsAuthorities: String?

    @Flag(name: .long, help: "Print JSON: one document, or a line for each row or event.")
    var json = false

    private func address() throws -> Address {
        if let node { return node }
        guard let text = Environment.value("TABLEWIRE_NODE"), !text.isEmpty else {
            return Address(host: "127.0.0.1", port: 7400)
        }
        guard let address = Address(text) else {
            throw UsageError("TABLEWIRE_NODE is '\(text)', which is not host:port: give for example 127.0.0.1:7400")
        }
        return address
    }

    /// Connects, runs `body`, says goodbye.
    func withClient(_ body: (TablewireClient) async throws -> Void) async throws {
        let (address, secret) = (try address(), try SecretFile.forClient(secretFile))
        let tls = try TLSFiles.forClient(certificate: tlsCertificate, key: tlsKey, authorities: tlsAuthorities).read()
        let client: TablewireClient
        do throws(ClientError) {
            client = try await TablewireClient.connect(to: address, keys: secret.keys, tls: tls)
        } catch {
            throw CommandError(Self.describe(error, secretFile: secret.path))
        }
        do {
            try await body(client)
            await client.close()
        } catch let error as ClientError {
            throw CommandError(Advice.describe(error))
        }
    }

    private static func describe(_ error: ClientError, secretFile: String) -> String {
        guard case .closed(let address, let close) = error, close.code == ErrorCode.authenticationFailed.rawValue else {
            return Advice.describe(error)
        }
        return "\(address) does not accept the secret in \(secretFile) (AUTHENTICATION_FAILED): "
            + "give the secret file of its cluster with --secret-file"
    }
}

/// A command that calls a node.
protocol ClientCommand: AsyncParsableCommand {
    var connection: ConnectionOptions { get }
    func run(_ client: TablewireClient, _ output: Output) async throws
}

extension ClientCommand {
    mutating func run() async throws {
        let command = self
        let output = Output()
        try await connection.withClient { client in
            try await command.run(client, output)
            try output.flush()
        }
    }
}
