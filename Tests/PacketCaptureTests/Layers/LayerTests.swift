import PacketCapture
import Testing

/// What stands before TCP: links and both versions of IP.
@Suite struct LayerTests {
    private static let segment = PacketBytes("data", sequence: 1, acknowledgement: 1)
    private static let v4 = segment.ipv4()
    private static let v6 = segment.ipv6()
    private static let cooked: [UInt8] = [0, 0, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0]
    private static let cooked2: [UInt8] = [0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0]

    private static let links: [(String, LinkType, [UInt8])] = [
        ("ethernet", .ethernet, PacketBytes.ethernet(v4)), ("ethernet, v6", .ethernet, PacketBytes.ethernet(v6, type: 0x86dd)),
        ("padded", .ethernet, PacketBytes.ethernet(v4, padding: 6)),
        ("802.1Q", .ethernet, PacketBytes.ethernet(v4, tags: [0x8100])),
        ("802.1ad", .ethernet, PacketBytes.ethernet(v6, type: 0x86dd, tags: [0x88a8, 0x8100])),
        ("eight tags", .ethernet, PacketBytes.ethernet(v4, tags: [UInt16](repeating: 0x9100, count: 8))),
        ("raw", .raw, v4), ("raw, v6", .raw, v6), ("raw of OpenBSD", LinkType(rawValue: 14), v4),
        ("raw of others", LinkType(rawValue: 12), v6), ("ipv4", .ipv4, v4), ("ipv6", .ipv6, v6),
        ("null", .null, [2, 0, 0, 0] + v4), ("null, big-endian", .null, [0, 0, 0, 2] + v4),
        ("null, FreeBSD", .null, [28, 0, 0, 0] + v6), ("null, Darwin", .null, [0, 0, 0, 30] + v6),
        ("loop", .loop, [0, 0, 0, 24] + v6),
        ("cooked", .linuxCooked, cooked + [8, 0] + v4), ("cooked, tag", .linuxCooked, cooked + [0x81, 0, 0, 7, 0x86, 0xdd] + v6),
        ("cooked 2", .linuxCooked2, [0x86, 0xdd] + cooked2 + v6),
        ("cooked 2, tag", .linuxCooked2, [0x81, 0] + cooked2 + [0, 7, 8, 0] + v4),
    ]

    @Test(arguments: links)
    func everyLinkTypeLeadsToTCP(_ name: String, _ link: LinkType, _ bytes: [UInt8]) {
        let talk = talk(bytes, link)
        #expect(talk.heard.lines.dropFirst() == ["1> data"])
        let isV6 = talk.heard.lines[0].contains("[fd00::a00:1]:40000 [fd00::a00:2]:7401")
        #expect(isV6 || talk.heard.lines[0].contains("10.0.0.1:40000 10.0.0.2:7401"))
    }

    /// Cut anywhere in its headers, a packet is counted once and nothing is told of it.
    @Test(arguments: links)
    func aPacketCutInItsHeadersIsCounted(_ name: String, _ link: LinkType, _ bytes: [UInt8]) {
        let headers = bytes.count - "data".utf8.count - (name == "padded" ? 6 : 0)
        for length in 0..<headers {
            var talk = Talk()
            talk.give(Array(bytes.prefix(length)), link: link, original: bytes.count)
            #expect(talk.heard.lines == [])
            #expect(talk.reassembler.counters == counters(flows: 0) { $0.cutHeaders = 1 }, "\(length)")
        }
    }

    private static let extensions: [(String, [(UInt8, [UInt8])])] = [
        ("hop by hop", [(0, [0, 1, 4, 0, 0, 0, 0])]),
        ("routing and destination", [(43, [1] + [UInt8](repeating: 0, count: 14)), (60, [0, 1, 4, 0, 0, 0, 0])]),
        ("authentication", [(51, [4] + [UInt8](repeating: 0, count: 22))]), ("atomic fragment", [(44, [0, 0, 6, 1, 2, 3, 4])]),
        ("fifteen", [(UInt8, [UInt8])](repeating: (60, [0, 1, 4, 0, 0, 0, 0]), count: 15)),
    ]

    @Test(arguments: extensions)
    func extensionHeadersArePassedOver(_ name: String, _ extensions: [(UInt8, [UInt8])]) {
        let bytes = Self.segment.ipv6(extensions: extensions)
        #expect(talk(bytes, .raw).heard.lines.last == "1> data")
        for length in 0..<(bytes.count - 4) {
            var talk = Talk()
            talk.give(Array(bytes.prefix(length)), original: bytes.count)
            #expect(talk.reassembler.counters == counters(flows: 0) { $0.cutHeaders = 1 }, "\(length)")
        }
    }

