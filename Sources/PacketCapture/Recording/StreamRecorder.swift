/// Records the bytes of connections as a capture that every reader of pcapng understands.
///
/// The first error ends the recording and is kept in `failure`; what is told after it is only counted.
public final class StreamRecorder: QueuedSink {
    private var output: SyntheticConnection.Output?
    private var connections: [Int: SyntheticConnection] = [:]
    /// Why the recording ended too early.
    public private(set) var failure: RecordingError?
    /// Pieces of bytes that passed and are not in the file, and their bytes where they are known.
    public private(set) var lostPieces = 0
    public private(set) var lostBytes = 0

    public init(_ writer: consuming PcapngWriter) {
        output = SyntheticConnection.Output(writer)
    }

    public func began(_ flow: Flow, at time: Timestamp) {
        guard output != nil else { return }
        // Another number for each, so that ports that are used again do not look like repeated packets.
        let sequence = UInt32(truncatingIfNeeded: flow.number) &* 0x0100_0193 &+ 0x1000
        connections[flow.number] = SyntheticConnection(from: flow.first, to: flow.second, initialSequence: sequence)
        guard flow.isFromStart else { return }
        write(flow.number) { (connection, output) throws(RecordingError) in try connection.open(at: time, into: &output) }
    }

    public func received(_ bytes: Span<UInt8>, _ direction: Direction, of flow: Int, at time: Timestamp) {
        guard connections[flow] != nil, output != nil else { return count(lost: bytes.count) }
        write(flow) { (connection, output) throws(RecordingError) in
            try connection.send(bytes, direction, at: time, into: &output)
        }
        if failure != nil { count(lost: bytes.count) }
    }

    public func lost(_ count: Int?, _ direction: Direction, of flow: Int, at time: Timestamp) {
        self.count(lost: count ?? 1)
        connections[flow]?.skip(count ?? 1, direction)
    }

    public func ended(_ direction: Direction, of flow: Int, by end: FlowEnd, at time: Timestamp) {
        switch end {
        case .finished:
            write(flow) { (connection, output) throws(RecordingError) in try connection.finish(direction, at: time, into: &output)
            }
        case .reset:
            write(flow) { (connection, output) throws(RecordingError) in try connection.reset(direction, at: time, into: &output)
            }
        case .replaced, .forgotten, .captureEnded:
            connections[flow] = nil
        }
        if connections[flow]?.isOver == true { connections[flow] = nil }
    }

    /// Lines of a TLS key log, for what is recorded after it.
    public func secrets(_ keyLog: Span<UInt8>) {
        attempt { (output) throws(RecordingError) in try output.writer.secrets(keyLog) }
    }

    public func caughtUp() { flush() }

    /// What was recorded can be read from the file when this returns.
    public func flush() {
        attempt { (output) throws(RecordingError) in try output.writer.flush() }
    }

    /// Completes the file with its statistics and closes it.
    /// - Parameters:
    ///   - dropped: pieces of bytes that passed and are not in the file, where somebody knows better than `lostPieces`.
    ///   - comment: goes to the statistics, for people who look at them.
    public func finish(dropped: Int? = nil, comment: String = "") {
        guard let output = output.take() else { return }
        connections = [:]
        do throws(RecordingError) {
            try output.finish(dropped: dropped ?? lostPieces, comment: comment)
        } catch {
            failure = error
        }
    }

    private func write(
        _ flow: Int, _ body: (inout SyntheticConnection, inout SyntheticConnection.Output) throws(RecordingError) -> Void
    ) {
        attempt { (output) throws(RecordingError) in
            guard var connection = connections[flow] else { return }
            try body(&connection, &output)
            connections[flow] = connection
        }
    }

    private func attempt(_ body: (inout SyntheticConnection.Output) throws(RecordingError) -> Void) {
        guard var current = output.take() else { return }
        do throws(RecordingError) {
            try body(&current)
            output = consume current
        } catch {
            failure = error
            connections = [:]
        }
    }

    private func count(lost bytes: Int) {
        lostPieces += 1
        lostBytes += bytes
    }
}
