import Foundation
import ProgramTerminal

/// What one measurement gave: named values in a fixed order, printed as one line of JSON or as a table.
struct ResultLine: Hashable, Sendable {
    enum Value: Hashable, Sendable {
        case text(String)
        case integer(Int)
        case number(Double)
        case flag(Bool)
    }

    struct Field: Hashable, Sendable {
        var name: String
        var value: Value
    }

    private(set) var fields: [Field] = []

    /// The fields that every line has, in their order; what is not known is 0.
    init(
        _ benchmark: String, rows: Int = 0, valueBytes: Int = 0, seconds: Double = 0, rate: Double? = nil, peakMemory: Double = 0,
        bytesOnWire: Int = 0
    ) {
        self["peer"] = .text("tablewire")
        self["benchmark"] = .text(benchmark)
        self["rows"] = .integer(rows)
        self["value_bytes"] = .integer(valueBytes)
        self["seconds"] = .number(seconds)
        self["rate"] = .number(rate ?? (seconds > 0 ? Double(rows) / seconds : 0))
        self["rss_mb"] = .number(peakMemory)
        self["bytes_on_wire"] = .integer(bytesOnWire)
    }

    /// - Returns: nil when the text is not one JSON object of plain values. The fields are in the order of their names.
    init?(parsing text: some StringProtocol) {
        guard let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else { return nil }
        for (name, value) in object.sorted(by: { $0.key < $1.key }) {
            switch value {
            case let text as String: self[name] = .text(text)
            case let number as NSNumber: self[name] = .number(number.doubleValue)
            default: return nil
            }
        }
    }

    /// Setting a field that is there replaces its value, else it comes last.
    subscript(name: String) -> Value? {
        get { fields.first { $0.name == name }?.value }
        set {
            if let index = fields.firstIndex(where: { $0.name == name }) {
                if let newValue { fields[index].value = newValue } else { fields.remove(at: index) }
            } else if let newValue {
                fields.append(Field(name: name, value: newValue))
            }
        }
    }

    /// A value that is a number.
    func number(_ name: String) -> Double? {
        switch self[name] {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// One JSON object, as the drivers of the peers print it: numbers with at most six decimals.
    var json: String {
        "{" + fields.map { "\"\($0.name)\": \(Self.json($0.value))" }.joined(separator: ", ") + "}"
    }

    private static func json(_ value: Value) -> String {
        switch value {
        case .text(let text): quoted(text)
        case .integer(let number): "\(number)"
        case .number(let number): number.isFinite ? decimal(number, places: 6) : "null"
        case .flag(let flag): "\(flag)"
        }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case _ where scalar.value < 32: result += " "
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// Without trailing zeros, never in exponents.
    static func decimal(_ number: Double, places: Int) -> String {
        var text = String(format: "%.\(places)f", number)
        while text.contains("."), text.last == "0" { text.removeLast() }
        if text.last == "." { text.removeLast() }
        return text == "-0" ? "0" : text
    }
}

extension ResultLine {
    /// Name and value of each field, for people; what was not measured is left out.
    var table: Columns {
        var columns = Columns(["", ""])
        for field in fields {
            switch field.value {
            case .integer(0), .number(0): continue
            case .text(let text): columns.append([Self.words(field.name), text])
            case .integer(let number): columns.append([Self.words(field.name), Quantity.grouped(number)])
            case .number(let number): columns.append([Self.words(field.name), Figure.short(number)])
            case .flag(let flag): columns.append([Self.words(field.name), flag ? "yes" : "no"])
            }
        }
        return columns
    }

    private static func words(_ name: String) -> String {
        let units = ["_us": ", µs", "_mb": ", MiB", "_s": ", s"]
        let unit = units.keys.first { name.hasSuffix($0) }
        let stem = unit.map { String(name.dropLast($0.count)) } ?? name
        return stem.replacing("_", with: " ") + (unit.flatMap { units[$0] } ?? "")
    }
}
