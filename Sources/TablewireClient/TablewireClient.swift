public import ClusterModel
public import LinkTransport
public import NIOCore
public import NIOPosix
import WireFormat

/// A link to one node in the role of a client: calls it, many at once, and watches it (spec chapters "Link" and "Calls").
///
/// Every method may be used from any task. The link lives until `close()`, until the node ends it, or until the client is no longer
/// referenced; there is no reconnecting: a call on an ended link throws what ended it.
public final class TablewireClient: Sendable {
    /// The address that was given to `connect`.
    public let address: Address
    /// What the node said about itself.
    public let peer: Hello
    private let channel: any Channel
    private let connection: NIOLoopBound<ClientConnection>

    /// Connects, proves the secret, and checks that the node knows it too.
    /// - Parameters:
    ///   - tls: beneath the link; nil for a link in clear.
    ///   - timeout: for all of it.
    ///   - heartbeat: how soon a node that says nothing is given up.
    ///   - group: the event loops to run on; the process-wide ones by default.
    /// - Throws: `refused`, `timedOut`, `closed` (such as AUTHENTICATION_FAILED), `tls`, `lost` or `wire`.
    public static func connect(
        to address: Address, keys: SecretKeys, tls: LinkTLS? = nil, timeout: Duration = .seconds(5),
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton, heartbeat: Heartbeat = .defaults
    ) async throws(ClientError) -> TablewireClient {
        let start = ContinuousClock.now
        let (channel, connection) = try await dial(address, keys: keys, tls: tls, timeout: timeout, group: group)
        let left = max(timeout - (ContinuousClock.now - start), .milliseconds(1))
        let own = Self.greeting(heartbeat)
        let outcome: Result<Hello, ClientError> = await withCheckedContinuation { continuation in
            channel.eventLoop.execute {
                connection.value.greet(own, within: .nanoseconds(left.nanoseconds), continuation)
            }
        }
        return TablewireClient(address: address, peer: try outcome.get(), channel: channel, connection: connection)
    }

    /// When a link that carries nothing is tested, and when it is given up (HRT-001).
    public struct Heartbeat: Hashable, Sendable {
        /// A PING is sent after an interval without a message from the node.
        public var interval: Duration
        /// Silence after which the link is taken for broken.
        public var deadline: Duration

        /// 1 s and 10 s.
        public static let defaults = Heartbeat()

        public init(interval: Duration = .seconds(1), deadline: Duration = .seconds(10)) {
            self.interval = interval
            self.deadline = deadline
        }
    }

    private init(address: Address, peer: Hello, channel: any Channel, connection: NIOLoopBound<ClientConnection>) {
        self.address = address
        self.peer = peer
        self.channel = channel
        self.connection = connection
    }

    deinit {
        let connection = connection
        channel.eventLoop.execute { connection.value.close() }
    }

