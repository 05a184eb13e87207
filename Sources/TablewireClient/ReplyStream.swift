public import ClusterModel
import NIOCore

/// The replies of one watch, in order, until the node ends it or the iteration is given up (CAL-002, CAL-006).
///
/// Can be iterated once. Memory is bounded: when `waitingReplies` wait to be read, the client grants the node no more credit,
/// which holds up all replies of this client's link until some have been read. Whoever reads slowly opens a client for it alone.
public struct ReplyStream: AsyncSequence, Sendable {
    public typealias Element = Reply.Result
    public typealias Failure = any Error

    /// Replies that wait before the node has to wait.
    public static let waitingReplies = 64

    typealias Producer = NIOThrowingAsyncSequenceProducer<
        Reply.Result, any Error, NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark, Subscription
    >

    let producer: Producer

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base: producer.makeAsyncIterator()) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        let base: Producer.AsyncIterator

        /// - Throws: `ClientError` when the watch or the link failed.
        @concurrent public mutating func next() async throws -> Reply.Result? { try await base.next() }
    }

    static func make(_ subscription: Subscription) -> (Producer.Source, ReplyStream) {
        let pair = Producer.makeSequence(
            elementType: Reply.Result.self,
            backPressureStrategy: .init(lowWatermark: waitingReplies / 4, highWatermark: waitingReplies),
            finishOnDeinit: true, delegate: subscription)
        return (pair.source, ReplyStream(producer: pair.sequence))
    }
}

/// Takes the reader's wishes to the link's event loop.
struct Subscription: NIOAsyncSequenceProducerDelegate {
    let ticket: CallTicket
    let connection: NIOLoopBound<ClientConnection>
    let loop: any EventLoop

    func produceMore() {
        loop.execute { connection.value.resume(ticket) }
    }

    func didTerminate() {
        ticket.cancel()
        loop.execute { connection.value.cancel(ticket) }
    }
}
