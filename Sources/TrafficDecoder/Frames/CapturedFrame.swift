package import PacketCapture

/// One frame of the capture, and the message that it completes.
package struct CapturedFrame {
    /// Counts the frames of the capture from 1.
    package var number: Int
    /// When its last byte was captured.
    package var time: Timestamp
    package var direction: Direction
    package var header: CapturedHeader
    /// Frames of the message that this one ends; 1 for most.
    package var frames = 1
    /// Bytes of the message's body.
    package var messageLength: Int
    /// Whether the body that goes with it is the whole message: not for a frame with MORE, nor for one whose earlier frames or
    /// later bytes are missing.
    package var isWhole: Bool
    /// Why it is not whole, in words, when something is missing.
    package var lack: String?
    /// The first of its lane after missing bytes: it may be the end of a message whose earlier frames nobody saw.
    var mayLackBeginning = false
    /// Rows of a SNAP_CHUNK whose block was unpacked.
    package var rows: Int?
    package var violations: [Violation] = []

    /// Its body makes no sense, which is no wonder.
    mutating func lackBeginning() {
        isWhole = false
        lack = "the beginning of the message is missing"
    }
}

/// What else a capture shows.
package enum TrafficEvent: Sendable {
    case preface(minimum: UInt16, maximum: UInt16, violation: Violation?)
    /// Bytes that the capture does not have; nil: nobody knows how many.
    case gap(Int?)
    /// Bytes in which no frame begins, and the frames that are missing by their sequence.
    case skipped(Int, missing: UInt64, begin: [UInt8], violation: Violation?)
    case ended(FlowEnd)
}

/// Is told what the decoder finds, in the order of the capture.
package protocol TrafficObserver: AnyObject {
    /// The first preface or frame of a connection was found.
    func began(_ link: Link, at time: Timestamp)
    /// - Parameter body: of the whole message when `isWhole`, else what there is of the frame; gone when this returns.
    func frame(_ frame: borrowing CapturedFrame, body: Span<UInt8>, of link: Link)
    func event(_ event: TrafficEvent, _ direction: Direction, of link: Link, at time: Timestamp)
}
