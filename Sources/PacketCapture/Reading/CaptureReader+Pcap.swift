/// The header of a pcap file: 24 bytes in the byte order of who wrote it (draft-ietf-opsawg-pcap).
struct PcapHeader {
    static let size = 24
    /// Before each packet: seconds, fraction, captured length, original length.
    static let recordSize = 16

    var isSwapped = false
    /// What the second number of a packet's time counts: 1000 or 1 nanoseconds.
    var nanosecondsPerTick: Int64 = 1000
    var linkType = LinkType.null

    init() {}

    /// - Parameter magic: the first four bytes of the file as a big-endian number.
    init?(magic: UInt32) {
        switch UInt32(bigEndian: magic) {
        case 0xa1b2_c3d4: break
        case 0xd4c3_b2a1: isSwapped = true
        case 0xa1b2_3c4d: nanosecondsPerTick = 1
        case 0x4d3c_b2a1: (isSwapped, nanosecondsPerTick) = (true, 1)
        default: return nil
        }
    }
}

extension CaptureReader {
    mutating func readPcapHeader() throws(CaptureError) {
        guard try window.fill(PcapHeader.size) else { throw cutShort(at: 0) }
        let memory = unsafe window.bytes
        let bytes = unsafe memory.span
        guard var header = PcapHeader(magic: bytes.bigEndian(at: 0)) else { throw malformed(at: 0, "no magic of pcap") }
        let (major, minor): (UInt16, UInt16) = (bytes.integer(at: 4), bytes.integer(at: 6))
        let version = header.isSwapped ? (major.byteSwapped, minor.byteSwapped) : (major, minor)
        // Older ones have the two lengths of a packet in the other order, or in either.
        guard version.0 == 2, version.1 >= 4 else {
            throw .unsupported(
                file: window.source.name, what: "pcap of version \(version.0).\(version.1); convert it: editcap FILE NEW")
        }
        let link: UInt32 = bytes.integer(at: 20)
        // The upper half says whether a checksum follows each packet; IP has its own length.
        header.linkType = LinkType(rawValue: UInt16(truncatingIfNeeded: header.isSwapped ? link.byteSwapped : link))
        pcap = header
        window.drop(PcapHeader.size)
    }

    @inline(__always)
    mutating func nextPcapPacket(_ body: (PacketHead, Span<UInt8>) -> Void) throws(CaptureError) -> Bool {
        guard try window.fill(PcapHeader.recordSize) else {
            try checkEnd()
            return false
        }
        let record = readRecord()
        guard record.captured <= Limits.packet else {
            throw malformed(at: window.offset + 8, "a packet of \(record.captured) bytes; at most \(Limits.packet) can be")
        }
        guard try window.fill(PcapHeader.recordSize + record.captured) else { throw cutShort(at: window.offset) }
        let range = PcapHeader.recordSize..<(PcapHeader.recordSize + record.captured)
        deliver(range, originalLength: record.original, record.time, pcap.linkType, body)
        window.drop(range.upperBound)
        return true
    }

    @inline(__always)
    private func readRecord() -> (time: Timestamp, captured: Int, original: Int) {
        let memory = unsafe window.bytes
        let bytes = unsafe memory.span
        var fields: (UInt32, UInt32, UInt32, UInt32) = (
            bytes.integer(at: 0), bytes.integer(at: 4), bytes.integer(at: 8), bytes.integer(at: 12)
        )
        if pcap.isSwapped {
            fields = (fields.0.byteSwapped, fields.1.byteSwapped, fields.2.byteSwapped, fields.3.byteSwapped)
        }
        // Two 32-bit numbers cannot overflow this.
        let time = Int64(fields.0) * 1_000_000_000 + Int64(fields.1) * pcap.nanosecondsPerTick
        return (Timestamp(nanoseconds: time), Int(fields.2), Int(fields.3))
    }
}
