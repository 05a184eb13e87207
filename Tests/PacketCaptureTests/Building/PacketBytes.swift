/// One TCP segment, and the layers around it, byte by byte.
struct PacketBytes {
    var source: UInt32 = 0x0a00_0001
    var destination: UInt32 = 0x0a00_0002
    var sourcePort: UInt16 = 40_000
    var destinationPort: UInt16 = 7401
    var sequence: UInt32 = 0
    var acknowledgement: UInt32 = 0
    var flags: UInt8 = 0x10
    var options: [UInt8] = []
    var data: [UInt8] = []

    static let (fin, syn, rst, ack): (UInt8, UInt8, UInt8, UInt8) = (1, 2, 4, 16)

    init(_ text: String = "", sequence: UInt32 = 0, acknowledgement: UInt32 = 0, flags: UInt8 = 0x10) {
        data = Array(text.utf8)
        (self.sequence, self.acknowledgement, self.flags) = (sequence, acknowledgement, flags)
    }

    /// The same from the other end.
    var turned: PacketBytes {
        var turned = self
        (turned.source, turned.destination) = (destination, source)
        (turned.sourcePort, turned.destinationPort) = (destinationPort, sourcePort)
        return turned
    }

    var tcp: [UInt8] {
        big(sourcePort) + big(destinationPort) + big(sequence) + big(acknowledgement)
            + [UInt8((20 + options.count) / 4) << 4, flags, 255, 255, 0, 0, 0, 0] + options + data
    }

    /// - Parameters:
    ///   - length: the total length, where it is another.
    ///   - fragment: flags and offset.
    func ipv4(options: [UInt8] = [], length: UInt16? = nil, fragment: UInt16 = 0, protocol type: UInt8 = 6) -> [UInt8] {
        let header = 20 + options.count
        return [0x40 | UInt8(header / 4), 0] + big(length ?? UInt16(header + tcp.count)) + [0, 0] + big(fragment) + [
            64, type, 0, 0,
        ]
            + big(source) + big(destination) + options + tcp
    }

    /// With addresses `fd00::` and the 32 bits of the others.
    /// - Parameter extensions: headers without their first byte, which names the next one; each with its type.
    func ipv6(extensions: [(UInt8, [UInt8])] = [], length: UInt16? = nil) -> [UInt8] {
        let types = extensions.map(\.0) + [6]
        let chain = zip(types.dropFirst(), extensions).flatMap { [$0] + $1.1 }
        let addresses = [source, destination].flatMap { [0xfd, 0] + [UInt8](repeating: 0, count: 10) + big($0) }
        return [0x60, 0, 0, 0] + big(length ?? UInt16(chain.count + tcp.count)) + [types[0], 64] + addresses + chain + tcp
    }

    static func ethernet(_ packet: [UInt8], type: UInt16 = 0x0800, tags: [UInt16] = [], padding: Int = 0) -> [UInt8] {
        [UInt8](repeating: 2, count: 12) + tags.flatMap { big($0) + [0, 7] } + big(type) + packet
            + [UInt8](repeating: 0, count: padding)
    }
}
