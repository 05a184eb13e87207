public import ClusterModel

/// A complete message as it came off a link, or what took its place.
public struct Frame: Hashable, Sendable {
    public enum Content: Hashable, Sendable {
        case message(Message)
        /// An odd type that is not registered: to be counted and otherwise passed over (EXT-001).
        case ignorable(UInt16)
        /// A CALL that is to be answered with a failure of this code; the link goes on (CAL-004).
        case refusedCall(DecodingError)
    }

    /// The header of the frame, of the last one when the message took several.
    public var header: FrameHeader
    public var content: Content
    /// Body bytes of all frames of the message: what it used of its lane's credit (FRM-030).
    public var bodyBytes: Int
}

/// Turns the bytes of one direction of a link into messages (FRM). Pure: it neither reads nor waits; a transport, a proxy and a
/// capture decoder feed it alike.
///
/// Holds at most `Bounds.message` bytes for each lane, and only what has really arrived. After an error the link is to be
/// closed; a capture decoder goes on with `resynchronise()`.
public struct FrameAssembler: Sendable {
    /// What a frame and a message may measure at this point of the link's life.
    public struct Bounds: Hashable, Sendable {
        /// Body of one frame.
        public var frameBody: Int
        /// Body of a message over all of its frames.
        public var message: Int

        public init(frameBody: Int, message: Int = Limits.message) {
            self.frameBody = frameBody
            self.message = message
        }

        /// LIM-001: until the peer has proved who it is.
        public static let beforeAuthentication = Bounds(
            frameBody: Limits.frameBodyBeforeAuthentication, message: Limits.frameBodyBeforeAuthentication)
        /// LIM-002, LIM-003: what any peer may send unless our HELLO allowed larger frames.
        public static let authenticated = Bounds(frameBody: Limits.frameBodyDefault)
    }

    public var bounds: Bounds
    /// The sequence that the next frame must have; nil to take whatever comes (FRM-008).
    public private(set) var nextSequence: UInt64?
    /// The header that was decoded last: the offending one after an error, unless no header could be decoded.
    public private(set) var lastHeader: FrameHeader?
    private var lanes = [LaneProgress](repeating: LaneProgress(), count: Lane.allCases.count)
    private var buffer: [UInt8] = []
    private var consumed = 0

    public init(bounds: Bounds = .beforeAuthentication) {
        self.bounds = bounds
        nextSequence = 0
    }

    /// Header sequence of the last frame of each lane, plus one; 0 when none came: `Ping.received`.
    public var received: [UInt64] { lanes.map(\.received) }

    /// The same of one lane.
    public func received(on lane: Lane) -> UInt64 { lanes[Int(lane.rawValue)].received }

    /// Body bytes that came on a lane since the link began, unfinished messages included (FRM-030).
    public func bodyBytes(on lane: Lane) -> UInt64 { lanes[Int(lane.rawValue)].bodyBytes }

    /// Lets the peer have sent `limit` body bytes on a lane (FRM-031). Without a grant a lane has no limit.
    public mutating func grant(_ limit: UInt64, on lane: Lane) { lanes[Int(lane.rawValue)].creditLimit = limit }

    /// Forgets the expected sequence and all unfinished messages: for captures that begin or continue in the middle.
    public mutating func resynchronise() {
        nextSequence = nil
        for index in lanes.indices { lanes[index].pending = nil }
    }

    /// Where the first whole header with a right magic and CRC stands at or after `start`.
    public static func firstHeader(in bytes: Span<UInt8>, from start: Int = 0) -> Int? {
        var index = start
        while bytes.count - index >= FrameHeader.size {
            if bytes.integer(at: index) == FrameHeader.magic,
                (try? FrameHeader(decoding: bytes.extracting(droppingFirst: index))) != nil
            {
                return index
            }
            index += 1
        }
        return nil
    }

    // MARK: With the assembler's own buffer

    /// Whether nothing waits for more bytes: then what comes may be taken in place.
    public var isEmpty: Bool { consumed == buffer.count }

    /// Takes bytes off the link, any number of them.
    public mutating func append(_ bytes: Span<UInt8>) {
        // Moving the rest to the front costs at most what was consumed since, so every byte moves once on average.
        if consumed > 0, consumed * 2 >= buffer.count {
            buffer.removeSubrange(0..<consumed)
            consumed = 0
        }
        buffer.write(bytesOf: bytes)
    }

    /// The next message among the bytes that were appended; nil when more bytes are needed.
    /// - Throws: what to close the link with. A frame whose body is at fault counts as taken, one whose header is does not.
    public mutating func next() throws(DecodingError) -> Frame? {
        let bytes = buffer
        var offset = consumed
        defer { consumed = offset }
        return try next(in: bytes.span, at: &offset)
    }

    // MARK: In place

    /// The next message in `bytes` from `offset` on; moves `offset` past all frames that were taken.
    ///
    /// Nothing is copied of a message that fits in one frame, except into the message. The caller keeps what stands behind
    /// `offset` and comes back with it when there is more.
    /// - Returns: nil when more bytes are needed.
    public mutating func next(in bytes: Span<UInt8>, at offset: inout Int) throws(DecodingError) -> Frame? {
        while bytes.count - offset >= FrameHeader.size {
            lastHeader = nil
            let header = try FrameHeader(decoding: bytes.extracting(droppingFirst: offset))
            lastHeader = header
            let type = try check(header)
            let start = offset + FrameHeader.size
            guard bytes.count - start >= Int(header.bodyLength) else { return nil }
            let body = bytes.extracting(start..<(start + Int(header.bodyLength)))
            offset = start + body.count
            if let frame = try take(header, type, body) { return frame }
        }
        return nil
    }

