/// The two ends of a flow, the same whoever sends: the lower address with its port first.
///
/// In words, not in `Endpoint`s, because each packet makes one and compares it.
struct FlowKey: Hashable {
    private var lower: UInt64
    private var upper: UInt64
    /// Of IPv6 the first halves of the addresses; 0 of IPv4.
    private var lowerHigh: UInt64 = 0
    private var upperHigh: UInt64 = 0
    /// Port of the lower end, port of the upper end, whether IPv6.
    private var ports: UInt64

    /// - Parameter isSwapped: whether `source` became the upper one.
    @inline(__always)
    init(v4 source: UInt32, _ sourcePort: UInt16, to destination: UInt32, _ destinationPort: UInt16, isSwapped: inout Bool) {
        isSwapped = destination == source ? destinationPort < sourcePort : destination < source
        (lower, upper) = isSwapped ? (UInt64(destination), UInt64(source)) : (UInt64(source), UInt64(destination))
        ports = Self.pack(sourcePort, destinationPort, isSwapped, isIPv6: false)
    }

    @inline(__always)
    init(
        v6 source: (high: UInt64, low: UInt64), _ sourcePort: UInt16, to destination: (high: UInt64, low: UInt64),
        _ destinationPort: UInt16, isSwapped: inout Bool
    ) {
        isSwapped = (destination.high, destination.low, destinationPort) < (source.high, source.low, sourcePort)
        (lower, upper) = isSwapped ? (destination.low, source.low) : (source.low, destination.low)
        (lowerHigh, upperHigh) = isSwapped ? (destination.high, source.high) : (source.high, destination.high)
        ports = Self.pack(sourcePort, destinationPort, isSwapped, isIPv6: true)
    }

    @inline(__always)
    private static func pack(_ source: UInt16, _ destination: UInt16, _ isSwapped: Bool, isIPv6: Bool) -> UInt64 {
        let (lower, upper) = isSwapped ? (destination, source) : (source, destination)
        return UInt64(lower) << 32 | UInt64(upper) << 16 | (isIPv6 ? 1 : 0)
    }

    /// Fewer and larger parts than the compiler's own takes, which needs three times as long.
    func hash(into hasher: inout Hasher) {
        hasher.combine(lower)
        hasher.combine(upper)
        hasher.combine(ports)
        guard ports & 1 != 0 else { return }
        hasher.combine(lowerHigh)
        hasher.combine(upperHigh)
    }

    /// A number below 256 that differs for most flows of a capture.
    @inline(__always)
    var glance: Int { Int(truncatingIfNeeded: ((lower ^ upper &<< 16 ^ ports) &* 0x9e37_79b9_7f4a_7c15) &>> 56) }

    /// Both ends, the lower one first.
    var ends: (lower: Endpoint, upper: Endpoint) {
        let isIPv6 = ports & 1 != 0
        return (
            Endpoint(address: Self.address(lowerHigh, lower, isIPv6), port: UInt16(truncatingIfNeeded: ports >> 32)),
            Endpoint(address: Self.address(upperHigh, upper, isIPv6), port: UInt16(truncatingIfNeeded: ports >> 16))
        )
    }

    private static func address(_ high: UInt64, _ low: UInt64, _ isIPv6: Bool) -> IPAddress {
        isIPv6 ? .v6(high: high, low: low) : .v4(UInt32(truncatingIfNeeded: low))
    }
}
