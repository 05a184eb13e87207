import CKernel
import Glibc
import Testing

@testable import PacketCapture

/// Whether this process may capture.
private let isPermitted: Bool = {
    let descriptor = ckernel_packet_socket()
    guard descriptor >= 0 else { return false }
    close(descriptor)
    return true
}()

@Suite struct LiveCaptureTests {
    @Test func anInterfaceThatIsNotThereIsNamedWithThoseThatAre() {
        let error = #expect(throws: LiveCaptureError.self) { _ = try LiveCapture(on: "eth99") }
        guard case .noSuchInterface("eth99", let there)? = error else {
            Issue.record("the error is \(error.map { "\($0)" } ?? "missing")")
            return
        }
        #expect(there.contains("lo"))
        #expect(error?.description.contains("there are any, ") == true)
    }

    @Test(.enabled(if: !isPermitted, "this process may capture: run it as another user to see what others are told"))
    func whoMayNotIsToldWhatToDo() {
        let error = #expect(throws: LiveCaptureError.self) { _ = try LiveCapture(on: "lo") }
        #expect(error?.description.contains("setcap cap_net_raw+ep /") == true)
    }

    /// Captures while `talk` runs, and puts together what it saw.
    private func capture(
        on interface: String, port: UInt16, _ talk: () throws -> Void
    ) throws -> (PassedBytes, ReassemblyCounters, Int) {
        let capturing = Capturing(try LiveCapture(on: interface, port: port))
        let stop = try StopRequest()
        let failures = Monitor<[LiveCaptureError]>([])
        let thread = try SystemThread {
            do throws(LiveCaptureError) {
                try capturing.run(until: stop)
            } catch {
                failures.withLock { $0.append(error) }
            }
        }
        try talk()
        stop.request()
        thread.join()
        #expect(failures.withLock { $0 } == [])
        return (capturing.passed, capturing.counters, capturing.dropped)
    }

    @Test(.enabled(if: isPermitted, "capturing needs CAP_NET_RAW: run the tests as root"), arguments: ["lo", "any"])
    func whatPassesIsSeenOnce(interface: String) throws {
        for isIPv6 in [false, true] {
            let listener = try Listener(isIPv6: isIPv6)
            let (request, answer) = (pattern(3_000_000), pattern(50_000, seed: 2))
            let (passed, counters, dropped) = try capture(on: interface, port: listener.endpoint.port) {
                let client = try Peer(to: listener.endpoint)
                let target = try listener.accept()
                let sending = try SystemThread {
                    try? client.send(request)
                    client.finishSending()
                }
                #expect(try target.receiveAll() == request)
                sending.join()
                for piece in 0..<500 { try target.send(Array(answer[piece * 100..<piece * 100 + 100])) }
                target.finishSending()
                #expect(try client.receiveAll() == answer)
            }
            #expect(passed.flows.map(\.second) == [listener.endpoint])
            #expect(passed.flows.map(\.isFromStart) == [true])
            #expect(passed.bytes[.forward]?[1] == request)
            #expect(passed.bytes[.backward]?[1] == answer)
            #expect(passed.ends.sorted() == ["1 backward finished", "1 forward finished"])
            #expect(passed.times == passed.times.sorted())
            #expect(dropped == 0)
            // Each packet once, although loopback shows it as leaving and as arriving; a few may really be sent twice.
            #expect(counters.retransmittedBytes < request.count / 10)
        }
    }

    @Test(.enabled(if: isPermitted, "capturing needs CAP_NET_RAW: run the tests as root"))
    func otherPortsAreNotSeen() throws {
        let (listener, other) = (try Listener(), try Listener())
        let (passed, counters, _) = try capture(on: "lo", port: listener.endpoint.port) {
            let client = try Peer(to: other.endpoint)
            try client.send([1, 2, 3])
            #expect(try other.accept().receive(3) == [1, 2, 3])
        }
        #expect(passed.flows == [])
        #expect(counters.segments == 0)
    }

    /// Of what is under way when the stop is requested nothing is missing, and it does not wait for more.
    @Test(.enabled(if: isPermitted, "capturing needs CAP_NET_RAW: run the tests as root"))
    func itStopsBehindWhatHasPassed() throws {
        let listener = try Listener()
        for _ in 0..<5 {
            let (passed, _, _) = try capture(on: "lo", port: listener.endpoint.port) {
                let client = try Peer(to: listener.endpoint)
                try client.send([1, 2, 3])
                #expect(try listener.accept().receive(3) == [1, 2, 3])
            }
            #expect(passed.bytes[.forward]?[1] == [1, 2, 3])
        }
    }

    @Test(.enabled(if: isPermitted, "capturing needs CAP_NET_RAW: run the tests as root"))
    func quietTimesAreTold() throws {
        // Nobody has this port.
        var live = try LiveCapture(on: "lo", port: 1)
        let stop = try StopRequest()
        #expect(try live.next(until: stop) { _, _ in } == .quiet)
        stop.request()
        #expect(try live.next(until: stop) { _, _ in } == .stopped)
        #expect(live.packets == 0)
    }
}

/// Used by one thread after the other.
private final class Capturing: @unchecked Sendable {
    private var live: LiveCapture
    private var reassembler = Reassembler()
    let passed = PassedBytes()

    init(_ live: consuming LiveCapture) { self.live = live }

    func run(until stop: StopRequest) throws(LiveCaptureError) {
        while try live.next(until: stop, { reassembler.take($0, $1, into: passed) }) != .stopped {}
        reassembler.finish(into: passed)
    }

    var counters: ReassemblyCounters { reassembler.counters }
    var dropped: Int { live.droppedPackets() }
}
