import ClusterModel
import LinkTransport
import WireFormat

/// Preface, frames and messages over one connection. What comes is held to every rule of the bytes; what goes out is what the case says.
final class Conversation {
    /// What a case can hear.
    enum Heard {
        case message(Message, FrameHeader)
        /// A frame of an unknown odd type.
        case ignorable(FrameHeader)
        case ended(Connection.End)
    }

    let connection: Connection
    let keys: SecretKeys
    let timing: Timing
    /// The suite dialed.
    let isDialer: Bool
    /// The next frame's number.
    var sequence: UInt64 = 0
    /// Off in cases about what happens without.
    var answersPings = true
    var ownHello: Hello?
    private(set) var peerHello: Hello?
    private(set) var preface: Preface?
    private(set) var end: Connection.End?
    /// Every message so far, in its order.
    private(set) var heard: [(message: Message, header: FrameHeader)] = []
    private(set) var ignorables: [FrameHeader] = []
    private(set) var close: Close?
    var proofs = Proofs()
    private var assembler = FrameAssembler(bounds: .beforeAuthentication)
    private var bytes: [UInt8] = []
    private var offset = 0
    private var pingNumber: UInt64 = 0
    private var lastStream: UInt32 = 0
    /// Body bytes sent, and the totals that the node allows (FRM-030).
    private(set) var sentBytes: [Lane: UInt64] = [:]
    private(set) var credit: [Lane: UInt64] = [:]

    init(_ connection: Connection, keys: SecretKeys, timing: Timing, isDialer: Bool = true) {
        self.connection = connection
        self.keys = keys
        self.timing = timing
        self.isDialer = isDialer
    }

    // MARK: Sending

    func send(_ frame: OutgoingFrame) { connection.send(encode(frame)) }

    func send(_ message: Message, stream: UInt32 = 0) { send(OutgoingFrame(message, stream: stream)) }

    /// All at once.
    func send(_ frames: [OutgoingFrame]) { connection.send(frames.flatMap(encode)) }

    /// The bytes of the frame, which counts as sent.
    func encode(_ frame: OutgoingFrame) -> [UInt8] {
        defer { sequence += 1 }
        if let lane = Lane(rawValue: frame.lane) { sentBytes[lane, default: 0] += UInt64(frame.body.count) }
        return frame.encode(sequence: sequence)
    }

    /// A message of any length, in frames that the node takes; for those that are within any credit.
    func sendLong(_ message: Message, stream: UInt32 = 0) { send(pieces(OutgoingFrame(message, stream: stream))) }

    private func pieces(_ frame: OutgoingFrame) -> [OutgoingFrame] {
        let size = Int(peerHello?.maximumFrameBody ?? UInt32(Limits.frameBodyDefault))
        return frame.cut(Array(repeating: size, count: frame.body.count / size + 1))
    }

    /// A message of any length, in frames that the node takes, as its credit comes in.
    func sendLong(_ frame: OutgoingFrame) async throws {
        for part in pieces(frame) {
            try await waitForCredit(UInt64(part.body.count), lane: part.lane)
            send(part)
        }
    }

    private func waitForCredit(_ count: UInt64, lane: UInt8) async throws {
        guard let lane = Lane(rawValue: lane), lane.needsCredit else { return }
        while sentBytes[lane, default: 0] + count > credit[lane, default: 0] {
            _ = try await expect("CREDIT on lane \(lane.rawValue)") { message, _ in
                if case .credit(let credit) = message, credit.lane == lane { credit } else { nil }
            }
        }
    }

    func makePing() -> Ping {
        pingNumber += 1
        return Ping(number: pingNumber, clock: Clock.milliseconds, received: assembler.received)
    }

    /// A stream for a call that no other call of this link has.
    func nextStream() -> UInt32 {
        lastStream += 1
        return lastStream
    }

    // MARK: Hearing

    /// The node's preface.
    func readPreface() async throws -> Preface {
        guard try await fill(Preface.size) else { throw CaseFailure("a preface", got: endText) }
        let raw = Array(bytes[offset..<offset + Preface.size])
        offset += Preface.size
        do throws(DecodingError) {
            let preface = try Preface(decoding: raw.span)
            self.preface = preface
            if isDialer { proofs.acceptorPreface = raw } else { proofs.dialerPreface = raw }
            return preface
        } catch {
            throw CaseFailure("a valid preface", got: "\(error)")
        }
    }

