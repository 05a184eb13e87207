import PacketCapture
import Testing

/// Where the first byte's sequence number stands: in the middle, before the end of the numbers, before the sign changes.
private let starts: [UInt32] = [1001, .max - 1, 0x7fff_fffe]

/// Bytes of one direction: once, in order, whatever the order of packets.
@Suite struct StreamTests {
    @Test(arguments: starts)
    func bytesComeInOrder(_ start: UInt32) {
        var talk = Talk(clientStart: start, serverStart: start &+ 7)
        talk.open()
        talk.client("abc", at: 0)
        talk.server("xyz", at: 0, ack: 3)
        talk.client("def", at: 3, ack: 3)
        talk.finish()
        #expect(talk.heard.lines == [Talk.begin, "1> abc", "1< xyz", "1> def", "1> captureEnded", "1< captureEnded"])
        #expect(talk.heard.faults == [])
        #expect(talk.reassembler.counters == counters { $0.segments = 5 })
    }
}

func counters(_ change: (inout ReassemblyCounters) -> Void) -> ReassemblyCounters {
    var counters = ReassemblyCounters()
    counters.flows = 1
    change(&counters)
    return counters
}
