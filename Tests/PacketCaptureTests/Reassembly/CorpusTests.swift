import PacketCapture
import Testing

/// The files from which the fuzzer starts, and those that other programs wrote.
@Suite struct CorpusTests {
    /// What is told of a file, and how it ends, is the same however its bytes come.
    @Test(arguments: try StoredFiles.names(in: "Corpus").filter { !$0.hasPrefix("script") })
    func everySeedIsReadTheSameInAnySteps(_ name: String) throws {
        let bytes = try StoredFiles.bytes("Corpus/" + name)
        let whole = Reading(bytes)
        #expect(whole.heard.faults == [])
        for step in [1, 3, 17] {
            let reading = Reading(bytes, step: step)
            #expect(reading.heard.lines == whole.heard.lines)
            #expect(reading.error == whole.error)
        }
        let ending =
            switch name {
            case "pcap-cut", "pcapng-gzip-cut": "cut short"
            case "pcap-hostile-length", "pcapng-absurd-length", "pcapng-lengths-differ": "damaged"
            default: ""
            }
        #expect(whole.error?.description.contains(ending) ?? ending.isEmpty)
        let lines = whole.heard.lines.filter { $0.hasPrefix("1> ") || $0.hasPrefix("1< ") }
        switch name {
        case "pcap-fragments": #expect(lines.prefix(3) == ["1> tso", "1> snappedsna", "1> lost 53"])
        case "pcap-hostile-length": #expect(lines.first == "1> abc")
        case "pcapng-absurd-length": #expect(lines == ["1> captureEnded", "1< captureEnded"])
        case "pcapng-lengths-differ": #expect(lines == [])
        default: #expect(lines.prefix(6) == ["1> abc", "1> def", "1> ghi", "1< xyz", "1> lost 11", "1> end"])
        }
    }

    /// The same conversation, captured by tcpdump 4.99 and tshark 4.0 in several ways.
    @Test(arguments: [
        ("any-cooked.pcap", LinkType.linuxCooked, 1), ("any-cooked2.pcap", .linuxCooked2, 1), ("lo-nano.pcap.gz", .ethernet, 1),
        ("secrets.pcapng", .ethernet, 1), ("merged.pcapng", .ethernet, 3),
    ])
    func whatOtherProgramsWroteIsRead(_ name: String, _ link: LinkType, _ flows: Int) throws {
        let reading = Reading(try StoredFiles.bytes("Fixtures/" + name))
        #expect(reading.error == nil)
        #expect(reading.heard.faults == [])
        #expect(reading.link == link)
        #expect(reading.summary?.packets == 21 * flows)
        #expect(reading.counters == counters(flows: flows) { $0.segments = 21 * flows })
        for flow in 1...flows {
            #expect(reading.text(of: "\(flow)>") == Self.requests)
            #expect(reading.text(of: "\(flow)<") == Self.replies)
            #expect(reading.heard.lines.contains("\(flow)> finished"))
            #expect(reading.heard.lines.contains("\(flow)< finished"))
        }
        #expect(reading.summary?.secrets.isEmpty == (name != "secrets.pcapng"))
        #expect(reading.summary?.isCompressed == name.hasSuffix("gz"))
    }

    @Test func aCaptureOfBeginningsTellsWhatItLacks() throws {
        let reading = Reading(try StoredFiles.bytes("Fixtures/lo-snap.pcap"))
        #expect(reading.error == nil)
        #expect(reading.summary?.cutPackets == 5)
        #expect(reading.counters.gaps == 5)
        #expect(reading.counters.bytesLost == 238)
        #expect(reading.heard.lines.prefix(5).suffix(4) == ["1> request 0 ", "1> \n", "1< reply 0 to req", "1< lost 8"])
    }

    private static let requests =
        "request 0 \nrequest 1 " + String(repeating: "x", count: 40) + "\nrequest 2 "
        + String(repeating: "x", count: 80) + "\n"
    private static let replies =
        "reply 0 to request 0 \nreply 1 to request 1 " + String(repeating: "x", count: 40)
        + "\nreply 2 to request 2 " + String(repeating: "x", count: 80) + "\nbye\n"
}

/// A file through reader and reassembly.
private struct Reading {
    let heard = HeardLines()
    private(set) var error: CaptureError?
    private(set) var summary: CaptureSummary?
    private(set) var counters = ReassemblyCounters()
    private(set) var link: LinkType?

    init(_ bytes: [UInt8], step: Int = .max) {
        var reassembler = Reassembler()
        do throws(CaptureError) {
            var reader = try CaptureReader(bytes: bytes, step: step, named: "file")
            defer { summary = reader.summary }
            while try reader.next({ packet, bytes in
                link = link ?? packet.linkType
                reassembler.take(packet, bytes, into: heard)
            }) {}
        } catch {
            self.error = error
        }
        reassembler.finish(into: heard)
        counters = reassembler.counters
    }

    /// All bytes of a direction such as `1>`.
    func text(of direction: String) -> String {
        heard.lines.filter { $0.hasPrefix(direction + " ") && !$0.hasSuffix(" finished") }.map {
            $0.dropFirst(direction.count + 1)
        }
        .joined()
    }
}
