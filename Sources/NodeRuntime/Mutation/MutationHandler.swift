import ClusterModel
import LinkTransport
import NIOCore
import WireFormat

/// Stands between a link and its socket and changes what passes as a mutation says: so a node shows a deliberate fault whose code knows
/// nothing of it. It has the secret, and so mends the proofs of a handshake that it changed.
final class MutationHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let rules: MutationRules
    private let keys: SecretKeys
    private let isDialer: Bool
    private var outgoing = RawFrames()
    private var incoming = RawFrames()
    /// What the peer sees, and what the link sees.
    private var outer = Transcript()
    private var inner = Transcript()
    private var sentFrames: UInt64 = 0
    private var receivedFrames: UInt64 = 0
    private var deliveredFrames: UInt64 = 0
    /// Of frame bodies that the node takes once the peer has proved itself.
    private var nodeLimit = Limits.frameBodyDefault
    private let life = LinkLife()

    init(_ mutation: Mutation, keys: SecretKeys, isDialer: Bool) {
        rules = mutation.rules
        self.keys = keys
        self.isDialer = isDialer
        outgoing.limit = Limits.frameBodyMaximum
    }

    func channelActive(context: ChannelHandlerContext) {
        let bytes = rules.greeting
        if !bytes.isEmpty { context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil) }
        context.fireChannelActive()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var written: [UInt8] = []
        outgoing.append(unwrapOutboundIn(data).readableBytesView)
        while let piece = outgoing.next() {
            switch piece {
            case .preface(let bytes): written += prefaceSent(bytes)
            case .frame(let bytes): written += frameSent(MutableFrame(raw: bytes))
            }
        }
        context.write(wrapOutboundOut(ByteBuffer(bytes: written)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var read: [UInt8] = []
        incoming.append(unwrapInboundIn(data).readableBytesView)
        while let piece = incoming.next() {
            switch piece {
            case .preface(let bytes): read += prefaceReceived(bytes)
            case .frame(let bytes): read += frameReceived(bytes)
            }
        }
        // What is no frame goes through as it came.
        read += incoming.takeUnframed()
        if !read.isEmpty { context.fireChannelRead(wrapInboundOut(ByteBuffer(bytes: read))) }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .output, !rules.finishes else { return context.close(mode: mode, promise: promise) }
        promise?.succeed(())
    }

    // MARK: From the link to the peer

    private func prefaceSent(_ bytes: [UInt8]) -> [UInt8] {
        let changed = rules.preface(bytes)
        if let preface = try? Preface(decoding: bytes.span) { inner.note(preface, fromDialer: isDialer) }
        if let preface = try? Preface(decoding: changed.span) { outer.note(preface, fromDialer: isDialer) }
        return changed
    }

    private func frameSent(_ original: MutableFrame) -> [UInt8] {
        if case .hello(let hello)? = original.message {
            inner.note(hello, header: original.header(original.sequence ?? 0), fromDialer: isDialer)
            nodeLimit = Int(hello.maximumFrameBody)
        }
        if case .auth(let auth)? = original.message {
            inner.note(auth, header: original.header(original.sequence ?? 0), fromDialer: isDialer)
        }
        var frame = original
        // Numbered anew, since frames may have come or gone.
        (frame.sequence, frame.headerCRC) = (nil, nil)
        return rules.outgoing(frame, life).flatMap { frame in
            let bytes = proven(frame).encode(sequence: sentFrames)
            sentFrames += 1
            return bytes
        }
    }

    /// A HELLO is noted as the peer sees it; the AUTH after it proves that.
    private func proven(_ frame: MutableFrame) -> MutableFrame {
        switch frame.message {
        case .hello(let hello)?:
            outer.note(hello, header: frame.header(sentFrames), fromDialer: isDialer)
            return frame
        case .auth(var auth)? where !rules.forgesProofs:
            auth.mac = outer.proof(with: keys, fromDialer: isDialer).mac
            var frame = frame
            frame.replace(by: .auth(auth))
            outer.note(auth, header: frame.header(sentFrames), fromDialer: isDialer)
            return frame
        default: return frame
        }
    }

    // MARK: From the peer to the link

    private func prefaceReceived(_ bytes: [UInt8]) -> [UInt8] {
        let changed = rules.peerPreface(bytes)
        if let preface = try? Preface(decoding: bytes.span) { outer.note(preface, fromDialer: !isDialer) }
        if let preface = try? Preface(decoding: changed.span) { inner.note(preface, fromDialer: !isDialer) }
        return changed
    }

    private func frameReceived(_ bytes: [UInt8]) -> [UInt8] {
        let original = MutableFrame(raw: bytes)
        defer { receivedFrames += 1 }
        if case .hello(let hello)? = original.message {
            outer.note(hello, header: original.header(original.sequence ?? 0), fromDialer: !isDialer)
        }
        return rules.incoming(original, life).flatMap { frame in
            var frame = believed(frame)
            // The link counts what it gets: frames that were held back or added move the numbers of those behind them.
            if let sequence = frame.sequence, deliveredFrames != receivedFrames {
                (frame.sequence, frame.headerCRC) = (sequence &- receivedFrames &+ deliveredFrames, nil)
            }
            if case .hello(let hello)? = frame.message {
                inner.note(hello, header: frame.header(deliveredFrames), fromDialer: !isDialer)
            }
            let bytes = frame.encode(sequence: deliveredFrames)
            deliveredFrames += 1
            return bytes
        }
    }

    /// A proof over what the peer saw becomes one over what the link saw.
    private func believed(_ frame: MutableFrame) -> MutableFrame {
        guard case .auth(let auth)? = frame.message else { return frame }
        let isValid = outer.accepts(auth, with: keys, fromDialer: !isDialer)
        outer.note(auth, header: frame.header(frame.sequence ?? deliveredFrames), fromDialer: !isDialer)
        var changed = frame
        if isValid || rules.believesProofs { changed.replace(by: .auth(inner.proof(with: keys, fromDialer: !isDialer))) }
        if case .auth(let seen)? = changed.message {
            inner.note(seen, header: changed.header(deliveredFrames), fromDialer: !isDialer)
        }
        incoming.limit = nodeLimit
        return changed
    }
}

