import ClusterModel
import NIOCore
import WireFormat

/// What waits to be sent on one link: a queue a lane, cut into frames in strict order of urgency at the moment of writing, so
/// that a heartbeat never waits behind more than the frames that the socket already took (FRM-022).
struct LaneQueues {
    private struct Waiting {
        var type: UInt16
        var stream: UInt32
        /// The message's body is these two, one behind the other: a snapshot's chunk is not copied to be joined with its head.
        var head: [UInt8]
        var body: [UInt8]
        var sent = 0

        var count: Int { head.count + body.count }
    }

    private var queues = [CircularBuffer<Waiting>](repeating: CircularBuffer(initialCapacity: 8), count: Lane.allCases.count)
    /// Body bytes that wait, by lane.
    private(set) var waitingBytes = [Int](repeating: 0, count: Lane.allCases.count)
    /// Body bytes sent and allowed to be sent since the link began, by lane (FRM-031).
    private var sentBytes = [UInt64](repeating: 0, count: Lane.allCases.count)
    private var allowedBytes = [UInt64](repeating: .max, count: Lane.allCases.count)
    private var nextSequence: UInt64 = 0
    /// Kept so that a header costs no allocation.
    private var headerBytes: [UInt8] = []
    /// The largest body that the peer takes.
    var maximumBody = Limits.frameBodyBeforeAuthentication

    /// Body bytes that wait on all lanes.
    var totalBytes: Int { waitingBytes.reduce(0, +) }

    /// Body bytes that were written on a lane since the link began.
    func sentBytes(on lane: Lane) -> UInt64 { sentBytes[Int(lane.rawValue)] }

    /// Frames written so far.
    var framesSent: UInt64 { nextSequence }

    mutating func append(type: UInt16, lane: Lane, stream: UInt32, head: [UInt8] = [], body: [UInt8]) {
        let waiting = Waiting(type: type, stream: stream, head: head, body: body)
        queues[Int(lane.rawValue)].append(waiting)
        waitingBytes[Int(lane.rawValue)] += waiting.count
    }

    mutating func setCredit(_ limit: UInt64, on lane: Lane) {
        allowedBytes[Int(lane.rawValue)] = limit
    }

    /// - Returns: false when the limit would be lowered, which no peer may do.
    mutating func raiseCredit(_ limit: UInt64, on lane: Lane) -> Bool {
        guard lane.needsCredit, limit >= allowedBytes[Int(lane.rawValue)] else { return false }
        allowedBytes[Int(lane.rawValue)] = limit
        return true
    }

    /// Forgets what has not been sent, after CLOSE nothing else may follow.
    /// - Parameter first: lanes more urgent than this one keep what they have, to go out before the CLOSE.
    mutating func removeAll(from first: Lane = .control) {
        for index in Int(first.rawValue)..<queues.count {
            queues[index].removeAll()
            waitingBytes[index] = 0
        }
    }

    /// Whether a frame could be written now.
    var isReady: Bool { nextLane() != nil }

    /// Whether something waits for credit alone.
    func isStalled(on lane: Lane) -> Bool {
        !queues[Int(lane.rawValue)].isEmpty && credit(on: Int(lane.rawValue)) == 0
    }

    /// Appends the next frame to `buffer`.
    /// - Returns: its header, or nil when nothing may be sent.
    mutating func writeNextFrame(into buffer: inout ByteBuffer) -> FrameHeader? {
        guard let lane = nextLane() else { return nil }
        let waiting = queues[lane][queues[lane].startIndex]
        let length = min(waiting.count - waiting.sent, maximumBody, credit(on: lane))
        let range = waiting.sent..<waiting.sent + length
        let isLast = range.upperBound == waiting.count
        let head = waiting.head.span.extracting(range.clamped(to: 0..<waiting.head.count))
        let from = max(0, range.lowerBound - waiting.head.count)
        let body = from..<max(from, range.upperBound - waiting.head.count)
        let checksum = CRC32.checksum(waiting.body.span.extracting(body), continuing: CRC32.checksum(head))
        let header = FrameHeader(
            type: waiting.type, flags: isLast ? 0 : FrameHeader.more, lane: UInt8(lane), bodyLength: UInt32(length),
            stream: waiting.stream, sequence: nextSequence, bodyCRC: checksum)
        headerBytes.removeAll(keepingCapacity: true)
        header.append(to: &headerBytes)
        buffer.writeBytes(headerBytes)
        buffer.writeBytes(waiting.head[range.clamped(to: 0..<waiting.head.count)])
        buffer.writeBytes(waiting.body[body])
        nextSequence += 1
        sentBytes[lane] += UInt64(length)
        waitingBytes[lane] -= length
        if isLast {
            queues[lane].removeFirst()
        } else {
            queues[lane][queues[lane].startIndex].sent = range.upperBound
        }
        return header
    }

    private func nextLane() -> Int? {
        queues.indices.first { lane in
            guard let first = queues[lane].first else { return false }
            return first.count == 0 || credit(on: lane) > 0
        }
    }

    private func credit(on lane: Int) -> Int {
        Int(clamping: allowedBytes[lane] - sentBytes[lane])
    }
}
