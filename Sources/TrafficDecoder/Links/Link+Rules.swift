internal import ClusterModel
internal import PacketCapture
internal import WireFormat

extension TrafficDecoder {
    /// What a header can break: of itself, and of the link that it is on.
    func checkHeader(_ frame: inout CapturedFrame, _ link: Link) {
        let header = frame.header
        let end = Int(frame.direction.rawValue)
        func add(_ requirement: String, _ error: ErrorCode, _ reason: DecodingError.Reason, _ field: String, _ offset: Int) {
            frame.violations.append(Violation(requirement, error, reason, "header.\(field)", offset: offset))
        }
        if header.reserved != 0 { add("FRM-007", .badHeader, .reservedNotZero, "reserved", 6) }
        if header.flags & ~FrameHeader.more != 0 { add("FRM-007", .badHeader, .reservedNotZero, "flags", 4) }
        if Int(header.bodyLength) > link.largestBody(from: end) {
            add(link.isEstablished ? "FRM-010" : "LIM-001", .frameTooLarge, .limitExceeded, "bodyLength", 8)
        }
        if let expected = link.ends[end].nextSequence, header.sequence != expected {
            add("FRM-009", .sequenceGap, .wrongSequence, "sequence", 16)
        }
        link.ends[end].nextSequence = header.sequence &+ 1
        guard header.lane < UInt8(Lane.allCases.count) else { return add("FRM-024", .wrongLane, .wrongLane, "lane", 5) }
        if let type = MessageType(rawValue: header.type) {
            if type.lane.rawValue != header.lane { add("FRM-024", .wrongLane, .wrongLane, "lane", 5) }
            checkStream(type, header.stream, add)
            if !link.permits(type, from: frame.direction) {
                add("LNK-022", .unexpectedMessage, .contradiction, "type", 2)
            }
        } else if header.type & 1 == 0 {
            add("EXT-002", .unknownCritical, .unknownCritical, "type", 2)
        }
        link.ends[end].lanes[Int(header.lane)].use(header.bodyLength, add)
    }

    /// FRM-015.
    private func checkStream(
        _ type: MessageType, _ stream: UInt32, _ add: (String, ErrorCode, DecodingError.Reason, String, Int) -> Void
    ) {
        switch type {
        case .call, .reply, .cancel: if stream == 0 { add("FRM-015", .malformed, .outOfRange, "stream", 12) }
        case .snapRequest, .snapBegin, .snapChunk, .snapEnd, .snapCancel: break
        default: if stream != 0 { add("FRM-015", .malformed, .reservedNotZero, "stream", 12) }
        }
    }
}

extension CapturedLane {
    fileprivate mutating func use(
        _ count: UInt32, _ add: (String, ErrorCode, DecodingError.Reason, String, Int) -> Void
    ) {
        guard let used else { return }
        self.used = used + UInt64(count)
        if let limit, used + UInt64(count) > limit, used <= limit {
            add("FRM-032", .creditExceeded, .creditExceeded, "bodyLength", 8)
        }
    }
}

extension Link {
    /// LIM-001 and LIM-002: before the proofs little, then what the other end's HELLO allows.
    fileprivate func largestBody(from end: Int) -> Int {
        guard flow.isFromStart, ends[end].scanner.isUnbroken else { return Limits.frameBodyMaximum }
        guard ends[end].hasProved else { return Limits.frameBodyBeforeAuthentication }
        return ends[1 - end].hello.map { Int($0.maximumFrameBody) } ?? Limits.frameBodyMaximum
    }

    /// LNK-022, as far as the capture shows where the link stands.
    fileprivate func permits(_ type: MessageType, from direction: Direction) -> Bool {
        let sender = ends[Int(direction.rawValue)]
        guard flow.isFromStart, sender.scanner.isUnbroken, let index = Schema.current.message(type.rawValue) else { return true }
        let permitted = Schema.current.messages[index].permitted
        func allows(_ column: Int) -> Bool {
            let answers = permitted[column]
            return answers[min(Int(direction.rawValue), answers.count - 1)]
        }
        guard sender.hello != nil else { return allows(0) }
        guard sender.hasProved else { return allows(1) }
        return switch phase {
        case .unknown: true
        case .member: allows(2)
        case .client: allows(direction == .forward ? 3 : 4)
        case .join: allows(5)
        }
    }

    /// Takes from HELLO, AUTH and CREDIT what later frames are judged by.
    func learn(_ message: Message, _ frame: inout CapturedFrame) {
        let end = Int(frame.direction.rawValue)
        switch message {
        case .hello(let hello):
            ends[end].hello = hello
            ends[end].label = Array(hello.label.utf8)
            grant(UInt64(hello.replicationCredit), on: .replication, to: 1 - end)
            grant(UInt64(hello.bulkCredit), on: .bulk, to: 1 - end)
        case .auth: ends[end].hasProved = true
        case .credit(let credit):
            let lane = ends[1 - end].lanes[Int(credit.lane.rawValue)]
            if let limit = lane.limit, credit.limit < limit {
                frame.violations.append(Violation("FRM-033", .malformed, .outOfRange, "credit.limit", offset: 1))
            }
            ends[1 - end].lanes[Int(credit.lane.rawValue)].limit = credit.limit
        default: break
        }
    }

    private func grant(_ limit: UInt64, on lane: Lane, to end: Int) {
        ends[end].lanes[Int(lane.rawValue)].limit = limit
        if flow.isFromStart, ends[end].scanner.isUnbroken { ends[end].lanes[Int(lane.rawValue)].used = 0 }
    }
}

extension Hello {
    /// A node by its name, a client as what it is.
    fileprivate var label: String { role == .client ? "client" : name.text }
}