    @Test(arguments: [
        ("of IPv4", segment.ipv4(options: [1, 1, 1, 0])), ("of TCP", withOptions.ipv4()),
        ("of both", withOptions.ipv4(options: [1, 1, 1, 1])),
        ("of TCP, v6", withOptions.ipv6()),
    ])
    func optionsArePassedOver(_ name: String, _ bytes: [UInt8]) {
        #expect(talk(bytes, .raw).heard.lines.last == "1> data")
    }

    private static var withOptions: PacketBytes {
        var packet = segment
        packet.options = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2]
        return packet
    }

    /// With segmentation offload the length is written after the capture.
    @Test(arguments: [segment.ipv4(length: 0), segment.ipv6(length: 0)])
    func aLengthOfZeroIsThatOfThePacket(_ bytes: [UInt8]) {
        #expect(talk(bytes, .raw).heard.lines.last == "1> data")
        var talk = Talk()
        talk.give(bytes.dropLast(3), original: bytes.count)
        #expect(talk.heard.lines.suffix(2) == ["1> d", "1> lost 3"])
        // What the file says it had cannot be true.
        var absurd = Talk()
        absurd.give(bytes, original: Int(UInt32.max))
        #expect(absurd.reassembler.counters == counters(flows: 0) { $0.malformed = 1 })
    }

    typealias Count = @Sendable (inout ReassemblyCounters) -> Void

    private static let others: [(String, LinkType, [UInt8], Count)] = [
        ("ARP", .ethernet, PacketBytes.ethernet([UInt8](repeating: 0, count: 28), type: 0x0806), { $0.notIP = 1 }),
        ("LLC", .ethernet, PacketBytes.ethernet([0x42, 0x42, 3], type: 38), { $0.notIP = 1 }),
        ("nine tags", .ethernet, PacketBytes.ethernet(v4, tags: [UInt16](repeating: 0x8100, count: 9)), { $0.notIP = 1 }),
        ("IPX on loopback", .null, [23, 1, 0, 0] + v4, { $0.notIP = 1 }),
        ("cooked ARP", .linuxCooked, cooked + [8, 6] + v4, { $0.notIP = 1 }),
        ("cooked netlink", .linuxCooked2, [0, 0] + cooked2 + v4, { $0.notIP = 1 }),
        ("802.11", LinkType(rawValue: 105), v4, { $0.unknownLinkType = 1 }),
        ("UDP", .raw, segment.ipv4(protocol: 17), { $0.notTCP = 1 }),
        ("ESP", .raw, segment.ipv6(extensions: [(50, [0])]), { $0.notTCP = 1 }),
        (
            "sixteen headers", .raw, segment.ipv6(extensions: .init(repeating: (60, [0, 1, 4, 0, 0, 0, 0]), count: 16)),
            { $0.notTCP = 1 }
        ),
        ("first fragment", .raw, segment.ipv4(fragment: 0x2000), { $0.fragments = 1 }),
        ("last fragment", .raw, segment.ipv4(fragment: 0x0001), { $0.fragments = 1 }),
        ("fragment, v6", .raw, segment.ipv6(extensions: [(44, [0, 0, 1, 1, 2, 3, 4])]), { $0.fragments = 1 }),
        ("last fragment, v6", .raw, segment.ipv6(extensions: [(44, [0, 0, 8, 1, 2, 3, 4])]), { $0.fragments = 1 }),
        ("version 5", .raw, [0x55] + v4.dropFirst(), { $0.malformed = 1 }),
        ("short header", .raw, [0x44] + v4.dropFirst(), { $0.malformed = 1 }),
        ("header longer than packet", .raw, segment.ipv4(length: 19), { $0.malformed = 1 }),
        ("TCP longer than packet", .raw, segment.ipv4(length: 39), { $0.malformed = 1 }),
        ("TCP longer than packet, v6", .raw, segment.ipv6(length: 19), { $0.malformed = 1 }),
        ("extension longer than packet", .raw, segment.ipv6(extensions: [(60, [200, 1, 4, 0, 0, 0, 0])]), { $0.malformed = 1 }),
        (
            "no room for an extension", .raw, segment.ipv6(extensions: [(60, [0, 1, 4, 0, 0, 0, 0])], length: 7),
            { $0.malformed = 1 }
        ),
        ("short TCP header", .raw, v4.prefix(32) + [0x40] + v4.dropFirst(33), { $0.malformed = 1 }),
        ("TCP header longer than packet", .raw, v4.prefix(32) + [0xf0] + v4.dropFirst(33), { $0.malformed = 1 }),
    ]

    @Test(arguments: others)
    func whatIsNoSegmentIsCountedOnce(
        _ name: String, _ link: LinkType, _ bytes: [UInt8], _ counter: Count
    ) {
        let talk = talk(bytes, link)
        #expect(talk.heard.lines == [])
        #expect(talk.reassembler.counters == counters(flows: 0, counter))
    }

    private func talk(_ bytes: [UInt8], _ link: LinkType) -> Talk {
        var talk = Talk()
        talk.give(bytes, link: link)
        return talk
    }
}
