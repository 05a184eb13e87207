import CKernel
import Glibc
import Testing

@testable import PacketCapture

@Suite struct RecordingProxyTests {
    private let sink = PassedBytes()

    /// A connection through a proxy: the client, the target's end of it.
    private func connect(_ proxy: RunningProxy, _ listener: Listener) throws -> (Peer, Peer) {
        let client = try Peer(to: proxy.address)
        return (client, try listener.accept())
    }

    @Test(arguments: [false, true]) func bytesPassUnchangedBothWays(isIPv6: Bool) throws {
        let listener = try Listener(isIPv6: isIPv6)
        let proxy = try RunningProxy(to: listener.endpoint, sink: sink, listen: isIPv6 ? "[::1]:0" : "127.0.0.1:0")
        let (client, target) = try connect(proxy, listener)
        let (request, answer) = (pattern(5_000_000), pattern(7_000_000, seed: 2))
        let sending = try SystemThread {
            try? client.send(request)
            client.finishSending()
        }
        let answering = try SystemThread {
            try? target.send(answer)
            target.finishSending()
        }
        let got = Monitor<[UInt8]>([])
        let receiving = try SystemThread {
            let bytes = (try? target.receiveAll()) ?? []
            got.withLock { $0 = bytes }
        }
        #expect(try client.receiveAll() == answer)
        for thread in [sending, answering, receiving] { thread.join() }
        #expect(got.withLock { $0 } == request)
        proxy.end()
        #expect(sink.bytes[.forward]?[1] == request)
        #expect(sink.bytes[.backward]?[1] == answer)
        #expect(sink.ends.sorted() == ["1 backward finished", "1 forward finished"])
        #expect(sink.times == sink.times.sorted())
        #expect(sink.flows.map(\.second) == [listener.endpoint])
        #expect(sink.flows[0].first.address == listener.endpoint.address)
    }

    @Test func aByteIsNotKeptBack() throws {
        let listener = try Listener()
        let proxy = try RunningProxy(to: listener.endpoint, sink: sink)
        let (client, target) = try connect(proxy, listener)
        for index in 0..<500 {
            try client.send([UInt8(index % 256)])
            #expect(try target.receive(1) == [UInt8(index % 256)])
            try target.send([1, 2])
            #expect(try client.receive(2) == [1, 2])
        }
        proxy.end()
        #expect(sink.ends == ["1 forward captureEnded", "1 backward captureEnded"])
        #expect(sink.bytes[.forward]?[1]?.count == 500)
    }

    @Test func whoHasFinishedStillGetsAnswers() throws {
        let listener = try Listener()
        let proxy = try RunningProxy(to: listener.endpoint, sink: sink)
        let (client, target) = try connect(proxy, listener)
        try client.send([1, 2, 3])
        client.finishSending()
        #expect(try target.receiveAll() == [1, 2, 3])
        let answer = pattern(3_000_000)
        let sending = try SystemThread {
            try? target.send(answer)
            target.finishSending()
        }
        #expect(try client.receiveAll() == answer)
        sending.join()
        proxy.end()
        #expect(sink.ends == ["1 forward finished", "1 backward finished"])
    }

    @Test(arguments: [Direction.forward, .backward]) func aResetIsPassedAsAReset(direction: Direction) throws {
        let listener = try Listener()
        let proxy = try RunningProxy(to: listener.endpoint, sink: sink)
        let (client, target) = try connect(proxy, listener)
        let (sender, other) = direction == .forward ? (client, target) : (target, client)
        try other.send([7])
        #expect(try sender.receive(1) == [7])
        sender.reset()
        #expect(other.isReset())
        proxy.end()
        #expect(sink.ends == ["1 \(direction) reset", "1 \(direction.opposite) reset"])
    }

    /// As a node that says why it closes, and then closes while the other side still sends.
    @Test func whatWasSaidBeforeAResetArrives() throws {
        let listener = try Listener()
        let proxy = try RunningProxy(to: listener.endpoint, sink: sink)
        let (client, target) = try connect(proxy, listener)
        try client.send([1])
        #expect(try target.receive(1) == [1])
        try target.send(pattern(50_000))
        target.reset()
        #expect(try client.receive(50_000) == pattern(50_000))
        #expect(client.isReset())
        proxy.end()
        #expect(sink.bytes[.backward]?[1] == pattern(50_000))
    }

    @Test func aResetReachesAlsoWhoDoesNotRead() throws {
        let listener = try Listener(buffers: 4096)
        let proxy = try RunningProxy(to: listener.endpoint, sink: sink)
        let (client, target) = try connect(proxy, listener)
        _ = try client.sendUntilStuck(pattern(100_000), milliseconds: 100, atMost: .max)
        client.reset()
        var request = pollfd(fd: target.descriptor, events: Int16(POLLPRI), revents: 0)
        #expect(unsafe poll(&request, 1, 60_000) == 1)
        #expect(Int32(request.revents) & POLLERR != 0)
    }

