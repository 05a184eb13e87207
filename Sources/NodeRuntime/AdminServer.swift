import NIOCore
import NIOHTTP1
import NIOPosix

/// What the HTTP address shows. Texts are made on the node's event loop at the moment of asking.
struct AdminPages {
    var status: () -> String
    var metrics: () -> String
    /// Nil when every table is ready, else what is being waited for.
    var notReady: () -> String?
}

/// Serves /health, /ready, /status (JSON) and /metrics (Prometheus text) for operators; never part of the protocol.
final class AdminServer: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let pages: AdminPages
    private var head: HTTPRequestHead?

    private init(pages: AdminPages) { self.pages = pages }

    static func bind(
        host: String, port: Int, loop: any EventLoop, pages: NIOLoopBound<AdminPages>
    )
        -> EventLoopFuture<any Channel>
    {
        ServerBootstrap(group: loop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                    try channel.pipeline.syncOperations.addHandler(AdminServer(pages: pages.value))
                }
            }
            .bind(host: host, port: port)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            if let head { answer(head, context: context) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func answer(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        guard head.method == .GET || head.method == .HEAD else {
            return write(.methodNotAllowed, "text/plain", "only GET is served here\n", head, context)
        }
        switch head.uri.prefix(while: { $0 != "?" }) {
        case "/health": write(.ok, "text/plain", "ok\n", head, context)
        case "/ready":
            if let reason = pages.notReady() {
                write(.serviceUnavailable, "text/plain", reason + "\n", head, context)
            } else {
                write(.ok, "text/plain", "ready\n", head, context)
            }
        case "/status": write(.ok, "application/json", pages.status(), head, context)
        case "/metrics": write(.ok, "text/plain; version=0.0.4", pages.metrics(), head, context)
        default: write(.notFound, "text/plain", "there are /health, /ready, /status and /metrics\n", head, context)
        }
    }

    private func write(
        _ status: HTTPResponseStatus, _ type: String, _ body: String, _ request: HTTPRequestHead, _ context: ChannelHandlerContext
    ) {
        let headers: HTTPHeaders = ["content-type": type, "content-length": "\(body.utf8.count)"]
        let head = HTTPResponseHead(version: request.version, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request.method == .GET {
            context.write(wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(string: body)))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        if !request.isKeepAlive { context.close(promise: nil) }
    }
}
