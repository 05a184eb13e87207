import ClusterModel
import WireFormat

// Two faults in one frame: the earlier step of FRM-018 is the one that is told.
extension Catalogue {
    static let framingOrder: [Case] =
        faults.indices.flatMap { first in
            faults[(first + 1)...].compactMap { pair(faults[first], $0) }
        } + exhaustedFaults.map(exhausted)
    // Not here: a sum that is too long on a lane without credit. The sum is longer than any first credit, and a link on which
    // more was granted has credit.

    /// One thing that is wrong with a frame, in the order of the table. Each leaves the others to be seen.
    private struct Fault: Sendable {
        /// Where two faults are of one field, they cannot stand in one frame.
        enum Field { case header, length, sequence, lane, stream, type, continuation, sum, checksum, body, state }

        let word: String
        let code: ErrorCode
        let field: Field
        var apply: @Sendable (inout OutgoingFrame, Conversation) -> Void
    }

    private static let faults: [Fault] = headerFaults + laneFaults + bodyFaults

    private static let headerFaults: [Fault] = [
        Fault(word: "flags", code: .badHeader, field: .header) { frame, _ in frame.flags |= 0x40 },
        Fault(word: "length", code: .frameTooLarge, field: .length) { frame, link in
            frame.bodyLength = (link.peerHello?.maximumFrameBody ?? 65_536) + 1
        },
        Fault(word: "sequence", code: .sequenceGap, field: .sequence) { frame, link in frame.sequence = link.sequence + 5 },
    ]

    private static let laneFaults: [Fault] = [
        Fault(word: "no-lane", code: .wrongLane, field: .lane) { frame, _ in frame.lane = 4 },
        Fault(word: "other-lane", code: .wrongLane, field: .lane) { frame, _ in frame.lane = 1 - frame.lane },
        Fault(word: "stream", code: .malformed, field: .stream) { frame, _ in frame.stream = 3 },
        Fault(word: "type", code: .unknownCritical, field: .type) { frame, _ in frame.type = 0x7FF0 },
    ]

    private static let bodyFaults: [Fault] = [
        // What is open on the lane is put there by `prepare`.
        Fault(word: "continuation", code: .malformed, field: .continuation) { _, _ in },
        Fault(word: "sum", code: .messageTooLarge, field: .sum) { _, _ in },
        Fault(word: "checksum", code: .badBody, field: .checksum) { frame, _ in
            frame.bodyCRC = CRC32.checksum(frame.body.span) ^ 1
        },
        Fault(word: "body", code: .malformed, field: .body) { frame, _ in frame.body.append(0) },
        Fault(word: "state", code: .unexpectedMessage, field: .state) { _, _ in },
    ]

    private static func pair(_ first: Fault, _ second: Fault) -> Case? {
        guard first.code != second.code, first.field != second.field else { return nil }
        // A type that nobody knows has no lane, stream, body or state of its own.
        if second.field == .type, first.word == "other-lane" || first.field == .stream { return nil }
        if first.field == .type, [.body, .state].contains(second.field) { return nil }
        return Case(
            "FRM-018/\(first.word)-before-\(second.word)",
            "A frame with a wrong \(first.word) and a wrong \(second.word) is answered with \(first.code.name).",
            profile: second.field == .state ? .tables : .link
        ) { trial in
            try await trial.refuses(first.code) { link in
                // PROBE_REPLY is not permitted to a client; PING is.
                var frame = OutgoingFrame(.ping(link.makePing()))
                if second.field == .state {
                    let sample = Samples.of(.probeReply)
                    frame = OutgoingFrame(.probeReply, body: sample.bytes)
                }
                prepare(link, frame, [first.field, second.field])
                first.apply(&frame, link)
                second.apply(&frame, link)
                link.send(frame)
            }
        }
    }

    /// Opens the message that the frame then breaks into, or makes too long, on the lanes on which it may come.
    private static func prepare(_ link: Conversation, _ frame: OutgoingFrame, _ fields: [Fault.Field]) {
        let isInterrupted = fields.contains(.continuation)
        guard isInterrupted || fields.contains(.sum) else { return }
        let size = fields.contains(.sum) ? Limits.message : 5
        let types =
            isInterrupted
            ? [MessageType.pong.rawValue, MessageType.members.rawValue] : [frame.type, MessageType.members.rawValue]
        let lane = frame.lane
        for (index, type) in types.enumerated() {
            // The second lane is that of the fault `other-lane`.
            let onLane = isInterrupted ? UInt8(index) : index == 0 ? lane : 1 - lane
            guard index == 0 || isInterrupted || fields.contains(.lane), onLane == 0 || type >> 8 == 1 else { continue }
            link.open(type, lane: onLane, bytes: size)
        }
    }