    /// What a slow side does not take is held back at its sender, not in the proxy.
    @Test func whoReadsSlowlyHoldsTheSenderBack() throws {
        let listener = try Listener(buffers: 65_536)
        let proxy = try RunningProxy(to: listener.endpoint, sink: sink)
        let client = try Peer(to: proxy.address, buffers: 65_536)
        let target = try listener.accept()
        let piece = pattern(100_000)
        let sent = try client.sendUntilStuck(piece, milliseconds: 500, atMost: 500_000_000)
        // Four socket buffers, of which the system lets the proxy's own grow to a few megabytes.
        #expect(sent < 50_000_000)
        client.finishSending()
        let received = try target.receiveAll()
        #expect(received.count == sent)
        let isSame = (0..<received.count).allSatisfy { received[$0] == piece[$0 % piece.count] }
        #expect(isSame)
    }

    @Test func manyConnectionsPassAtOnce() throws {
        let listener = try Listener()
        let proxy = try RunningProxy(to: listener.endpoint, sink: sink)
        var pairs: [(Peer, Peer)] = []
        for _ in 0..<200 { pairs.append(try connect(proxy, listener)) }
        for (index, (client, _)) in pairs.enumerated() { try client.send(pattern(20_000, seed: UInt64(index + 1))) }
        for (index, (_, target)) in pairs.enumerated() {
            #expect(try target.receive(20_000) == pattern(20_000, seed: UInt64(index + 1)))
            try target.send([UInt8(index)])
        }
        for (index, (client, target)) in pairs.enumerated() {
            #expect(try client.receive(1) == [UInt8(index)])
            client.finishSending()
            target.finishSending()
            #expect(try client.receiveAll() == [])
        }
        proxy.end()
        #expect(sink.flows.count == 200)
        #expect(Set(sink.flows.map(\.first)).count == 200)
        #expect(sink.ends.filter { $0.hasSuffix("finished") }.count == 400)
    }

    @Test func moreConnectionsThanAllowedWait() throws {
        let listener = try Listener()
        let proxy = try RunningProxy(to: listener.endpoint, sink: sink) { $0.connectionLimit = 2 }
        let first = try connect(proxy, listener)
        var second: (Peer, Peer)? = try connect(proxy, listener)
        let third = try Peer(to: proxy.address)
        try third.send([3])
        #expect(proxy.notice() == .full(limit: 2))
        second = nil
        let target = try listener.accept()
        #expect(try target.receive(1) == [3])
        try first.0.send([1])
        #expect(try first.1.receive(1) == [1])
        #expect(second == nil)
    }

    // MARK: Targets that fail

    @Test func whoWantsToATargetThatIsDownIsReset() throws {
        let endpoint = try Listener().endpoint
        let proxy = try RunningProxy(to: endpoint, sink: sink)
        let client = try Peer(to: proxy.address)
        #expect(client.isReset())
        guard case .targetFailed(_, endpoint, ECONNREFUSED)? = proxy.notice() else {
            Issue.record("the notice is \(proxy.notice().map { "\($0)" } ?? "missing")")
            return
        }
        proxy.end()
        #expect(sink.flows.isEmpty)
    }

    /// A listener whose queue is full does not answer at all.
    @Test func whoWantsToATargetThatHangsIsResetInTime() throws {
        let listener = try Listener(backlog: 0)
        let filling = try Peer(to: listener.endpoint)
        let proxy = try RunningProxy(to: listener.endpoint, sink: sink) { $0.dialTime = .milliseconds(200) }
        let client = try Peer(to: proxy.address)
        try client.send([1])
        #expect(client.isReset())
        guard case .targetFailed(_, listener.endpoint, ETIMEDOUT)? = proxy.notice() else {
            Issue.record("the notice is \(proxy.notice().map { "\($0)" } ?? "missing")")
            return
        }
        withExtendedLifetime(filling) {}
    }

    @Test func whoGivesUpWaitingForTheTargetIsForgotten() throws {
        let listener = try Listener(backlog: 0)
        let filling = try Peer(to: listener.endpoint)
        let proxy = try RunningProxy(to: listener.endpoint, sink: sink) {
            $0.dialTime = .seconds(3600)
            $0.connectionLimit = 1
        }
        let first = try Peer(to: proxy.address)
        try first.send([1])
        let second = try Peer(to: proxy.address)
        #expect(proxy.notice() == .full(limit: 1))
        first.reset()
        // The second one now has the only place: it is full again for the third.
        let third = try Peer(to: proxy.address)
        #expect(proxy.notice(after: 1) == .full(limit: 1))
        withExtendedLifetime((filling, second, third)) {}
    }

