public import ClusterModel
public import NIOCore
import WireFormat

/// One link over one connection: preface, frames, lanes, credit and proofs. It moves messages and keeps the rules of the bytes;
/// what a message means is its delegate's business. Lives on one event loop.
public final class LinkHandler: ChannelInboundHandler {
    public typealias InboundIn = ByteBuffer
    public typealias OutboundOut = ByteBuffer

    /// Which end opened the connection.
    public enum Side: Hashable, Sendable {
        case dialer
        case acceptor
    }

    enum Phase {
        case preface
        case frames
        /// We sent CLOSE; what still comes is thrown away until the peer closes too or the drain time is over.
        case draining
        case ended
    }

    public let side: Side
    /// The delegate's own name for this link.
    public let number: UInt64
    let keys: SecretKeys
    /// Until the link has ended. Not weak: what is ever referred to weakly is slower to retain for the rest of its life.
    private(set) var delegate: (any LinkDelegate)?

    var context: ChannelHandlerContext?
    var phase = Phase.preface
    var transcript = Transcript()
    var assembler = FrameAssembler()
    var queues = LaneQueues()
    /// The delegate knows that `flush` is due.
    var hasOutput = false
    private var prefaceBytes: [UInt8] = []
    private var inbound = InboundCredit()
    private var isAuthenticated = false
    /// Header sequence of the last frame received on each lane, plus one (HRT-004).
    public var receivedSequences: [UInt64] { assembler.received }
    /// The same of one lane.
    public func receivedSequence(on lane: Lane) -> UInt64 { assembler.received(on: lane) }
    public internal(set) var bytesReceived: UInt64 = 0
    public internal(set) var bytesSent: UInt64 = 0

    /// - Parameter number: the delegate's own name for the link.
    public init(side: Side, number: UInt64, keys: SecretKeys, delegate: any LinkDelegate) {
        self.side = side
        self.number = number
        self.keys = keys
        self.delegate = delegate
    }

    /// Bytes that wait on lanes 2 and 3.
    public var waitingBytes: Int { queues.waitingBytes[2] + queues.waitingBytes[3] }

    /// Body bytes of one lane that were handed to the socket since the link began.
    public func sentBytes(on lane: Lane) -> UInt64 { queues.sentBytes(on: lane) }

    /// Bytes that wait on one lane.
    public func waitingBytes(on lane: Lane) -> Int { queues.waitingBytes[Int(lane.rawValue)] }

    /// While false the peer gets no new credit on lane 2 and 3: its data waits at the peer.
    public var grantsCredit = true {
        didSet { if grantsCredit, !oldValue { grantCredit() } }
    }

    // MARK: What the channel tells

