/// What a packet of IP holds of TCP.
enum InternetContent {
    case tcp(TCPSegment)
    case otherProtocol
    /// A part of a larger packet; not put together.
    case fragment
    /// The capture has too little of it to tell.
    case cut
    /// Contradicts itself.
    case malformed
}

/// Reads IPv4 (RFC 791) and IPv6 (RFC 8200) up to TCP.
///
/// Checksums are not looked at: a network card may fill them in after the capture.
enum InternetLayer {
    private static let tcp: UInt8 = 6
    private static let mostExtensions = 16

    /// - Parameters:
    ///   - start: where the IP packet begins.
    ///   - originalLength: of all of `bytes`, before the capture cut something off.
    @inline(__always)
    static func content(of bytes: Span<UInt8>, at start: Int, originalLength: Int) -> InternetContent {
        guard bytes.count > start else { return .cut }
        switch bytes[start] >> 4 {
        case 4: return version4(bytes, start, originalLength)
        case 6: return version6(bytes, start, originalLength)
        default: return .malformed
        }
    }

    @inline(__always)
    private static func version4(_ bytes: Span<UInt8>, _ start: Int, _ originalLength: Int) -> InternetContent {
        guard bytes.count - start >= 20 else { return .cut }
        let headerLength = Int(bytes[start] & 15) * 4
        guard headerLength >= 20 else { return .malformed }
        var length = Int(bytes.bigEndian(at: start + 2, as: UInt16.self))
        // With TCP segmentation offload the card writes the length, after the capture.
        if length == 0 { length = max(originalLength, bytes.count) - start }
        guard length >= headerLength, length <= CaptureReader.Limits.packet else { return .malformed }
        // More to come, or not the first.
        guard bytes.bigEndian(at: start + 6, as: UInt16.self) & 0x3fff == 0 else { return .fragment }
        guard bytes[start + 9] == tcp else { return .otherProtocol }
        let segment = (start + headerLength)..<(start + length)
        if let problem = problem(bytes, segment) { return problem }
        var isSwapped = false
        let key = FlowKey(
            v4: bytes.bigEndian(at: start + 12), bytes.bigEndian(at: segment.lowerBound), to: bytes.bigEndian(at: start + 16),
            bytes.bigEndian(at: segment.lowerBound + 2), isSwapped: &isSwapped)
        return TCPSegment(bytes, segment, key, isSwapped: isSwapped).map { .tcp($0) } ?? .malformed
    }

    /// Why the header of TCP cannot be read.
    @inline(__always)
    private static func problem(_ bytes: Span<UInt8>, _ segment: Range<Int>) -> InternetContent? {
        guard segment.count >= TCPSegment.headerSize else { return .malformed }
        return bytes.count - segment.lowerBound >= TCPSegment.headerSize ? nil : .cut
    }

    private static func version6(_ bytes: Span<UInt8>, _ start: Int, _ originalLength: Int) -> InternetContent {
        guard bytes.count - start >= 40 else { return .cut }
        var length = Int(bytes.bigEndian(at: start + 4, as: UInt16.self))
        // The same with offload, and in a jumbogram (RFC 2675).
        if length == 0 { length = max(originalLength, bytes.count) - start - 40 }
        guard length <= CaptureReader.Limits.packet else { return .malformed }
        let end = start + 40 + length
        var next = bytes[start + 6]
        var offset = start + 40
        for _ in 0..<mostExtensions {
            if next == tcp { return version6(bytes, start, offset..<end) }
            guard let unit = extensionUnit(next) else { return .otherProtocol }
            guard end - offset >= 8 else { return .malformed }
            guard bytes.count - offset >= 8 else { return .cut }
            // An "atomic" fragment (RFC 6946) is all there is.
            if next == fragmentHeader, bytes.bigEndian(at: offset + 2, as: UInt16.self) & 0xfff9 != 0 { return .fragment }
            next = bytes[offset]
            offset += 8 + (unit == 0 ? 0 : Int(bytes[offset + 1]) * unit)
            guard offset <= end else { return .malformed }
        }
        return .otherProtocol
    }

    private static func version6(_ bytes: Span<UInt8>, _ start: Int, _ segment: Range<Int>) -> InternetContent {
        if let problem = problem(bytes, segment) { return problem }
        var isSwapped = false
        let key = FlowKey(
            v6: (bytes.bigEndian(at: start + 8), bytes.bigEndian(at: start + 16)), bytes.bigEndian(at: segment.lowerBound),
            to: (bytes.bigEndian(at: start + 24), bytes.bigEndian(at: start + 32)), bytes.bigEndian(at: segment.lowerBound + 2),
            isSwapped: &isSwapped)
        return TCPSegment(bytes, segment, key, isSwapped: isSwapped).map { .tcp($0) } ?? .malformed
    }

    private static let fragmentHeader: UInt8 = 44

    /// All extension headers begin with 8 bytes, of which the second counts the others. nil for what is no extension header.
    private static func extensionUnit(_ type: UInt8) -> Int? {
        switch type {
        // Hop by hop, routing, destination, mobility, host identity, shim.
        case 0, 43, 60, 135, 139, 140: 8
        case fragmentHeader: 0
        // Authentication header: counts from 4 bytes before.
        case 51: 4
        default: nil
        }
    }
}
