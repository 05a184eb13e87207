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

/// Turns the bytes of one direction of a link into messages (FRM). Pure: it neither reads nor waits. For captures there is a reader
/// of its own in `TrafficDecoder`: it also shows what breaks a rule, and finds frames again behind missing bytes.
///
/// Holds at most `Bounds.message` bytes for each lane, and only what has really arrived. After an error the link is to be
/// closed; who reads on all the same begins anew with `resynchronise()`.
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
    /// The beginning of a header whose end has not come.
    private var headerPart: [UInt8] = []
    /// The frame whose body is coming.
    private var current: Incoming?

    private struct Incoming {
        var header: FrameHeader
        var type: MessageType?
        var missing: Int
        var checksum: UInt32 = 0
    }

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

    /// Forgets the expected sequence and all that is unfinished.
    public mutating func resynchronise() {
        nextSequence = nil
        headerPart.removeAll()
        current = nil
        for index in lanes.indices { lanes[index].pending = nil }
    }

    // MARK: Reading

    /// The next message in `bytes`, the bytes of the link behind those of earlier calls, from `offset` on; moves `offset` past
    /// what was taken.
    ///
    /// A message that lies in `bytes` whole and in one frame is read where it is. Of any other each byte is copied once, to where
    /// it stays: `SnapChunk.data` is that memory.
    /// - Returns: nil when more bytes are needed; all of `bytes` is taken then.
    /// - Throws: what to close the link with. A frame whose body is at fault counts as taken, one whose header is does not.
    public mutating func next(in bytes: Span<UInt8>, at offset: inout Int) throws(DecodingError) -> Frame? {
        while true {
            if current == nil {
                guard let header = try readHeader(bytes, &offset) else { return nil }
                let type = try check(header)
                offset += headerPart.isEmpty ? FrameHeader.size : 0
                headerPart.removeAll(keepingCapacity: true)
                let length = Int(header.bodyLength)
                if !header.hasMore, lanes[Int(header.lane)].pending == nil, bytes.count - offset >= length {
                    let body = bytes.extracting(offset..<(offset + length))
                    offset += length
                    return try takeWhole(header, type, body)
                }
                current = Incoming(header: header, type: type, missing: length)
            }
            guard takePart(bytes, &offset) else { return nil }
            if let frame = try finishFrame() { return frame }
        }
    }

    /// The header at `offset`, or the one whose first bytes came before. Does not move past a header that lies in `bytes`.
    private mutating func readHeader(_ bytes: Span<UInt8>, _ offset: inout Int) throws(DecodingError) -> FrameHeader? {
        lastHeader = nil
        if headerPart.isEmpty, bytes.count - offset >= FrameHeader.size {
            lastHeader = try FrameHeader(decoding: bytes.extracting(droppingFirst: offset))
            return lastHeader
        }
        let end = min(bytes.count, offset + FrameHeader.size - headerPart.count)
        headerPart.write(bytesOf: bytes.extracting(offset..<end))
        offset = end
        guard headerPart.count == FrameHeader.size else { return nil }
        lastHeader = try FrameHeader(decoding: headerPart.span)
        return lastHeader
    }

    /// Takes what has come of the current frame's body.
    /// - Returns: whether that was all of it.
    private mutating func takePart(_ bytes: Span<UInt8>, _ offset: inout Int) -> Bool {
        guard var incoming = current.take() else { return true }
        let part = bytes.extracting(offset..<min(bytes.count, offset + incoming.missing))
        offset += part.count
        incoming.missing -= part.count
        // While the bytes are in the cache.
        incoming.checksum = CRC32.checksum(part, continuing: incoming.checksum)
        lanes[Int(incoming.header.lane)].extend(incoming.header, incoming.type, by: part)
        let isWhole = incoming.missing == 0
        current = incoming
        return isWhole
    }

    private mutating func finishFrame() throws(DecodingError) -> Frame? {
        guard let incoming = current.take() else { return nil }
        let header = incoming.header
        let lane = Int(header.lane)
        count(header)
        guard incoming.checksum == header.bodyCRC else {
            lanes[lane].pending = nil
            throw FrameHeader.failure(.wrongChecksum, 24, "bodyCRC", code: .badBody)
        }
        guard !header.hasMore, let whole = lanes[lane].finish() else { return nil }
        let content = try content(incoming.type, header) { (type) throws(DecodingError) in try whole.message(type) }
        return Frame(header: header, content: content, bodyBytes: whole.length)
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

    private mutating func takeWhole(
        _ header: FrameHeader, _ type: MessageType?, _ body: Span<UInt8>
    ) throws(DecodingError) -> Frame {
        count(header)
        guard CRC32.checksum(body) == header.bodyCRC else {
            throw FrameHeader.failure(.wrongChecksum, 24, "bodyCRC", code: .badBody)
        }
        let content = try content(type, header) { (type) throws(DecodingError) in
            try MessageCodec.decode(type: type, body: body)
        }
        return Frame(header: header, content: content, bodyBytes: body.count)
    }

    private mutating func count(_ header: FrameHeader) {
        let lane = Int(header.lane)
        nextSequence = header.sequence &+ 1
        lanes[lane].received = header.sequence &+ 1
        lanes[lane].bodyBytes += UInt64(header.bodyLength)
    }

    private func content(
        _ type: MessageType?, _ header: FrameHeader, _ decode: (MessageType) throws(DecodingError) -> Message
    ) throws(DecodingError) -> Frame.Content {
        guard let type else { return .ignorable(header.type) }
        do throws(DecodingError) {
            return .message(try decode(type))
        } catch {
            guard error.code.refusesCall else { throw error }
            return .refusedCall(error)
        }
    }
}

/// One lane of one direction.
private struct LaneProgress {
    /// A message whose last byte has not come.
    struct Pending {
        var type: UInt16
        var stream: UInt32
        var length = 0
        /// Of SNAP_CHUNK, what stands before the data: so that these can stay where they are.
        var head: [UInt8] = []
        /// Stays empty when the type is not known.
        var body: [UInt8] = []

        mutating func take(_ part: Span<UInt8>, headSize: Int) {
            let headPart = part.extracting(first: min(part.count, headSize - head.count))
            head.write(bytesOf: headPart)
            let rest = part.extracting(droppingFirst: headPart.count)
            let needed = body.count + rest.count
            if needed > body.capacity { body.reserveCapacity(room(for: needed)) }
            body.write(bytesOf: rest)
        }

        /// At most four times what has come, whatever is announced (ENC-012).
        private func room(for needed: Int) -> Int {
            guard head.count == ChunkCodec.headSize else { return needed * 2 }
            let announced = Int(head.span.integer(at: ChunkCodec.headSize - 4) as UInt32)
            return announced >= needed ? min(announced, needed * 4) : needed * 2
        }

        func message(_ type: MessageType) throws(DecodingError) -> Message {
            guard !head.isEmpty else { return try MessageCodec.decode(type: type, body: body.span) }
            if let chunk = SnapChunk(head: head.span, data: body) { return .snapChunk(chunk) }
            return try MessageCodec.decode(type: type, body: (head + body).span)
        }
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

    mutating func extend(_ header: FrameHeader, _ type: MessageType?, by part: Span<UInt8>) {
        if pending == nil { pending = Pending(type: header.type, stream: header.stream) }
        pending?.length += part.count
        guard let type else { return }
        pending?.take(part, headSize: type == .snapChunk ? ChunkCodec.headSize : 0)
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
