import PacketCapture
import Testing

/// Bytes that the capture does not have.
@Suite struct GapTests {
    @Test(arguments: [1001, .max - 4, 0x7fff_fff8] as [UInt32])
    func anAcknowledgedHoleIsAGap(_ start: UInt32) {
        var talk = opened(start)
        talk.client("abc", at: 0)
        talk.client("ghi", at: 6)
        talk.client("mno", at: 12)
        talk.server(at: 0, ack: 3)
        #expect(talk.lines == ["1> abc"])
        // A part of the hole, then the rest of it, then the second one.
        talk.server(at: 0, ack: 4)
        #expect(talk.lines.suffix(1) == ["1> lost 1"])
        talk.server(at: 0, ack: 9)
        #expect(talk.lines.suffix(2) == ["1> lost 2", "1> ghi"])
        talk.server("x", at: 0, ack: 15)
        #expect(talk.lines == ["1> abc", "1> lost 1", "1> lost 2", "1> ghi", "1< x", "1> lost 3", "1> mno"])
        #expect(talk.reassembler.counters.gaps == 3)
        #expect(talk.reassembler.counters.bytesLost == 6)
        #expect(talk.reassembler.heldBytes == 0)
    }

    /// An acknowledgement that the capture shows before the bytes is no proof that these will not come.
    @Test func anAcknowledgementInAdvanceIsNoGap() {
        var talk = opened()
        talk.server(at: 0, ack: 6)
        talk.client("def", at: 3)
        talk.client("abc", at: 0)
        #expect(talk.lines == ["1> abc", "1> def"])
    }

    @Test func whatComesAfterItsGapIsOld() {
        var talk = opened()
        talk.client("def", at: 3)
        talk.server(at: 0, ack: 6)
        talk.client("abc", at: 0)
        #expect(talk.lines == ["1> lost 3", "1> def"])
        #expect(talk.reassembler.counters.retransmittedBytes == 3)
    }

    @Test func theEndOfTheCaptureEndsWaiting() {
        var talk = opened()
        talk.client("def", at: 3)
        talk.client("jkl", at: 9)
        talk.server("xyz", at: 3)
        talk.finish()
        #expect(
            talk.heard.lines.dropFirst() == [
                "1> lost 3", "1> def", "1> lost 3", "1> jkl", "1> captureEnded", "1< lost 3", "1< xyz", "1< captureEnded",
            ])
        #expect(talk.heard.faults == [])
    }

    /// Acknowledged bytes were sent, also when nothing came behind them.
    @Test func acknowledgedBytesAtTheEndAreAGap() {
        var talk = opened()
        talk.client("abc", at: 0)
        talk.server(at: 0, ack: 10)
        talk.finish()
        #expect(talk.lines == ["1> abc", "1> lost 7"])
        // One more may have been FIN.
        var closing = opened()
        closing.client("abc", at: 0)
        closing.server(at: 0, ack: 4)
        closing.finish()
        #expect(closing.lines == ["1> abc"])
    }

    /// Of one direction alone, more than there are sequence numbers: acknowledgements from long ago mean nothing.
    @Test func gigabytesWithoutAnAcknowledgementAreNoGap() {
        var talk = opened()
        let step = 1_000_000
        for index in 0..<3300 {
            var packet = PacketBytes("abc", sequence: talk.starts.client &+ UInt32(index * step))
            packet.sourcePort = 40_000
            talk.give(packet.ipv4(length: 0), original: 40 + step)
        }
        talk.finish()
        #expect(talk.reassembler.counters.gaps == 3300)
        #expect(talk.reassembler.counters.bytesLost == 3300 * (step - 3))
    }

    /// No window reaches there: whoever says so is of another connection.
    @Test func anAcknowledgementOfWhatCannotBeIsNoGap() {
        var talk = opened()
        talk.client("abc", at: 0)
        talk.server(at: 0, ack: 2_000_000_000)
        talk.client("ghi", at: 6)
        talk.server(at: 0, ack: -2_000_000_000)
        talk.client("def", at: 3)
        talk.finish()
        #expect(talk.lines == ["1> abc", "1> def", "1> ghi"])
    }

    @Test func aConnectionHeardFromTheMiddleBeginsWhereItWasHeard() {
        var talk = Talk()
        talk.server("xyz", at: 100, ack: 50)
        talk.client("abc", at: 50, ack: 103)
        #expect(talk.heard.lines == ["1 10.0.0.2:7401 10.0.0.1:40000 from the middle", "1> xyz", "1< abc"])
        #expect(talk.reassembler.counters.gaps == 0)
    }

    /// What the other end expects next is where a direction begins that was not heard yet.
    @Test func anAcknowledgementSaysWhereTheOtherDirectionIs() {
        var talk = Talk()
        talk.server(at: 0, ack: 50)
        talk.client("def", at: 53)
        talk.client("abc", at: 50)
        #expect(talk.lines.dropFirst() == ["1< abc", "1< def"])
        var lacking = Talk()
        lacking.server(at: 0, ack: 50)
        lacking.client("def", at: 53)
        lacking.server(at: 0, ack: 56)
        #expect(lacking.lines.dropFirst() == ["1< lost 3", "1< def"])
        // Unless it is nowhere near.
        var elsewhere = Talk()
        elsewhere.server(at: 0, ack: 50)
        elsewhere.client("def", at: 50_000_000)
        elsewhere.client("ghi", at: 50_000_003)
        #expect(elsewhere.lines.dropFirst() == ["1< def", "1< ghi"])
        #expect(elsewhere.reassembler.counters.gaps == 0)
    }

    /// A megabyte that the capture missed, in the middle of a connection that goes on.
    @Test func aLongGapHasItsLength() {
        var talk = opened()
        talk.client("abc", at: 0)
        talk.client("def", at: 1_000_000_000)
        talk.client("ghi", at: 1_000_000_003)
        talk.server(at: 0, ack: 1_000_000_006)
        #expect(talk.lines == ["1> abc", "1> lost 999999997", "1> def", "1> ghi"])
    }

    /// Beyond any window one segment is noise; two that fit each other are the connection, farther than can be counted.
    @Test(arguments: [-1_000_000_000, 2_000_000_000])
    func aConnectionThatWentOnElsewhereIsFollowed(_ far: Int) {
        var talk = opened()
        talk.client("abc", at: 0)
        talk.client("noise", at: far - 100)
        talk.client("def", at: 3)
        talk.client("ghi", at: far)
        #expect(talk.lines == ["1> abc", "1> def"])
        talk.client("jkl", at: far + 3)
        talk.client("mno", at: far + 6)
        #expect(talk.lines == ["1> abc", "1> def", "1> lost some", "1> jkl", "1> mno"])
        #expect(talk.reassembler.counters.implausibleBytes == 8)
        #expect(talk.reassembler.counters.gaps == 1)
        #expect(talk.reassembler.counters.bytesLost == 0)
    }

    @Test func whatIsHeldBackIsToldBeforeTheJump() {
        var talk = opened()
        talk.client("def", at: 3)
        talk.client("x", at: -1_000_000_000)
        talk.client("yz", at: -999_999_999)
        #expect(talk.lines == ["1> lost 3", "1> def", "1> lost some", "1> yz"])
        #expect(talk.reassembler.heldBytes == 0)
    }

    private func opened(_ start: UInt32 = 1001) -> Talk {
        var talk = Talk(clientStart: start)
        talk.open()
        return talk
    }
}
