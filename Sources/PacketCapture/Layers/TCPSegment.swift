/// A segment of TCP (RFC 9293, section 3.1) in a captured packet.
struct TCPSegment {
    struct Flags: OptionSet {
        let rawValue: UInt8

        static let fin = Flags(rawValue: 1)
        static let syn = Flags(rawValue: 2)
        static let rst = Flags(rawValue: 4)
        static let ack = Flags(rawValue: 16)
    }

    /// Both ends, and whether the upper one of them sent it.
    var key: FlowKey
    var isSwapped: Bool
    var flags: Flags
    var sequence: UInt32
    var acknowledgement: UInt32
    /// Where its data stands in the packet, as far as captured.
    var captured: Range<Int>
    /// Bytes of its data that the capture cut off.
    var cutOff: Int

    static let headerSize = 20

    /// Reads all but the addresses. The caller has made sure that `headerSize` bytes are there.
    /// - Parameter range: of the segment in the packet on the wire; the capture may have less.
    /// - Returns: nil when its header does not fit into it.
    @inline(__always)
    init?(_ bytes: Span<UInt8>, _ range: Range<Int>, _ key: FlowKey, isSwapped: Bool) {
        let start = range.lowerBound
        let headerLength = Int(bytes[start + 12] >> 4) * 4
        guard headerLength >= Self.headerSize, headerLength <= range.count else { return nil }
        // Options that were cut off are not needed.
        let dataStart = min(start + headerLength, bytes.count)
        let dataEnd = max(dataStart, min(range.upperBound, bytes.count))
        self.key = key
        self.isSwapped = isSwapped
        flags = Flags(rawValue: bytes[start + 13])
        sequence = bytes.bigEndian(at: start + 4)
        acknowledgement = bytes.bigEndian(at: start + 8)
        captured = dataStart..<dataEnd
        cutOff = range.upperBound - max(start + headerLength, dataEnd)
    }

    /// Bytes of data, captured or not.
    var length: Int { captured.count + cutOff }

    var source: Endpoint { isSwapped ? key.ends.upper : key.ends.lower }

    var destination: Endpoint { isSwapped ? key.ends.lower : key.ends.upper }
}
