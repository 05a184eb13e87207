/// What the reassembly met. Checksums are not checked: a network card may fill them in after the capture.
public struct ReassemblyCounters: Hashable, Sendable {
    // Packets that are no TCP, each counted once.

    /// Of a link type that is not known here.
    public var unknownLinkType = 0
    public var notIP = 0
    public var notTCP = 0
    /// Parts of larger IP packets; they are not put together.
    public var fragments = 0
    /// Cut before the end of their headers, by the capture.
    public var cutHeaders = 0
    /// With lengths that contradict one another.
    public var malformed = 0

    // TCP.

    public var segments = 0
    public var flows = 0
    /// Flows that had not ended when their place was needed.
    public var flowsForgotten = 0
    /// RST of connections of which nothing else was seen.
    public var strayResets = 0
    /// Segments that brought bytes a second time, and how many bytes.
    public var retransmittedSegments = 0
    public var retransmittedBytes = 0
    /// Of the bytes that came twice while the first copy was still held back, those that were others; the first copy was taken.
    public var conflictingBytes = 0
    /// Segments of no byte, or of one that is old, that ask for an acknowledgement.
    public var keepAlives = 0
    /// Segments that had to wait for others.
    public var reorderedSegments = 0
    /// Calls of `lost`, and the bytes of those whose number is known.
    public var gaps = 0
    public var bytesLost = 0
    /// Bytes behind FIN or RST of their direction; not delivered.
    public var bytesAfterEnd = 0
    /// Bytes so far from those expected that no window reaches there; not delivered.
    public var implausibleBytes = 0

    public init() {}
}
