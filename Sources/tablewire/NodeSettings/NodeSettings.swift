import ClusterModel
import LinkTransport
import Logging
import NodeRuntime
import ProgramTerminal

/// What a node is told, put together from its sources: flag before environment before file before default.
struct NodeSettings {
    private let layers: [SettingsLayer]

    init(flags: SettingsLayer, environment: SettingsLayer, file: SettingsLayer) {
        layers = [flags, environment, file]
    }

    enum LogFormat: String, CaseIterable {
        case text
        case json
    }

    func logFormat() throws -> LogFormat { try choice(.logFormat) ?? .text }

    func logLevel() throws -> Logger.Level { try choice(.logLevel) ?? .info }

    /// Checks everything and reads the secret, which is made when none was given and the default one is missing.
    func configuration() throws -> NodeConfiguration {
        guard let name = try name(), let listen = try address(.listen) ?? Address("127.0.0.1:7400") else {
            preconditionFailure("the defaults are valid")
        }
        let secretFile = text(.secretFile)
        try checkExposure(listen, hasSecret: secretFile != nil)
        let addresses = (advertise: try address(.advertise), http: try address(.http), join: try joinAddresses())
        let preset: NodeConfiguration.Preset = try choice(.preset) ?? .lan
        let clockOffset = try clockOffset()
        let allowsFaults = try isOn(.allowFaults)
        let data = try text(.data)?.text ?? HomeDirectory.path(name.text)
        if text(.data) == nil { try HomeDirectory.create() }
        var configuration = NodeConfiguration(
            name: name, listen: listen, advertise: addresses.advertise, dataDirectory: data,
            keys: try SecretFile.forNode(secretFile?.text).keys, tls: try tls(), join: addresses.join, http: addresses.http,
            preset: preset,
            capture: text(.capture)?.text, clockOffset: clockOffset, allowsFaults: allowsFaults)
        configuration.mutation = try mutation()
        return configuration
    }

    // MARK: One setting

    private func value(_ setting: NodeSetting) -> SettingsLayer.Value? {
        layers.lazy.compactMap { $0.values[setting] }.first
    }

    private func text(_ setting: NodeSetting) -> (text: String, source: String)? {
        value(setting).flatMap { value in value.texts.last.map { ($0, value.source) } }
    }

    private func name() throws -> NodeName? {
        guard let given = text(.name) else { return NodeName("n1@127.0.0.1") }
        guard let name = NodeName(given.text) else {
            throw UsageError("\(given.source): '\(given.text)' is not a node name: give name@host, such as n1@127.0.0.1")
        }
        return name
    }

    private func address(_ setting: NodeSetting) throws -> Address? {
        guard let given = text(setting) else { return nil }
        return try Self.address(given.text, source: given.source)
    }

    private func joinAddresses() throws -> [Address] {
        guard let given = value(.join) else { return [] }
        return try given.texts.map { try Self.address($0, source: given.source) }
    }

    private static func address(_ text: String, source: String) throws -> Address {
        guard let address = Address(text) else {
            throw UsageError("\(source): '\(text)' is not an address: give host:port, such as 127.0.0.1:7400")
        }
        return address
    }

    private func choice<Choice: RawRepresentable<String> & CaseIterable>(_ setting: NodeSetting) throws -> Choice? {
        guard let given = text(setting) else { return nil }
        guard let choice = Choice(rawValue: given.text) else {
            let all = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw UsageError("\(given.source): '\(given.text)' is none of \(all)")
        }
        return choice
    }

    private func isOn(_ setting: NodeSetting) throws -> Bool {
        guard let given = text(setting) else { return false }
        switch given.text {
        case "true", "yes", "on", "1": return true
        case "false", "no", "off", "0": return false
        default: throw UsageError("\(given.source): '\(given.text)' is neither true nor false")
        }
    }

    private func mutation() throws -> Mutation? {
        guard let given = text(.mutate) else { return nil }
        guard let mutation = Mutation.named(given.text) else {
            throw UsageError("\(given.source): there is no fault '\(given.text)': '--mutate list' shows those that there are")
        }
        return mutation
    }

    private func clockOffset() throws -> Duration {
        guard let given = text(.clockOffset) else { return .zero }
        guard let seconds = Double(given.text), seconds.isFinite, seconds.magnitude < 1e9 else {
            throw UsageError("\(given.source): '\(given.text)' is not a number of seconds")
        }
        return .seconds(seconds)
    }

    /// The file that gets the secrets of the links.
    func keyLog() -> String? { text(.tlsKeyLog)?.text }

    private func tls() throws -> LinkTLS? {
        try TLSFiles(
            certificate: text(.tlsCertificate)?.text, key: text(.tlsKey)?.text, authorities: text(.tlsAuthorities)?.text,
            keyLog: text(.tlsKeyLog)?.text
        ).read()
    }

    // MARK: Exposure

    /// Whoever listens to a network decides about the secret: the default one may be on many machines, or on none other.
    private func checkExposure(_ listen: Address, hasSecret: Bool) throws {
        guard !hasSecret, !Self.isLoopback(listen.host) else { return }
        throw UsageError(
            "\(listen) can be reached from other machines, which needs a secret that was given: add --secret-file FILE "
                + "(to make one: (umask 077; openssl rand -hex 32 > FILE)), or listen on 127.0.0.1")
    }

    static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