    /// Makes a call and waits for its one reply. Calls from many tasks share the link and are answered in any order.
    /// - Returns: never `.failure`, which is thrown.
    /// - Throws: `failed` when the node refuses, `failed(.cancelled)` when the task is cancelled, else what ended the link.
    public func call(_ call: Call) async throws(ClientError) -> Reply.Result {
        let body = try Self.encode(call)
        let ticket = CallTicket()
        let loop = channel.eventLoop
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.execute { self.connection.value.call(body, ticket, continuation) }
            }
        } onCancel: {
            ticket.cancel()
            loop.execute { self.connection.value.cancel(ticket) }
        }
        return try outcome.get()
    }

    /// Sends a call now and lets the caller wait for the reply later. Calls that one task begins reach the node in that order.
    public func begin(_ call: Call) throws(ClientError) -> PendingReply {
        let body = try Self.encode(call)
        let promise = channel.eventLoop.makePromise(of: Result<Reply.Result, ClientError>.self)
        channel.eventLoop.execute { self.connection.value.call(body) { promise.succeed($0) } }
        return PendingReply(address: address, future: promise.futureResult)
    }

    /// Sends a call; `completion` gets its one reply, or what went wrong, on the client's event loop. The cheapest way to make
    /// many calls: nothing is allocated for waiting, and what one turn of the loop begins leaves in one write.
    public func call(_ call: Call, completion: @escaping @Sendable (Result<Reply.Result, ClientError>) -> Void) {
        let body: [UInt8]
        do throws(ClientError) { body = try Self.encode(call) } catch { return completion(.failure(error)) }
        let loop = channel.eventLoop
        if loop.inEventLoop {
            connection.value.call(body, completion)
        } else {
            loop.execute { self.connection.value.call(body, completion) }
        }
    }

    /// Makes a call that has many replies (CAL-040, CAL-041). Leaving the loop over them sends CANCEL.
    public func watch(_ call: Call) -> ReplyStream {
        let ticket = CallTicket()
        let subscription = Subscription(ticket: ticket, connection: connection, loop: channel.eventLoop)
        let (source, stream) = ReplyStream.make(subscription)
        do throws(ClientError) {
            let body = try Self.encode(call)
            channel.eventLoop.execute { self.connection.value.watch(body, ticket, source) }
        } catch {
            source.finish(error)
        }
        return stream
    }

    /// Says goodbye. Calls in progress fail. Returns when the connection is closed.
    public func close() async {
        let connection = connection
        channel.eventLoop.execute { connection.value.close() }
        try? await channel.closeFuture.get()
    }

    /// Bodies are encoded on the caller's thread: the event loop only moves bytes.
    private static func encode(_ call: Call) throws(ClientError) -> [UInt8] {
        let body = MessageCodec.encode(.call(call))
        guard body.count <= Limits.message else {
            throw .failed(
                code: .batchTooLarge,
                text: "the call has \(body.count) bytes, at most \(Limits.message) are allowed: send less at once")
        }
        return body
    }

    // MARK: Connecting

    private static func dial(
        _ address: Address, keys: SecretKeys, tls: LinkTLS?, timeout: Duration, group: any EventLoopGroup
    ) async throws(ClientError) -> (any Channel, NIOLoopBound<ClientConnection>) {
        do {
            return try await ClientBootstrap(group: group)
                .connectTimeout(.nanoseconds(timeout.nanoseconds))
                .channelOption(.socketOption(.tcp_nodelay), value: 1)
                .connect(host: address.host, port: Int(address.port)) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let connection = ClientConnection(address: address, channel: channel)
                        try connection.install(keys: keys, tls: tls)
                        return (channel, NIOLoopBound(connection, eventLoop: channel.eventLoop))
                    }
                }
        } catch {
            throw ConnectFailure.describe(error, address: address)
        }
    }

    private static func greeting(_ heartbeat: Heartbeat) -> Hello {
        var random = SystemRandomNumberGenerator()
        let name = NodeName("client@" + HostName.current()) ?? NodeName("client@localhost")
        guard let name else { preconditionFailure("client@localhost is a node name") }
        return Hello(
            role: .client, cluster: .any, node: NodeID(UInt128.random(in: 1...UInt128.max, using: &random)), incarnation: 1,
            clock: WallClock.milliseconds(), nonce: (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) },
            heartbeatInterval: heartbeat.interval.milliseconds, heartbeatDeadline: heartbeat.deadline.milliseconds, name: name,
            address: nil,
            // Values that mean nothing, so that nodes stay able to skip what they do not know (EXT-010).
            features: [Grease.value(Int.random(in: 0..<16, using: &random))],
            codecs: [Codec.none.rawValue, Codec.zlib.rawValue, Grease.value(Int.random(in: 0..<16, using: &random))],
            extensions: [Extension(type: Grease.value(Int.random(in: 0..<16, using: &random)), value: [0xA5])])
    }
}

/// A call that has been sent.
public struct PendingReply: Sendable {
    let address: Address
    /// Completes on the link's event loop, and never fails: its value is the outcome. A callback on it costs no task.
    let future: EventLoopFuture<Result<Reply.Result, ClientError>>

    /// Waits for the reply. Giving up the wait does not take the call back.
    /// - Throws: as `TablewireClient.call`.
    public func result() async throws(ClientError) -> Reply.Result {
        guard let outcome = try? await future.get() else { throw .lost(address, .finished) }
        return try outcome.get()
    }
}

extension Duration {
    /// Whole milliseconds, at least one, as a HELLO carries them.
    fileprivate var milliseconds: UInt32 { UInt32(clamping: max(1, nanoseconds / 1_000_000)) }
}
