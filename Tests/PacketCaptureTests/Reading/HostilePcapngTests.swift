import PacketCapture
import Testing

/// Files that contradict themselves, and the limits of what a file may ask for.
@Suite struct HostilePcapngTests {
    @Test(arguments: ByteOrder.allCases)
    func aBlockWhoseLengthsDifferIsRefused(_ order: ByteOrder) {
        for type: UInt32 in [6, 4] {
            var file = PcapngBytes(order: order)
            file.addInterface()
            file.addPacket([1])
            let offset = file.bytes.count
            file.addBlock(type, [UInt8](repeating: 0, count: 24), end: 40)
            let read = ReadPackets(file.bytes)
            #expect(read.bytes == [[1]])
            #expect(
                read.error
                    == .malformed(
                        file: "file", offset: offset + 32, what: "a block that began with a length of 36 ends with one of 40"))
        }
    }

    @Test(arguments: [0, 8, 11, 13, 14, 15, (1 << 24) + 4, .max] as [UInt32])
    func anAbsurdLengthIsRefused(_ length: UInt32) {
        for type: UInt32 in [6, 4, 99, 0x0a0d_0d0a] {
            var file = PcapngBytes()
            file.addInterface()
            file.addPacket([1])
            let offset = file.bytes.count
            file.addBlock(type, [0x4d, 0x3c, 0x2b, 0x1a] + [UInt8](repeating: 0, count: 20), length: length)
            let read = ReadPackets(file.bytes)
            #expect(read.bytes == [[1]])
            guard case .malformed("file", offset + 4, _) = read.error else {
                Issue.record("\(type): \(String(describing: read.error))")
                continue
            }
        }
    }

    /// A block of each type with a body that is one word too short.
    @Test(arguments: [(1, 4), (2, 16), (3, 0), (5, 8), (6, 16), (10, 4), (0x0a0d_0d0a, 12)] as [(UInt32, Int)])
    func aBlockThatIsTooShortIsRefused(_ type: UInt32, _ size: Int) {
        var file = PcapngBytes()
        file.addInterface()
        let offset = file.bytes.count
        let magic: [UInt8] = type == 0x0a0d_0d0a ? [0x4d, 0x3c, 0x2b, 0x1a] : [0, 0, 0, 0]
        file.addBlock(type, (magic + [UInt8](repeating: 0, count: 20)).prefix(size).map(\.self))
        guard case .malformed("file", offset + 4, _) = ReadPackets(file.bytes).error else {
            Issue.record("\(String(describing: ReadPackets(file.bytes).error))")
            return
        }
    }

    @Test func aPacketThatIsLongerThanItsBlockIsRefused() {
        for length: UInt32 in [5, 1000, .max] {
            var file = PcapngBytes()
            file.addInterface()
            let offset = file.bytes.count
            file.addBlock(6, [UInt8](repeating: 0, count: 12) + ByteOrder.little.bytes(length) + [0, 0, 0, 0] + [1, 2, 3, 4])
            #expect(
                ReadPackets(file.bytes).error
                    == .malformed(file: "file", offset: offset + 20, what: "a packet of \(length) bytes in a block of 36"))
        }
        var file = PcapngBytes()
        let offset = file.bytes.count
        file.addBlock(10, [1, 0, 0, 0] + [5, 0, 0, 0] + [1, 2, 3, 4])
        #expect(
            ReadPackets(file.bytes).error
                == .malformed(file: "file", offset: offset + 12, what: "secrets of 5 bytes in a block of 24"))
    }

    @Test func aSectionWithoutByteOrderOrOfAnotherVersionIsRefused() {
        var file = PcapngBytes()
        let offset = file.bytes.count
        file.addBlock(0x0a0d_0d0a, [UInt8](repeating: 7, count: 16))
        #expect(
            ReadPackets(file.bytes).error
                == .malformed(file: "file", offset: offset + 8, what: "no byte-order magic in a section's header"))
        var later = PcapngBytes()
        later.addSection(.big, major: 2)
        #expect(
            ReadPackets(later.bytes).error
                == .unsupported(file: "file", what: "pcapng of version 2; convert it: editcap FILE NEW"))
    }

    /// Options that do not fit end there; what the block holds besides is read.
    @Test func brokenOptionsAreNotFollowed() {
        let little = ByteOrder.little
        for options in [[4, 0, 200, 0, 1, 2, 3, 4], [4, 0, 8, 0], [4, 0], [0, 0, 0, 0, 4, 0, 8, 0, 1, 1, 1, 1, 1, 1, 1, 1]]
            as [[UInt8]]
        {
            var file = PcapngBytes()
            file.addInterface()
            file.addBlock(
                6,
                [UInt8](repeating: 0, count: 12) + little.bytes(2 as UInt32) + little.bytes(2 as UInt32) + [1, 2, 0, 0] + options)
            let read = ReadPackets(file.bytes)
            #expect(read.error == nil)
            #expect(read.bytes == [[1, 2]])
            #expect(read.summary?.droppedPackets == 0)
        }
    }

    @Test func aPacketMayHaveAMebibyte() {
        let most = CaptureReader.Limits.packet
        let packet = [UInt8](repeating: 7, count: most)
        var file = PcapngBytes()
        file.addInterface()
        file.addPacket(packet, [(1, [UInt8](repeating: 65, count: 60_000))])
        file.addPacket([1])
        #expect(ReadPackets(file.bytes, step: 100_000).packets.map(\.bytes.count) == [most, 1])
        let offset = file.bytes.count
        var simple = file
        file.addPacket(packet + [1])
        let what = "a packet of \(most + 1) bytes in a block of \(most + 36)"
        #expect(ReadPackets(file.bytes).error == .malformed(file: "file", offset: offset + 20, what: what))
        simple.addSimplePacket(packet + [1])
        #expect(
            ReadPackets(simple.bytes).error
                == .malformed(file: "file", offset: offset + 8, what: "a packet of \(most + 1) bytes; at most \(most) can be"))
    }

    @Test func aBlockThatIsReadHasALimit() {
        let most = CaptureReader.Limits.readBlock
        var file = PcapngBytes()
        file.addInterface()
        // As long as can be, with options that say nothing.
        file.addBlock(5, [UInt8](repeating: 0, count: most - 12))
        #expect(ReadPackets(file.bytes).error == nil)
        let offset = file.bytes.count
        file.addBlock(5, [UInt8](repeating: 0, count: most - 8))
        #expect(
            ReadPackets(file.bytes).error
                == .malformed(file: "file", offset: offset + 4, what: "a block of \(most + 4) bytes; at most \(most) can be read")
        )
    }

    @Test func aBlockThatIsSkippedHasALimit() {
        var file = PcapngBytes()
        file.addInterface()
        file.addBlock(99, [UInt8](repeating: 0, count: CaptureReader.Limits.block - 12))
        file.addPacket([1])
        let read = ReadPackets(file.bytes)
        #expect(read.bytes == [[1]])
        #expect(read.error == nil)
    }

    @Test func interfacesHaveALimit() {
        var file = PcapngBytes()
        for _ in 0..<CaptureReader.Limits.interfaces { file.addInterface() }
        #expect(ReadPackets(file.bytes).error == nil)
        let offset = file.bytes.count
        file.addInterface()
        #expect(
            ReadPackets(file.bytes).error
                == .malformed(file: "file", offset: offset, what: "more than 4096 interfaces in a section"))
    }

    @Test func secretsHaveALimit() {
        let most = CaptureReader.Limits.secretBytes
        var file = PcapngBytes()
        file.addSecrets(1, [UInt8](repeating: 1, count: most - 64))
        file.addSecrets(2, [])
        #expect(ReadPackets(file.bytes).summary?.secrets.map(\.type) == [1, 2])
        #expect(ReadPackets(file.bytes).summary?.secretsLeftOut == 0)
        file.addSecrets(3, [])
        file.addSecrets(4, [UInt8](repeating: 1, count: most))
        let summary = ReadPackets(file.bytes).summary
        #expect(summary?.secrets.map(\.type) == [1, 2])
        #expect(summary?.secretsLeftOut == 2)
    }
}
