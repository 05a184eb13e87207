import ClusterModel
import NIOCore
import NIOPosix
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// One TCP connection with the node under test: exact bytes out, exact bytes in. An error of sending is no end: what the node said
/// before is still read.
final class Connection: Sendable {
    /// How the node ended its direction.
    enum End: Sendable, Hashable {
        case finished
        case reset
        case failed(String)
    }

    enum Event: Sendable, Hashable {
        case bytes([UInt8])
        case ended(End)
    }

    let record: WireRecord
    private let channel: any Channel
    private let inbox: Inbox<Event>

    private init(_ channel: any Channel, _ handler: ConnectionHandler, dialed: Bool) {
        self.channel = channel
        inbox = handler.inbox
        record = WireRecord(
            suite: Address(channel.localAddress), node: Address(channel.remoteAddress), isDialedBySuite: dialed)
    }

    /// Dials.
    /// - Throws: what NIO says when nobody accepts within `time`.
    static func open(to address: Address, within time: Duration, on group: any EventLoopGroup) async throws -> Connection {
        let bootstrap = ClientBootstrap(group: group)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.autoRead, value: false)
            .channelInitializer(prepare)
            .connectTimeout(.nanoseconds(time.wholeNanoseconds))
        let channel = try await bootstrap.connect(host: address.host, port: Int(address.port)).get()
        return try await begin(channel, dialed: true)
    }

    /// Puts what hears into a channel that is being made. Later would be too late: when the node ends the connection at once, all
    /// that it sent is read, whether or not reading is on.
    static func prepare(_ channel: any Channel) -> EventLoopFuture<Void> {
        channel.pipeline.addHandler(ConnectionHandler(on: channel.eventLoop))
    }

    /// - Parameter channel: a prepared one.
    static func begin(_ channel: any Channel, dialed: Bool) async throws -> Connection {
        let handler = try await channel.pipeline.handler(type: ConnectionHandler.self).get()
        let connection = Connection(channel, handler, dialed: dialed)
        handler.attach(connection.record)
        try await channel.setOption(.autoRead, value: true).get()
        return connection
    }

    /// The next thing that came; nil when nothing did in time.
    func next(within time: Duration) async -> Event? { await inbox.next(within: time) }

    func send(_ bytes: [UInt8]) {
        record.note(.sent(bytes))
        channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
    }

    /// Each piece leaves before the next is given to the system.
    func send(pieces: [[UInt8]]) async {
        for piece in pieces {
            record.note(.sent(piece))
            _ = try? await channel.writeAndFlush(ByteBuffer(bytes: piece)).get()
        }
    }

    /// Whether what comes is taken. While it is not, it fills the buffers of the system and then waits at the node.
    func reads(_ isOn: Bool) async {
        _ = try? await channel.setOption(.autoRead, value: isOn).get()
    }

    /// Ends the suite's direction; the node's stays open.
    func finish() {
        record.note(.finished(bySuite: true))
        channel.close(mode: .output, promise: nil)
    }

    /// Breaks the connection off, as a crashed process does.
    func reset() async {
        record.note(.reset(bySuite: true))
        _ = try? await (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        _ = try? await channel.close().get()
    }

    func close() { channel.close(promise: nil) }
}

private final class ConnectionHandler: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    let inbox: Inbox<Connection.Event>
    /// What came before there was a record.
    private let state = Mutex<(record: WireRecord?, early: [WireRecord.Event])>((nil, []))

    init(on loop: any EventLoop) { inbox = Inbox(on: loop) }

    func attach(_ record: WireRecord) {
        state.withLock { state in
            for event in state.early { record.note(event) }
            state = (record, [])
        }
    }

    private func note(_ event: WireRecord.Event) {
        state.withLock { state in
            guard let record = state.record else { return state.early.append(event) }
            record.note(event)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = Array(buffer: unwrapInboundIn(data))
        note(.received(bytes))
        inbox.put(.bytes(bytes))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? ChannelEvent, event == .inputClosed else { return }
        note(.finished(bySuite: false))
        inbox.put(.ended(.finished))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if (error as? IOError)?.errnoCode == ECONNRESET {
            note(.reset(bySuite: false))
            inbox.put(.ended(.reset))
        } else {
            inbox.put(.ended(.failed("\(error)")))
        }
    }

    func channelInactive(context: ChannelHandlerContext) { inbox.put(.ended(.finished)) }
}

extension Address {
    fileprivate init(_ address: SocketAddress?) {
        self.init(host: address?.ipAddress ?? "127.0.0.1", port: UInt16(address?.port ?? 0))
    }
}
