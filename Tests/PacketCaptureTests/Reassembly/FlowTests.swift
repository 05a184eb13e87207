import PacketCapture
import Testing

private let (syn, fin, rst, ack) = (PacketBytes.syn, PacketBytes.fin, PacketBytes.rst, PacketBytes.ack)

/// How connections begin, end and follow one another.
@Suite struct FlowTests {
    @Test func aRepeatedSYNBeginsNothing() {
        var talk = Talk()
        talk.client(at: -1, ack: nil, flags: syn)
        talk.client(at: -1, ack: nil, flags: syn)
        talk.server(at: -1, flags: syn | ack)
        talk.server(at: -1, flags: syn | ack)
        talk.client("abc", at: 0)
        talk.client(at: -1, ack: nil, flags: syn)
        #expect(talk.heard.lines == [Talk.begin, "1> abc"])
    }

    /// A SYN may bring bytes (TCP Fast Open).
    @Test func bytesOfASYNAreTheFirst() {
        var talk = Talk()
        talk.client("abc", at: -1, ack: nil, flags: syn)
        talk.server("xyz", at: -1, ack: 3, flags: syn | ack)
        talk.client("abcdef", at: 0)
        #expect(talk.heard.lines == [Talk.begin, "1> abc", "1< xyz", "1> def"])
    }

    @Test func theAnswerToAMissingSYNTellsWhoBegan() {
        var talk = Talk()
        talk.server(at: -1, flags: syn | ack)
        talk.client("def", at: 3)
        talk.client("abc", at: 0)
        #expect(talk.heard.lines == [Talk.begin, "1> abc", "1> def"])
    }

    @Test func aMissingAnswerIsMadeUpForByTheAcknowledgement() {
        var talk = Talk()
        talk.client(at: -1, ack: nil, flags: syn)
        talk.client(at: 0)
        talk.server("def", at: 3)
        talk.server("abc", at: 0)
        #expect(talk.heard.lines == [Talk.begin, "1< abc", "1< def"])
    }

    /// A server without memory (SYN cookies) answers again from another number.
    @Test func aServerMayChangeItsMindBeforeItsFirstByte() {
        var talk = Talk()
        talk.client(at: -1, ack: nil, flags: syn)
        talk.server(at: 5000, flags: syn | ack)
        talk.server(at: -1, flags: syn | ack)
        talk.server("abc", at: 0)
        #expect(talk.heard.lines == [Talk.begin, "1< abc"])
    }

    @Test func bothEndsMayOpenAtOnce() {
        var talk = Talk()
        talk.client(at: -1, ack: nil, flags: syn)
        talk.server(at: -1, ack: nil, flags: syn)
        talk.client(at: -1, flags: syn | ack)
        talk.server(at: -1, flags: syn | ack)
        talk.client("abc", at: 0)
        talk.server("xyz", at: 0)
        #expect(talk.heard.lines == [Talk.begin, "1> abc", "1< xyz"])
    }

