import Synchronization
import Testing

@testable import PacketCapture

@Suite struct StreamQueueTests {
    private func flow(_ number: Int) -> Flow { Flow(number: number, first: .client, second: .node, isFromStart: true) }

    @Test func everythingIsToldInItsOrder() throws {
        let sink = HeldSink()
        let queue = try StreamQueue(into: sink)
        queue.began(flow(1), at: .noon)
        queue.received([1, 2].span, .forward, of: 1, at: .noon)
        queue.received([3].span, .backward, of: 1, at: .noon)
        queue.lost(nil, .forward, of: 1, at: .noon)
        queue.began(flow(2), at: .noon)
        queue.received([4].span, .forward, of: 2, at: .noon)
        queue.ended(.forward, of: 1, by: .reset, at: .noon)
        queue.finish()
        #expect(
            sink.told == [
                "began 1", "1 forward [1, 2]", "1 backward [3]", "1 forward lost nil", "began 2", "2 forward [4]",
                "1 forward ended reset",
            ])
        #expect(queue.leftOut == StreamQueue.LeftOut())
    }

    /// A sink that hangs costs its caller nothing, and is told afterwards what it missed.
    @Test func whoHangsMissesPiecesAndIsToldHowMuch() throws {
        let sink = HeldSink(isHeld: true)
        let queue = try StreamQueue(bounds: StreamQueue.Bounds(bytes: 10_000), into: sink)
        queue.began(flow(1), at: .noon)
        sink.waitUntilHeld()
        let piece = [UInt8](repeating: 1, count: 1000)
        for _ in 0..<1000 { queue.received(piece.span, .forward, of: 1, at: .noon) }
        queue.received(piece.span, .backward, of: 1, at: .noon)
        queue.began(flow(2), at: .noon)
        queue.received(piece.span, .forward, of: 2, at: .noon)
        queue.ended(.forward, of: 2, by: .finished, at: .noon)
        queue.ended(.backward, of: 2, by: .finished, at: .noon)
        queue.ended(.forward, of: 1, by: .finished, at: .noon)
        let leftOut = queue.leftOut
        #expect(leftOut.bytes == leftOut.pieces * 1000)
        #expect(leftOut.pieces >= 992)
        sink.release()
        queue.finish()
        #expect(queue.leftOut == leftOut)
        let received = sink.told.filter { $0.hasPrefix("1 forward [") }.count
        #expect(received >= 8)
        #expect(sink.told[0] == "began 1")
        #expect(
            sink.told.suffix(3).sorted() == [
                "1 backward lost 1000", "1 forward ended finished", "1 forward lost \((1000 - received) * 1000)",
            ])
        #expect(leftOut.pieces == 1000 - received + 2)
        // The second connection began when there was no room: its end is of no interest.
        #expect(leftOut.flows == (sink.told.contains("began 2") ? 0 : 1))
    }

    @Test func aBacklogLeavesOutWholeFlowsWhenItIsFull() {
        var backlog = StreamBacklog(limit: 1000)
        var batch = StreamBacklog.Batch()
        backlog.begin(flow(1), at: .noon)
        let forward = StreamBacklog.Piece(flow: 1, direction: .forward, time: .noon)
        let unknown = StreamBacklog.Piece(flow: 2, direction: .forward, time: .noon)
        #expect(backlog.offer([UInt8](repeating: 0, count: 950).span, forward) == .full)
        #expect(backlog.offer([UInt8](repeating: 0, count: 800).span, forward) == .muchWaits)
        #expect(backlog.offer([UInt8](repeating: 0, count: 101).span, forward) == .full)
        for number in 10..<100 { backlog.begin(flow(number), at: .noon) }
        backlog.begin(flow(2), at: .noon)
        #expect(backlog.offer([1].span, unknown) == .taken)
        backlog.take(&batch)
        // Also when there is room again nobody knows where its bytes would belong.
        #expect(backlog.offer([1].span, unknown) == .taken)
        backlog.end(.finished, unknown)
        backlog.end(.finished, StreamBacklog.Piece(flow: 2, direction: .backward, time: .noon))
        #expect(backlog.offer([1].span, forward) == .taken)
        backlog.take(&batch)
        #expect(batch.size == 1 + MemoryLayout<(StreamBacklog.Batch.Event, StreamBacklog.Piece)>.stride)
        #expect(backlog.leftOut.bytes == 2)
        #expect(backlog.leftOut.flows > 50)
    }

    /// With patience a sink that is only slow misses nothing.
    @Test func whoIsPatientLosesNothing() throws {
        let sink = HeldSink()
        let queue = try StreamQueue(bounds: StreamQueue.Bounds(bytes: 5000, patience: .seconds(60)), into: sink)
        queue.began(flow(1), at: .noon)
        for index in 0..<2000 {
            queue.received([UInt8](repeating: UInt8(index % 256), count: 100).span, .forward, of: 1, at: .noon)
        }
        queue.finish()
        #expect(queue.leftOut == StreamQueue.LeftOut())
        #expect(sink.told.count == 2001)
    }

    @Test func whoIsImpatientWaitsOnlyOnce() throws {
        let sink = HeldSink(isHeld: true)
        let queue = try StreamQueue(bounds: StreamQueue.Bounds(bytes: 5000, patience: .milliseconds(1)), into: sink)
        queue.began(flow(1), at: .noon)
        sink.waitUntilHeld()
        let start = ContinuousClock.now
        for _ in 0..<100_000 { queue.received([1, 2, 3].span, .forward, of: 1, at: .noon) }
        // Otherwise it would have taken over a minute and a half.
        #expect(ContinuousClock.now - start < .seconds(60))
        sink.release()
        queue.finish()
    }
}

/// Notes what it is told; it can be made to hang at the first thing.
private final class HeldSink: QueuedSink {
    private(set) var told: [String] = []
    private let monitor: Monitor<(isHeld: Bool, hasArrived: Bool)>

    init(isHeld: Bool = false) { monitor = Monitor((isHeld, false)) }

    func waitUntilHeld() {
        monitor.wait(atMost: .seconds(600)) { $0.hasArrived ? true : nil }
    }

    func release() {
        monitor.withLock { $0.isHeld = false }
        monitor.wakeAll()
    }

    private func note(_ text: String) {
        told.append(text)
        monitor.withLock { $0.hasArrived = true }
        monitor.wakeAll()
        monitor.wait(atMost: .seconds(600)) { $0.isHeld ? nil : true }
    }

    func began(_ flow: Flow, at time: Timestamp) { note("began \(flow.number)") }

    func received(_ bytes: Span<UInt8>, _ direction: Direction, of flow: Int, at time: Timestamp) {
        note("\(flow) \(direction) \((0..<min(4, bytes.count)).map { bytes[$0] })")
    }

    func lost(_ count: Int?, _ direction: Direction, of flow: Int, at time: Timestamp) {
        note("\(flow) \(direction) lost \(count.map { "\($0)" } ?? "nil")")
    }

    func ended(_ direction: Direction, of flow: Int, by end: FlowEnd, at time: Timestamp) {
        note("\(flow) \(direction) ended \(end)")
    }

    func caughtUp() {}
}
