/// Bytes of pcapng blocks, little-endian (draft-ietf-opsawg-pcapng).
enum WrittenBlock {
    static let sectionHeader: UInt32 = 0x0a0d_0d0a
    static let interface: UInt32 = 1
    static let interfaceStatistics: UInt32 = 5
    static let packet: UInt32 = 6
    static let secrets: UInt32 = 10

    static let byteOrder: UInt32 = 0x1a2b_3c4d
    /// The secrets are lines of a TLS key log.
    static let tlsKeyLog: UInt32 = 0x544c_534b

    static let comment: UInt16 = 1
    static let application: UInt16 = 4
    static let interfaceName: UInt16 = 2
    static let interfaceDescription: UInt16 = 3
    static let timeResolution: UInt16 = 9
    static let statisticsStart: UInt16 = 2
    static let statisticsEnd: UInt16 = 3
    static let packetsReceived: UInt16 = 4
    static let packetsDropped: UInt16 = 5

    /// The longest text that an option can hold.
    private static let optionLimit = Int(UInt16.max)

    /// Appends a block whose body `body` appends, with its length in front and behind.
    static func append(_ type: UInt32, to bytes: inout [UInt8], body: (inout [UInt8]) -> Void) {
        let start = bytes.count
        append(type, to: &bytes)
        append(UInt32(0), to: &bytes)
        body(&bytes)
        let length = UInt32(bytes.count - start + 4)
        append(length, to: &bytes)
        for index in 0..<4 { bytes[start + 4 + index] = UInt8(truncatingIfNeeded: length >> UInt32(8 * index)) }
    }

    static func append<Integer: FixedWidthInteger>(_ value: Integer, to bytes: inout [UInt8]) {
        for shift in stride(from: 0, to: Integer.bitWidth, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    static func append(_ data: Span<UInt8>, to bytes: inout [UInt8]) {
        unsafe data.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    }

    /// Zeros up to a multiple of 4 from `start`, where the block or the option began.
    static func pad(_ bytes: inout [UInt8], from start: Int) {
        while (bytes.count - start) % 4 != 0 { bytes.append(0) }
    }

    static func appendOption(_ code: UInt16, _ value: [UInt8], to bytes: inout [UInt8]) {
        let kept = value.prefix(optionLimit)
        append(code, to: &bytes)
        append(UInt16(kept.count), to: &bytes)
        bytes.append(contentsOf: kept)
        pad(&bytes, from: bytes.count - kept.count)
    }

    static func appendOption(_ code: UInt16, _ text: String, to bytes: inout [UInt8]) {
        appendOption(code, Array(text.utf8), to: &bytes)
    }

    static func appendOption(_ code: UInt16, _ value: UInt64, to bytes: inout [UInt8]) {
        append(code, to: &bytes)
        append(UInt16(8), to: &bytes)
        append(value, to: &bytes)
    }

    /// A time is two words, the upper one first.
    static func appendOption(_ code: UInt16, _ time: Timestamp, to bytes: inout [UInt8]) {
        append(code, to: &bytes)
        append(UInt16(8), to: &bytes)
        append(time, to: &bytes)
    }

    static func append(_ time: Timestamp, to bytes: inout [UInt8]) {
        let bits = UInt64(bitPattern: time.nanoseconds)
        append(UInt32(truncatingIfNeeded: bits >> 32), to: &bytes)
        append(UInt32(truncatingIfNeeded: bits), to: &bytes)
    }

    static func endOptions(_ bytes: inout [UInt8]) { append(UInt32(0), to: &bytes) }
}
