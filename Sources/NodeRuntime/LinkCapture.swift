import Logging
import PacketCapture
import Synchronization

/// Writes what passes on the links to a file, as a capture that every tool for captures reads.
///
/// The file has a thread of its own: a disk that is slow or full never holds up the node. What is left out for that is counted, in
/// the node's counters and in the capture.
final class LinkCapture: Sendable {
    private let file: String
    private let queue: StreamQueue
    private let output: CaptureOutput
    private let lastFlow = Atomic(0)
    private let told = Mutex((isIncomplete: false, hasFailed: false))

    /// Creates the file, or empties the one that is there.
    init(_ file: String, node: String) throws(NodeError) {
        self.file = file
        let origin = PcapngWriter.Origin(
            application: "tablewire node", interface: node, description: "the links of \(node)")
        do throws(RecordingError) {
            output = CaptureOutput(StreamRecorder(try PcapngWriter(creating: file, origin: origin)))
            queue = try StreamQueue(into: output)
        } catch {
            throw NodeError("cannot write a capture to \(error)")
        }
    }

    /// Bytes of links that passed and are not in the file.
    var lostBytes: Int { queue.leftOut.bytes + output.outcome.refused }

    /// Says once that something is missing, and once why nothing more is written.
    func report(to logger: Logger) {
        let (lost, failure) = (lostBytes, output.outcome.failure)
        let news = told.withLock { told in
            defer { told = (told.isIncomplete || lost > 0, told.hasFailed || failure != nil) }
            return (isIncomplete: lost > 0 && !told.isIncomplete, hasFailed: failure != nil && !told.hasFailed)
        }
        if news.hasFailed, let failure {
            logger.error("the capture has ended, the node goes on", metadata: ["error": "\(failure)"])
        } else if news.isIncomplete, failure == nil {
            logger.warning(
                "the capture has gaps: its disk is too slow", metadata: ["capture": "\(file)", "capture.bytes_lost": "\(lost)"])
        }
    }

    /// Completes the file; returns when it is.
    func finish() {
        queue.finish()
        output.finish(leftOut: queue.leftOut)
    }

    /// What tells it the bytes of one link: the handler next to the link's own, which sees the exact bytes.
    func recorder(dialer: Bool) -> LinkRecorder {
        let number = lastFlow.wrappingAdd(1, ordering: .relaxed).newValue
        return LinkRecorder(queue, flow: number, sends: dialer ? .forward : .backward)
    }
}

/// Writes on the queue's thread, and lets others know how that goes.
private final class CaptureOutput: QueuedSink, @unchecked Sendable {
    // The recorder belongs to the queue's thread, and then to whoever finished the queue.
    private let recorder: StreamRecorder
    private let shared = Mutex<(refused: Int, failure: RecordingError?)>((0, nil))

    init(_ recorder: StreamRecorder) { self.recorder = recorder }

    /// Bytes that came after the file could no longer be written, and why it could not.
    var outcome: (refused: Int, failure: RecordingError?) { shared.withLock { $0 } }

    func began(_ flow: Flow, at time: Timestamp) { recorder.began(flow, at: time) }

    func received(_ bytes: Span<UInt8>, _ direction: Direction, of flow: Int, at time: Timestamp) {
        recorder.received(bytes, direction, of: flow, at: time)
        if recorder.failure != nil { noteFailure(refused: bytes.count) }
    }

    func lost(_ count: Int?, _ direction: Direction, of flow: Int, at time: Timestamp) {
        recorder.lost(count, direction, of: flow, at: time)
    }

    func ended(_ direction: Direction, of flow: Int, by end: FlowEnd, at time: Timestamp) {
        recorder.ended(direction, of: flow, by: end, at: time)
    }

    func caughtUp() {
        recorder.caughtUp()
        noteFailure(refused: 0)
    }

    func finish(leftOut: StreamQueue.LeftOut) {
        let comment = leftOut.pieces == 0 ? "" : "\(leftOut.bytes) bytes are missing: the disk was too slow for them"
        recorder.finish(dropped: leftOut.pieces, comment: comment)
        noteFailure(refused: 0)
    }

    private func noteFailure(refused: Int) {
        guard let failure = recorder.failure else { return }
        shared.withLock { $0 = ($0.refused + refused, failure) }
    }
}
