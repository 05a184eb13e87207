package import ClusterModel
package import LinkTransport
package import NIOCore

/// A program that is no node, and does one simple thing on every connection: it shows which cases could be passed for nothing.
package enum Stub: String, Sendable, CaseIterable {
    /// Closes each connection at once.
    case slam
    /// Reads and says nothing.
    case mute
    /// Sends back what comes.
    case echo
    /// Makes the handshake, and hangs up at the first frame after it.
    case hangUp = "hang-up"
    /// Makes the handshake, and answers the first frame after it with CLOSE(MALFORMED).
    case alwaysClose = "always-close"
    /// Makes the handshake, answers PING, and finds everything else fine.
    case acceptEverything = "accept-everything"
}

/// A stub that listens.
package final class RunningStub: Sendable {
    package let address: Address
    private let listener: Listener
    private let serving: Task<Void, Never>

    private init(_ listener: Listener, _ serving: Task<Void, Never>) {
        self.listener = listener
        self.serving = serving
        address = listener.address
    }

    package static func start(_ stub: Stub, keys: SecretKeys, on group: any EventLoopGroup) async throws -> RunningStub {
        let listener = try await Listener.open(on: "127.0.0.1", group)
        let serving = Task {
            await withDiscardingTaskGroup { tasks in
                while !Task.isCancelled {
                    guard let connection = try? await listener.accept(within: .seconds(1)) else { continue }
                    tasks.addTask { await serve(stub, connection, keys) }
                }
            }
        }
        return RunningStub(listener, serving)
    }

    package func stop() async {
        serving.cancel()
        await listener.close()
        await serving.value
    }

    private static func serve(_ stub: Stub, _ connection: Connection, _ keys: SecretKeys) async {
        let conversation = Conversation(connection, keys: keys, timing: Timing(roundTrip: .zero, scale: 1), isDialer: false)
        switch stub {
        case .slam: break
        case .mute: while case .bytes? = await connection.next(within: .seconds(60)) {}
        case .echo: while case .bytes(let bytes)? = await connection.next(within: .seconds(60)) { connection.send(bytes) }
        case .hangUp, .alwaysClose, .acceptEverything:
            conversation.answersPings = false
            try? await conversation.playNode(stub)
        }
        connection.close()
    }
}

extension Conversation {
    fileprivate func playNode(_ stub: Stub) async throws {
        let node = Identity.node("stub")
        _ = try await welcome { hello in
            var own = node.hello()
            own.intent = hello.intent
            return own
        }
        while let heard = try await next(within: .seconds(60)) {
            if case .ended = heard { return }
            switch stub {
            case .hangUp: return
            case .alwaysClose:
                send(.close(Close(.malformed)))
                return connection.finish()
            case .acceptEverything, .slam, .mute, .echo:
                if case .message(.ping(let ping), _) = heard {
                    send(.pong(Pong(number: ping.number, echo: ping.clock, clock: Clock.milliseconds)))
                }
            }
        }
    }
}
