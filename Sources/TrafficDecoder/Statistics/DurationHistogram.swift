/// Durations by size, each within a sixteenth of its value: a fixed amount of memory for any number of them.
struct DurationHistogram: Sendable {
    private static let parts = 16
    private var counts = [UInt32](repeating: 0, count: 60 * parts)
    private(set) var count = 0
    /// Nanoseconds.
    private(set) var longest: Int64 = 0

    mutating func add(_ nanoseconds: Int64) {
        let value = UInt64(max(0, nanoseconds))
        counts[Self.place(value)] &+= 1
        count += 1
        longest = max(longest, Int64(value))
    }

    mutating func add(_ other: DurationHistogram) {
        for index in counts.indices { counts[index] &+= other.counts[index] }
        count += other.count
        longest = max(longest, other.longest)
    }

    /// The value that `share` of all do not exceed, in nanoseconds; 0 without any.
    func quantile(_ share: Double) -> Int64 {
        guard count > 0 else { return 0 }
        let wanted = max(1, Int((Double(count) * share).rounded(.up)))
        var seen = 0
        for index in counts.indices {
            seen += Int(counts[index])
            if seen >= wanted { return min(longest, Self.upperEnd(index)) }
        }
        return longest
    }

    /// How many lie from `lower` on and below `upper`, as exactly as the places allow.
    func count(from lower: Int64, below upper: Int64) -> Int {
        var sum = 0
        for index in counts.indices where counts[index] > 0 {
            let value = Self.upperEnd(index)
            if value >= lower, value < upper { sum += Int(counts[index]) }
        }
        return sum
    }

    /// Values below 16 have a place each; above, each power of two has sixteen.
    private static func place(_ value: UInt64) -> Int {
        guard value >= UInt64(parts) else { return Int(value) }
        let exponent = 63 - value.leadingZeroBitCount
        let part = Int(value >> UInt64(exponent - 4)) & (parts - 1)
        return min((exponent - 3) * parts + part, 60 * parts - 1)
    }

    /// The largest value of a place.
    private static func upperEnd(_ place: Int) -> Int64 {
        guard place >= parts else { return Int64(place) }
        let exponent = place / parts + 3
        return Int64((UInt64(parts + place % parts + 1) << UInt64(exponent - 4)) - 1)
    }
}
