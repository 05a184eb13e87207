import Foundation

/// Checks values against a JSON schema that uses a few keywords of draft 2020-12; another keyword is an error, not a promise that
/// nobody keeps.
struct SchemaChecker {
    struct UnknownKeyword: Error, Equatable {
        let keyword: String
    }

    private let root: [String: Any]
    private static let annotations: Set<String> = ["$schema", "title", "description", "$defs"]
    private static let known: Set<String> = [
        "$ref", "oneOf", "allOf", "type", "const", "enum", "pattern", "required", "properties", "additionalProperties",
        "unevaluatedProperties", "items", "minItems", "maxItems",
    ]

    /// - Throws: `UnknownKeyword` when the schema uses anything else, wherever it stands.
    init(_ schema: Data) throws {
        root = try JSONSerialization.jsonObject(with: schema) as? [String: Any] ?? [:]
        try Self.examine(root)
    }

    private static func examine(_ schema: [String: Any]) throws {
        for keyword in schema.keys where !known.contains(keyword) && !annotations.contains(keyword) {
            throw UnknownKeyword(keyword: keyword)
        }
        for container in ["properties", "$defs"] {
            for inner in (schema[container] as? [String: Any] ?? [:]).values { try examine(inner as? [String: Any] ?? [:]) }
        }
        for inner in ["items", "additionalProperties", "unevaluatedProperties"] {
            if let inner = schema[inner] as? [String: Any] { try examine(inner) }
        }
        for list in ["oneOf", "allOf"] {
            for inner in schema[list] as? [[String: Any]] ?? [] { try examine(inner) }
        }
    }

    /// - Returns: what is wrong with the value, each with its place; nothing when it follows the schema.
    func problems(_ value: Any) -> [String] { check(value, root, "$").problems }

    private struct Verdict {
        var problems: [String] = []
        /// Properties that some part of the schema named.
        var evaluated: Set<String> = []

        mutating func add(_ other: Verdict) {
            problems += other.problems
            evaluated.formUnion(other.evaluated)
        }
    }

    private func check(_ value: Any, _ schema: [String: Any], _ place: String) -> Verdict {
        var verdict = Verdict()
        if let reference = schema["$ref"] as? String { verdict.add(check(value, resolve(reference), place)) }
        for part in schema["allOf"] as? [[String: Any]] ?? [] { verdict.add(check(value, part, place)) }
        if let choices = schema["oneOf"] as? [[String: Any]] {
            let verdicts = choices.map { check(value, $0, place) }
            let fitting = verdicts.filter(\.problems.isEmpty)
            if fitting.count == 1 {
                verdict.evaluated.formUnion(fitting[0].evaluated)
            } else {
                let all = verdicts.flatMap(\.problems).joined(separator: "; ")
                verdict.problems.append("\(place): \(fitting.count) of \(choices.count) choices fit: \(all)")
            }
        }
        checkScalar(value, schema, place, &verdict)
        if let object = value as? [String: Any] { checkObject(object, schema, place, &verdict) }
        if let list = value as? [Any] { checkList(list, schema, place, &verdict) }
        return verdict
    }

    private func resolve(_ reference: String) -> [String: Any] {
        let definitions = root["$defs"] as? [String: Any] ?? [:]
        return definitions[String(reference.dropFirst("#/$defs/".count))] as? [String: Any] ?? ["enum": []]
    }

    private func checkScalar(_ value: Any, _ schema: [String: Any], _ place: String, _ verdict: inout Verdict) {
        let types = schema["type"] as? [String] ?? (schema["type"] as? String).map { [$0] }
        if let types, !types.contains(where: { isOfType(value, $0) }) {
            verdict.problems.append("\(place): \(value) is no \(types.joined(separator: " or "))")
        }
        if let constant = schema["const"], !isEqual(value, constant) {
            verdict.problems.append("\(place): \(value) is not \(constant)")
        }
        if let choices = schema["enum"] as? [Any], !choices.contains(where: { isEqual(value, $0) }) {
            verdict.problems.append("\(place): \(value) is none of \(choices)")
        }
        if let pattern = schema["pattern"] as? String, let text = value as? String, !matches(text, pattern) {
            verdict.problems.append("\(place): '\(text)' does not match \(pattern)")
        }
    }

    private func checkObject(_ object: [String: Any], _ schema: [String: Any], _ place: String, _ verdict: inout Verdict) {
        for name in schema["required"] as? [String] ?? [] where object[name] == nil {
            verdict.problems.append("\(place): no \(name)")
        }
        let properties = schema["properties"] as? [String: Any] ?? [:]
        for (name, value) in object.sorted(by: { $0.key < $1.key }) {
            let inner = "\(place).\(name)"
            if let property = properties[name] as? [String: Any] {
                verdict.evaluated.insert(name)
                verdict.problems += check(value, property, inner).problems
            } else if let other = schema["additionalProperties"] {
                verdict.evaluated.insert(name)
                checkOther(value, other, inner, &verdict)
            }
        }
        guard let other = schema["unevaluatedProperties"] else { return }
        for (name, value) in object where !verdict.evaluated.contains(name) {
            checkOther(value, other, "\(place).\(name)", &verdict)
        }
    }

    /// A property that has no schema by its name.
    private func checkOther(_ value: Any, _ rule: Any, _ place: String, _ verdict: inout Verdict) {
        if let rule = rule as? [String: Any] {
            verdict.problems += check(value, rule, place).problems
        } else if rule as? Bool == false {
            verdict.problems.append("\(place): is not in the schema")
        }
    }

    private func checkList(_ list: [Any], _ schema: [String: Any], _ place: String, _ verdict: inout Verdict) {
        if let least = schema["minItems"] as? Int, list.count < least { verdict.problems.append("\(place): fewer than \(least)") }
        if let most = schema["maxItems"] as? Int, list.count > most { verdict.problems.append("\(place): more than \(most)") }
        guard let items = schema["items"] as? [String: Any] else { return }
        for (index, item) in list.enumerated() { verdict.problems += check(item, items, "\(place)[\(index)]").problems }
    }

    private func isOfType(_ value: Any, _ type: String) -> Bool {
        switch type {
        case "object": value is [String: Any]
        case "array": value is [Any]
        case "string": value is String
        case "null": value is NSNull
        case "boolean": isBoolean(value)
        case "integer": !isBoolean(value) && (value as? NSNumber).map { $0.doubleValue == $0.doubleValue.rounded() } == true
        default: false
        }
    }

    private func matches(_ text: String, _ pattern: String) -> Bool {
        text.range(of: pattern, options: .regularExpression) != nil
    }

    private func isBoolean(_ value: Any) -> Bool {
        (value as? NSNumber).map { unsafe String(cString: $0.objCType) == "c" } ?? false
    }

    private func isEqual(_ value: Any, _ other: Any) -> Bool {
        if let value = value as? String { return value == other as? String }
        if isBoolean(value) || isBoolean(other) {
            return isBoolean(value) && isBoolean(other) && value as? Bool == other as? Bool
        }
        return (value as? NSNumber) != nil && value as? NSNumber == other as? NSNumber
    }
}
