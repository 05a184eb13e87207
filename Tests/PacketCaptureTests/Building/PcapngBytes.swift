/// A pcapng file, byte by byte.
struct PcapngBytes {
    var order: ByteOrder
    private(set) var bytes: [UInt8] = []

    /// Begins with a section.
    init(order: ByteOrder = .little) {
        self.order = order
        addSection(order)
    }

    mutating func addSection(_ order: ByteOrder, major: UInt16 = 1, options: [UInt8] = []) {
        self.order = order
        addBlock(
            0x0a0d_0d0a,
            order.bytes(0x1a2b_3c4d as UInt32) + order.bytes(major) + order.bytes(0 as UInt16) + order.bytes(-1 as Int64)
                + options)
    }

    /// - Parameter end: the second length, where it is another.
    mutating func addBlock(_ type: UInt32, _ body: [UInt8], length: UInt32? = nil, end: UInt32? = nil) {
        let padded = Self.pad(body)
        let whole = length ?? UInt32(padded.count + 12)
        bytes += order.bytes(type) + order.bytes(whole) + padded + order.bytes(end ?? whole)
    }

    mutating func addInterface(link: UInt16 = 101, snap: UInt32 = 0, _ options: [(UInt16, [UInt8])] = []) {
        addBlock(1, order.bytes(link) + [0, 0] + order.bytes(snap) + self.options(options))
    }

    mutating func addPacket(
        _ packet: [UInt8], ticks: UInt64 = 0, interface: UInt32 = 0, original: UInt32? = nil, _ options: [(UInt16, [UInt8])] = []
    ) {
        addBlock(6, order.bytes(interface) + packetBody(packet, ticks, original) + self.options(options))
    }

    mutating func addObsoletePacket(_ packet: [UInt8], ticks: UInt64 = 0, interface: UInt16 = 0, drops: UInt16) {
        addBlock(2, order.bytes(interface) + order.bytes(drops) + packetBody(packet, ticks, nil))
    }

    mutating func addSimplePacket(_ packet: [UInt8], original: UInt32? = nil) {
        addBlock(3, order.bytes(original ?? UInt32(packet.count)) + packet)
    }

    mutating func addStatistics(interface: UInt32 = 0, _ options: [(UInt16, UInt64)]) {
        addBlock(5, order.bytes(interface) + order.bytes(0 as UInt64) + self.options(options.map { ($0.0, order.bytes($0.1)) }))
    }

    mutating func addSecrets(_ type: UInt32, _ secrets: [UInt8]) {
        addBlock(10, order.bytes(type) + order.bytes(UInt32(secrets.count)) + secrets)
    }

    private func packetBody(_ packet: [UInt8], _ ticks: UInt64, _ original: UInt32?) -> [UInt8] {
        order.bytes(UInt32(ticks >> 32)) + order.bytes(UInt32(truncatingIfNeeded: ticks)) + order.bytes(UInt32(packet.count))
            + order.bytes(original ?? UInt32(packet.count)) + Self.pad(packet)
    }

    private func options(_ options: [(UInt16, [UInt8])]) -> [UInt8] {
        guard !options.isEmpty else { return [] }
        return options.flatMap { order.bytes($0.0) + order.bytes(UInt16($0.1.count)) + Self.pad($0.1) } + [0, 0, 0, 0]
    }

    private static func pad(_ bytes: [UInt8]) -> [UInt8] { bytes + [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4) }
}
