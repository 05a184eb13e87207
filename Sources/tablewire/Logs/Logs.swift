import Glibc
import Logging
import ProgramTerminal

/// The log of a node on standard error: for people, or a JSON object a line for programs.
enum Logs {
    static func make(format: NodeSettings.LogFormat, level: Logger.Level) -> Logger {
        var logger = Logger(label: "tablewire") { _ in
            switch format {
            case .text: TextLog(usesColor: Terminal.wantsColor(STDERR_FILENO))
            case .json: JSONLog()
            }
        }
        logger.logLevel = level
        return logger
    }

    /// The service group says little that a node does not say itself.
    static func lifecycle(_ logger: Logger) -> Logger {
        var logger = logger
        if logger.logLevel > .debug { logger.logLevel = max(logger.logLevel, .warning) }
        return logger
    }
}

/// `2026-11-21T16:31:26.123Z info     link is up peer=n2@127.0.0.1`
struct TextLog: LogHandler {
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    private let usesColor: Bool
    private let put: @Sendable ([UInt8]) -> Void

    init(usesColor: Bool, put: @escaping @Sendable ([UInt8]) -> Void = { StandardError.write($0) }) {
        self.usesColor = usesColor
        self.put = put
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let name = event.level.rawValue
        let level = styled(Self.style(event.level), name) + String(repeating: " ", count: 8 - name.count)
        let pairs = all(event).map { " " + styled(.faint, "\($0.key)=") + Self.quoted("\($0.value)") }.joined()
        put(Array("\(styled(.faint, WallTime.now())) \(level) \(Self.oneLine("\(event.message)"))\(pairs)\n".utf8))
    }

    private func styled(_ style: Style?, _ text: String) -> String {
        if usesColor, let style { style.apply(to: text) } else { text }
    }

    private static func style(_ level: Logger.Level) -> Style? {
        switch level {
        case .trace, .debug: .faint
        case .info: nil
        case .notice: .good
        case .warning: .warning
        case .error, .critical: .bad
        }
    }

    /// Text of peers and files comes into logs: it must not be able to fake a line or to steer a terminal.
    private static func oneLine(_ text: String) -> String { BytesText.line(Array(text.utf8)) }

    private static func quoted(_ text: String) -> String {
        let needsQuotes: (UInt8) -> Bool = { $0 <= 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "=") || $0 == 0x7F }
        guard text.isEmpty || text.utf8.contains(where: needsQuotes) else { return oneLine(text) }
        var buffer: [UInt8] = []
        JSONText.quote(Array(oneLine(text).utf8), to: &buffer)
        return String(decoding: buffer, as: UTF8.self)
    }
}

/// `{"time": "...", "level": "info", "message": "link is up", "peer": "n2@127.0.0.1"}`
struct JSONLog: LogHandler {
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    private let put: @Sendable ([UInt8]) -> Void

    init(put: @escaping @Sendable ([UInt8]) -> Void = { StandardError.write($0) }) { self.put = put }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let head = ["time", "level", "message"]
        var members = [
            JSON.Member(name: "time", value: .string(WallTime.now())),
            JSON.Member(name: "level", value: .string(event.level.rawValue)),
            JSON.Member(name: "message", value: .string("\(event.message)")),
        ]
        for (key, value) in all(event) {
            members.append(JSON.Member(name: head.contains(key) ? "_" + key : key, value: Self.json(value)))
        }
        var line: [UInt8] = []
        JSON.object(members).append(to: &line)
        put(line + [UInt8(ascii: "\n")])
    }

    private static func json(_ value: Logger.MetadataValue) -> JSON {
        switch value {
        case .string(let text): .string(text)
        case .stringConvertible(let value): .string("\(value)")
        case .array(let values): .array(values.map(json))
        case .dictionary(let values):
            .object(values.sorted { $0.key < $1.key }.map { JSON.Member(name: $0.key, value: json($0.value)) })
        }
    }
}

extension LogHandler {
    /// Everything that goes with an event, in the order of the keys.
    fileprivate func all(_ event: LogEvent) -> [(key: String, value: Logger.MetadataValue)] {
        var result = metadata
        if let more = metadataProvider?.get() { result.merge(more) { _, new in new } }
        if let more = event.metadata { result.merge(more) { _, new in new } }
        if let error = event.error { result["error"] = .string("\(error)") }
        return result.sorted { $0.key < $1.key }
    }
}