    /// What comes next, or nil when nothing does in time. PINGs are answered on the way.
    func next(within time: Duration? = nil) async throws -> Heard? {
        if end != nil, offset == bytes.count { return nil }
        let limit = ContinuousClock.now + (time ?? timing.reaction)
        while true {
            if let frame = try decode() { return note(frame) }
            if let end { return .ended(end) }
            guard try await receive(until: limit) else { return end.map(Heard.ended) }
        }
    }

    /// Waits until so many bytes are there that nobody has read.
    private func fill(_ count: Int) async throws -> Bool {
        let limit = ContinuousClock.now + timing.reaction
        while bytes.count - offset < count {
            guard end == nil, try await receive(until: limit), end == nil else { return false }
        }
        return true
    }

    private func receive(until limit: ContinuousClock.Instant) async throws -> Bool {
        try Task.checkCancellation()
        switch await connection.next(within: max(.zero, limit - .now)) {
        case .bytes(let more)?:
            bytes.removeFirst(offset)
            offset = 0
            bytes += more
            return true
        case .ended(let end)?:
            self.end = self.end ?? end
            return true
        case nil: return false
        }
    }

    private func decode() throws -> Frame? {
        do throws(DecodingError) {
            var position = offset
            defer { offset = position }
            let frame = try assembler.next(in: bytes.span, at: &position)
            return frame
        } catch {
            throw CaseFailure("frames that keep the rules", got: "\(error) in what the node sent")
        }
    }

    private func note(_ frame: Frame) -> Heard {
        switch frame.content {
        case .ignorable:
            ignorables.append(frame.header)
            return .ignorable(frame.header)
        case .refusedCall(let error):
            // A CALL from the node that no node would take.
            close = Close(error.code)
            return .ended(.failed("\(error)"))
        case .message(let message):
            heard.append((message, frame.header))
            noteMessage(message, frame.header)
            return .message(message, frame.header)
        }
    }

    private func noteMessage(_ message: Message, _ header: FrameHeader) {
        switch message {
        case .hello(let hello):
            peerHello = hello
            credit = [.replication: UInt64(hello.replicationCredit), .bulk: UInt64(hello.bulkCredit)]
            let raw = header.encode() + MessageCodec.encode(message)
            if isDialer {
                (proofs.acceptorHello, proofs.acceptorNonce) = (raw, hello.nonce)
            } else {
                (proofs.dialerHello, proofs.dialerNonce) = (raw, hello.nonce)
            }
        case .auth:
            if !isDialer { proofs.dialerAuth = header.encode() + MessageCodec.encode(message) }
        case .ping(let ping):
            if answersPings, close == nil { send(.pong(Pong(number: ping.number, echo: ping.clock, clock: Clock.milliseconds))) }
        case .close(let close): self.close = close
        case .credit(let credit): self.credit[credit.lane] = credit.limit
        default: break
        }
    }

    /// From now on frames may have the lengths of the suite's HELLO.
    func liftLimits() {
        assembler.bounds = FrameAssembler.Bounds(frameBody: Int(ownHello?.maximumFrameBody ?? UInt32(Limits.frameBodyDefault)))
        guard let ownHello else { return }
        assembler.grant(UInt64(ownHello.replicationCredit), on: .replication)
        assembler.grant(UInt64(ownHello.bulkCredit), on: .bulk)
    }

    /// Lets the node send up to `limit` body bytes on a lane in all. What goes beyond is a fault (FRM-030).
    func grant(_ limit: UInt64, on lane: Lane) {
        assembler.grant(limit, on: lane)
        send(.credit(Credit(lane: lane, limit: limit)))
    }

    /// Body bytes that have come on a lane, those of unfinished messages included.
    func bodyBytes(on lane: Lane) -> UInt64 { assembler.bodyBytes(on: lane) }

    var endText: String {
        switch end {
        case .finished?: "the end of the connection"
        case .reset?: "a reset of the connection"
        case .failed(let text)?: "a broken connection (\(text))"
        case nil: "nothing for \(timing.reaction.text)"
        }
    }
}
