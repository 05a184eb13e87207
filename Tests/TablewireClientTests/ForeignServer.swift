import ClusterModel
import NIOCore
import NIOPosix

/// Something on a port that is no node: says one thing (or hangs up, or nothing) to whoever connects.
struct ForeignServer {
    let channel: any Channel
    var address: Address { Address(host: "127.0.0.1", port: UInt16(channel.localAddress?.port ?? 0)) }

    /// - Parameter text: what it says; empty to hang up at once; nil to stay mute.
    static func start(says text: String?) async throws -> ForeignServer {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Speaker(text: text))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return ForeignServer(channel: channel)
    }
}

private final class Speaker: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let text: String?

    init(text: String?) { self.text = text }

    func channelActive(context: ChannelHandlerContext) {
        guard let text else { return }
        guard !text.isEmpty else { return context.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(string: text)), promise: nil)
    }
}
