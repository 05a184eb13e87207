import PacketCapture
import Testing

@Suite struct PcapTests {
    @Test(
        arguments: ByteOrder.allCases, [(0xa1b2_c3d4, 1_000_000_007_000), (0xa1b2_3c4d, 1_000_000_000_007)] as [(UInt32, Int64)])
    func bothByteOrdersAndResolutionsAreRead(_ order: ByteOrder, _ kind: (magic: UInt32, time: Int64)) {
        // The upper half of the link type says that a checksum of two bytes follows each packet.
        var file = PcapBytes(order: order, magic: kind.magic, link: 0x1400_0001)
        file.add([1, 2, 3], seconds: 1000, fraction: 7, original: 9)
        file.add([], seconds: 1000, fraction: 7)
        let read = ReadPackets(file.bytes)
        #expect(read.error == nil)
        #expect(read.bytes == [[1, 2, 3], []])
        let time = Timestamp(nanoseconds: kind.time)
        #expect(
            read.packets.map(\.head) == [
                PacketHead(time: time, linkType: .ethernet, originalLength: 9, number: 1),
                PacketHead(time: time, linkType: .ethernet, originalLength: 0, number: 2),
            ])
        #expect(read.summary?.format == .pcap)
        #expect(read.summary?.packets == 2)
        #expect(read.summary?.bytes == 3)
        #expect(read.summary?.cutPackets == 1)
        #expect(read.summary?.isCompressed == false)
    }

    @Test func timesReachTo2106() {
        var file = PcapBytes()
        file.add([1], seconds: .max, fraction: .max)
        #expect(ReadPackets(file.bytes).nanoseconds == [4_294_967_295_000_000_000 + 4_294_967_295_000])
    }

    /// Wherever a file ends, all packets before are read, and the error names the record that is not whole.
    @Test func aFileThatIsCutShortIsReadUpToThere() {
        let whole = PcapBytes().adding([[1, 2, 3], [4, 5], []]).bytes
        let ends = [24, 24 + 19, 24 + 19 + 18, 24 + 19 + 18 + 16]
        for length in 4...whole.count {
            let read = ReadPackets(Array(whole.prefix(length)), step: 7)
            let known = ends.filter { $0 <= length }.count - 1
            #expect(read.bytes == [[1, 2, 3], [4, 5], []].prefix(max(0, known)).map(\.self), "\(length)")
            let isWhole = ends.contains(length)
            #expect(read.error == (isWhole ? nil : .cutShort(file: "file", offset: known < 0 ? 0 : ends[known])), "\(length)")
        }
    }

    @Test func aPacketMayHaveAMebibyte() {
        var file = PcapBytes()
        file.add([UInt8](repeating: 7, count: CaptureReader.Limits.packet))
        file.add([1])
        let read = ReadPackets(file.bytes)
        #expect(read.packets.map(\.bytes.count) == [CaptureReader.Limits.packet, 1])
        #expect(read.error == nil)
        file.add([], length: UInt32(CaptureReader.Limits.packet) + 1)
        let long = ReadPackets(file.bytes)
        #expect(long.packets.count == 2)
        guard case .malformed("file", file.bytes.count - 8, _) = long.error else {
            Issue.record("\(String(describing: long.error))")
            return
        }
    }

    @Test(arguments: ByteOrder.allCases)
    func relativesAreRefusedByName(_ order: ByteOrder) {
        let modified = ReadPackets(PcapBytes(order: order, magic: 0xa1b2_cd34).bytes)
        #expect(modified.error?.description.hasPrefix("file: pcap in the modified format of Kuznetsov; convert it: ") == true)
        var old = PcapBytes(order: order)
        old.version = (2, 3)
        #expect(ReadPackets(old.bytes).error?.description.hasPrefix("file: pcap of version 2.3; convert it: ") == true)
    }
}
