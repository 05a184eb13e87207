import Testing

@testable import PacketCapture

@Suite struct SyntheticConnectionTests {
    private let directory: TemporaryDirectory
    private let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.file("a.pcapng")
    }

    /// Records with `body` and returns the packets.
    private func packets(
        from first: Endpoint = .client, to second: Endpoint = .node, sequence: UInt32 = 1000,
        _ body: (inout SyntheticConnection, inout SyntheticConnection.Output) throws -> Void
    ) throws -> [Packet] {
        var connection = SyntheticConnection(from: first, to: second, initialSequence: sequence)
        var output = SyntheticConnection.Output(try PcapngWriter(creating: path, origin: .tests))
        try body(&connection, &output)
        try output.finish(dropped: 0, comment: "")
        return try RecordedBlocks(contents(of: path)).packets.map(Packet.init)
    }

    @Test func aConnectionBeginsWithAHandshakeOfThree() throws {
        let packets = try packets { try $0.open(at: .noon, into: &$1) }
        #expect(packets.map(\.flags) == [.syn, [.syn, .acknowledgement], .acknowledgement])
        #expect(packets.map(\.source) == [.client, .node, .client])
        #expect(packets[0].sequence == 1000)
        #expect(packets[1].acknowledgement == 1001)
        #expect(packets[2].sequence == 1001)
        #expect(packets[2].acknowledgement == packets[1].sequence &+ 1)
    }

    @Test(arguments: [1000, .max, .max - 5, .max - 100]) func bytesFollowEachOtherAlsoOverTheWrap(sequence: UInt32) throws {
        let packets = try packets(sequence: sequence) { connection, output in
            try connection.open(at: .noon, into: &output)
            for _ in 0..<10 { try connection.send([1, 2, 3].span, .forward, at: .noon, into: &output) }
            try connection.send([4].span, .backward, at: .noon, into: &output)
        }
        let data = packets.filter { !$0.payload.isEmpty }
        #expect(data.prefix(10).map(\.sequence) == (0..<10).map { sequence &+ 1 &+ 3 * $0 })
        #expect(data.last?.acknowledgement == sequence &+ 31)
        #expect(data.prefix(10).allSatisfy { $0.payload == [1, 2, 3] })
        #expect(data.last?.payload == [4])
    }

    @Test(arguments: [65_000, 65_001, 200_000]) func manyBytesAreSeveralSegments(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        let packets = try packets { try $0.send(bytes.span, .forward, at: .noon, into: &$1) }
        #expect(packets.map(\.payload.count).max() == 65_000)
        #expect(packets.flatMap(\.payload) == bytes)
        #expect(packets.map { $0.flags.contains(.push) } == packets.map { $0.sequence == packets.last?.sequence })
    }

    @Test func whatIsInFlightIsBounded() throws {
        let bytes = [UInt8](repeating: 1, count: 65_000)
        let packets = try packets { connection, output in
            for _ in 0..<100 { try connection.send(bytes.span, .forward, at: .noon, into: &output) }
        }
        #expect(packets.filter { $0.source == .node }.count == 6)
        let acknowledged = packets.last { $0.source == .node }?.acknowledgement
        #expect(acknowledged == 6_241_000)
    }

    @Test(arguments: [true, false]) func everyChecksumIsRight(isIPv6: Bool) throws {
        let ends: (Endpoint, Endpoint) = isIPv6 ? (.clientV6, .nodeV6) : (.client, .node)
        let packets = try packets(from: ends.0, to: ends.1) { connection, output in
            try connection.open(at: .noon, into: &output)
            for length in 1..<20 {
                let bytes = (0..<UInt8(length)).map { $0 &* 77 }
                try connection.send(bytes.span, .forward, at: .noon, into: &output)
            }
            try connection.finish(.forward, at: .noon, into: &output)
        }
        #expect(packets.count > 20)
        #expect(packets.allSatisfy { $0.hasRightChecksums })
    }

    @Test func endsOfTwoFamiliesMeetInTheNewer() throws {
        let packets = try packets(from: .client, to: .nodeV6) { try $0.open(at: .noon, into: &$1) }
        #expect(packets[0].source.description == "[::ffff:127.0.0.1]:50000")
        #expect(packets[0].hasRightChecksums)
    }

    @Test func halfOfTheConnectionCanBeClosed() throws {
        let packets = try packets { connection, output in
            try connection.finish(.forward, at: .noon, into: &output)
            #expect(!connection.isOver)
            try connection.send([1].span, .forward, at: .noon, into: &output)
            try connection.send([2].span, .backward, at: .noon, into: &output)
            try connection.finish(.backward, at: .noon, into: &output)
            #expect(connection.isOver)
        }
        #expect(packets.map(\.flags.rawValue) == [0x11, 0x10, 0x18, 0x11, 0x10])
        #expect(packets.map(\.payload) == [[], [], [2], [], []])
        #expect(packets[2].acknowledgement == 1001)
        #expect(packets[4].sequence == 1001)
    }

    @Test func nothingComesAfterAReset() throws {
        let packets = try packets { connection, output in
            try connection.reset(.backward, at: .noon, into: &output)
            #expect(connection.isOver)
            try connection.reset(.forward, at: .noon, into: &output)
            try connection.send([1].span, .forward, at: .noon, into: &output)
            try connection.finish(.backward, at: .noon, into: &output)
        }
        #expect(packets.map(\.flags.rawValue) == [0x14])
        #expect(packets[0].source == .node)
    }

    @Test(arguments: [1, 5000]) func lostBytesLeaveAGap(count: Int) throws {
        let packets = try packets { connection, output in
            connection.skip(count, .forward)
            try connection.send([1].span, .forward, at: .noon, into: &output)
        }
        #expect(packets[0].sequence == 1000 &+ UInt32(count))
    }
}

