import Glibc
import Testing

@testable import PacketCapture

@Suite struct RelayTests {
    /// A connection on loopback: whose end the proxy would have, and the other end.
    private func connection() throws -> (Peer, Peer) {
        let listener = try Listener()
        let outer = try Peer(to: listener.endpoint)
        return (try listener.accept(), outer)
    }

    /// The target says goodbye and resets, while what the client sent is on its way there: writing to the target fails before it is
    /// read. A client without a proxy in between would have heard the goodbye.
    @Test func whatWasSaidBeforeAResetArrivesAlsoWhenWritingTellsIt() throws {
        let (inner, client) = try connection()
        let (outer, target) = try connection()
        try client.send([1, 2, 3])
        try target.send(Array("goodbye".utf8))
        target.reset()
        var requests = [
            pollfd(fd: inner.descriptor, events: Int16(POLLIN), revents: 0),
            // Only the reset is waited for, which comes after the goodbye.
            pollfd(fd: outer.descriptor, events: 0, revents: 0),
        ]
        for index in 0..<2 {
            let isThere = unsafe requests.withUnsafeMutableBufferPointer {
                unsafe poll($0.baseAddress?.advanced(by: index), 1, 60_000)
            }
            #expect(isThere == 1)
        }
        let sink = PassedBytes()
        var means = unsafe Relay.Means(buffer: .allocate(byteCount: 1000, alignment: 16), sink: sink)
        defer { unsafe means.buffer.deallocate() }
        let flow = Flow(number: 1, first: .client, second: .node, isFromStart: true)
        var relay = Relay(flow, client: side(inner), target: side(outer))
        guard case .broken(.backward, _) = relay.pass(.forward, with: &means) else {
            Issue.record("the target can still be written to")
            return
        }
        relay.breakOff(.backward, with: &means)
        #expect(try client.receive(7) == Array("goodbye".utf8))
        #expect(client.isReset())
        #expect(sink.bytes[.forward]?[1] == [1, 2, 3])
        #expect(sink.bytes[.backward]?[1] == Array("goodbye".utf8))
        #expect(sink.ends == ["1 backward reset", "1 forward reset"])
    }

    /// What is read in one go is bounded, so that others have their turn.
    @Test func aBusyConnectionGivesWayToOthers() throws {
        let (inner, client) = try connection()
        let (outer, target) = try connection()
        try client.send(pattern(20))
        client.finishSending()
        var means = unsafe Relay.Means(buffer: .allocate(byteCount: 1, alignment: 16), sink: PassedBytes())
        defer { unsafe means.buffer.deallocate() }
        var relay = Relay(
            Flow(number: 1, first: .client, second: .node, isFromStart: true), client: side(inner), target: side(outer))
        var turns = 0
        while !isDone(relay.pass(.forward, with: &means)) { turns += 1 }
        #expect(turns == 2)
        #expect(try target.receiveAll() == pattern(20))
        relay.close(with: &means)
    }

    private func isDone(_ outcome: Relay.Outcome) -> Bool {
        if case .waits = outcome { true } else { false }
    }

    private func side(_ peer: Peer) -> Relay.Side {
        Relay.Side(socket: Socket(descriptor: peer.handOver()), isReadable: true, isWritable: true)
    }
}
