public import ClusterModel
public import Logging
import NIOCore
import NIOPosix
public import ServiceLifecycle

/// A running node. Everything it holds lives on one event loop; the disk has a thread of its own.
///
/// Embed it as a service, and call it in process:
/// ```swift
/// let node = Node(configuration: configuration, logger: logger)
/// try await ServiceGroup(services: [node], gracefulShutdownSignals: [.sigterm], logger: logger).run()
/// ```
public final class Node: Service {
    private let configuration: NodeConfiguration
    private let logger: Logger
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let core: NIOLoopBoundBox<NodeCore?>
    private let started: EventLoopPromise<Void>
    private let stopped: EventLoopPromise<Void>

    public init(configuration: NodeConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        let loop = group.next()
        core = NIOLoopBoundBox.makeEmptyBox(valueType: NodeCore.self, eventLoop: loop)
        started = loop.makePromise()
        stopped = loop.makePromise()
    }

    /// Runs until the service group shuts down gracefully, the task is cancelled, or the node cannot go on.
    /// - Throws: `NodeError` when the data directory, the secret or the port cannot be used.
    public func run() async throws {
        let loop = group.next()
        let (configuration, logger, core, stopped) = (configuration, logger, core, stopped)
        let starting = loop.flatSubmit {
            do throws(NodeError) {
                let made = try NodeCore(configuration: configuration, logger: logger, loop: loop, stopped: stopped)
                core.value = made
                return made.start()
            } catch {
                return loop.makeFailedFuture(error)
            }
        }
        starting.cascade(to: started)
        starting.cascadeFailure(to: stopped)
        let result: Result<Void, any Error>
        do {
            try await withTaskCancellationHandler {
                try await withGracefulShutdownHandler {
                    try await stopped.futureResult.get()
                } onGracefulShutdown: {
                    loop.execute { core.value?.stop() }
                }
            } onCancel: {
                loop.execute { core.value?.stop() }
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        let capture = try await loop.submit {
            defer { core.value = nil }
            return core.value?.capture
        }.get()
        try await group.shutdownGracefully()
        // All connections have ended. Writing may take its time, so it has a thread that may wait.
        if let capture {
            try await NIOThreadPool.singleton.runIfActive { capture.finish() }
            capture.report(to: logger)
        }
        try result.get()
    }

    /// Waits until the node accepts links and answers calls.
    public func waitUntilStarted() async throws {
        try await started.futureResult.get()
    }

    /// Runs code where the tables live, on the node's event loop: it can make any number of calls at the price of the table's work.
    /// The node does nothing else meanwhile, heartbeats included: give it back after some milliseconds, and come again.
    /// - Throws: what `body` throws, or `NodeError` when the node is not running.
    public func perform<Result: Sendable>(_ body: @escaping @Sendable (LocalNode) throws -> Result) async throws -> Result {
        let core = core
        return try await group.next().submit {
            guard let core = core.value else { throw NodeError("the node is not running") }
            return try body(LocalNode(core))
        }.get()
    }

    /// Calls the node in process: the same calls as over a link, without a link.
    public func call(_ call: Call) async throws -> Reply {
        let (loop, core) = (group.next(), core)
        return try await loop.flatSubmit {
            let promise = loop.makePromise(of: Reply.self)
            guard let core = core.value else {
                promise.succeed(Reply(failure: .notReady, "the node is not running"))
                return promise.futureResult
            }
            core.answer(call, to: Caller { reply in promise.succeed(reply) })
            return promise.futureResult
        }.get()
    }
}
