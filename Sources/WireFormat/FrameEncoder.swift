public import ClusterModel

/// Numbers and writes the frames of one direction of a link (FRM).
public struct FrameEncoder: Hashable, Sendable {
    /// The sequence of the next frame (FRM-008).
    public private(set) var nextSequence: UInt64 = 0
    /// The largest body the peer takes (`Hello.maximumFrameBody`); larger messages continue over several frames.
    public var maximumBody: Int

    public init(maximumBody: Int = Limits.frameBodyBeforeAuthentication) { self.maximumBody = maximumBody }

    /// The header of the next frame.
    /// - Parameter part: its body; `hasMore` when the message goes on in a further frame.
    /// - Precondition: the part fits in a frame, and is not empty when the message takes several.
    public mutating func header(
        type: UInt16, lane: UInt8, stream: UInt32, part: Span<UInt8>, hasMore: Bool = false
    ) -> FrameHeader {
        precondition(part.count <= maximumBody, "a body longer than the peer takes")
        defer { nextSequence += 1 }
        return FrameHeader(
            type: type, flags: hasMore ? FrameHeader.more : 0, lane: lane, bodyLength: UInt32(part.count), stream: stream,
            sequence: nextSequence, bodyCRC: CRC32.checksum(part))
    }

    /// Appends a message in as many frames as it needs, nothing in between.
    public mutating func append(_ message: Message, stream: UInt32 = 0, to bytes: inout [UInt8]) {
        let body = MessageCodec.encode(message)
        append(type: message.type.rawValue, lane: message.type.lane.rawValue, stream: stream, body: body.span, to: &bytes)
    }

    /// Appends a body that is encoded already, or of a type that is not registered.
    public mutating func append(type: UInt16, lane: UInt8, stream: UInt32 = 0, body: Span<UInt8>, to bytes: inout [UInt8]) {
        bytes.reserveGrowing(by: body.count + FrameHeader.size * (1 + body.count / maximumBody))
        var start = 0
        repeat {
            let part = body.extracting(start..<min(start + maximumBody, body.count))
            start += part.count
            header(type: type, lane: lane, stream: stream, part: part, hasMore: start < body.count).append(to: &bytes)
            bytes.write(bytesOf: part)
        } while start < body.count
    }
}
