/// A segment of TCP (RFC 9293, section 3.1) in a captured packet.
struct TCPSegment {
    struct Flags: OptionSet {
        let rawValue: UInt8

        static let fin = Flags(rawValue: 1)
        static let syn = Flags(rawValue: 2)
        static let rst = Flags(rawValue: 4)
        static let ack = Flags(rawValue: 16)
    }

    var source: Endpoint
    var destination: Endpoint
    var sequence: UInt32
    var acknowledgement: UInt32
    var flags: Flags
    /// Where its data stands in the packet, as far as captured.
    var captured: Range<Int>
    /// Bytes of its data that the capture cut off.
    var cutOff: Int

    private static let headerSize = 20

    /// - Parameter range: of the segment in the packet on the wire; the capture may have less.
    @inline(__always)
    static func content(of bytes: Span<UInt8>, _ range: Range<Int>, _ addresses: AddressPair) -> InternetContent {
        guard range.count >= headerSize else { return .malformed }
        let start = range.lowerBound
        guard bytes.count - start >= headerSize else { return .cut }
        let headerLength = Int(bytes[start + 12] >> 4) * 4
        guard headerLength >= headerSize, headerLength <= range.count else { return .malformed }
        // Options that were cut off are not needed.
        let dataStart = min(start + headerLength, bytes.count)
        let dataEnd = min(range.upperBound, bytes.count)
        return .tcp(
            TCPSegment(
                source: Endpoint(address: addresses.source, port: bytes.bigEndian(at: start)),
                destination: Endpoint(address: addresses.destination, port: bytes.bigEndian(at: start + 2)),
                sequence: bytes.bigEndian(at: start + 4), acknowledgement: bytes.bigEndian(at: start + 8),
                flags: Flags(rawValue: bytes[start + 13]), captured: dataStart..<max(dataStart, dataEnd),
                cutOff: range.upperBound - max(start + headerLength, dataEnd)))
    }
}
