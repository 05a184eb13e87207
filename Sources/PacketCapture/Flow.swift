/// One end of a TCP connection.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    public var address: IPAddress
    public var port: UInt16

    public init(address: IPAddress, port: UInt16) {
        self.address = address
        self.port = port
    }

    /// `127.0.0.1:7401`, `[::1]:7401`.
    public var description: String { address.isIPv6 ? "[\(address)]:\(port)" : "\(address):\(port)" }
}

/// Which of the two ends of a flow sends.
public enum Direction: UInt8, Hashable, Sendable, CaseIterable {
    /// From `Flow.first` to `Flow.second`.
    case forward = 0
    case backward = 1

    public var opposite: Direction { self == .forward ? .backward : .forward }
}

/// One TCP connection as the capture shows it.
public struct Flow: Hashable, Sendable {
    /// From 1 in the order of appearance; never given twice.
    public var number: Int
    /// Who sent the SYN; where the capture has none, who was heard first.
    public var first: Endpoint
    public var second: Endpoint
    /// Whether the capture has the SYN: then the first bytes of both directions are the first of the connection.
    public var isFromStart: Bool

    public init(number: Int, first: Endpoint, second: Endpoint, isFromStart: Bool) {
        self.number = number
        self.first = first
        self.second = second
        self.isFromStart = isFromStart
    }

    /// Who sends in a direction.
    public func sender(_ direction: Direction) -> Endpoint { direction == .forward ? first : second }
}

/// Why a direction of a flow has no more bytes.
public enum FlowEnd: Hashable, Sendable {
    /// FIN: all that was sent came before.
    case finished
    /// RST, of either end: it ends both directions.
    case reset
    /// A new connection between the same two ends began.
    case replaced
    /// The memory was needed for flows that were heard since (`Reassembler.Bounds`); should it be heard again, that is a new flow.
    case forgotten
    /// The capture has no more.
    case captureEnded
}
