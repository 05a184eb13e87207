public import ClusterModel
public import LinkTransport

/// Everything a node is told from outside. What it must remember lives in its data directory instead.
public struct NodeConfiguration: Sendable {
    /// Named sets of heartbeat numbers (HRT-020).
    public enum Preset: String, Sendable, CaseIterable {
        /// One machine: 100 ms interval, suspect after 300 ms.
        case local
        /// One network: 250 ms interval, suspect after 750 ms.
        case lan
        /// Between sites: 1 s interval, suspect after 4 s.
        case wan

        /// Time between two PINGs.
        public var interval: Duration {
            switch self {
            case .local: .milliseconds(100)
            case .lan: .milliseconds(250)
            case .wan: .seconds(1)
            }
        }

        /// Silence after which a peer is suspected.
        public var deadline: Duration {
            switch self {
            case .local: .milliseconds(300)
            case .lan: .milliseconds(750)
            case .wan: .seconds(4)
            }
        }
    }

    /// `name@host`; may change between starts on the same data.
    public var name: NodeName
    /// Where links are accepted.
    public var listen: Address
    /// What other members dial; default is `listen`.
    public var advertise: Address?
    /// Created when it does not exist. One process at a time.
    public var dataDirectory: String
    public var keys: SecretKeys
    /// Beneath every link; default none: links are in clear.
    public var tls: LinkTLS?
    /// Clusters to join at the first start; the first that answers is taken. Ignored once the node is in a cluster of several.
    public var join: [Address]
    /// Where /health, /ready, /status and /metrics are served; default nowhere.
    public var http: Address?
    public var preset: Preset
    /// File that gets what passes on the links as pcapng; one that is there is replaced. Default none. It holds rows
    /// in clear.
    public var capture: String?
    /// Added to the system clock: tests of clock skew.
    public var clockOffset: Duration
    /// Lets callers cut links (`node.block`): tests and the demo.
    public var allowsFaults: Bool
    /// A deliberate fault on every link, to show that the conformance suite finds it.
    public var mutation: Mutation?

    public init(
        name: NodeName, listen: Address = Address(host: "127.0.0.1", port: 7400), advertise: Address? = nil,
        dataDirectory: String, keys: SecretKeys, tls: LinkTLS? = nil, join: [Address] = [], http: Address? = nil,
        preset: Preset = .lan,
        capture: String? = nil, clockOffset: Duration = .zero, allowsFaults: Bool = false
    ) {
        self.name = name
        self.listen = listen
        self.advertise = advertise
        self.dataDirectory = dataDirectory
        self.keys = keys
        self.tls = tls
        self.join = join
        self.http = http
        self.preset = preset
        self.capture = capture
        self.clockOffset = clockOffset
        self.allowsFaults = allowsFaults
    }
}

/// Why a node could not start or had to stop; the text says what to do.
public struct NodeError: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String
    public init(_ description: String) { self.description = description }
}
