import ClusterModel
import LinkTransport
import NIOCore
import NIOPosix
import Synchronization

/// The other end of a client's link: keeps the handshake, and leaves it to a script how calls are answered.
final class ScriptedNode: Sendable {
    /// Called on the event loop for each message after the handshake.
    typealias Script = @Sendable (Message, UInt32, ScriptedLink) -> Void

    let channel: any Channel
    var address: Address { Address(host: "127.0.0.1", port: UInt16(channel.localAddress?.port ?? 0)) }

    private init(channel: any Channel) { self.channel = channel }

    /// Starts to accept on a free port of the loopback, or on `port`.
    static func start(keys: SecretKeys, port: Int = 0, tls: LinkTLS? = nil, script: @escaping Script) async throws -> ScriptedNode
    {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try tls?.install(in: channel, dialing: nil)
                    let link = ScriptedLink(script: script)
                    let handler = LinkHandler(side: .acceptor, number: 0, keys: keys, delegate: link)
                    try channel.pipeline.syncOperations.addHandler(handler)
                    channel.closeFuture.assumeIsolated().whenComplete { _ in link.handler = nil }
                    link.handler = handler
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        return ScriptedNode(channel: channel)
    }

    func stop() async throws { try await channel.close() }
}

/// One accepted link.
final class ScriptedLink: LinkDelegate {
    private let script: ScriptedNode.Script
    var handler: LinkHandler?
    private(set) var hello: Hello?

    init(script: @escaping ScriptedNode.Script) { self.script = script }

    func reply(_ reply: Reply, to stream: UInt32) { handler?.send(.reply(reply), stream: stream) }

    func link(_ link: LinkHandler, received preface: Preface) { link.send(Preface()) }

    func link(_ link: LinkHandler, received auth: Auth, isValid: Bool) {
        guard isValid else { return link.close(Close(.authenticationFailed, retry: Close.never, text: "unknown key")) }
        link.sendProof()
        link.authenticated(
            maximumBody: Limits.frameBodyDefault, replicationCredit: Limits.initialCredit, bulkCredit: Limits.initialCredit)
    }

    func link(_ link: LinkHandler, received message: Message, stream: UInt32) {
        switch message {
        case .hello(let hello):
            self.hello = hello
            link.send(.hello(Self.ownHello()))
        case .close: link.drop()
        default: script(message, stream, self)
        }
    }

    func link(_ link: LinkHandler, skipped header: FrameHeader) {}
    func link(_ link: LinkHandler, violated violation: LinkViolation) { link.close(violation.close) }
    func link(_ link: LinkHandler, ended end: LinkEnd) {}
    func linkHasOutput(_ link: LinkHandler) { link.flush() }

    func linkDrained(_ link: LinkHandler) {}

    private static func ownHello() -> Hello {
        guard let name = NodeName("scripted@127.0.0.1") else { preconditionFailure("a valid name") }
        return Hello(
            role: .core, cluster: ClusterID(7), node: NodeID(8), incarnation: 1, clock: 0,
            nonce: [UInt8](repeating: 9, count: 32),
            heartbeatInterval: 250, heartbeatDeadline: 750, name: name, address: Address(host: "127.0.0.1", port: 1))
    }
}
