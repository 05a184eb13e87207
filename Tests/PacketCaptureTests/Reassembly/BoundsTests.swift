import PacketCapture
import Testing

/// Both sides of each limit.
@Suite struct BoundsTests {
    @Test func tooManySegmentsEndWaiting() {
        var talk = opened(Reassembler.Bounds(heldSegments: 3))
        for position in [1, 3, 5] { talk.client("x", at: position) }
        #expect(talk.lines == [])
        talk.client("x", at: 7)
        #expect(talk.lines == ["1> lost 1", "1> x"])
        talk.client("a", at: 2)
        #expect(talk.lines.suffix(2) == ["1> a", "1> x"])
    }

    @Test func tooManyBytesEndWaiting() {
        // Each segment counts 64 more.
        var talk = opened(Reassembler.Bounds(heldBytes: 2 * 64 + 10))
        talk.client("abcde", at: 1)
        talk.client("ghijk", at: 7)
        #expect(talk.lines == [])
        #expect(talk.reassembler.heldBytes == 2 * 64 + 10)
        talk.client("l", at: 12)
        #expect(talk.lines == ["1> lost 1", "1> abcde"])
    }

    /// What has waited longest makes room.
    @Test func tooManyBytesAltogetherEndTheLongestWait() {
        var talk = Talk(bounds: Reassembler.Bounds(heldBytesAltogether: 3 * 65))
        for port: UInt16 in [50, 60, 70] { talk.give(.client, "a", at: 0, ack: nil, flags: 16, port: port) }
        for port: UInt16 in [60, 50, 70] { talk.give(.client, "c", at: 2, ack: nil, flags: 16, port: port) }
        #expect(talk.heard.lines.count == 6)
        #expect(talk.reassembler.heldBytes == 3 * 65)
        talk.give(.client, "e", at: 4, ack: nil, flags: 16, port: 70)
        #expect(talk.heard.lines.dropFirst(6) == ["2> lost 1", "2> c"])
        #expect(talk.reassembler.heldBytes == 3 * 65)
        talk.give(.client, "e", at: 4, ack: nil, flags: 16, port: 60)
        #expect(talk.heard.lines.dropFirst(8) == ["1> lost 1", "1> c"])
        #expect(talk.heard.faults == [])
    }

    @Test func tooManyFlowsMakeTheOldestForgotten() {
        var talk = Talk(bounds: Reassembler.Bounds(flows: 2))
        for port: UInt16 in [50, 60] { talk.give(.client, "a", at: 0, ack: nil, flags: 16, port: port) }
        talk.give(.client, "c", at: 2, ack: nil, flags: 16, port: 60)
        talk.give(.client, "b", at: 1, ack: nil, flags: 16, port: 50)
        #expect(talk.reassembler.counters.flowsForgotten == 0)
        talk.give(.client, "a", at: 0, ack: nil, flags: 16, port: 70)
        #expect(
            talk.heard.lines.dropFirst(5) == [
                "2> lost 1", "2> c", "2> forgotten", "2< forgotten", "3 10.0.0.1:70 10.0.0.2:7401 from the middle", "3> a",
            ])
        // Heard again, it is another flow.
        talk.give(.client, "d", at: 3, ack: nil, flags: 16, port: 60)
        #expect(talk.heard.lines.suffix(2) == ["4 10.0.0.1:60 10.0.0.2:7401 from the middle", "4> d"])
        #expect(talk.reassembler.counters.flowsForgotten == 2)
        #expect(talk.reassembler.knownFlows == 2)
        #expect(talk.heard.faults == [])
    }

    @Test func aFlowThatHasEndedIsForgottenWithoutAWord() {
        var talk = Talk(bounds: Reassembler.Bounds(flows: 1))
        talk.open()
        talk.client(at: 0, flags: PacketBytes.rst)
        talk.give(.client, "a", at: 0, ack: nil, flags: 16, port: 70)
        #expect(
            talk.heard.lines == [Talk.begin, "1> reset", "1< reset", "2 10.0.0.1:70 10.0.0.2:7401 from the middle", "2> a"])
        #expect(talk.reassembler.counters.flowsForgotten == 0)
    }

    /// The slots of forgotten flows are used again, and nothing of these is left in them.
    @Test func manyFlowsTakeTheRoomOfFew() {
        var talk = Talk(bounds: Reassembler.Bounds(flows: 10))
        for port in 1...1000 as ClosedRange<UInt16> {
            talk.give(.client, at: -1, ack: nil, flags: PacketBytes.syn, port: port)
            talk.give(.client, "a", at: 0, ack: nil, flags: 16, port: port)
            talk.give(.client, "c", at: 2, ack: nil, flags: 16, port: port)
            #expect(talk.reassembler.knownFlows <= 10)
            #expect(talk.reassembler.heldBytes <= 10 * 65)
        }
        talk.finish()
        #expect(talk.reassembler.heldBytes == 0)
        #expect(talk.heard.faults == [])
        #expect(talk.heard.lines.filter { $0.hasSuffix("> lost 1") }.count == 1000)
    }

    private func opened(_ bounds: Reassembler.Bounds) -> Talk {
        var talk = Talk(bounds: bounds)
        talk.open()
        return talk
    }
}
