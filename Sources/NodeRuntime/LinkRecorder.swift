import NIOCore
import PacketCapture

#if canImport(Glibc)
import Glibc
#endif

/// Tells a capture what passes on one connection, in the order in which the link handler sees it.
final class LinkRecorder: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let queue: StreamQueue
    private let flow: Int
    private let outbound: Direction
    private var hasBegun = false
    private var ended: Set<Direction> = []
    /// We closed without waiting for the peer.
    private var isCutOff = false

    /// - Parameter outbound: the direction in which this node sends: forward on a link that it dialled.
    init(_ queue: StreamQueue, flow: Int, sends outbound: Direction) {
        self.queue = queue
        self.flow = flow
        self.outbound = outbound
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context.channel)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        note(unwrapInboundIn(data), outbound.opposite)
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        // Who dials hears that it has connected, and speaks, before the pipeline is told.
        begin(context.channel)
        note(unwrapOutboundIn(data), outbound)
        context.write(data, promise: promise)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { end(outbound.opposite, by: .finished) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if (error as? IOError)?.errnoCode == ECONNRESET {
            end(outbound.opposite, by: .reset)
            end(outbound, by: .reset)
        }
        context.fireErrorCaught(error)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode != .input { end(outbound, by: .finished) }
        if mode == .all { isCutOff = true }
        context.close(mode: mode, promise: promise)
    }

    func channelInactive(context: ChannelHandlerContext) {
        // After our own FIN that of the peer is told only by this.
        end(outbound.opposite, by: isCutOff ? .captureEnded : .finished)
        end(outbound, by: .captureEnded)
        context.fireChannelInactive()
    }

    private func begin(_ channel: any Channel) {
        guard !hasBegun, let remote = Endpoint(channel.remoteAddress), let local = Endpoint(channel.localAddress) else { return }
        hasBegun = true
        let ends = outbound == .forward ? (local, remote) : (remote, local)
        queue.began(Flow(number: flow, first: ends.0, second: ends.1, isFromStart: true), at: .now())
    }

    private func note(_ buffer: ByteBuffer, _ direction: Direction) {
        guard hasBegun, buffer.readableBytes > 0 else { return }
        queue.received(buffer.readableBytesUInt8Span, direction, of: flow, at: .now())
    }

    private func end(_ direction: Direction, by end: FlowEnd) {
        guard hasBegun, ended.insert(direction).inserted else { return }
        queue.ended(direction, of: flow, by: end, at: .now())
    }
}

extension Endpoint {
    /// nil for what is no address of IPv4 or IPv6.
    init?(_ address: SocketAddress?) {
        guard let address, let port = address.port.flatMap(UInt16.init(exactly:)) else { return nil }
        // Read from the bytes, as sockaddr_in and sockaddr_in6 have them: NIO's modules have names of their own for these.
        let number = unsafe address.withSockAddr { pointer, size -> IPAddress? in
            let bytes = unsafe UnsafeRawBufferPointer(start: pointer, count: size)
            func word(_ offset: Int) -> UInt64 {
                unsafe UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            }
            switch address {
            case .v4 where size >= 12: return .v4(UInt32(truncatingIfNeeded: word(4) >> 32))
            case .v6 where size >= 24: return .v6(high: word(8), low: word(16))
            case .v4, .v6, .unixDomainSocket: return nil
            }
        }
        guard let number else { return nil }
        self.init(address: number, port: port)
    }
}