    /// Everything that a header can do wrong, before a byte of its body is waited for.
    private func check(_ header: FrameHeader) throws(DecodingError) -> MessageType? {
        let length = Int(header.bodyLength)
        guard length <= bounds.frameBody else {
            throw FrameHeader.failure(.limitExceeded, 8, "bodyLength", code: .frameTooLarge)
        }
        if let nextSequence, header.sequence != nextSequence {
            throw FrameHeader.failure(.wrongSequence, 16, "sequence", code: .sequenceGap)
        }
        guard let lane = Lane(rawValue: header.lane) else {
            throw FrameHeader.failure(.wrongLane, 5, "lane", code: .wrongLane)
        }
        let type = MessageType(rawValue: header.type)
        if let type {
            guard type.lane == lane else { throw FrameHeader.failure(.wrongLane, 5, "lane", code: .wrongLane) }
            try type.check(stream: header.stream)
        } else if header.type & 1 == 0 {
            throw FrameHeader.failure(.unknownCritical, 2, "type", code: .unknownCritical)
        }
        try lanes[Int(header.lane)].check(header, limit: bounds.message)
        return type
    }

    private mutating func take(
        _ header: FrameHeader, _ type: MessageType?, _ body: Span<UInt8>
    ) throws(DecodingError) -> Frame? {
        let lane = Int(header.lane)
        nextSequence = header.sequence &+ 1
        lanes[lane].received = header.sequence &+ 1
        lanes[lane].bodyBytes += UInt64(body.count)
        guard CRC32.checksum(body) == header.bodyCRC else {
            lanes[lane].pending = nil
            throw FrameHeader.failure(.wrongChecksum, 24, "bodyCRC", code: .badBody)
        }
        if header.hasMore {
            lanes[lane].extend(header, by: body, keeping: type != nil)
            return nil
        }
        guard lanes[lane].pending != nil else {
            return Frame(header: header, content: try content(type, header, body), bodyBytes: body.count)
        }
        lanes[lane].extend(header, by: body, keeping: type != nil)
        guard let whole = lanes[lane].finish() else { return nil }
        return Frame(header: header, content: try content(type, header, whole.body.span), bodyBytes: whole.length)
    }

    private func content(
        _ type: MessageType?, _ header: FrameHeader, _ body: Span<UInt8>
    ) throws(DecodingError) -> Frame.Content {
        guard let type else { return .ignorable(header.type) }
        do throws(DecodingError) {
            return .message(try MessageCodec.decode(type: type, body: body))
        } catch {
            guard error.code.refusesCall else { throw error }
            return .refusedCall(error)
        }
    }
}

/// One lane of one direction.
private struct LaneProgress {
    /// A message whose last frame has not come.
    struct Pending {
        var type: UInt16
        var stream: UInt32
        var length = 0
        /// Stays empty when the type is not known.
        var body: [UInt8] = []
    }

    var received: UInt64 = 0
    var bodyBytes: UInt64 = 0
    var creditLimit = UInt64.max
    var pending: Pending?

    /// FRM-014, FRM-016, FRM-017, FRM-032.
    func check(_ header: FrameHeader, limit: Int) throws(DecodingError) {
        if let pending {
            guard header.type == pending.type else { throw FrameHeader.failure(.wrongContinuation, 2, "type", code: .malformed) }
            guard header.stream == pending.stream else {
                throw FrameHeader.failure(.wrongContinuation, 12, "stream", code: .malformed)
            }
        }
        // A part without bytes gets nowhere: a peer could send them for ever.
        if header.hasMore || pending != nil, header.bodyLength == 0 {
            throw FrameHeader.failure(.wrongContinuation, 8, "bodyLength", code: .malformed)
        }
        guard (pending?.length ?? 0) + Int(header.bodyLength) <= limit else {
            throw FrameHeader.failure(.limitExceeded, 8, "bodyLength", code: .messageTooLarge)
        }
        let (total, overflow) = bodyBytes.addingReportingOverflow(UInt64(header.bodyLength))
        guard !overflow, total <= creditLimit else {
            throw FrameHeader.failure(.creditExceeded, 8, "bodyLength", code: .creditExceeded)
        }
    }

    mutating func extend(_ header: FrameHeader, by part: Span<UInt8>, keeping isKept: Bool) {
        if pending == nil { pending = Pending(type: header.type, stream: header.stream) }
        pending?.length += part.count
        if isKept { pending?.body.write(bytesOf: part) }
    }

    mutating func finish() -> Pending? {
        defer { pending = nil }
        return pending
    }
}

extension MessageType {
    /// CALL, REPLY and CANCEL name a call, so not 0; SNAP messages a snapshot; nothing else has a stream (FRM-015).
    func check(stream: UInt32) throws(DecodingError) {
        switch self {
        case .call, .reply, .cancel:
            guard stream != 0 else { throw FrameHeader.failure(.outOfRange, 12, "stream", code: .malformed) }
        case .snapRequest, .snapBegin, .snapChunk, .snapEnd, .snapCancel: break
        default:
            guard stream == 0 else { throw FrameHeader.failure(.reservedNotZero, 12, "stream", code: .malformed) }
        }
    }
}

extension ErrorCode {
    /// A code of the chapter "Calls": answered by a REPLY, while every other error ends the link.
    public var refusesCall: Bool { rawValue >= ErrorCode.unknownMethod.rawValue }
}