    /// What was heard before of an older connection does not make its SYN another's answer.
    @Test func aSYNAfterALateAcknowledgementIsANewFlow() {
        var talk = Talk()
        talk.server(at: 700, ack: 300)
        talk.open()
        talk.client("abc", at: 0)
        #expect(
            talk.heard.lines == [
                "1 10.0.0.2:7401 10.0.0.1:40000 from the middle", "1> replaced", "1< replaced", "2 10.0.0.1:40000 10.0.0.2:7401",
                "2> abc",
            ])
    }

    @Test func aNewSYNIsANewFlow() {
        var talk = opened()
        talk.client("abc", at: 0)
        talk.server("f", at: 5)
        talk.starts = (90_001, 80_001)
        talk.open()
        talk.client("def", at: 0)
        talk.finish()
        #expect(
            talk.heard.lines == [
                Talk.begin, "1> abc", "1> replaced", "1< lost 5", "1< f", "1< replaced", "2 10.0.0.1:40000 10.0.0.2:7401",
                "2> def",
                "2> captureEnded", "2< captureEnded",
            ])
        #expect(talk.heard.faults == [])
    }

    /// Programs that make captures begin each connection with the same number.
    @Test func afterTheEndTheSameSYNIsANewFlow() {
        var talk = opened()
        talk.client("abc", at: 0, flags: fin | ack)
        talk.server("xyz", at: 0, ack: 4, flags: fin | ack)
        talk.open()
        talk.client("abc", at: 0)
        talk.server("xyz", at: 0, ack: 3)
        #expect(talk.heard.lines.suffix(3) == ["2 10.0.0.1:40000 10.0.0.2:7401", "2> abc", "2< xyz"])
        #expect(talk.heard.faults == [])
    }

    /// Also when the ends change roles, and when the SYN itself is missing.
    @Test func anAnswerToAnUnknownSYNIsANewFlow() {
        var talk = opened()
        talk.client("abc", at: 0)
        talk.server("x", at: 0)
        talk.starts = (90_001, 80_001)
        talk.client(at: -1, flags: syn | ack)
        talk.server("abc", at: 0)
        talk.client("xyz", at: 0)
        #expect(
            talk.heard.lines == [
                Talk.begin, "1> abc", "1< x", "1> replaced", "1< replaced", "2 10.0.0.2:7401 10.0.0.1:40000", "2> abc", "2< xyz",
            ])
    }

    @Test func eachDirectionFinishesForItself() {
        var talk = opened()
        talk.client("abc", at: 0, flags: fin | ack)
        talk.server("xyz", at: 0, ack: 4)
        talk.client(at: 4, ack: 3)
        talk.server("!", at: 3, ack: 4, flags: fin | ack)
        talk.client(at: 4, ack: 5)
        talk.finish()
        #expect(talk.heard.lines == [Talk.begin, "1> abc", "1> finished", "1< xyz", "1< !", "1< finished"])
        #expect(talk.heard.faults == [])
    }

    @Test func finishingWaitsForMissingBytes() {
        var talk = opened()
        talk.client("ghi", at: 6, flags: fin | ack)
        talk.client("abc", at: 0)
        #expect(talk.lines == ["1> abc"])
        talk.client("def", at: 3)
        #expect(talk.lines == ["1> abc", "1> def", "1> ghi", "1> finished"])
        var lacking = opened()
        lacking.client(at: 6, flags: fin | ack)
        lacking.client("abc", at: 0)
        lacking.server(at: 0, ack: 7)
        #expect(lacking.lines == ["1> abc", "1> lost 3", "1> finished"])
        var last = opened()
        last.client(at: 6, flags: fin | ack)
        last.finish()
        #expect(last.lines == ["1> lost 6", "1> finished"])
    }

    @Test func theFirstFINHolds() {
        var talk = opened()
        talk.client(at: 3, flags: fin | ack)
        talk.client(at: 5, flags: fin | ack)
        talk.client("abcde", at: 0)
        #expect(talk.lines == ["1> abc", "1> finished"])
        #expect(talk.reassembler.counters.bytesAfterEnd == 2)
    }

    @Test func nothingComesBehindFIN() {
        var talk = opened()
        talk.client("ghi", at: 6)
        talk.client("x", at: 4, flags: fin | ack)
        talk.client("abcd", at: 0)
        talk.client("efg", at: 4)
        #expect(talk.lines == ["1> abcd", "1> x", "1> finished"])
        #expect(talk.heard.faults == [])
        // ghi, and of efg the last: FIN itself takes the place of f.
        #expect(talk.reassembler.counters.bytesAfterEnd == 4)
        #expect(talk.reassembler.heldBytes == 0)
    }

    @Test func aResetEndsBothDirections() {
        var talk = opened()
        talk.client("abc", at: 0)
        talk.server("z", at: 2)
        talk.client("!", at: 3, ack: nil, flags: rst)
        // Under way when the reset was sent.
        talk.server("xyz", at: 3)
        talk.client(at: 3, ack: nil, flags: rst)
        #expect(talk.lines == ["1> abc", "1> reset", "1< lost 2", "1< z", "1< reset"])
        #expect(talk.heard.faults == [])
        #expect(talk.reassembler.counters.bytesAfterEnd == 4)
        #expect(talk.reassembler.counters.flows == 1)
    }

    @Test func aRefusedConnectionIsAFlowWithoutBytes() {
        var talk = Talk()
        talk.client(at: -1, ack: nil, flags: syn)
        talk.server(at: -5001, flags: rst | ack)
        talk.client(at: 100, ack: nil, flags: syn)
        #expect(talk.heard.lines == [Talk.begin, "1> reset", "1< reset", "2 10.0.0.1:40000 10.0.0.2:7401"])
        #expect(talk.heard.faults == [])
    }

    @Test func aResetOutOfNowhereEndsNothing() {
        var talk = Talk()
        talk.server(at: 0, flags: rst)
        #expect(talk.heard.lines == [])
        talk.open()
        talk.client("abc", at: 0)
        talk.client(at: 2_000_000_000, flags: rst)
        talk.client("def", at: 3)
        #expect(talk.lines == ["1> abc", "1> def"])
        #expect(talk.reassembler.counters.strayResets == 2)
    }

    /// Who had finished and goes on without SYN speaks in a new connection, whose beginning the capture missed.
    @Test(arguments: [fin, rst])
    func aFlowAfterTheEndIsAnother(_ flag: UInt8) {
        var talk = opened()
        talk.client("abc", at: 0)
        talk.client(at: 3, flags: flag | ack)
        talk.server(at: 0, ack: 4, flags: fin | ack)
        talk.client(at: 4, ack: 1)
        talk.client("abc", at: 0)
        #expect(talk.reassembler.counters.flows == 1)
        talk.client("new", at: 400)
        talk.client("er", at: 403)
        #expect(talk.heard.lines.suffix(3) == ["2 10.0.0.1:40000 10.0.0.2:7401 from the middle", "2> new", "2> er"])
        #expect(talk.heard.faults == [])
    }

    @Test func aFlagThatCannotBeIsCounted() {
        var talk = opened()
        talk.client(at: 0, flags: syn | fin)
        talk.client(at: 0, flags: syn | rst)
        #expect(talk.lines == [])
        #expect(talk.reassembler.counters.malformed == 2)
    }

    @Test func connectionsBetweenOtherPortsAreOtherFlows() {
        var talk = Talk()
        for port: UInt16 in [50, 60, 70] {
            talk.give(.client, "a\(port)", at: 0, ack: 0, flags: ack, port: port)
            talk.give(.server, "b\(port)", at: 0, ack: 3, flags: ack, port: port)
        }
        for port: UInt16 in [70, 50, 60] { talk.give(.client, "c", at: 3, ack: 3, flags: ack, port: port) }
        talk.finish()
        let begin = { (port: Int) in "10.0.0.1:\(port) 10.0.0.2:7401 from the middle" }
        #expect(
            talk.heard.lines == [
                "1 " + begin(50), "1> a50", "1< b50", "2 " + begin(60), "2> a60", "2< b60", "3 " + begin(70), "3> a70", "3< b70",
                "3> c", "1> c", "2> c", "1> captureEnded", "1< captureEnded", "2> captureEnded", "2< captureEnded",
                "3> captureEnded",
                "3< captureEnded",
            ])
    }

    @Test func aConnectionWithItselfIsFollowed() {
        var talk = Talk()
        var packet = PacketBytes("abc", sequence: 5, flags: ack)
        (packet.destination, packet.destinationPort) = (packet.source, packet.sourcePort)
        talk.give(packet.ipv4())
        #expect(talk.heard.lines == ["1 10.0.0.1:40000 10.0.0.1:40000 from the middle", "1> abc"])
    }

    private func opened() -> Talk {
        var talk = Talk()
        talk.open()
        return talk
    }
}
