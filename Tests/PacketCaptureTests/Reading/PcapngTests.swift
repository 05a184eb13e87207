import PacketCapture
import Testing

@Suite struct PcapngTests {
    @Test(arguments: ByteOrder.allCases, [1, 5, .max])
    func everyKindOfPacketIsRead(_ order: ByteOrder, _ step: Int) {
        var file = PcapngBytes(order: order)
        file.addInterface(link: 1, snap: 5)
        file.addInterface(link: 276)
        file.addPacket([1, 2, 3], ticks: 0x1_0000_0002, original: 9)
        file.addSimplePacket([4, 5, 6, 7, 8], original: 7)
        file.addObsoletePacket([9], ticks: 3, interface: 1, drops: 0)
        file.addPacket([], ticks: 4, interface: 1)
        file.addSimplePacket([1, 2])
        let read = ReadPackets(file.bytes, step: step)
        #expect(read.error == nil)
        #expect(read.bytes == [[1, 2, 3], [4, 5, 6, 7, 8], [9], [], [1, 2]])
        // A simple packet has no time: that of the one before stands for it.
        #expect(read.nanoseconds == [4_294_967_298_000, 4_294_967_298_000, 3000, 4000, 4000])
        #expect(read.packets.map(\.head.originalLength) == [9, 7, 1, 0, 2])
        #expect(read.packets.map(\.head.linkType) == [.ethernet, .ethernet, .linuxCooked2, .linuxCooked2, .ethernet])
        #expect(read.packets.map(\.head.number) == [1, 2, 3, 4, 5])
        #expect(read.summary?.format == .pcapng)
        #expect(read.summary?.cutPackets == 2)
        #expect(read.summary?.sections == 1)
        #expect(read.summary?.interfaces == 2)
    }

    @Test func everySectionHasItsByteOrderAndItsInterfaces() {
        var file = PcapngBytes(order: .little)
        file.addInterface(link: 1)
        file.addInterface(link: 1)
        file.addPacket([1], ticks: 1, interface: 1)
        file.addSection(.big, options: big(1 as UInt16) + big(4 as UInt16) + Array("note".utf8) + [0, 0, 0, 0])
        file.addInterface(link: 101)
        file.addPacket([2], ticks: 2)
        file.addPacket([3], ticks: 3, interface: 1)
        file.addSection(.little)
        file.addPacket([4])
        file.addSimplePacket([5])
        let read = ReadPackets(file.bytes)
        #expect(read.error == nil)
        #expect(read.bytes == [[1], [2]])
        #expect(read.nanoseconds == [1000, 2000])
        #expect(read.packets.map(\.head.linkType) == [.ethernet, .raw])
        #expect(read.summary?.packetsWithoutInterface == 3)
        #expect(read.summary?.sections == 3)
        #expect(read.summary?.interfaces == 3)
    }

    @Test(
        arguments: [
            (nil, 0, 5, 5000), (6, 0, 5, 5000), (9, 0, 5, 5), (0, 0, 5, 5_000_000_000), (3, 0, 5, 5_000_000), (12, 0, 5999, 5),
            (28, 0, .max, 1), (29, 0, .max, 0), (127, 0, .max, 0), (0x80, 0, 5, 5_000_000_000),
            (0x80 | 10, 0, 1536, 1_500_000_000),
            (0x80 | 63, 0, 1 << 63, 1_000_000_000), (0x80 | 64, 0, 1 << 63, 500_000_000), (0xff, 0, .max, 0),
            (6, 100, 5, 100_000_005_000),
            (9, -1, 5, -999_999_995), (0, 0, .max, .max), (6, 0, .max, .max), (0x80, 0, .max, .max), (9, .max, 5, .max),
            (9, .min, 5, .min), (9, 9_223_372_036, .max, .max),
        ] as [(UInt8?, Int64, UInt64, Int64)])
    func timesHaveTheResolutionAndOffsetOfTheirInterface(
        _ resolution: UInt8?, _ offset: Int64, _ ticks: UInt64, _ nanoseconds: Int64
    ) {
        for order in ByteOrder.allCases {
            var file = PcapngBytes(order: order)
            var options: [(UInt16, [UInt8])] = []
            if let resolution { options.append((9, [resolution])) }
            if offset != 0 { options.append((14, order.bytes(offset))) }
            file.addInterface(options)
            file.addPacket([1], ticks: ticks)
            #expect(ReadPackets(file.bytes).nanoseconds == [nanoseconds])
        }
    }