    @Test func aTargetThatNeverReadsDoesNotKeepTheProxyFromEnding() throws {
        let listener = try Listener(buffers: 4096)
        let proxy = try RunningProxy(to: listener.endpoint, sink: sink)
        let (client, target) = try connect(proxy, listener)
        _ = try client.sendUntilStuck(pattern(100_000), milliseconds: 100, atMost: .max)
        proxy.end()
        withExtendedLifetime(target) {}
        #expect(sink.ends == ["1 forward captureEnded", "1 backward captureEnded"])
    }

    // MARK: Recording

    @Test func aFullDiskEndsTheRecordingNotThePassing() throws {
        let listener = try Listener()
        let descriptor = ckernel_full_file(10_000)
        let recorder = StreamRecorder(try PcapngWriter(descriptor: descriptor, file: "full", origin: .tests))
        let queue = try StreamQueue(into: recorder)
        let proxy = try RunningProxy(to: listener.endpoint, sink: queue)
        let (client, target) = try connect(proxy, listener)
        for index in 0..<100 {
            try client.send(pattern(1000, seed: UInt64(index + 1)))
            #expect(try target.receive(1000) == pattern(1000, seed: UInt64(index + 1)))
        }
        proxy.end()
        queue.finish()
        #expect(recorder.failure == .noPermission(file: "full"))
    }

    @Test(.enabled(if: Tshark.path != nil, "tshark judges the recording: apt-get install tshark"))
    func wiresharkReadsWhatPassed() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("proxy.pcapng")
        let listener = try Listener()
        let recorder = StreamRecorder(try PcapngWriter(creating: path, origin: .tests))
        let queue = try StreamQueue(into: recorder)
        let proxy = try RunningProxy(to: listener.endpoint, sink: queue)
        for round in 0..<3 {
            let (client, target) = try connect(proxy, listener)
            try client.send(pattern(300_000))
            _ = try target.receive(300_000)
            try target.send([1, 2, 3])
            _ = try client.receive(3)
            if round == 2 {
                client.reset()
                #expect(target.isReset())
            } else {
                client.finishSending()
                target.finishSending()
                #expect(try target.receiveAll() == [])
            }
        }
        proxy.end()
        queue.finish()
        recorder.finish()
        let oddities = try Tshark.oddities(path)
        #expect(oddities == [])
        let lengths = try Tshark.lines(path, ["-T", "fields", "-e", "tcp.len"]).compactMap { Int($0) }
        #expect(lengths.reduce(0, +) == 3 * 300_003)
    }

    // MARK: Errors

    @Test(
        arguments: [
            ("127.0.0.1:7400", "127.0.0.1", 7400), ("[::1]:0", "::1", 0), ("node.example:1", "node.example", 1),
        ] as [(String, String, UInt16)])
    func aNameHasAHostAndAPort(_ text: String, _ host: String, _ port: UInt16) {
        #expect(SocketName(text) == SocketName(host: host, port: port))
        #expect(SocketName(text)?.description == text)
    }

    @Test(arguments: ["", ":1", "a", "a:", "a:b", "::1:1", "a:65536", "[::1]", "a:-1"]) func whatIsNoNameIsRefused(_ text: String)
    {
        #expect(SocketName(text) == nil)
    }

    private func error(listen: String, target: String) -> ProxyError? {
        guard let listen = SocketName(listen), let target = SocketName(target) else { return nil }
        do throws(ProxyError) {
            _ = try RecordingProxy(RecordingProxy.Configuration(listen: listen, target: target), sink: sink) { _ in }
            return nil
        } catch {
            return error
        }
    }

    @Test func whatCannotWorkSaysWhy() throws {
        let listener = try Listener()
        let taken = listener.endpoint.socketName
        #expect(error(listen: "\(taken)", target: "127.0.0.1:1") == .addressInUse(taken))
        guard
            case .unknownHost(SocketName(host: "host.invalid", port: 1), _)? = error(
                listen: "127.0.0.1:0", target: "host.invalid:1")
        else {
            Issue.record("an unknown host was found")
            return
        }
        #expect("\(ProxyError.addressInUse(taken))".contains("\(taken) is taken by another program"))
    }

    @Test(arguments: ["127.0.0.1", "0.0.0.0"]) func aProxyIsNotItsOwnTarget(host: String) throws {
        // A port that was free a moment ago.
        let port = try Listener().endpoint.port
        let target = SocketName(host: "127.0.0.1", port: port)
        #expect(error(listen: "\(host):\(port)", target: "\(target)") == .pointsToItself(target))
    }
}
