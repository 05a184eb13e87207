import ClusterModel
import NIOCore
import NIOPosix

/// A loopback port of the suite's own, where the node under test is made to dial.
final class Listener: Sendable {
    let address: Address
    private let channel: any Channel
    private let accepted: Inbox<any Channel>

    private init(_ channel: any Channel, _ accepted: Inbox<any Channel>, host: String) {
        self.channel = channel
        self.accepted = accepted
        address = Address(host: host, port: UInt16(channel.localAddress?.port ?? 0))
    }

    /// - Parameter host: an address of this machine that the node can reach.
    static func open(on host: String, _ group: any EventLoopGroup) async throws -> Listener {
        let accepted = Inbox<any Channel>(on: group.next())
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 64)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { channel in
                Connection.prepare(channel).map { accepted.put(channel) }
            }
            .bind(host: host, port: 0).get()
        return Listener(channel, accepted, host: host)
    }

    /// The next connection that the node opens; nil when none came in time.
    func accept(within time: Duration) async throws -> Connection? {
        guard let channel = await accepted.next(within: time) else { return nil }
        return try await Connection.begin(channel, dialed: false)
    }

    func close() async { _ = try? await channel.close().get() }
}
