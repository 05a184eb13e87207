public import ClusterModel
import NIOCore
import WireFormat

extension LinkHandler {
    /// Bytes handed to the socket at a time: enough to be fast, little enough that the next heartbeat is near the front.
    private static let writeSize = 64 * 1024
    /// With less than this left on lanes 2 and 3 the delegate is asked for more, so that the socket never waits for it.
    private static let lowWater = 256 * 1024

    public func send(_ preface: Preface) {
        transcript.note(preface, fromDialer: side == .dialer)
        guard let context else { return }
        context.writeAndFlush(NIOAny(context.channel.allocator.buffer(bytes: preface.encode())), promise: nil)
    }

    public func send(_ message: Message, stream: UInt32 = 0) {
        if case .snapChunk(let chunk) = message {
            return queue(type: .snapChunk, stream: stream, head: ChunkCodec.head(of: chunk), body: chunk.data)
        }
        // HELLO is part of the transcript, with the header that it will have: nothing else may go out in between.
        if case .hello(let hello) = message {
            note(hello)
            // The first totals stand in HELLO, and count from it on (FRM-032).
            assembler.grant(UInt64(hello.replicationCredit), on: .replication)
            assembler.grant(UInt64(hello.bulkCredit), on: .bulk)
        }
        send(type: message.type, stream: stream, body: MessageCodec.encode(message))
        if case .hello = message { flush() }
    }

    /// Queues an encoded body; the bytes are shared, not copied, until they are written.
    public func send(type: MessageType, stream: UInt32 = 0, body: [UInt8]) {
        queue(type: type, stream: stream, head: [], body: body)
    }

    private func queue(type: MessageType, stream: UInt32, head: [UInt8], body: [UInt8]) {
        guard phase == .frames || phase == .preface else { return }
        queues.append(type: type.rawValue, lane: type.lane, stream: stream, head: head, body: body)
        noteOutput()
    }

    /// A frame of a type that nobody knows: keeps the peer's tolerance alive (EXT-010).
    public func sendGrease(_ type: UInt16, body: [UInt8]) {
        guard phase == .frames else { return }
        queues.append(type: type, lane: .control, stream: 0, body: body)
        noteOutput()
    }

    /// AUTH over the transcript so far (LNK-030).
    public func sendProof() {
        let auth = transcript.proof(with: keys, fromDialer: side == .dialer)
        let body = MessageCodec.encode(.auth(auth))
        let header = FrameHeader(
            type: MessageType.auth.rawValue, lane: Lane.control.rawValue, bodyLength: UInt32(body.count),
            sequence: queues.framesSent, bodyCRC: CRC32.checksum(body.span))
        transcript.note(auth, header: header, fromDialer: side == .dialer)
        send(type: .auth, body: body)
        flush()
    }

    /// Sends CLOSE, closes our direction, reads on until the peer closes too or one second is over (LNK-041, LNK-042).
    public func close(_ close: Close) {
        guard let context, phase == .frames || phase == .preface else { return end(.finished) }
        let mayAnswer = phase == .frames || side == .acceptor
        let saysWhatItHas = phase == .frames
        phase = .draining
        queues.removeAll(from: saysWhatItHas ? .replication : .control)
        if mayAnswer {
            // What members were told last, such as that this node has left, goes before the goodbye.
            writeFrames(context, limit: .max)
            queues.append(
                type: MessageType.close.rawValue, lane: .control, stream: 0, body: MessageCodec.encode(.close(close)))
            writeFrames(context, limit: .max)
        }
        let channel = context.channel
        context.close(mode: .output, promise: nil)
        let drained = context.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(Limits.drainTime.nanoseconds)) {
            channel.close(promise: nil)
        }
        channel.closeFuture.whenComplete { _ in drained.cancel() }
    }

    /// Ends the connection without a word, as a broken cable would.
    public func drop() {
        guard phase != .ended else { return }
        phase = .ended
        endDelegation()
        queues.removeAll()
        context?.close(promise: nil)
    }

    func noteOutput() {
        guard !hasOutput else { return }
        hasOutput = true
        delegate?.linkHasOutput(self)
    }

    /// Writes what is queued, as far as the socket and the peer's credit allow.
    public func flush() {
        hasOutput = false
        guard let context, phase == .frames, context.channel.isActive else { return }
        let hadBulk = waitingBytes > 0
        while context.channel.isWritable, queues.isReady { writeFrames(context, limit: Self.writeSize) }
        if hadBulk, waitingBytes < Self.lowWater { delegate?.linkDrained(self) }
    }

    private func writeFrames(_ context: ChannelHandlerContext, limit: Int) {
        var buffer = context.channel.allocator.buffer(
            capacity: min(limit, Self.writeSize, queues.totalBytes) + 4 * FrameHeader.size)
        while buffer.readableBytes < limit, queues.writeNextFrame(into: &buffer) != nil {}
        guard buffer.readableBytes > 0 else { return }
        bytesSent += UInt64(buffer.readableBytes)
        context.writeAndFlush(NIOAny(buffer), promise: nil)
    }

    private func note(_ hello: Hello) {
        let body = MessageCodec.encode(.hello(hello))
        let header = FrameHeader(
            type: MessageType.hello.rawValue, lane: Lane.control.rawValue, bodyLength: UInt32(body.count),
            sequence: queues.framesSent, bodyCRC: CRC32.checksum(body.span))
        transcript.note(hello, header: header, fromDialer: side == .dialer)
    }
}

extension Duration {
    /// Whole nanoseconds, for interfaces that want a number.
    public var nanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}
