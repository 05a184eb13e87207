import ClusterModel
import NIOCore
import NIOPosix
import Synchronization

/// A connection to a node's port that says whatever a test wants, without keeping any protocol.
final class RawConnection: Sendable {
    private let channel: any Channel
    private let inbox: Inbox

    static func open(to address: Address) async throws -> RawConnection {
        let inbox = Inbox()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.seconds(5))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(InboxHandler(inbox)) }
            }
            .connect(host: address.host, port: Int(address.port)).get()
        return RawConnection(channel: channel, inbox: inbox)
    }

    private init(channel: any Channel, inbox: Inbox) {
        self.channel = channel
        self.inbox = inbox
    }

    /// What has arrived so far.
    var received: [UInt8] { inbox.bytes.withLock { $0 } }
    var isOpen: Bool { channel.isActive }

    func send(_ bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(channel.allocator.buffer(bytes: bytes)).get()
    }

    /// Sends without caring whether the other end still listens.
    func throwAt(_ bytes: [UInt8]) async {
        try? await send(bytes)
    }

    func waitUntilClosed(within limit: Duration = .seconds(15)) async throws {
        try await eventually("the node to close the connection", within: limit) { !isOpen }
    }

    func close() { channel.close(promise: nil) }
}

private final class Inbox: Sendable {
    let bytes = Mutex<[UInt8]>([])
}

private final class InboxHandler: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    private let inbox: Inbox

    init(_ inbox: Inbox) { self.inbox = inbox }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        inbox.bytes.withLock { $0.append(contentsOf: buffer.readableBytesView) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