    @Test(arguments: ByteOrder.allCases)
    func dropsAreCountedOnce(_ order: ByteOrder) {
        var file = PcapngBytes(order: order)
        file.addInterface()
        file.addInterface()
        file.addPacket([1], [(1, Array("note".utf8)), (4, order.bytes(3 as UInt64)), (2, [0, 0, 0, 1])])
        file.addObsoletePacket([2], interface: 1, drops: 5)
        file.addObsoletePacket([2], interface: 1, drops: .max)
        file.addPacket([3], [(4, order.bytes(4 as UInt64))])
        #expect(ReadPackets(file.bytes).summary?.droppedPackets == 12)
        file.addStatistics([(4, 100), (5, 5)])
        file.addStatistics(interface: 1, [(5, 4)])
        file.addStatistics(interface: 1, [(5, 6), (7, 3)])
        file.addStatistics(interface: 2, [(5, 1)])
        // Interface 0: 3 + 4 by its packets, 5 at the end. Interface 1: 5 by a packet, 6 + 3 at the end.
        #expect(ReadPackets(file.bytes).summary?.droppedPackets == 16)
        file.addStatistics([(5, .max), (7, .max)])
        file.addStatistics(interface: 1, [(5, .max)])
        #expect(ReadPackets(file.bytes).summary?.droppedPackets == .max)
    }

    @Test(arguments: ByteOrder.allCases)
    func secretsAreKeptAndOtherBlocksPassedOver(_ order: ByteOrder) {
        var file = PcapngBytes(order: order)
        file.addInterface()
        file.addSecrets(CaptureSecrets.tlsKeyLog, Array("CLIENT_RANDOM".utf8))
        for type: UInt32 in [4, 9, 0x0bad, 0x4000_0bad] { file.addBlock(type, [1, 2, 3, 4, 5]) }
        for type: UInt32 in [0, 0x8000_0001, 77] { file.addBlock(type, [UInt8](repeating: 1, count: 300_000)) }
        file.addSecrets(7, [])
        file.addPacket([1])
        let read = ReadPackets(file.bytes, step: 1000)
        #expect(read.error == nil)
        #expect(read.bytes == [[1]])
        #expect(
            read.summary?.secrets == [
                CaptureSecrets(type: CaptureSecrets.tlsKeyLog, bytes: Array("CLIENT_RANDOM".utf8)),
                CaptureSecrets(type: 7, bytes: []),
            ])
        #expect(read.summary?.skippedBlocks == 4)
        #expect(read.summary?.unknownBlocks == 3)
    }

    @Test func aFileThatIsCutShortIsReadUpToThere() {
        var file = PcapngBytes()
        var ends = [file.bytes.count]
        file.addInterface()
        ends.append(file.bytes.count)
        file.addPacket([1, 2, 3])
        ends.append(file.bytes.count)
        file.addBlock(4, [1, 2, 3, 4])
        ends.append(file.bytes.count)
        file.addPacket([4])
        ends.append(file.bytes.count)
        for length in 4...file.bytes.count {
            let read = ReadPackets(Array(file.bytes.prefix(length)), step: 5)
            let whole = ends.filter { $0 <= length }
            let expected: [[UInt8]] = whole.count < 3 ? [] : whole.count < 5 ? [[1, 2, 3]] : [[1, 2, 3], [4]]
            #expect(read.bytes == expected, "\(length)")
            #expect(read.error == (whole.last == length ? nil : .cutShort(file: "file", offset: whole.last ?? 0)), "\(length)")
        }
    }
}
