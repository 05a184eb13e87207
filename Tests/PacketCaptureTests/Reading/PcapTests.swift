import PacketCapture
import Testing

@Suite struct PcapTests {
    @Test(
        arguments: ByteOrder.allCases, [(0xa1b2_c3d4, 1_000_000_007_000), (0xa1b2_3c4d, 1_000_000_000_007)] as [(UInt32, Int64)])
    func bothByteOrdersAndResolutionsAreRead(_ order: ByteOrder, _ kind: (magic: UInt32, time: Int64)) throws {
        var file = PcapBytes(order: order, magic: kind.magic, link: 0x1000_0001)
        file.add([1, 2, 3], seconds: 1000, fraction: 7, original: 9)
        file.add([], seconds: 1000, fraction: 7)
        let read = try ReadPackets(file.bytes)
        #expect(read.packets.map(\.bytes) == [[1, 2, 3], []])
        #expect(
            read.packets[0].head
                == PacketHead(time: Timestamp(nanoseconds: kind.time), linkType: .ethernet, originalLength: 9, number: 1))
        #expect(read.error == nil)
        #expect(read.summary?.cutPackets == 1)
    }
}
