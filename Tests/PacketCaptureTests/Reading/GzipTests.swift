import PacketCapture
import Testing

@Suite struct GzipTests {
    private let file = PcapBytes().adding([[1, 2, 3], [4, 5]])

    @Test(arguments: [1, 2, 3, .max])
    func membersAreReadAsOneFile(_ step: Int) {
        let bytes = file.bytes
        for cut in [0, 1, 30, bytes.count] {
            let packed = gzip(Array(bytes.prefix(cut))) + gzip([]) + gzip(Array(bytes.dropFirst(cut)))
            let read = ReadPackets(packed, step: step)
            #expect(read.bytes == [[1, 2, 3], [4, 5]])
            #expect(read.error == nil)
            #expect(read.summary?.isCompressed == true)
        }
    }

    @Test func pcapngIsUnpackedToo() {
        var file = PcapngBytes()
        file.addInterface()
        file.addPacket([1])
        #expect(ReadPackets(gzip(file.bytes)).bytes == [[1]])
    }

    @Test func zerosBehindTheLastMemberAreNothing() {
        let read = ReadPackets(gzip(file.bytes) + [0, 0, 0, 0])
        #expect(read.bytes.count == 2)
        #expect(read.error == nil)
    }

    @Test(arguments: [[1, 2, 3], [0, 0, 3], [0x1f, 0x8b, 7, 0]] as [[UInt8]])
    func otherBytesBehindTheLastMemberAreDamage(_ rest: [UInt8]) {
        let read = ReadPackets(gzip(file.bytes) + rest)
        #expect(read.bytes.count == 2)
        #expect(read.error == .badCompression(file: "file", offset: file.bytes.count))
    }

    /// Wherever it ends, what could be unpacked is read; and it is never taken for whole.
    @Test func packedDataThatIsCutShortIsReadUpToThere() {
        let packed = gzip(file.bytes)
        for length in 2..<packed.count {
            let read = ReadPackets(Array(packed.prefix(length)))
            guard case .cutShort("file", let offset) = read.error else {
                Issue.record("\(length): \(String(describing: read.error))")
                continue
            }
            #expect(read.bytes == [[1, 2, 3], [4, 5]].prefix(read.bytes.count).map(\.self))
            #expect([0, 24, 24 + 19, 24 + 19 + 18].contains(offset))
        }
        // Without its checksum, though all data are there.
        #expect(ReadPackets(packed.dropLast(1).map(\.self)).bytes.count == 2)
    }

    @Test func aWrongChecksumIsDamage() {
        var packed = gzip(file.bytes)
        packed[packed.count - 5] ^= 1
        let read = ReadPackets(packed)
        #expect(read.bytes.count == 2)
        #expect(read.error == .badCompression(file: "file", offset: file.bytes.count))
    }

    /// 8 MiB that pack to 8 KiB: all packets are empty, and no memory is taken for them.
    @Test func whatUnpacksToAThousandTimesItsSizeIsReadInAWindow() {
        let records = 1 << 19
        let packed = gzip(PcapBytes().bytes + [UInt8](repeating: 0, count: records * 16))
        #expect(packed.count < 1 << 14)
        do {
            var reader = try CaptureReader(bytes: packed, named: "file")
            var bytes = 0
            while try reader.next({ _, packet in bytes += packet.count }) {}
            #expect(reader.summary.packets == records)
            #expect(bytes == 0)
        } catch {
            Issue.record("\(error)")
        }
    }
}
