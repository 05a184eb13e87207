/// An address of IPv4 or IPv6, without a zone.
public struct IPAddress: Hashable, Sendable {
    /// The first 8 bytes of an IPv6 address; 0 of IPv4.
    public let high: UInt64
    /// The last 8 bytes of an IPv6 address; of IPv4 all 4, in the lower half.
    public let low: UInt64
    public let isIPv6: Bool

    private init(high: UInt64, low: UInt64, isIPv6: Bool) {
        self.high = high
        self.low = low
        self.isIPv6 = isIPv6
    }

    /// Of 127.0.0.1, `0x7f00_0001`.
    public static func v4(_ bits: UInt32) -> IPAddress {
        IPAddress(high: 0, low: UInt64(bits), isIPv6: false)
    }

    public static func v6(high: UInt64, low: UInt64) -> IPAddress {
        IPAddress(high: high, low: low, isIPv6: true)
    }
}

extension IPAddress: CustomStringConvertible {
    /// `127.0.0.1`, `2001:db8::1`: of IPv6 the form of RFC 5952.
    public var description: String { isIPv6 ? textV6 : Self.dotted(UInt32(truncatingIfNeeded: low)) }

    private static func dotted(_ bits: UInt32) -> String {
        "\(bits >> 24).\(bits >> 16 & 255).\(bits >> 8 & 255).\(bits & 255)"
    }

    private var textV6: String {
        // RFC 5952, section 5: what stands for an IPv4 address shows it.
        if high == 0, low >> 32 == 0xffff { return "::ffff:" + Self.dotted(UInt32(truncatingIfNeeded: low)) }
        let groups = (0..<8).map { group in UInt16(truncatingIfNeeded: (group < 4 ? high : low) >> (48 - group % 4 * 16)) }
        let texts = groups.map { String($0, radix: 16) }
        guard let run = Self.longestZeroRun(groups) else { return texts.joined(separator: ":") }
        return texts[..<run.lowerBound].joined(separator: ":") + "::" + texts[run.upperBound...].joined(separator: ":")
    }

    /// RFC 5952, section 4.2: the first of the longest runs; a single group is written out.
    private static func longestZeroRun(_ groups: [UInt16]) -> Range<Int>? {
        var longest: Range<Int>?
        var start = 0
        for index in 0...groups.count where index == groups.count || groups[index] != 0 {
            if index - start > max(1, longest?.count ?? 0) { longest = start..<index }
            start = index + 1
        }
        return longest
    }
}
