internal import ClusterModel
package import PacketCapture
internal import WireFormat

/// Turns the streams of a capture into frames, whatever is missing, and judges them by the rules of the spec.
///
/// It keeps of each link at most one frame and one unfinished message a lane and direction, and all unfinished messages together
/// within `unfinishedBytes`.
package final class TrafficDecoder: StreamSink {
    /// How thoroughly bodies are looked at.
    package enum Judgement: Sendable {
        /// Headers and checksums.
        case frames
        /// Also every field, and the rows of chunks.
        case everything
    }

    /// Bytes of unfinished messages of all links; what goes beyond is counted, not kept.
    static let unfinishedBytes = 24 * 1024 * 1024

    private let judgement: Judgement
    private let schema = Schema.current
    private let observer: any TrafficObserver
    private var links: [Int: Link] = [:]
    var openLinks: some Collection<Link> { links.values }
    private var lastLink: Link?
    private var unfinishedBytes = 0
    private var captureStart: Timestamp?
    /// Frames seen so far.
    package private(set) var frames = 0
    /// Violations seen so far.
    package private(set) var violations = 0
    /// Bytes of our links that the capture does not have, and gaps of which nobody knows the size.
    package private(set) var lostBytes = 0
    package private(set) var gapsOfUnknownSize = 0
    /// Bytes of connections that show nothing of the protocol, and how many these were.
    package private(set) var foreignBytes = 0
    package private(set) var foreignLinks = 0
    /// What the first of them began with.
    package private(set) var foreignBegin: [UInt8] = []
    /// What that looks like, in words.
    package var foreignOpening: String {
        switch ForeignOpening(foreignBegin.span) {
        case .tls:
            "TLS: a link in it is shown from the node's own --capture, or by tshark with the node's --tls-key-log"
        case .http: "an HTTP request"
        case .text: "text"
        case .translatedPreface: "a preface that something has altered"
        case .frame: "a frame, but no whole header"
        case .unknown: "0x" + foreignBegin.prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
    }
    /// Connections with frames or a preface.
    package private(set) var ownLinks = 0

    package init(_ judgement: Judgement, _ observer: any TrafficObserver) {
        self.judgement = judgement
        self.observer = observer
    }

    // MARK: What reassembly tells

    package func began(_ flow: Flow, at time: Timestamp) {
        let start = captureStart ?? time
        captureStart = start
        let link = Link(flow, at: time, captureStart: start)
        link.judge(link.dialer)
        link.judge(link.acceptor)
        links[flow.number] = link
    }

    package func received(_ bytes: Span<UInt8>, _ direction: Direction, of flow: Int, at time: Timestamp) {
        guard let link = link(flow) else { return }
        let sender = link.end(direction)
        guard !sender.scanner.kept.isEmpty else {
            let taken = scan(bytes, sender, link, time)
            if taken < bytes.count { sender.scanner.kept.append(bytes.extracting(droppingFirst: taken)) }
            return
        }
        sender.scanner.kept.append(bytes)
        guard sender.scanner.kept.count >= sender.scanner.needed else { return }
        var together: [UInt8] = []
        swap(&together, &sender.scanner.kept)
        let taken = scan(together.span, sender, link, time)
        together.removeFirst(taken)
        swap(&together, &sender.scanner.kept)
    }

    package func lost(_ count: Int?, _ direction: Direction, of flow: Int, at time: Timestamp) {
        guard let link = link(flow) else { return }
        let sender = link.end(direction)
        let kept = sender.scanner.kept
        if let cut = sender.scanner.lose(count) {
            frame(cut.header, kept.span.extracting(droppingFirst: CapturedHeader.size), isCut: true, sender, link, time)
        }
        link.judge(sender)
        for lane in sender.lanes.indices { abandon(lane, sender) }
        sender.doubtBeginnings()
        guard link.isOurs else { return }
        lostBytes += count ?? 0
        if count == nil { gapsOfUnknownSize += 1 }
        observer.event(.gap(count), direction, of: link, at: time)
    }

    package func ended(_ direction: Direction, of flow: Int, by end: FlowEnd, at time: Timestamp) {
        guard let link = link(flow) else { return }
        let sender = link.end(direction)
        finish(sender, link, time)
        for lane in sender.lanes.indices { abandon(lane, sender) }
        sender.isOver = true
        if link.isOurs { observer.event(.ended(end), direction, of: link, at: time) }
        guard link.isOver else { return }
        links[flow] = nil
        if lastLink === link { lastLink = nil }
        guard !link.isOurs else { return }
        foreignLinks += 1
        foreignBytes += link.dialer.scanner.passedOver + link.acceptor.scanner.passedOver
        if foreignBegin.isEmpty { foreignBegin = link.dialer.scanner.begin }
    }

    private func link(_ flow: Int) -> Link? {
        if let lastLink, lastLink.number == flow { return lastLink }
        lastLink = links[flow]
        return lastLink
    }

    // MARK: Pieces of a stream

    /// - Returns: how many bytes were taken.
    private func scan(_ bytes: Span<UInt8>, _ sender: LinkEnd, _ link: Link, _ time: Timestamp) -> Int {
        var offset = 0
        while let piece = sender.scanner.next(bytes, &offset) {
            if !link.isOurs { begin(link, time) }
            switch piece {
            case .frame(let header, let body):
                frame(header, bytes.extracting(body), isCut: false, sender, link, time)
            case .preface(let preface, let isReservedZero):
                sender.hasPreface = true
                self.preface(preface, isReservedZero, sender, link, time)
            case .oversized(let header):
                frame(header, bytes.extracting(0..<0), isCut: true, sender, link, time)
            case .skipped(let count, let isFault):
                resume(count, isFault, next: CapturedHeader(in: bytes, at: offset), sender, link, time)
            }
        }
        return offset
    }

    private func begin(_ link: Link, _ time: Timestamp) {
        link.isOurs = true
        ownLinks += 1
        observer.began(link, at: time)
    }

    private func preface(
        _ preface: Preface, _ isReservedZero: Bool, _ sender: LinkEnd, _ link: Link, _ time: Timestamp
    ) {
        var violation: Violation?
        if preface.minimumVersion == 0 {
            violation = Violation("FRM-003", .badHeader, .outOfRange, "preface.minimumVersion", offset: 8)
        } else if preface.minimumVersion > preface.maximumVersion {
            violation = Violation("FRM-003", .badHeader, .contradiction, "preface.maximumVersion", offset: 10)
        } else if !isReservedZero {
            violation = Violation("FRM-003", .badHeader, .reservedNotZero, "preface.reserved", offset: 12)
        }
        if violation != nil { violations += 1 }
        observer.event(
            .preface(minimum: preface.minimumVersion, maximum: preface.maximumVersion, violation: violation), sender.direction,
            of: link, at: time)
    }

    /// Decoding goes on behind bytes that are no frames.
    private func resume(
        _ count: Int, _ isFault: Bool, next header: CapturedHeader?, _ sender: LinkEnd, _ link: Link, _ time: Timestamp
    ) {
        link.judge(sender)
        let isFirst = !sender.hasPreface && sender.nextSequence == 0
        var violation: Violation?
        if isFault {
            violation =
                isFirst
                ? Violation("FRM-003", .badHeader, .wrongMagic, "preface.magic")
                : Violation("FRM-007", .badHeader, .wrongChecksum, "header")
            violations += 1
        }
        var missing: UInt64 = 0
        if let header, let expected = sender.nextSequence, header.sequence > expected {
            missing = header.sequence - expected
        }
        sender.nextSequence = nil
        guard count > 0 || missing > 0 || violation != nil else { return }
        let begin = sender.scanner.begin
        observer.event(
            .skipped(count, missing: missing, begin: begin, violation: violation), sender.direction, of: link, at: time)
    }

    /// What is left at the end of a direction: the beginning of a frame, or bytes that are none.
    private func finish(_ sender: LinkEnd, _ link: Link, _ time: Timestamp) {
        let kept = sender.scanner.kept
        let count = sender.scanner.passedOver
        if let cut = sender.scanner.lose(nil) {
            frame(cut.header, kept.span.extracting(droppingFirst: CapturedHeader.size), isCut: true, sender, link, time)
        } else if link.isOurs, count > 0 {
            observer.event(
                .skipped(count, missing: 0, begin: sender.scanner.begin, violation: nil), sender.direction, of: link, at: time)
        }
    }

    // MARK: Frames

    private func frame(
        _ header: CapturedHeader, _ body: Span<UInt8>, isCut: Bool, _ sender: LinkEnd, _ link: Link, _ time: Timestamp
    ) {
        if !link.isOurs { begin(link, time) }
        frames += 1
        var frame = CapturedFrame(
            number: frames, time: time, direction: sender.direction, header: header, messageLength: body.count, isWhole: !isCut)
        if isCut { frame.lack = "\(Int(header.bodyLength) - body.count) of \(header.bodyLength) body bytes are missing" }
        let message = schema.message(header.type)
        frame.checkHeader(sender, link, message)
        if !isCut, CRC32.checksum(body) != header.bodyCRC {
            frame.violations.append(Violation("FRM-011", .badBody, .wrongChecksum, "header.bodyCRC", offset: 24))
        }
        let lane = Int(header.lane)
        if lane < Lane.allCases.count, header.hasMore || sender.lanes[lane].unfinished != nil {
            part(&frame, body, sender, link)
        } else {
            self.message(&frame, body, sender, link)
        }
    }

    /// One frame of a message of several.
    private func part(_ frame: inout CapturedFrame, _ body: Span<UInt8>, _ sender: LinkEnd, _ link: Link) {
        let header = frame.header
        let lane = Int(header.lane)
        var unfinished =
            sender.lanes[lane].unfinished
            ?? CapturedLane.Unfinished(type: header.type, stream: header.stream, isWhole: true)
        sender.lanes[lane].unfinished = nil
        if unfinished.type != header.type || unfinished.stream != header.stream {
            let field = unfinished.type != header.type ? "header.type" : "header.stream"
            frame.violations.append(
                Violation("FRM-014", .malformed, .wrongContinuation, field, offset: unfinished.type != header.type ? 2 : 12))
            unfinishedBytes -= unfinished.body.count
            unfinished = CapturedLane.Unfinished(type: header.type, stream: header.stream, isWhole: true)
        }
        if header.bodyLength == 0 {
            frame.violations.append(Violation("FRM-016", .malformed, .wrongContinuation, "header.bodyLength", offset: 8))
        }
        unfinished.frames += 1
        unfinished.length += Int(header.bodyLength)
        if unfinished.length > Limits.message, unfinished.length - Int(header.bodyLength) <= Limits.message {
            frame.violations.append(Violation("FRM-017", .messageTooLarge, .limitExceeded, "header.bodyLength", offset: 8))
        }
        if unfinished.isWhole, frame.isWhole, unfinished.length <= Limits.message,
            unfinishedBytes + body.count <= Self.unfinishedBytes
        {
            unfinished.body.append(body)
            unfinishedBytes += body.count
        } else {
            unfinished.isWhole = false
        }
        guard !header.hasMore else {
            sender.lanes[lane].unfinished = unfinished
            frame.isWhole = false
            return tell(frame, body, link)
        }
        unfinishedBytes -= unfinished.body.count
        frame.frames = unfinished.frames
        frame.messageLength = unfinished.length
        guard unfinished.isWhole else {
            frame.isWhole = false
            frame.lack = frame.lack ?? "earlier frames of the message are missing or were too many to keep"
            return tell(frame, body, link)
        }
        message(&frame, unfinished.body.span, sender, link)
    }

    private func message(_ frame: inout CapturedFrame, _ body: Span<UInt8>, _ sender: LinkEnd, _ link: Link) {
        let lane = Int(frame.header.lane)
        if lane < sender.lanes.count, sender.lanes[lane].mayLackBeginning {
            frame.mayLackBeginning = true
            sender.lanes[lane].mayLackBeginning = false
        }
        guard frame.isWhole, let type = MessageType(rawValue: frame.header.type) else { return tell(frame, body, link) }
        judge(&frame, type, body, link)
        tell(frame, body, link)
    }

    private func judge(_ frame: inout CapturedFrame, _ type: MessageType, _ body: Span<UInt8>, _ link: Link) {
        let changesLink = type == .hello || type == .auth || type == .credit
        guard judgement == .everything || changesLink else { return }
        do throws(DecodingError) {
            let message = try MessageCodec.decode(type: type, body: body)
            if case .snapChunk(let chunk) = message { frame.rows = try Self.rows(chunk) }
            if changesLink { link.learn(message, &frame) }
        } catch {
            guard !frame.mayLackBeginning else { return frame.lackBeginning() }
            frame.violations.append(Violation(error, in: type))
        }
    }

    private static func rows(_ chunk: SnapChunk) throws(DecodingError) -> Int {
        let block = try ChunkCodec.unpack(chunk)
        return try RowBlock.validate(block.span)
    }

    private func tell(_ frame: CapturedFrame, _ body: Span<UInt8>, _ link: Link) {
        violations += frame.violations.count
        observer.frame(frame, body: body, of: link)
    }

    /// The rest of an unfinished message will not come.
    private func abandon(_ lane: Int, _ sender: LinkEnd) {
        guard let unfinished = sender.lanes[lane].unfinished else { return }
        unfinishedBytes -= unfinished.body.count
        sender.lanes[lane].unfinished?.body = []
        sender.lanes[lane].unfinished?.isWhole = false
    }
}
