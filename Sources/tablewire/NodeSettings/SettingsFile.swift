import ProgramTerminal
import Yams

/// A configuration file in YAML: the keys are the names of the flags.
enum SettingsFile {
    private static let limit = 1024 * 1024

    static func read(_ path: String) throws -> SettingsLayer {
        let bytes = try InputFile(path).readAll(limit: limit)
        return try parse(String(decoding: bytes, as: UTF8.self), name: path)
    }

    /// - Parameter name: what errors call the file.
    /// - Throws: the first thing that is wrong, with file, line and key. An unknown key is an error: it is most likely a typing
    ///   mistake for one that matters.
    static func parse(_ text: String, name: String) throws -> SettingsLayer {
        var layer = SettingsLayer()
        guard let root = try compose(text, name: name) else { return layer }
        guard case .mapping(let mapping) = root else {
            throw CommandError("\(name) is not a list of settings: write lines such as 'listen: 127.0.0.1:7400'")
        }
        for (key, value) in mapping {
            let place = "\(name):\(key.mark?.line ?? 1)"
            guard let word = key.scalar?.string, let setting = NodeSetting(rawValue: word) else {
                let known = NodeSetting.allCases.filter { !$0.isHidden }.map(\.rawValue).joined(separator: ", ")
                throw CommandError("\(place): unknown key '\(key.scalar?.string ?? "?")'; the keys are \(known)")
            }
            layer.set(setting, try texts(value, of: setting, place: place), source: "\(place): \(word)")
        }
        return layer
    }

    private static func compose(_ text: String, name: String) throws -> Yams.Node? {
        do {
            return try Yams.compose(yaml: text)
        } catch {
            let words = "\(error)".split(whereSeparator: \.isNewline).first ?? "it cannot be read"
            throw CommandError("\(name) is not YAML: \(words); write lines such as 'listen: 127.0.0.1:7400'")
        }
    }

    private static func texts(_ value: Yams.Node, of setting: NodeSetting, place: String) throws -> [String] {
        switch value {
        case .scalar(let scalar):
            return [scalar.string]
        case .sequence(let sequence) where setting.isList:
            return try sequence.map { element in
                guard let text = element.scalar?.string else {
                    throw CommandError("\(place): \(setting.rawValue) is a list of texts")
                }
                return text
            }
        case .sequence, .mapping, .alias:
            throw CommandError("\(place): \(setting.rawValue) takes \(setting.isList ? "a text or a list of texts" : "one text")")
        }
    }
}
