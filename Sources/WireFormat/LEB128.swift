/// Unsigned LEB128 in its shortest form (ENC-010), used in the columns of a row block only.
enum LEB128 {
    /// Bytes that a value takes, 1...10.
    @inline(__always)
    static func size(_ value: UInt64) -> Int { (70 &- (value | 1).leadingZeroBitCount) / 7 }

    @inline(__always)
    static func zigzag(_ delta: UInt64) -> UInt64 {
        let signed = Int64(bitPattern: delta)
        return UInt64(bitPattern: signed &<< 1 ^ signed &>> 63)
    }

    @inline(__always)
    static func unzigzag(_ value: UInt64) -> UInt64 { value &>> 1 ^ (0 &- (value & 1)) }

    /// Reads one value and moves `cursor` past it.
    /// - Returns: nil, and `cursor` where it was, when the value runs over `end`; throws nothing else.
    @inline(__always)
    static func read(_ bytes: Span<UInt8>, _ cursor: inout Int, end: Int) -> Outcome {
        guard cursor < end else { return .truncated }
        let first = bytes[cursor]
        if first < 0x80 {
            cursor &+= 1
            return .value(UInt64(first))
        }
        if end &- cursor >= 2 {
            let second = bytes[cursor &+ 1]
            if second &- 1 < 0x7F {
                cursor &+= 2
                return .value(UInt64(first & 0x7F) | UInt64(second) &<< 7)
            }
        }
        return readLong(bytes, &cursor, end: end)
    }

    enum Outcome {
        case value(UInt64)
        case truncated
        case notCanonical
    }

    private static func readLong(_ bytes: Span<UInt8>, _ cursor: inout Int, end: Int) -> Outcome {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        var index = cursor
        while index < end {
            let byte = bytes[index]
            // The tenth byte has room for one bit; a last byte of zero adds nothing, so a shorter form exists.
            if shift == 63, byte > 1 { return .notCanonical }
            value |= UInt64(byte & 0x7F) &<< shift
            index &+= 1
            if byte < 0x80 {
                guard byte != 0 else { return .notCanonical }
                cursor = index
                return .value(value)
            }
            shift &+= 7
        }
        return .truncated
    }
}
