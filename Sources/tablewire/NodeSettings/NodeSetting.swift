/// What a node can be told, by the name that its flag and its key in a configuration file have.
enum NodeSetting: String, CaseIterable {
    case name
    case listen
    case advertise
    case data
    case secretFile = "secret-file"
    case tlsCertificate = "tls-certificate"
    case tlsKey = "tls-key"
    case tlsAuthorities = "tls-authorities"
    case tlsKeyLog = "tls-key-log"
    case join
    case http
    case preset
    case capture
    case logFormat = "log-format"
    case logLevel = "log-level"
    case allowFaults = "allow-faults"
    case clockOffset = "clock-offset"
    case mutate

    /// `secret-file` as `TABLEWIRE_SECRET_FILE`.
    var variable: String {
        "TABLEWIRE_" + String(rawValue.uppercased().map { $0 == "-" ? "_" : $0 })
    }

    /// Only `join` may be given several times.
    var isList: Bool { self == .join }

    /// Left out of help and of the keys that errors suggest: for tests.
    var isHidden: Bool { self == .allowFaults || self == .clockOffset || self == .mutate }
}

/// The values that one source gives: the command line, the environment, or a file.
struct SettingsLayer: Hashable {
    struct Value: Hashable {
        /// One, or any number for a list.
        var texts: [String]
        /// Where it stands, for errors: `--listen`, `TABLEWIRE_LISTEN`, `node.yaml:3: listen`.
        var source: String
    }

    private(set) var values: [NodeSetting: Value] = [:]

    mutating func set(_ setting: NodeSetting, _ texts: [String], source: String) {
        values[setting] = Value(texts: texts, source: source)
    }

    /// The variables of an environment that have a text. Several addresses to join are separated by commas.
    init(environment: (String) -> String?) {
        for setting in NodeSetting.allCases {
            guard let text = environment(setting.variable), !text.isEmpty else { continue }
            let texts = setting.isList ? text.split(separator: ",").map { String($0.trimmingBlanks) } : [text]
            set(setting, texts, source: setting.variable)
        }
    }

    init() {}
}

extension Substring {
    fileprivate var trimmingBlanks: Substring {
        var result = self
        while result.first == " " { result.removeFirst() }
        while result.last == " " { result.removeLast() }
        return result
    }
}