extension MutableFrame {
    fileprivate func header(_ sequence: UInt64) -> FrameHeader {
        FrameHeader(
            type: type, flags: flags, lane: lane, bodyLength: UInt32(body.count), stream: stream,
            sequence: self.sequence ?? sequence,
            bodyCRC: CRC32.checksum(body.span))
    }
}

/// Cuts a stream into its preface and frames, without looking at what these say but for their lengths.
struct RawFrames {
    enum Piece {
        case preface([UInt8])
        case frame([UInt8])
    }

    /// What the node takes at this point of the link's life. A longer body is not waited for, as the node does not wait for it.
    var limit = Limits.frameBodyBeforeAuthentication
    private var buffer: [UInt8] = []
    private var hasPreface = false
    private var isLost = false

    mutating func append(_ bytes: ByteBufferView) { buffer += bytes }

    /// The next piece that is whole.
    mutating func next() -> Piece? {
        guard !isLost else { return nil }
        return hasPreface ? nextFrame() : nextPreface()
    }

    private mutating func nextPreface() -> Piece? {
        guard buffer.prefix(Preface.magic.count) == Preface.magic.prefix(buffer.count) else {
            isLost = true
            return nil
        }
        guard buffer.count >= Preface.size else { return nil }
        hasPreface = true
        return .preface(take(Preface.size))
    }

    private mutating func nextFrame() -> Piece? {
        guard buffer.count >= FrameHeader.size else { return nil }
        let length = buffer[8..<12].reduce(0) { $0 << 8 | Int($1) }
        // Nor is a body waited for whose length nobody can trust.
        let isTrusted = (try? FrameHeader(decoding: buffer.span)) != nil
        guard length <= limit else {
            isLost = true
            return nil
        }
        isLost = !isTrusted && buffer.count < FrameHeader.size + length
        guard isLost || buffer.count >= FrameHeader.size + length else { return nil }
        return .frame(take(min(buffer.count, FrameHeader.size + length)))
    }

    private mutating func take(_ count: Int) -> [UInt8] {
        defer { buffer.removeFirst(count) }
        return Array(buffer.prefix(count))
    }

    /// What will not become frames.
    mutating func takeUnframed() -> [UInt8] {
        guard isLost else { return [] }
        defer { buffer = [] }
        return buffer
    }
}
