public import PacketCapture

/// One frame of the capture, and the message that it completes.
public struct CapturedFrame {
    /// Counts the frames of the capture from 1.
    public var number: Int
    /// When its last byte was captured.
    public var time: Timestamp
    public var direction: Direction
    public var header: CapturedHeader
    /// Frames of the message that this one ends; 1 for most.
    public var frames = 1
    /// Bytes of the message's body.
    public var messageLength: Int
    /// Whether the body that goes with it is the whole message: not for a frame with MORE, nor for one whose earlier frames or
    /// later bytes are missing.
    public var isWhole: Bool
    /// Why it is not whole, in words, when something is missing.
    public var lack: String?
    /// Rows of a SNAP_CHUNK whose block was unpacked.
    public var rows: Int?
    public var violations: [Violation] = []
}

/// What else a capture shows.
public enum TrafficEvent: Sendable {
    case preface(minimum: UInt16, maximum: UInt16, violation: Violation?)
    /// Bytes that the capture does not have; nil: nobody knows how many.
    case gap(Int?)
    /// Bytes in which no frame begins, and the frames that are missing by their sequence.
    case skipped(Int, missing: UInt64, begin: [UInt8], violation: Violation?)
    case ended(FlowEnd)
}

/// Is told what the decoder finds, in the order of the capture.
public protocol TrafficObserver: AnyObject {
    /// The first preface or frame of a connection was found.
    func began(_ link: Link, at time: Timestamp)
    /// - Parameter body: of the whole message when `isWhole`, else what there is of the frame; gone when this returns.
    func frame(_ frame: borrowing CapturedFrame, body: Span<UInt8>, of link: Link)
    func event(_ event: TrafficEvent, _ direction: Direction, of link: Link, at time: Timestamp)
}