    public func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    public func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        bytesReceived += UInt64(buffer.readableBytes)
        switch phase {
        case .preface: receivePreface(buffer)
        case .frames: receiveFrames(buffer.readableBytesUInt8Span)
        case .draining, .ended: break
        }
    }

    public func channelReadComplete(context: ChannelHandlerContext) {
        if phase == .frames { grantCredit() }
    }

    public func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { flush() }
    }

    public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? ChannelEvent, event == .inputClosed else {
            return context.fireUserInboundEventTriggered(event)
        }
        end(.finished)
    }

    public func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let failure = error as? TLSFailure { return end(.tls(failure.text)) }
        let isReset = (error as? IOError)?.errnoCode == ResetError.connectionReset
        end(isReset ? .reset : .failed("\(error)"))
    }

    public func channelInactive(context: ChannelHandlerContext) {
        end(.finished)
    }

    func end(_ end: LinkEnd) {
        guard phase != .ended else { return }
        phase = .ended
        queues.removeAll()
        context?.close(promise: nil)
        let delegate = delegate
        self.delegate = nil
        delegate?.link(self, ended: end)
    }

    /// Nothing more is told.
    func endDelegation() { delegate = nil }

    // MARK: Reading

    private func receivePreface(_ buffer: ByteBuffer) {
        let taken = min(buffer.readableBytes, Preface.size - prefaceBytes.count)
        prefaceBytes.append(contentsOf: buffer.readableBytesView.prefix(taken))
        let rest = buffer.readableBytesUInt8Span.extracting(droppingFirst: taken)
        guard checkPrefaceSoFar(), prefaceBytes.count == Preface.size else { return }
        do throws(DecodingError) {
            let preface = try Preface(decoding: prefaceBytes.span)
            transcript.note(preface, fromDialer: side == .acceptor)
            phase = .frames
            delegate?.link(self, received: preface)
            receiveFrames(rest)
        } catch {
            violated(error, diagnosis: ForeignOpening.describe(prefaceBytes))
        }
    }

    /// Wrong bytes are told at the first difference, not after sixteen: the other side may be waiting for an answer.
    private func checkPrefaceSoFar() -> Bool {
        let count = min(prefaceBytes.count, Preface.magic.count)
        guard prefaceBytes.prefix(count) != Preface.magic.prefix(count) else { return true }
        let close = Close(.badHeader, retry: Close.never, text: "this port speaks the tablewire protocol")
        violated(LinkViolation(close: close, diagnosis: ForeignOpening.describe(prefaceBytes)))
        return false
    }

    private func receiveFrames(_ bytes: Span<UInt8>) {
        do throws(DecodingError) {
            var offset = 0
            while phase == .frames, let received = try assembler.next(in: bytes, at: &offset) {
                receive(received)
            }
        } catch {
            violated(error, diagnosis: "")
        }
    }

    private func receive(_ frame: Frame) {
        switch frame.content {
        case .ignorable: delegate?.link(self, skipped: frame.header)
        case .message(let message): receive(message, header: frame.header)
        case .refusedCall(let error):
            guard isAuthenticated else {
                let close = Close(
                    .unexpectedMessage, offendingType: frame.header.type, offendingSequence: frame.header.sequence,
                    text: "CALL before AUTH")
                return violated(LinkViolation(close: close, diagnosis: ""))
            }
            send(.reply(Reply(failure: error.code, Self.explain(error))), stream: frame.header.stream)
        }
    }

    /// What a refused call says to the people who made it: the limit, where there is one.
    private static func explain(_ error: DecodingError) -> String {
        switch error.code {
        case .keyTooLarge: "a key has at most \(Limits.key) bytes, this one has more"
        case .valueTooLarge: "a value has at most \(Limits.value) bytes, this one has more"
        case .batchTooLarge: "a batch has at most \(Limits.batchOperations) operations, this one has more"
        default: "\(error)"
        }
    }

    private func receive(_ message: Message, header: FrameHeader) {
        switch message {
        case .hello(let hello):
            transcript.note(hello, header: header, fromDialer: side == .acceptor)
            for lane in [Lane.replication, .bulk] {
                queues.setCredit(UInt64(lane == .bulk ? hello.bulkCredit : hello.replicationCredit), on: lane)
            }
            peerMaximumBody = Int(hello.maximumFrameBody)
            delegate?.link(self, received: message, stream: header.stream)
        case .auth(let auth):
            let isValid = transcript.accepts(auth, with: keys, fromDialer: side == .acceptor)
            transcript.note(auth, header: header, fromDialer: side == .acceptor)
            delegate?.link(self, received: auth, isValid: isValid)
        case .credit(let credit):
            guard isAuthenticated else {
                let close = Close(
                    .unexpectedMessage, offendingType: header.type, offendingSequence: header.sequence,
                    text: "CREDIT before AUTH")
                return violated(LinkViolation(close: close, diagnosis: ""))
            }
            guard queues.raiseCredit(credit.limit, on: credit.lane) else {
                let close = Close(
                    .malformed, offendingType: header.type, offendingSequence: header.sequence,
                    text: "CREDIT lowers the limit or names a lane without credit")
                return violated(LinkViolation(close: close, diagnosis: ""))
            }
            noteOutput()
        default:
            delegate?.link(self, received: message, stream: header.stream)
        }
    }

    private var peerMaximumBody = Limits.frameBodyDefault

    private func violated(_ error: DecodingError, diagnosis: String) {
        let close = Close(
            error.code, offendingType: assembler.lastHeader?.type ?? 0, offendingSequence: assembler.lastHeader?.sequence ?? 0,
            retry: 1000, text: "\(error)")
        violated(LinkViolation(close: close, diagnosis: diagnosis))
    }

    private func violated(_ violation: LinkViolation) {
        delegate?.link(self, violated: violation)
    }

    // MARK: Credit

    /// Lifts the limits for strangers to those of our own HELLO, once the peer has proved itself (FRM-010, FRM-030).
    public func authenticated(maximumBody: Int, replicationCredit: UInt64, bulkCredit: UInt64) {
        isAuthenticated = true
        assembler.bounds = FrameAssembler.Bounds(frameBody: maximumBody)
        queues.maximumBody = peerMaximumBody
        inbound = InboundCredit(replication: replicationCredit, bulk: bulkCredit)
        assembler.grant(replicationCredit, on: .replication)
        assembler.grant(bulkCredit, on: .bulk)
        noteOutput()
    }

    private func grantCredit() {
        guard grantsCredit, isAuthenticated, phase == .frames else { return }
        for lane in [Lane.replication, .bulk] {
            guard let credit = inbound.grant(on: lane, received: assembler.bodyBytes(on: lane)) else { continue }
            assembler.grant(credit.limit, on: lane)
            send(.credit(credit))
        }
    }
}

/// What the peer may still send to us (FRM-030 to FRM-034). That it sends no more is checked by the assembler.
struct InboundCredit {
    private var windows: [UInt64]
    private var granted: [UInt64]

    init(replication: UInt64 = 0, bulk: UInt64 = 0) {
        windows = [replication, bulk]
        granted = windows
    }

    /// A new limit, once half of a window is used up: few messages, and never a stall.
    mutating func grant(on lane: Lane, received: UInt64) -> Credit? {
        let index = Int(lane.rawValue) - Int(Lane.replication.rawValue)
        // More than granted may have come before our HELLO said how much that is.
        guard granted[index] < received + windows[index] / 2 else { return nil }
        granted[index] = received + windows[index]
        return Credit(lane: lane, limit: granted[index])
    }
}