    // MARK: Credit

    private struct ExhaustedFault: Sendable {
        let word: String
        let code: ErrorCode
        /// The last frame before has begun a message that this one should go on with.
        var isWithinMessage = false
        /// The frame goes beyond the credit whatever this does.
        let apply: @Sendable (inout OutgoingFrame, Conversation) -> Void
    }

    /// What is told although, or because, the frame goes beyond the credit of its lane.
    private static let exhaustedFaults: [ExhaustedFault] = [
        ExhaustedFault(word: "flags-before-credit", code: .badHeader) { frame, _ in frame.flags |= 0x40 },
        ExhaustedFault(word: "length-before-credit", code: .frameTooLarge) { frame, _ in frame.bodyLength = 1025 },
        ExhaustedFault(word: "sequence-before-credit", code: .sequenceGap) { frame, link in frame.sequence = link.sequence + 5 },
        ExhaustedFault(word: "other-lane-before-credit", code: .wrongLane) { frame, _ in frame.type = MessageType.snapEnd.rawValue
        },
        ExhaustedFault(word: "stream-before-credit", code: .malformed) { frame, _ in frame.type = MessageType.reply.rawValue },
        ExhaustedFault(word: "type-before-credit", code: .unknownCritical) { frame, _ in frame.type = 0x7FF0 },
        ExhaustedFault(word: "continuation-before-credit", code: .malformed, isWithinMessage: true) { frame, _ in
            frame.type = Grease.value(11)
        },
        ExhaustedFault(word: "credit-before-checksum", code: .creditExceeded) { frame, _ in frame.bodyCRC = 1 },
        ExhaustedFault(word: "credit-before-body", code: .creditExceeded) { frame, _ in
            frame.type = MessageType.ack.rawValue
        },
        ExhaustedFault(word: "credit-before-state", code: .creditExceeded) { frame, _ in
            frame = OutgoingFrame(.ack, body: Samples.of(.ack).bytes)
        },
    ]

    /// Before the proof the node can grant nothing, so that what its HELLO granted is all there is.
    private static func exhausted(_ fault: ExhaustedFault) -> Case {
        Case(
            "FRM-018/\(fault.word)", also: fault.code == .creditExceeded ? ["FRM-032"] : [],
            "A frame beyond the credit of its lane that has another fault is answered with \(fault.code.name)."
        ) { trial in
            let link = try await trial.challengedWithoutCredit(leavesMessageOpen: fault.isWithinMessage)
            var frame = OutgoingFrame(type: Grease.value(10), lane: 2, body: Array(repeating: 1, count: 1000))
            fault.apply(&frame, link)
            link.send(frame)
            try await link.isRefused(fault.code)
        }
    }
}

extension Trial {
    /// Both HELLOs were sent, and all of the credit on lane 2 used up by ignorable frames, a few less than the flood limit in each
    /// second.
    func challengedWithoutCredit(leavesMessageOpen: Bool = false) async throws -> Conversation {
        let link = try await conversation()
        try await link.exchangePrefaces()
        link.send(Identity.client().hello())
        let hello = try await link.expectHello()
        let frames = Int(hello.replicationCredit) / Limits.frameBodyBeforeAuthentication
        guard frames < 3 * 950 else {
            throw Inconclusive("the node's first credit of \(hello.replicationCredit) cannot be used up within the handshake")
        }
        let body = [UInt8](repeating: 1, count: Limits.frameBodyBeforeAuthentication)
        for start in stride(from: 0, to: frames, by: 950) {
            // The rule is of any one second, so the second has to be over.
            if start > 0 { try await Clock.letPass(.milliseconds(1050)) }
            for number in start..<min(frames, start + 950) {
                var frame = OutgoingFrame(type: Grease.value(10), lane: 2, body: body)
                if leavesMessageOpen, number == frames - 1 { frame.flags = FrameHeader.more }
                link.send(frame)
            }
        }
        return link
    }
}
