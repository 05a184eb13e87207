import Foundation

/// How the lines of `wiredump --json` become values that can be compared:
///
/// - `arguments` and `result` go by the method and the kind.
/// - A list is the number of its elements, besides these. `{"base64": …}` are bytes. null is absent.
/// - The time is in seconds since 1970.
/// - A frame whose bytes are not all there says so in `lack`.
extension ComparedFrame {
    /// The frames that wiredump shows.
    /// - Parameter lines: of `wiredump --json`.
    static func frames(in lines: String) throws -> [ComparedFrame] {
        try lines.split(separator: "\n").compactMap { try frame(of: $0) }
    }

    private static func frame(of line: Substring) throws -> ComparedFrame? {
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
        guard object["kind"] as? String == "frame", let from = object["from"] as? String, let to = object["to"] as? String,
            let time = object["time"] as? String
        else { return nil }
        var frame = ComparedFrame(from: from, to: to)
        frame.values["time"] = .string(try seconds(time))
        for name in ["lane", "sequence", "stream", "type", "flags", "bodyLength", "body"] {
            if let value = object[name] { frame.add(value, name) }
        }
        if let lack = object["lack"] as? String { frame.isCut = lack.contains("body bytes are missing") }
        frame.isDamaged = object["violations"] != nil || object["lack"] != nil
        for (name, value) in object["fields"] as? [String: Any] ?? [:] {
            let selector = ["arguments": "method", "result": "kind"][name]
            let selected = selector.flatMap { (object["fields"] as? [String: Any])?[$0] as? String }
            frame.add(value, "fields.\(selected ?? name)")
        }
        return frame
    }

    private static func seconds(_ time: String) throws -> String {
        let parts = time.dropLast().split(separator: ".")
        let date = try Date("\(parts[0])Z", strategy: .iso8601)
        return "\(Int64(date.timeIntervalSince1970)).\(parts[1])"
    }

    private mutating func add(_ value: Any, _ path: String) {
        switch value {
        case let text as String: values[path] = .string(text)
        case let number as NSNumber:
            // A boolean is a number, but no other number of JSON has the type of a C character.
            let isBoolean = unsafe number.objCType.pointee == 0x63
            values[path] = isBoolean ? .boolean(number.boolValue) : .number(number.stringValue)
        case let list as [Any]:
            values[path] = .count(list.count)
            for (index, element) in list.enumerated() { add(element, "\(path)[\(index)]") }
        case let object as [String: Any]:
            if let text = object["base64"] as? String, let data = Data(base64Encoded: text) {
                values[path] = .bytes(hexadecimal(data))
            } else {
                for (name, value) in object { add(value, "\(path).\(name)") }
            }
        default: values[path] = .absent
        }
    }
}
