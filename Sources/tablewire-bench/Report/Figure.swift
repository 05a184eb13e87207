internal import ProgramTerminal

/// Numbers for people.
enum Figure {
    /// Three digits that mean something: `1 234 567`, `12.3`, `0.00123`.
    static func short(_ number: Double) -> String {
        guard number.isFinite else { return "?" }
        switch number.magnitude {
        case 100...: return Quantity.grouped(Int(number.rounded()))
        case 10...: return ResultLine.decimal(number, places: 1)
        case 0.1...: return ResultLine.decimal(number, places: 2)
        case 0.01...: return ResultLine.decimal(number, places: 3)
        default: return ResultLine.decimal(number, places: 6)
        }
    }
}

/// The middle of several runs and how far they lie apart.
struct Spread: Hashable, Sendable {
    var median: Double
    var least: Double
    var most: Double

    /// - Returns: nil without values.
    init?(_ values: [Double]) {
        let sorted = values.sorted()
        guard let first = sorted.first, let last = sorted.last else { return nil }
        let middle = sorted.count / 2
        median = sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
        least = first
        most = last
    }
}
