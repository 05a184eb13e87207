/// What a capture says about itself, up to where it was read.
public struct CaptureSummary: Hashable, Sendable {
    public enum Format: Hashable, Sendable {
        case pcap
        case pcapng
    }

    public var format: Format
    /// Whether it came packed by gzip.
    public var isCompressed: Bool
    /// Packets delivered, and their bytes as captured.
    public var packets = 0
    public var bytes = 0
    /// Packets of which the capture has only the beginning.
    public var cutPackets = 0
    /// Packets that whoever captured says were dropped: by the counts of the interfaces at the end, or by those of the packets,
    /// whichever is more. Only pcapng knows.
    public var droppedPackets = 0
    /// Packets of an interface that was never described, and so of no known link type: not delivered.
    public var packetsWithoutInterface = 0
    /// Of pcapng. A pcap file is one of each.
    public var sections: Int
    public var interfaces: Int
    /// Blocks that are of no use here: names, comments, what only one program understands.
    public var skippedBlocks = 0
    /// Blocks whose type is not known; skipped as well.
    public var unknownBlocks = 0
    /// Decryption secrets in the order of the file, at most `CaptureReader.Limits.secretBytes` of them.
    public var secrets: [CaptureSecrets] = []
    public var secretsLeftOut = 0

    init(format: Format, isCompressed: Bool) {
        self.format = format
        self.isCompressed = isCompressed
        sections = format == .pcap ? 1 : 0
        interfaces = sections
    }
}

/// A Decryption Secrets Block of pcapng.
public struct CaptureSecrets: Hashable, Sendable {
    /// `0x544c534b` for a key log of TLS, as SSLKEYLOGFILE writes it.
    public var type: UInt32
    public var bytes: [UInt8]

    public static let tlsKeyLog: UInt32 = 0x544c_534b

    public init(type: UInt32, bytes: [UInt8]) {
        self.type = type
        self.bytes = bytes
    }
}
