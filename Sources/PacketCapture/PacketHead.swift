/// What stands first in the bytes of a packet, as the registry of tcpdump numbers it (https://www.tcpdump.org/linktypes.html).
public struct LinkType: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt16

    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// A family of addresses, 4 bytes in the byte order of who captured (BSD loopback).
    public static let null = LinkType(rawValue: 0)
    public static let ethernet = LinkType(rawValue: 1)
    /// An IP packet, by its first four bits of either version.
    public static let raw = LinkType(rawValue: 101)
    /// As `null`, big-endian (OpenBSD loopback).
    public static let loop = LinkType(rawValue: 108)
    /// Linux "cooked", of captures on `any`.
    public static let linuxCooked = LinkType(rawValue: 113)
    public static let ipv4 = LinkType(rawValue: 228)
    public static let ipv6 = LinkType(rawValue: 229)
    public static let linuxCooked2 = LinkType(rawValue: 276)
}

/// What a capture says about a packet beside its bytes.
public struct PacketHead: Hashable, Sendable {
    public var time: Timestamp
    public var linkType: LinkType
    /// Bytes it had on the wire; the capture may have fewer.
    public var originalLength: Int
    /// From 1 in the order of the file, as other tools number packets too.
    public var number: Int

    public init(time: Timestamp, linkType: LinkType, originalLength: Int, number: Int) {
        self.time = time
        self.linkType = linkType
        self.originalLength = originalLength
        self.number = number
    }
}
