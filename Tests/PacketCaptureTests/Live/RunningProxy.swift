@testable import PacketCapture

/// A proxy on a thread of its own, on a free port.
final class RunningProxy {
    let address: Endpoint
    /// What it was told, to be read once it has stopped.
    let notices = Monitor<[ProxyNotice]>([])
    private let stop: StopRequest
    private let thread: SystemThread
    private var hasStopped = false

    init(
        to target: Endpoint, sink: any StreamSink, listen: String = "127.0.0.1:0",
        _ change: (inout RecordingProxy.Configuration) -> Void = { _ in }
    ) throws {
        guard let name = SocketName(listen) else { throw SystemFailure(code: 0) }
        var configuration = RecordingProxy.Configuration(listen: name, target: target.socketName)
        change(&configuration)
        let notices = self.notices
        let proxy = try RecordingProxy(configuration, sink: sink) { notice in
            notices.withLock { $0.append(notice) }
            notices.wakeAll()
        }
        address = proxy.address
        stop = try StopRequest()
        nonisolated(unsafe) let running = proxy
        thread = try SystemThread { [stop] in try? unsafe running.run(until: stop) }
    }

    deinit { end() }

    /// The next notice that there is, after as many as were seen.
    func notice(after seen: Int = 0) -> ProxyNotice? {
        notices.wait(atMost: .seconds(60)) { $0.count > seen ? $0[seen] : nil }
    }

    /// Stops it, unless it has stopped: after this the sink is the test's again.
    func end() {
        if hasStopped { return }
        hasStopped = true
        stop.request()
        thread.join()
    }
}

/// Keeps what passed.
final class PassedBytes: QueuedSink {
    private(set) var flows: [Flow] = []
    private(set) var bytes: [Direction: [Int: [UInt8]]] = [.forward: [:], .backward: [:]]
    private(set) var ends: [String] = []
    private(set) var losses: [String] = []
    private(set) var times: [Timestamp] = []

    func began(_ flow: Flow, at time: Timestamp) {
        flows.append(flow)
        times.append(time)
    }

    func received(_ bytes: Span<UInt8>, _ direction: Direction, of flow: Int, at time: Timestamp) {
        unsafe bytes.withUnsafeBufferPointer { unsafe self.bytes[direction]?[flow, default: []].append(contentsOf: $0) }
        times.append(time)
    }

    func lost(_ count: Int?, _ direction: Direction, of flow: Int, at time: Timestamp) {
        losses.append("\(flow) \(direction) \(count.map { "\($0)" } ?? "?")")
    }

    func ended(_ direction: Direction, of flow: Int, by end: FlowEnd, at time: Timestamp) {
        ends.append("\(flow) \(direction) \(end)")
        times.append(time)
    }

    func caughtUp() {}
}

/// Bytes that are different everywhere, so that a mistake in their order shows.
func pattern(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
    return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        for index in 0..<count {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            unsafe buffer[index] = UInt8(truncatingIfNeeded: state)
        }
        initialized = count
    }
}

/// Reads a capture to its end.
func reassemble(_ file: String, into sink: some StreamSink) throws -> ReassemblyCounters {
    var reader = try CaptureReader(opening: file)
    var reassembler = Reassembler()
    while try reader.next({ reassembler.take($0, $1, into: sink) }) {}
    reassembler.finish(into: sink)
    return reassembler.counters
}
