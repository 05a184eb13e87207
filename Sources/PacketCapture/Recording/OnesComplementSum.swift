/// The checksum of IP and TCP (RFC 1071). Parts may be added one after the other when all but the last have an even length.
struct OnesComplementSum {
    /// The one's complement sum of 64-bit words folds to that of the 16-bit words, in whatever byte order all of them are read.
    private var sum: UInt64 = 0

    mutating func add(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBytes { buffer in
            var offset = 0
            while offset + 8 <= buffer.count {
                add(unsafe buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                offset += 8
            }
            var rest: UInt64 = 0
            var shift: UInt64 = 0
            while offset < buffer.count {
                rest |= UInt64(unsafe buffer[offset]) << shift
                shift += 8
                offset += 1
            }
            add(UInt64(littleEndian: rest))
        }
    }

    private mutating func add(_ word: UInt64) {
        let (partial, overflow) = sum.addingReportingOverflow(word)
        sum = partial &+ (overflow ? 1 : 0)
    }

    /// As a number whose upper byte is sent first.
    var checksum: UInt16 {
        var folded = (sum & 0xffff_ffff) + (sum >> 32)
        while folded > 0xffff { folded = (folded & 0xffff) + (folded >> 16) }
        return UInt16(bigEndian: ~UInt16(truncatingIfNeeded: folded))
    }
}
