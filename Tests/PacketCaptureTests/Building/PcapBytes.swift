/// A pcap file, byte by byte.
struct PcapBytes {
    var order = ByteOrder.little
    var magic: UInt32 = 0xa1b2_c3d4
    var link: UInt32 = 101
    var version: (UInt16, UInt16) = (2, 4)
    private(set) var records: [UInt8] = []

    init(order: ByteOrder = .little, magic: UInt32 = 0xa1b2_c3d4, link: UInt32 = 101) {
        (self.order, self.magic, self.link) = (order, magic, link)
    }

    var bytes: [UInt8] {
        order.bytes(magic) + order.bytes(version.0) + order.bytes(version.1) + [UInt8](repeating: 0, count: 8)
            + order.bytes(UInt32(65535)) + order.bytes(link) + records
    }

    mutating func add(
        _ packet: [UInt8], seconds: UInt32 = 1, fraction: UInt32 = 0, original: UInt32? = nil, length: UInt32? = nil
    ) {
        records += order.bytes(seconds) + order.bytes(fraction) + order.bytes(length ?? UInt32(packet.count))
        records += order.bytes(original ?? UInt32(packet.count)) + packet
    }

    func adding(_ packets: [[UInt8]]) -> PcapBytes {
        var file = self
        for packet in packets { file.add(packet) }
        return file
    }
}
