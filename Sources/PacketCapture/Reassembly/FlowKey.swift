/// The two ends of a flow, the same whoever sends.
struct FlowKey: Hashable {
    private var lower: Endpoint
    private var upper: Endpoint

    /// - Parameter isSwapped: whether `source` became the upper one.
    @inline(__always)
    init(_ source: Endpoint, _ destination: Endpoint, isSwapped: inout Bool) {
        isSwapped = Self.isBefore(destination, source)
        (lower, upper) = isSwapped ? (destination, source) : (source, destination)
    }

    @inline(__always)
    private static func isBefore(_ left: Endpoint, _ right: Endpoint) -> Bool {
        if left.address.low != right.address.low { return left.address.low < right.address.low }
        if left.port != right.port { return left.port < right.port }
        return left.address.high < right.address.high
    }
}
