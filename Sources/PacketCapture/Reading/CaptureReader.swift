/// Reads the packets of a capture one after another: pcap or pcapng, plain or packed by gzip, from a file or a pipe. It finds out
/// by itself what it is given.
///
/// Takes memory for one window of the file, whatever its size.
public struct CaptureReader: ~Copyable {
    /// What a file may ask for.
    public enum Limits {
        /// Captured bytes of one packet. More than any capture of IP has: the largest packets of Linux, with offload, have half.
        public static let packet = 1 << 20
        /// A block of pcapng that is read, not skipped: a packet and its options.
        public static let readBlock = packet + (1 << 17)
        /// A block of pcapng that is skipped; what says more is damaged.
        public static let block = 1 << 24
        /// Interfaces of one section.
        public static let interfaces = 1 << 12
        /// Bytes of decryption secrets that are kept, of all together; each block counts at least 64.
        public static let secretBytes = 1 << 20
    }

    public internal(set) var summary: CaptureSummary
    var window: ByteWindow
    var pcap = PcapHeader()
    var section = PcapngSection()
    /// What `summary.secrets` count.
    var secretBytes = 0

    /// - Parameter path: of a file, a named pipe or a device.
    /// - Throws: notFound, isDirectory, noPermission, empty, notACapture, unsupported, cutShort, badCompression, unreadable.
    public init(opening path: String) throws(CaptureError) {
        self.init(ByteSource(opening: path))
        try begin()
    }

    /// Reads what another opened, such as descriptor 0, the standard input; does not close it.
    /// - Parameter name: for errors.
    public init(descriptor: Int32, named name: String) throws(CaptureError) {
        self.init(ByteSource(descriptor: descriptor, name: name))
        try begin()
    }

    /// Reads a file that is in memory.
    /// - Parameter step: how many bytes one read gives at most, as from a slow pipe.
    public init(bytes: [UInt8], step: Int = .max, named name: String) throws(CaptureError) {
        self.init(ByteSource(bytes: bytes, step: step, name: name))
        try begin()
    }

    private init(_ source: consuming ByteSource) {
        window = ByteWindow(source)
        summary = CaptureSummary(format: .pcap, isCompressed: false)
    }

    private mutating func begin() throws(CaptureError) {
        try window.detectCompression()
        let format = try detectFormat()
        summary = CaptureSummary(format: format, isCompressed: window.source.isCompressed)
        switch format {
        case .pcap: try readPcapHeader()
        case .pcapng: try readFirstSection()
        }
    }

    private mutating func detectFormat() throws(CaptureError) -> CaptureSummary.Format {
        let file = window.source.name
        let hasMagic = try window.fill(4)
        let beginning = unsafe [UInt8](window.bytes.prefix(8))
        guard hasMagic else {
            if window.source.endedEarly { throw .cutShort(file: file, offset: window.offset) }
            throw beginning.isEmpty ? .empty(file: file) : .notACapture(file: file, beginning: beginning)
        }
        let magic: UInt32 = beginning.span.bigEndian(at: 0)
        if magic == PcapngSection.headerType { return .pcapng }
        if PcapHeader(magic: magic) != nil { return .pcap }
        if let foreign = ForeignCapture(beginning: beginning) { throw .unsupported(file: file, what: foreign.description) }
        throw .notACapture(file: file, beginning: beginning)
    }

    /// Hands the next packet to `body`: its head, and the bytes of it that were captured, which are gone when `body` returns.
    /// - Returns: false when there is none left.
    /// - Throws: cutShort, malformed, badCompression, unreadable: nothing behind that can be read.
    public mutating func next(_ body: (PacketHead, Span<UInt8>) -> Void) throws(CaptureError) -> Bool {
        switch summary.format {
        case .pcap: try nextPcapPacket(body)
        case .pcapng: try nextPcapngPacket(body)
        }
    }

    /// Counts the packet that stands in the window at `range`, and gives it away.
    @inline(__always)
    mutating func deliver(
        _ range: Range<Int>, originalLength: Int, _ time: Timestamp, _ linkType: LinkType,
        _ body: (PacketHead, Span<UInt8>) -> Void
    ) {
        summary.packets += 1
        summary.bytes += range.count
        if originalLength > range.count { summary.cutPackets += 1 }
        let head = PacketHead(time: time, linkType: linkType, originalLength: originalLength, number: summary.packets)
        let bytes = unsafe window.bytes
        unsafe body(head, bytes.span.extracting(range))
    }

    /// At the end of the source, where a record or block would begin.
    func checkEnd() throws(CaptureError) {
        if window.count > 0 || window.source.endedEarly { throw cutShort(at: window.offset) }
    }

    func cutShort(at offset: Int) -> CaptureError {
        .cutShort(file: window.source.name, offset: offset)
    }

    func malformed(at offset: Int, _ what: String) -> CaptureError {
        .malformed(file: window.source.name, offset: offset, what: what)
    }
}

/// Formats that somebody may take for a capture that can be read here.
private enum ForeignCapture: String, CaseIterable, CustomStringConvertible {
    case modifiedPcap = "a1b2cd34"
    case modifiedPcapSwapped = "34cdb2a1"
    case snoop = "736e6f6f70"
    case gzip = "1f8b"
    case zstd = "28b52ffd"
    case xz = "fd377a58"
    case bzip2 = "425a68"
    case lz4 = "04224d18"

    init?(beginning: [UInt8]) {
        let digits = beginning.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
        guard let match = Self.allCases.first(where: { digits.hasPrefix($0.rawValue) }) else { return nil }
        self = match
    }

    var description: String {
        switch self {
        case .modifiedPcap, .modifiedPcapSwapped:
            "pcap in the modified format of Kuznetsov; convert it: editcap -F pcapng FILE NEW"
        case .snoop: "a capture of snoop; convert it: editcap -F pcapng FILE NEW"
        case .gzip: "packed by gzip twice; unpack it first: gzip -dc FILE | wiredump -"
        case .zstd: "packed by zstd; unpack it first: zstd -dc FILE | wiredump -"
        case .xz: "packed by xz; unpack it first: xz -dc FILE | wiredump -"
        case .bzip2: "packed by bzip2; unpack it first: bzip2 -dc FILE | wiredump -"
        case .lz4: "packed by lz4; unpack it first: lz4 -dc FILE | wiredump -"
        }
    }
}
