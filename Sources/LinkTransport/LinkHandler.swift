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
    weak var delegate: (any LinkDelegate)?

    var context: ChannelHandlerContext?
    var phase = Phase.preface
    var transcript = Transcript()
    var assembler = FrameAssembler(maximumBody: Limits.frameBodyBeforeAuthentication)
    var queues = LaneQueues()
    var isFlushScheduled = false
    private var prefaceBytes: [UInt8] = []
    private var inbound = InboundCredit()
    /// Header sequence of the last frame received on each lane, plus one (HRT-003).
    public private(set) var receivedSequences: [UInt64] = [0, 0, 0, 0]
    public internal(set) var bytesReceived: UInt64 = 0
    public internal(set) var bytesSent: UInt64 = 0
    /// Sees every frame as it passes, `true` when sent: captures are made of it.
    public var frameObserver: ((Bool, ByteBuffer) -> Void)?

    /// - Parameter number: the delegate's own name for the link.
    public init(side: Side, number: UInt64, keys: SecretKeys, delegate: any LinkDelegate) {
        self.side = side
        self.number = number
        self.keys = keys
        self.delegate = delegate
    }

    /// Bytes that wait on lanes 2 and 3.
    public var waitingBytes: Int { queues.waitingBytes[2] + queues.waitingBytes[3] }

    /// Bytes that wait on one lane.
    public func waitingBytes(on lane: Lane) -> Int { queues.waitingBytes[Int(lane.rawValue)] }

    /// While false the peer gets no new credit on lane 2 and 3: its data waits at the peer.
    public var grantsCredit = true {
        didSet { if grantsCredit { grantCredit() } }
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
        frameObserver?(false, buffer)
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
        frameObserver = nil
        context?.close(promise: nil)
        delegate?.link(self, ended: end)
    }

    // MARK: Reading

    private func receivePreface(_ buffer: ByteBuffer) {
        prefaceBytes.append(contentsOf: buffer.readableBytesView.prefix(Preface.size - prefaceBytes.count))
        let rest = buffer.readableBytesUInt8Span.extracting(
            droppingFirst: min(buffer.readableBytes, Preface.size - (prefaceBytes.count - min(buffer.readableBytes, Preface.size))))
        guard checkPrefaceSoFar(), prefaceBytes.count == Preface.size else { return }
        do throws(DecodingError) {
            let preface = try Preface(decoding: prefaceBytes.span)
            transcript.note(preface, fromDialer: side == .acceptor)
            phase = .frames
            delegate?.link(self, received: preface)
            receiveFrames(rest)
        } catch {
            violated(error, diagnosis: Diagnosis.describe(firstBytes: prefaceBytes))
        }
    }

    /// Wrong bytes are told at the first difference, not after sixteen: the other side may be waiting for an answer.
    private func checkPrefaceSoFar() -> Bool {
        let count = min(prefaceBytes.count, Preface.magic.count)
        guard prefaceBytes.prefix(count) != Preface.magic.prefix(count) else { return true }
        let close = Close(.badHeader, retry: Close.never, text: "this port speaks the tablewire protocol")
        violated(LinkViolation(close: close, diagnosis: Diagnosis.describe(firstBytes: prefaceBytes)))
        return false
    }

    private func receiveFrames(_ bytes: Span<UInt8>) {
        do throws(DecodingError) {
            assembler.append(bytes)
            while phase == .frames, let received = try assembler.next() {
                receive(received)
            }
        } catch {
            violated(error, diagnosis: "")
        }
    }

    private func receive(_ received: FrameAssembler.Received) {
        let header = received.header
        receivedSequences[Int(header.lane)] = header.sequence + 1
        if let lane = Lane(rawValue: header.lane), lane.needsCredit {
            guard inbound.received(UInt64(header.bodyLength), on: lane) else {
                let close = Close(
                    .creditExceeded, offendingType: header.type, offendingSequence: header.sequence,
                    text: "more bytes on lane \(header.lane) than granted")
                return violated(LinkViolation(close: close, diagnosis: ""))
            }
        }
        switch received.content {
        case .partial: break
        case .ignorable: delegate?.linkSkippedFrame(self)
        case .message(let message): receive(message, header: header)
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
            guard queues.raiseCredit(credit.limit, on: credit.lane) else {
                let close = Close(
                    .malformed, offendingType: header.type, offendingSequence: header.sequence,
                    text: "CREDIT lowers the limit or names a lane without credit")
                return violated(LinkViolation(close: close, diagnosis: ""))
            }
            scheduleFlush()
        default:
            delegate?.link(self, received: message, stream: header.stream)
        }
    }

    private var peerMaximumBody = Limits.frameBodyDefault

    private func violated(_ error: DecodingError, diagnosis: String) {
        let close = Close(
            error.code, offendingType: assembler.currentType, offendingSequence: assembler.nextSequence, retry: 1000,
            text: "\(error)")
        violated(LinkViolation(close: close, diagnosis: diagnosis))
    }

    private func violated(_ violation: LinkViolation) {
        delegate?.link(self, violated: violation)
    }

    // MARK: Credit

    /// Lifts the limits for strangers to those of our own HELLO, once the peer has proved itself (FRM-010, FRM-030).
    public func authenticated(maximumBody: Int, replicationCredit: UInt64, bulkCredit: UInt64) {
        assembler.maximumBody = maximumBody
        queues.maximumBody = peerMaximumBody
        inbound.start(replication: replicationCredit, bulk: bulkCredit)
        scheduleFlush()
    }

    private func grantCredit() {
        guard grantsCredit, phase == .frames else { return }
        for credit in inbound.grants() { send(.credit(credit)) }
    }
}

/// What the peer may still send to us (FRM-030 to FRM-034).
struct InboundCredit {
    private struct Account {
        var window: UInt64 = 0
        var received: UInt64 = 0
        var granted: UInt64 = 0
    }
    private var accounts = [Account(), Account()]

    mutating func start(replication: UInt64, bulk: UInt64) {
        for (index, window) in [replication, bulk].enumerated() {
            accounts[index].window = window
            accounts[index].granted = max(accounts[index].granted, window)
        }
    }

    /// - Returns: false when the peer sent more than it was granted.
    mutating func received(_ bytes: UInt64, on lane: Lane) -> Bool {
        let index = Int(lane.rawValue) - 2
        accounts[index].received += bytes
        return accounts[index].received <= accounts[index].granted
    }

    /// New limits, once half of a window is used up: few messages, and never a stall.
    mutating func grants() -> [Credit] {
        var result: [Credit] = []
        for index in accounts.indices {
            let account = accounts[index]
            guard account.granted - account.received < account.window / 2 else { continue }
            accounts[index].granted = account.received + account.window
            result.append(Credit(lane: index == 0 ? .replication : .bulk, limit: accounts[index].granted))
        }
        return result
    }
}
