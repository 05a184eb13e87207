import PacketCapture
import Testing

/// Where the first byte's sequence number stands: in the middle, before the end of the numbers, before the sign changes.
private let starts: [UInt32] = [1001, .max - 1, 0, 0x7fff_fffe]

/// Bytes of one direction: once, in order, whatever the order of packets.
@Suite struct StreamTests {
    @Test(arguments: starts)
    func bytesComeInOrder(_ start: UInt32) {
        var talk = opened(start)
        talk.client("abc", at: 0)
        talk.server("xyz", at: 0, ack: 3)
        talk.client("def", at: 3, ack: 3)
        talk.server(at: 3, ack: 6)
        talk.finish()
        #expect(talk.heard.lines == [Talk.begin, "1> abc", "1< xyz", "1> def", "1> captureEnded", "1< captureEnded"])
        #expect(talk.heard.faults == [])
        #expect(talk.reassembler.counters == counters { $0.segments = 6 })
    }

    @Test(arguments: starts)
    func earlySegmentsWait(_ start: UInt32) {
        var talk = opened(start)
        talk.client("ghi", at: 6)
        talk.client("jkl", at: 9)
        talk.client("def", at: 3)
        #expect(talk.lines == [])
        talk.client("abc", at: 0)
        talk.client("mno", at: 12)
        #expect(talk.lines == ["1> abc", "1> def", "1> ghi", "1> jkl", "1> mno"])
        #expect(
            talk.reassembler.counters
                == counters {
                    $0.segments = 7
                    $0.reorderedSegments = 3
                })
        #expect(talk.reassembler.heldBytes == 0)
    }

    @Test(arguments: starts)
    func bytesThatCameAlreadyAreNotToldAgain(_ start: UInt32) {
        var talk = opened(start)
        talk.client("abc", at: 0)
        talk.client("abc", at: 0)
        talk.client("bcde", at: 1)
        talk.client("b", at: 1)
        #expect(talk.lines == ["1> abc", "1> de"])
        #expect(
            talk.reassembler.counters
                == counters {
                    $0.segments = 6
                    $0.retransmittedSegments = 3
                    $0.retransmittedBytes = 6
                })
    }

    /// What is held back and comes again: each byte is told as it came first.
    @Test(arguments: starts)
    func theFirstCopyWins(_ start: UInt32) {
        var talk = opened(start)
        talk.client("de", at: 3)
        talk.client("hi", at: 7)
        talk.client("CDEFGHIJ", at: 2)
        talk.client("c", at: 2)
        talk.client("abXYZ", at: 0)
        #expect(talk.lines == ["1> ab", "1> C", "1> de", "1> FG", "1> hi", "1> J"])
        #expect(
            talk.reassembler.counters
                == counters {
                    $0.segments = 7
                    $0.reorderedSegments = 3
                    $0.retransmittedSegments = 3
                    $0.retransmittedBytes = 8
                    // DEHI are not dehi, c not C, XYZ not Cde.
                    $0.conflictingBytes = 8
                })
    }

    @Test func equalOverlapsAreNoConflict() {
        var talk = opened()
        talk.client("cdef", at: 2)
        talk.client("bcdefg", at: 1)
        talk.client("abcd", at: 0)
        #expect(talk.lines == ["1> a", "1> b", "1> cdef", "1> g"])
        #expect(talk.reassembler.counters.conflictingBytes == 0)
        #expect(talk.reassembler.counters.retransmittedBytes == 7)
    }

    @Test(arguments: starts)
    func keepAlivesAndProbesAreNoBytes(_ start: UInt32) {
        var talk = opened(start)
        talk.client("abc", at: 0)
        talk.client(at: 2)
        talk.client("c", at: 2)
        talk.server(at: 0, ack: 3)
        // With a window of zero, one byte more than fits: it is new, and comes once.
        talk.client("d", at: 3)
        talk.client("d", at: 3)
        talk.client("defg", at: 3)
        #expect(talk.lines == ["1> abc", "1> d", "1> efg"])
        #expect(talk.reassembler.counters.keepAlives == 3)
        #expect(talk.reassembler.counters.retransmittedBytes == 1)
    }

    /// Both copies of each packet, as a capture on all interfaces shows a loopback connection.
    @Test(arguments: starts)
    func everyPacketTwiceIsOneConnection(_ start: UInt32) {
        var talk = Talk(clientStart: start)
        let (syn, fin, ack) = (PacketBytes.syn, PacketBytes.fin, PacketBytes.ack)
        for _ in 0..<2 { talk.client(at: -1, ack: nil, flags: syn) }
        for _ in 0..<2 { talk.server(at: -1, ack: 0, flags: syn | ack) }
        for _ in 0..<2 { talk.client("abc", at: 0) }
        for _ in 0..<2 { talk.server("xyz", at: 0, ack: 3) }
        for _ in 0..<2 { talk.client(at: 3, ack: 3, flags: fin | ack) }
        for _ in 0..<2 { talk.server(at: 3, ack: 4, flags: fin | ack) }
        for _ in 0..<2 { talk.client(at: 4, ack: 4) }
        #expect(talk.heard.lines == [Talk.begin, "1> abc", "1< xyz", "1> finished", "1< finished"])
        #expect(talk.heard.faults == [])
        #expect(
            talk.reassembler.counters
                == counters {
                    $0.segments = 14
                    $0.retransmittedSegments = 2
                    $0.retransmittedBytes = 6
                })
    }

    @Test func bytesCutOffByTheCaptureAreAGap() {
        var talk = opened()
        talk.client("abc", at: 0, cutOff: 7)
        talk.client("klm", at: 10, cutOff: 7)
        talk.client(at: 20, cutOff: 10)
        talk.client("uvw", at: 30)
        #expect(talk.lines == ["1> abc", "1> lost 7", "1> klm", "1> lost 7", "1> lost 10", "1> uvw"])
        #expect(talk.reassembler.counters.gaps == 3)
        #expect(talk.reassembler.counters.bytesLost == 24)
    }

    @Test func bytesCutOffOfAnEarlySegmentAreAGapInItsPlace() {
        var talk = opened()
        talk.client("klm", at: 10, cutOff: 7)
        talk.client("MNOP", at: 12, cutOff: 10)
        talk.client("abcdefghij", at: 0)
        #expect(talk.lines == ["1> abcdefghij", "1> klm", "1> lost 7", "1> lost 6"])
        // Of a repeated one, only the new part.
        talk.client("tuv", at: 19, cutOff: 9)
        #expect(talk.lines.suffix(1) == ["1> lost 5"])
    }

    @Test func framesOfBothDirectionsDoNotMix() {
        var talk = opened(5001)
        talk.client("abc", at: 3)
        talk.server("abc", at: 0)
        talk.server("ghi", at: 6)
        talk.client("ABC", at: 0)
        talk.server("def", at: 3)
        #expect(talk.lines == ["1< abc", "1> ABC", "1> abc", "1< def", "1< ghi"])
    }

    private func opened(_ start: UInt32 = 1001) -> Talk {
        var talk = Talk(clientStart: start, serverStart: start &+ 7)
        talk.open()
        return talk
    }
}

/// What is counted, without the rest.
func counters(flows: Int = 1, _ change: (inout ReassemblyCounters) -> Void) -> ReassemblyCounters {
    var counters = ReassemblyCounters()
    counters.flows = flows
    change(&counters)
    return counters
}
