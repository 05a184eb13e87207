/// Numbers for people.
package enum Quantity {
    /// `1234567` as `1 234 567`.
    package static func grouped(_ number: some BinaryInteger) -> String {
        var result = ""
        let digits = String(number.magnitude)
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { result.append(" ") }
            result.append(digit)
        }
        return (number < 0 ? "-" : "") + result
    }

    /// Bytes in the largest unit that leaves at least one whole: `3.1 MiB`.
    package static func bytes(_ count: UInt64) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var value = Double(count)
        var unit = 0
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return unit == 0 ? "\(count) B" : "\(oneDecimal(value)) \(units[unit])"
    }

    package static func oneDecimal(_ value: Double) -> String {
        let tenths = Int64((value * 10).rounded())
        return "\(tenths / 10).\(tenths.magnitude % 10)"
    }

    package static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }

    /// `1 row`, `2 rows`.
    package static func count(_ number: some BinaryInteger, _ noun: String) -> String {
        "\(grouped(number)) \(noun)\(number == 1 ? "" : "s")"
    }

    /// Milliseconds as `4 d 3 h`, `3 h 12 min`, `12 min 5 s`, `5.2 s`.
    package static func uptime(milliseconds: UInt64) -> String {
        let seconds = milliseconds / 1000
        return switch seconds {
        case 0..<60: "\(oneDecimal(Double(milliseconds) / 1000)) s"
        case 60..<3600: "\(seconds / 60) min \(seconds % 60) s"
        case 3600..<86400: "\(seconds / 3600) h \(seconds % 3600 / 60) min"
        default: "\(seconds / 86400) d \(seconds % 86400 / 3600) h"
        }
    }
}
