/// How an interface of pcapng counts time: `if_tsresol` and `if_tsoffset`.
struct TickScale: Hashable {
    private var unit = Unit.nanoseconds(1000)
    /// Seconds to be added.
    var offset: Int64 = 0

    private enum Unit: Hashable {
        /// A tick has so many.
        case nanoseconds(UInt64)
        /// A nanosecond has so many ticks; 0 is more than can be counted.
        case partsOfNanosecond(UInt64)
        /// A second has two to the power of it.
        case powerOfTwo(Int)
    }

    /// Microseconds, which is what a file means that says nothing.
    init() {}

    /// - Parameter resolution: the option's byte: ten to the minus n seconds, or with the first bit set two to the minus n.
    init(resolution: UInt8) {
        let exponent = Int(resolution & 0x7f)
        if resolution & 0x80 != 0 {
            unit = .powerOfTwo(exponent)
        } else if exponent <= 9 {
            unit = .nanoseconds(Self.powerOfTen(9 - exponent))
        } else {
            unit = .partsOfNanosecond(Self.powerOfTen(exponent - 9))
        }
    }

    private static func powerOfTen(_ exponent: Int) -> UInt64 {
        exponent > 19 ? 0 : (0..<exponent).reduce(1) { power, _ in power * 10 }
    }

    /// What is beyond the range of a time is its end.
    func time(_ ticks: UInt64) -> Timestamp {
        let nanoseconds = Int64(clamping: nanoseconds(ticks))
        guard offset != 0 else { return Timestamp(nanoseconds: nanoseconds) }
        let (shift, isFar) = offset.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflow) = nanoseconds.addingReportingOverflow(shift)
        guard !isFar, !overflow else { return Timestamp(nanoseconds: offset < 0 ? .min : .max) }
        return Timestamp(nanoseconds: sum)
    }

    private func nanoseconds(_ ticks: UInt64) -> UInt64 {
        switch unit {
        case .nanoseconds(let count):
            let (product, overflow) = ticks.multipliedReportingOverflow(by: count)
            return overflow ? .max : product
        case .partsOfNanosecond(let count): return count == 0 ? 0 : ticks / count
        case .powerOfTwo(let exponent):
            return UInt64(clamping: (UInt128(ticks) * 1_000_000_000) >> UInt128(exponent))
        }
    }
}
