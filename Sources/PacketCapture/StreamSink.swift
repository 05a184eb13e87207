/// Takes what `Reassembler` makes of packets, in the order of the capture.
///
/// `began` comes before anything else of a flow. Of each direction follow bytes and gaps in their order, each byte once, then
/// `ended` once, and nothing more; a flow whose two directions have ended is not heard of again.
public protocol StreamSink: AnyObject {
    func began(_ flow: Flow, at time: Timestamp)

    /// The next bytes of a direction, at least one; they are gone when this returns.
    /// - Parameters:
    ///   - flow: `Flow.number`.
    ///   - time: of the packet that completed them.
    func received(_ bytes: Span<UInt8>, _ direction: Direction, of flow: Int, at time: Timestamp)

    /// Bytes that the capture does not have, before those that come next.
    /// - Parameter count: at least 1; nil when nobody can know how many.
    func lost(_ count: Int?, _ direction: Direction, of flow: Int, at time: Timestamp)

    func ended(_ direction: Direction, of flow: Int, by end: FlowEnd, at time: Timestamp)
}