/// One packet of a raw capture taken apart.
private struct Packet {
    var source: Endpoint
    var sequence: UInt32
    var acknowledgement: UInt32
    var flags: SyntheticConnection.Flags
    var payload: [UInt8]
    var hasRightChecksums: Bool

    init(_ bytes: [UInt8]) {
        func number(_ offset: Int, _ width: Int) -> UInt64 { (0..<width).reduce(0) { $0 << 8 | UInt64(bytes[offset + $1]) } }
        let isIPv6 = bytes[0] >> 4 == 6
        let start = isIPv6 ? 40 : 20
        let addresses = isIPv6 ? Array(bytes[8..<40]) : Array(bytes[12..<20])
        let address = isIPv6 ? IPAddress.v6(high: number(8, 8), low: number(16, 8)) : .v4(UInt32(number(12, 4)))
        source = Endpoint(address: address, port: UInt16(number(start, 2)))
        sequence = UInt32(number(start + 4, 4))
        acknowledgement = UInt32(number(start + 8, 4))
        flags = SyntheticConnection.Flags(rawValue: bytes[start + 13])
        payload = Array(bytes[(start + Int(bytes[start + 12] >> 4) * 4)...])
        let length = bytes.count - start
        let announced = isIPv6 ? Int(number(4, 2)) : Int(number(2, 2)) - 20
        let pseudoHeader = addresses + [0, 6, UInt8(length >> 8), UInt8(truncatingIfNeeded: length)]
        hasRightChecksums =
            announced == length && Self.sum(pseudoHeader + bytes[start...]) == 0xffff
            && (isIPv6 || Self.sum(bytes.prefix(20)) == 0xffff)
    }

    /// As RFC 1071 says it, one word after the other.
    private static func sum(_ bytes: some Collection<UInt8>) -> Int {
        var sum = 0
        for (index, byte) in bytes.enumerated() { sum += Int(byte) << (index % 2 == 0 ? 8 : 0) }
        while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
        return sum
    }
}
