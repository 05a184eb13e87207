/// A sink that is told by a `StreamQueue`.
public protocol QueuedSink: StreamSink {
    /// All that has happened so far was told: what is kept in buffers should go out now. Comes many times a second.
    func caughtUp()
}

/// Tells a sink on a thread of its own, so that a slow disk or terminal does not keep whoever calls this.
///
/// Memory is bounded. When it is used up, pieces of bytes are left out, and the sink is told how many (`lost`); connections that
/// begin meanwhile are left out altogether. May be called from any thread; the calls of one flow come in their order.
public final class StreamQueue: StreamSink, @unchecked Sendable {
    public struct Bounds: Sendable {
        /// Bytes that wait for the sink, and as many again that it is being told.
        public var bytes: Int
        /// How long a caller waits for room before a piece is left out. Once that was in vain, nobody waits any more until the
        /// sink goes on.
        public var patience: Duration

        public init(bytes: Int = 32 * 1024 * 1024, patience: Duration = .zero) {
            self.bytes = bytes
            self.patience = patience
        }
    }

    /// What was left out.
    public struct LeftOut: Hashable, Sendable {
        public var flows = 0
        /// Pieces of bytes, those of such flows among them, and their bytes.
        public var pieces = 0
        public var bytes = 0
    }

    /// How often the sink is told at least. Nobody is woken earlier for less than a quarter of the room, so that calling this
    /// mostly costs a copy.
    private static let interval = Duration.milliseconds(20)

    private let patience: Duration
    private let monitor: Monitor<StreamBacklog>
    private let thread: SystemThread

    /// - Parameter sink: used by the queue's thread alone until `finish` returns.
    /// - Throws: `RecordingError.failed` when the system has no thread left.
    public init(bounds: Bounds = Bounds(), into sink: any QueuedSink) throws(RecordingError) {
        patience = bounds.patience
        let monitor = Monitor(StreamBacklog(limit: bounds.bytes))
        self.monitor = monitor
        nonisolated(unsafe) let sink = sink
        thread = try SystemThread { Self.tell(monitor, unsafe sink) }
    }

    private static func tell(_ monitor: Monitor<StreamBacklog>, _ sink: any QueuedSink) {
        var batch = StreamBacklog.Batch()
        var isLast = false
        while !isLast {
            monitor.wait(atMost: interval) { $0.isMuch || $0.isFinished ? true : nil }
            isLast = monitor.withLock { backlog in
                backlog.take(&batch)
                return backlog.isFinished
            }
            // Whoever waits for room has it now, before the sink is told, which may take long.
            monitor.wakeAll()
            batch.tell(sink)
            sink.caughtUp()
        }
    }

    /// What was left out so far.
    public var leftOut: LeftOut { monitor.withLock { $0.leftOut } }

    /// Returns when the sink knows all. To be called once; what is told after it is lost.
    public func finish() {
        monitor.withLock { $0.isFinished = true }
        monitor.wakeAll()
        thread.join()
    }

    public func began(_ flow: Flow, at time: Timestamp) {
        monitor.withLock { $0.begin(flow, at: time) }
    }

    public func received(_ bytes: Span<UInt8>, _ direction: Direction, of flow: Int, at time: Timestamp) {
        let piece = StreamBacklog.Piece(flow: flow, direction: direction, time: time)
        switch monitor.withLock({ $0.offer(bytes, piece) }) {
        case .taken: return
        case .muchWaits: return monitor.wakeAll()
        case .full: break
        }
        let taken = patience == .zero ? nil : monitor.wait(atMost: patience) { $0.offer(bytes, piece) == .full ? nil : true }
        if taken == nil { monitor.withLock { $0.leaveOut(bytes.count, piece) } }
    }

    public func lost(_ count: Int?, _ direction: Direction, of flow: Int, at time: Timestamp) {
        monitor.withLock { $0.lose(count, StreamBacklog.Piece(flow: flow, direction: direction, time: time)) }
    }

    public func ended(_ direction: Direction, of flow: Int, by end: FlowEnd, at time: Timestamp) {
        monitor.withLock { $0.end(end, StreamBacklog.Piece(flow: flow, direction: direction, time: time)) }
    }
}
