/// Finds the IP packet in what a link carried.
enum LinkLayer {
    enum Content {
        /// An IP packet of either version begins at this offset.
        case ip(at: Int)
        /// Another protocol.
        case other
        /// The capture, or the packet, ends before one can tell.
        case cut
        case unknownLinkType
    }

    private enum EtherType {
        static let ipv4: UInt16 = 0x0800
        static let ipv6: UInt16 = 0x86dd
        /// 802.1Q, 802.1ad and what was used before it.
        static let tags: [UInt16] = [0x8100, 0x88a8, 0x9100]
    }

    /// More tags than any network stacks: a packet of nothing else must not take long.
    private static let mostTags = 8

    @inline(__always)
    static func content(of bytes: Span<UInt8>, _ linkType: LinkType) -> Content {
        switch linkType {
        case .ethernet: network(bytes, typeAt: 12, dataAt: 14)
        case .linuxCooked: network(bytes, typeAt: 14, dataAt: 16)
        case .linuxCooked2: network(bytes, typeAt: 0, dataAt: 20)
        case .null, .loop: loopback(bytes)
        // The second and third are what BSD systems wrote before there was one number for all.
        case .raw, LinkType(rawValue: 12), LinkType(rawValue: 14), .ipv4, .ipv6: .ip(at: 0)
        default: .unknownLinkType
        }
    }

    @inline(__always)
    private static func network(_ bytes: Span<UInt8>, typeAt typeOffset: Int, dataAt dataOffset: Int) -> Content {
        guard bytes.count >= dataOffset else { return .cut }
        let type: UInt16 = bytes.bigEndian(at: typeOffset)
        if type == EtherType.ipv4 || type == EtherType.ipv6 { return .ip(at: dataOffset) }
        return behindTags(bytes, type, dataOffset)
    }

    private static func behindTags(_ bytes: Span<UInt8>, _ first: UInt16, _ start: Int) -> Content {
        var type = first
        var offset = start
        for _ in 0..<mostTags where EtherType.tags.contains(type) {
            // Number of the VLAN, then the type of what follows.
            guard bytes.count >= offset + 4 else { return .cut }
            type = bytes.bigEndian(at: offset + 2)
            offset += 4
        }
        return type == EtherType.ipv4 || type == EtherType.ipv6 ? .ip(at: offset) : .other
    }

    private static func loopback(_ bytes: Span<UInt8>) -> Content {
        guard bytes.count >= 4 else { return .cut }
        let family: UInt32 = bytes.integer(at: 0)
        return isInternet(family) || isInternet(family.byteSwapped) ? .ip(at: 4) : .other
    }

    /// AF_INET is 2 everywhere; AF_INET6 is another number on Linux, NetBSD, FreeBSD, Darwin and Windows.
    private static func isInternet(_ family: UInt32) -> Bool {
        [2, 10, 23, 24, 28, 30].contains(family)
    }
}
