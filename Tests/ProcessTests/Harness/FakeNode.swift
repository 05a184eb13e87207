import ClusterModel
import Foundation
import LinkTransport
import NIOCore
import NIOPosix
import Synchronization

/// A node with bad intentions: it keeps the protocol up to the handshake and then does what a test tells it to.
final class FakeNode: Sendable {
    /// What arrives once both sides have proved themselves; answers go out through the link.
    typealias Behaviour = @Sendable (FakeNode.Arrival) -> Void

    struct Arrival {
        var message: Message
        var stream: UInt32
        var own: Hello
        var peer: Hello
        var link: LinkHandler
    }

    let hello: Hello
    private let listener: any Channel

    var address: Address { hello.address ?? Address(host: "127.0.0.1", port: 1) }

    static func listen(keys: SecretKeys, behaviour: @escaping Behaviour) async throws -> FakeNode {
        let hello = try await greeting()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let end = FakeEnd(hello: hello, behaviour: behaviour)
                    try channel.pipeline.syncOperations.addHandler(
                        LinkHandler(side: .acceptor, number: 0, keys: keys, delegate: end))
                    // The handler does not hold its delegate: the channel's end does.
                    channel.closeFuture.assumeIsolated().whenComplete { _ in withExtendedLifetime(end) {} }
                }
            }
            .bind(host: "127.0.0.1", port: Int(hello.address?.port ?? 0)).get()
        return FakeNode(hello: hello, listener: listener)
    }

    private init(hello: Hello, listener: any Channel) {
        self.hello = hello
        self.listener = listener
    }

    func close() { listener.close(promise: nil) }

    private static func greeting() async throws -> Hello {
        guard let name = NodeName("fake@127.0.0.1") else { throw Hopeless(description: "fake@127.0.0.1 is a name") }
        return Hello(
            role: .core, cluster: ClusterID(.random(in: 1...UInt128.max)), node: NodeID(.random(in: 1...UInt128.max)),
            incarnation: 1, clock: UInt64(Date().timeIntervalSince1970 * 1000),
            nonce: (0..<32).map { _ in UInt8.random(in: 0...255) }, heartbeatInterval: 250, heartbeatDeadline: 750, name: name,
            address: Address(host: "127.0.0.1", port: try await FreePort.next()))
    }
}

/// The accepting end of one link to a `FakeNode`.
private final class FakeEnd: LinkDelegate {
    private let hello: Hello
    private let behaviour: FakeNode.Behaviour
    private var peer: Hello?
    private var isProved = false

    init(hello: Hello, behaviour: @escaping FakeNode.Behaviour) {
        self.hello = hello
        self.behaviour = behaviour
    }

    func link(_ link: LinkHandler, received preface: Preface) { link.send(Preface()) }

    func link(_ link: LinkHandler, received auth: Auth, isValid: Bool) {
        guard isValid else { return link.drop() }
        link.sendProof()
        link.authenticated(
            maximumBody: Int(hello.maximumFrameBody), replicationCredit: UInt64(hello.replicationCredit),
            bulkCredit: UInt64(hello.bulkCredit))
        isProved = true
    }

    func link(_ link: LinkHandler, received message: Message, stream: UInt32) {
        if case .hello(let hello) = message, peer == nil {
            peer = hello
            return link.send(.hello(self.hello))
        }
        if case .ping(let ping) = message {
            return link.send(.pong(Pong(number: ping.number, echo: ping.clock, clock: ping.clock)))
        }
        guard isProved, let peer else { return }
        behaviour(FakeNode.Arrival(message: message, stream: stream, own: hello, peer: peer, link: link))
    }

    func link(_ link: LinkHandler, skipped header: FrameHeader) {}
    func link(_ link: LinkHandler, violated violation: LinkViolation) { link.close(violation.close) }
    func link(_ link: LinkHandler, ended end: LinkEnd) {}
    func linkHasOutput(_ link: LinkHandler) { link.flush() }

    func linkDrained(_ link: LinkHandler) {}
}
