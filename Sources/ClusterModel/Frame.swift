/// The four lanes of a link, most urgent first (FRM-020).
public enum Lane: UInt8, Hashable, Sendable, Comparable, CaseIterable {
    case control = 0
    case membership = 1
    case replication = 2
    case bulk = 3

    public static func < (a: Lane, b: Lane) -> Bool { a.rawValue < b.rawValue }
    /// Lanes 2 and 3 are sent only within the byte credit that the receiver granted (FRM-030).
    public var needsCredit: Bool { self >= .replication }
}

/// The 16 bytes that open a link in either direction (FRM-001). Frozen for every future version.
public struct Preface: Hashable, Sendable {
    /// One byte with the high bit, "TWR", CR LF, NUL, LF: text and line-ending translation break it.
    public static let magic: [UInt8] = [0xD4, 0x54, 0x57, 0x52, 0x0D, 0x0A, 0x00, 0x0A]
    public static let size = 16

    public var minimumVersion: UInt16
    public var maximumVersion: UInt16

    public init(minimumVersion: UInt16 = Limits.protocolVersion, maximumVersion: UInt16 = Limits.protocolVersion) {
        self.minimumVersion = minimumVersion
        self.maximumVersion = maximumVersion
    }
}

/// The 32 bytes before every body (FRM-005). Frozen for every future version.
public struct FrameHeader: Hashable, Sendable {
    public static let magic: UInt16 = 0xD457
    public static let size = 32
    /// Flag bit 0: the message goes on in the next frame of this lane (FRM-012). All other bits are zero.
    public static let more: UInt8 = 0x01

    public var type: UInt16
    public var flags: UInt8
    public var lane: UInt8
    public var bodyLength: UInt32
    /// Snapshot id on SNAP messages, call id on CALL, REPLY and CANCEL, 0 on all others.
    public var stream: UInt32
    /// Counts the frames of one direction from 0 without gaps (FRM-008).
    public var sequence: UInt64
    public var bodyCRC: UInt32

    public init(
        type: UInt16, flags: UInt8 = 0, lane: UInt8, bodyLength: UInt32, stream: UInt32 = 0, sequence: UInt64, bodyCRC: UInt32
    ) {
        self.type = type
        self.flags = flags
        self.lane = lane
        self.bodyLength = bodyLength
        self.stream = stream
        self.sequence = sequence
        self.bodyCRC = bodyCRC
    }
}

/// The registered message types (MSG). Even ones are critical: a receiver that does not know one closes; odd ones are ignorable.
public enum MessageType: UInt16, Hashable, Sendable, CaseIterable {
    case hello = 0x0002
    case auth = 0x0004
    case close = 0x0006
    case ping = 0x0008
    case pong = 0x000A
    case credit = 0x000C
    case members = 0x0102
    case probeRequest = 0x0104
    case probeReply = 0x0106
    case definitions = 0x0108
    case joinRequest = 0x010A
    case joinAccept = 0x010C
    case joinReject = 0x010E
    case operations = 0x0202
    case ack = 0x0204
    case tableState = 0x0206
    case digestRequest = 0x0208
    case digests = 0x020A
    case snapRequest = 0x020C
    case call = 0x0210
    case reply = 0x0212
    case cancel = 0x0214
    case snapBegin = 0x0302
    case snapChunk = 0x0304
    case snapEnd = 0x0306
    case snapCancel = 0x0308

    /// The one lane that the type travels on (FRM-021).
    public var lane: Lane {
        switch rawValue >> 8 {
        case 0: .control
        case 1: .membership
        case 2: .replication
        default: .bulk
        }
    }

    /// The name in the registry: `SNAP_CHUNK`.
    public var name: String {
        var result = ""
        for character in String(describing: self) {
            if character.isUppercase { result.append("_") }
            result.append(contentsOf: character.uppercased())
        }
        return result
    }
}

/// Values that no version ever gives a meaning; senders use some so that receivers stay tolerant (EXT-010).
public enum Grease {
    /// 0xFA01, 0xFA11 … 0xFAF1: odd, so ignorable, as message types, TLV types, features and codecs.
    public static func value(_ index: Int) -> UInt16 { 0xFA01 + UInt16(index & 15) << 4 }
    public static func isGrease(_ value: UInt16) -> Bool { value & 0xFF0F == 0xFA01 }
}

/// How a snapshot chunk's rows are packed (SNP-020).
public enum Codec: UInt16, Hashable, Sendable, CaseIterable {
    case none = 1
    case zlib = 2
}
