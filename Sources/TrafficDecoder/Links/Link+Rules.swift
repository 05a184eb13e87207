internal import ClusterModel
internal import PacketCapture
internal import WireFormat

extension CapturedFrame {
    /// What its header can break: of itself, and of the link that it is on.
    mutating func checkHeader(_ sender: LinkEnd, _ link: Link, _ message: Int?) {
        if header.reserved != 0 { add("FRM-007", .badHeader, .reservedNotZero, "reserved", 6) }
        if header.flags & ~FrameHeader.more != 0 { add("FRM-007", .badHeader, .reservedNotZero, "flags", 4) }
        if Int(header.bodyLength) > sender.largestBody {
            add(sender.hasProved ? "FRM-010" : "LIM-001", .frameTooLarge, .limitExceeded, "bodyLength", 8)
        }
        if let expected = sender.nextSequence, header.sequence != expected {
            add("FRM-009", .sequenceGap, .wrongSequence, "sequence", 16)
        }
        sender.nextSequence = header.sequence &+ 1
        guard header.lane < UInt8(Lane.allCases.count) else { return add("FRM-024", .wrongLane, .wrongLane, "lane", 5) }
        if let message, let type = MessageType(rawValue: header.type) {
            if type.lane.rawValue != header.lane { add("FRM-024", .wrongLane, .wrongLane, "lane", 5) }
            checkStream(type)
            if sender.permitted & (1 << UInt64(message)) == 0 {
                add("LNK-022", .unexpectedMessage, .contradiction, "type", 2)
            }
        } else if header.type & 1 == 0 {
            add("EXT-002", .unknownCritical, .unknownCritical, "type", 2)
        }
        if sender.lanes[Int(header.lane)].use(header.bodyLength) {
            add("FRM-032", .creditExceeded, .creditExceeded, "bodyLength", 8)
        }
    }

    private mutating func add(
        _ requirement: String, _ error: ErrorCode, _ reason: DecodingError.Reason, _ field: String, _ offset: Int
    ) {
        violations.append(Violation(requirement, error, reason, "header.\(field)", offset: offset))
    }

    /// FRM-015.
    private mutating func checkStream(_ type: MessageType) {
        switch type {
        case .call, .reply, .cancel: if header.stream == 0 { add("FRM-015", .malformed, .outOfRange, "stream", 12) }
        case .snapRequest, .snapBegin, .snapChunk, .snapEnd, .snapCancel: break
        default: if header.stream != 0 { add("FRM-015", .malformed, .reservedNotZero, "stream", 12) }
        }
    }
}

extension CapturedLane {
    /// - Returns: whether these bytes are the first ones beyond the credit.
    fileprivate mutating func use(_ count: UInt32) -> Bool {
        guard let before = used else { return false }
        used = before + UInt64(count)
        guard let limit else { return false }
        return before <= limit && before + UInt64(count) > limit
    }
}

extension Link {
    /// Takes from HELLO, AUTH and CREDIT what later frames are judged by.
    func learn(_ message: Message, _ frame: inout CapturedFrame) {
        let sender = end(frame.direction)
        let receiver = end(frame.direction.opposite)
        switch message {
        case .hello(let hello):
            sender.hello = hello
            sender.label = Array(hello.label.utf8)
            grant(UInt64(hello.replicationCredit), on: .replication, to: receiver)
            grant(UInt64(hello.bulkCredit), on: .bulk, to: receiver)
        case .auth: sender.hasProved = true
        case .credit(let credit):
            let lane = Int(credit.lane.rawValue)
            if let limit = receiver.lanes[lane].limit, credit.limit < limit {
                frame.violations.append(Violation("FRM-033", .malformed, .outOfRange, "credit.limit", offset: 1))
            }
            receiver.lanes[lane].limit = credit.limit
            return
        default: return
        }
        judge(sender)
        judge(receiver)
    }

    private func grant(_ limit: UInt64, on lane: Lane, to end: LinkEnd) {
        end.lanes[Int(lane.rawValue)].limit = limit
        if flow.isFromStart, end.scanner.isUnbroken { end.lanes[Int(lane.rawValue)].used = 0 }
    }

    /// By what rules an end is to be judged from now on, as far as the capture shows where the link stands.
    func judge(_ end: LinkEnd) {
        end.permitted = .max
        end.largestBody = Limits.frameBodyMaximum
        guard flow.isFromStart, end.scanner.isUnbroken else { return }
        let other = end === dialer ? acceptor : dialer
        // LIM-001 and LIM-002: before the proofs little, then what the other end's HELLO allows.
        end.largestBody =
            end.hasProved
            ? other.hello.map { Int($0.maximumFrameBody) } ?? Limits.frameBodyMaximum : Limits.frameBodyBeforeAuthentication
        let column: Int? =
            if end.hello == nil {
                0
            } else if !end.hasProved {
                1
            } else {
                switch kind {
                case .unknown: nil
                case .member: 2
                case .client: end === dialer ? 3 : 4
                case .join: 5
                }
            }
        if let column { end.permitted = Schema.current.permitted(column, end.direction) }
    }
}

extension Hello {
    /// A node by its name, a client as what it is.
    fileprivate var label: String { role == .client ? "client" : name.text }
}
