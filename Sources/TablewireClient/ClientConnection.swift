import ClusterModel
import LinkTransport
import NIOCore
import Synchronization
import WireFormat

/// Identifies one call from before it has a stream id, so that it can be cancelled from any thread at any time.
final class CallTicket: Sendable {
    private let cancelled = Atomic(false)
    var isCancelled: Bool { cancelled.load(ordering: .acquiring) }
    func cancel() { cancelled.store(true, ordering: .releasing) }
}

/// The client's side of one link: handshake, calls in progress, heartbeat. Lives on the link's event loop.
final class ClientConnection: LinkDelegate {
    typealias Outcome = Result<Reply.Result, ClientError>

    private enum State {
        case connecting
        case greeting(own: Hello, peer: Hello?, CheckedContinuation<Result<Hello, ClientError>, Never>)
        case ready
        case ended(ClientError)
    }

    private enum Receiver {
        case single(CheckedContinuation<Outcome, Never>)
        case callback((Outcome) -> Void)
        case stream(ReplyStream.Producer.Source)
    }

    private struct Pending {
        /// nil when nobody can cancel the call.
        var ticket: CallTicket?
        var receiver: Receiver
    }

    private struct Waiting {
        var pending: Pending
        var body: [UInt8]
    }

    private let address: Address
    private let channel: any Channel
    private let link: NIOLoopBoundBox<LinkHandler?>
    private var state = State.connecting
    private var calls: [UInt32: Pending] = [:]
    /// Calls beyond the limit of the link (LIM-023), in order.
    private var waiting = CircularBuffer<Waiting>()
    private var paused: Set<ObjectIdentifier> = []
    private var lastStream: UInt32 = 0
    private var silence = Silence()
    private var heartbeatTask: Scheduled<Void>?

    init(address: Address, channel: any Channel) {
        self.address = address
        self.channel = channel
        link = NIOLoopBoundBox(nil, eventLoop: channel.eventLoop)
    }

    /// Puts the link's handler into the channel.
    func install(keys: SecretKeys, tls: LinkTLS?) throws {
        try tls?.install(in: channel, dialing: address.host)
        let handler = LinkHandler(side: .dialer, number: 0, keys: keys, delegate: self)
        link.value = handler
        try channel.pipeline.syncOperations.addHandler(handler)
        channel.closeFuture.assumeIsolated().whenComplete { _ in
            self.fail(.lost(self.address, .finished))
            self.link.value = nil
        }
    }

    /// Opens the conversation: preface now, HELLO when the node's preface has come.
    func greet(_ own: Hello, within time: TimeAmount, _ continuation: CheckedContinuation<Result<Hello, ClientError>, Never>) {
        guard case .connecting = state, let link = link.value else {
            return continuation.resume(returning: .failure(endError))
        }
        state = .greeting(own: own, peer: nil, continuation)
        link.send(Preface())
        let deadline = channel.eventLoop.assumeIsolated().scheduleTask(in: time) {
            guard case .greeting = self.state else { return }
            self.fail(.timedOut(self.address, activity: "greeting"))
            self.channel.close(promise: nil)
        }
        channel.closeFuture.assumeIsolated().whenComplete { _ in deadline.cancel() }
    }

    // MARK: Calls

    /// Sends an encoded CALL; `continuation` is resumed once, in any case.
    func call(_ body: [UInt8], _ ticket: CallTicket, _ continuation: CheckedContinuation<Outcome, Never>) {
        start(Pending(ticket: ticket, receiver: .single(continuation)), body: body)
    }

    /// A call that nobody can cancel.
    func call(_ body: [UInt8], _ completion: @escaping (Outcome) -> Void) {
        start(Pending(ticket: nil, receiver: .callback(completion)), body: body)
    }

    func watch(_ body: [UInt8], _ ticket: CallTicket, _ source: ReplyStream.Producer.Source) {
        start(Pending(ticket: ticket, receiver: .stream(source)), body: body)
    }

    private func start(_ pending: Pending, body: [UInt8]) {
        if case .ended(let error) = state { return finish(pending, .failure(error)) }
        if pending.ticket?.isCancelled == true { return finish(pending, .failure(.cancelled)) }
        if calls.count < Limits.callsInProgress {
            send(pending, body: body)
        } else {
            waiting.append(Waiting(pending: pending, body: body))
        }
    }

    private func send(_ pending: Pending, body: [UInt8]) {
        repeat { lastStream &+= 1 } while lastStream == 0 || calls[lastStream] != nil
        calls[lastStream] = pending
        link.value?.send(type: .call, stream: lastStream, body: body)
    }

    private func sendWaiting() {
        while calls.count < Limits.callsInProgress, let next = waiting.popFirst() {
            send(next.pending, body: next.body)
        }
    }

    /// The caller has lost interest. Replies that are already under way are ignored when they come.
    func cancel(_ ticket: CallTicket) {
        resume(ticket)
        if let index = waiting.firstIndex(where: { $0.pending.ticket === ticket }) {
            finish(waiting.remove(at: index).pending, .failure(.cancelled))
        } else if let (stream, pending) = calls.first(where: { $0.value.ticket === ticket }) {
            calls[stream] = nil
            link.value?.send(.cancel, stream: stream)
            finish(pending, .failure(.cancelled))
            sendWaiting()
        }
    }

    /// The reader of a watch has caught up.
    func resume(_ ticket: CallTicket) {
        paused.remove(ObjectIdentifier(ticket))
        if paused.isEmpty, let link = link.value, !link.grantsCredit { link.grantsCredit = true }
    }

    private func receive(_ reply: Reply, stream: UInt32) {
        guard let pending = calls[stream] else { return }  // the call was cancelled while the reply was under way
        if reply.isLast { calls[stream] = nil }
        if case .failure(let text) = reply.result {
            calls[stream] = nil
            finish(pending, .failure(refusal(code: reply.code, text: text)))
        } else if case .stream(let source) = pending.receiver, !reply.isLast {
            pass(reply.result, to: source, of: pending)
        } else {
            finish(pending, .success(reply.result))
        }
        sendWaiting()
    }

    private func refusal(code: UInt16, text: String) -> ClientError {
        guard let code = ErrorCode(rawValue: code), code != .none else {
            return .wire(address, "the call failed with the unknown code \(code): \(text)")
        }
        return .failed(code: code, text: text)
    }

    private func pass(_ result: Reply.Result, to source: ReplyStream.Producer.Source, of call: Pending) {
        guard case .stopProducing = source.yield(result), let ticket = call.ticket else { return }
        paused.insert(ObjectIdentifier(ticket))
        link.value?.grantsCredit = false
    }

    private func finish(_ pending: Pending, _ outcome: Outcome) {
        switch (pending.receiver, outcome) {
        case (.single(let continuation), _):
            continuation.resume(returning: outcome)
        case (.callback(let completion), _):
            completion(outcome)
        case (.stream(let source), .success(let result)):
            if result != .done { _ = source.yield(result) }
            source.finish()
        case (.stream(let source), .failure(let error)):
            source.finish(error)
        }
    }

    // MARK: The end

    /// Says goodbye and closes. Calls in progress fail.
    func close() {
        link.value?.close(Close(.shuttingDown, text: "the client is done"))
        fail(.lost(address, .finished))
    }

    private var endError: ClientError {
        if case .ended(let error) = state { error } else { .lost(address, .finished) }
    }

    private func fail(_ error: ClientError) {
        if case .ended = state { return }
        let before = state
        state = .ended(error)
        heartbeatTask?.cancel()
        if case .greeting(_, _, let continuation) = before { continuation.resume(returning: .failure(error)) }
        let unanswered = calls.sorted { $0.key < $1.key }.map(\.value) + waiting.map(\.pending)
        calls.removeAll()
        waiting.removeAll()
        for pending in unanswered { finish(pending, .failure(error)) }
    }

    // MARK: What the link tells

    func link(_ link: LinkHandler, received preface: Preface) {
        guard case .greeting(let own, _, _) = state else { return }
        guard preface.minimumVersion <= Limits.protocolVersion, preface.maximumVersion >= Limits.protocolVersion else {
            let close = Close(
                .versionUnsupported, retry: Close.never, text: "this client speaks version \(Limits.protocolVersion)")
            link.close(close)
            return fail(.closed(address, close))
        }
        link.send(.hello(own))
    }

    func link(_ link: LinkHandler, received auth: Auth, isValid: Bool) {
        guard case .greeting(let own, let peer?, let continuation) = state else { return refuse(.auth, on: link) }
        guard isValid else {
            link.close(Close(.authenticationFailed, retry: Close.never))
            return fail(.closed(address, Close(.authenticationFailed)))
        }
        state = .ready
        link.authenticated(
            maximumBody: Int(own.maximumFrameBody), replicationCredit: UInt64(own.replicationCredit),
            bulkCredit: UInt64(own.bulkCredit))
        startHeartbeat(own)
        continuation.resume(returning: .success(peer))
    }

    func link(_ link: LinkHandler, received message: Message, stream: UInt32) {
        silence.heard()
        switch (message, state) {
        case (.hello(let peer), .greeting(let own, nil, let continuation)):
            state = .greeting(own: own, peer: peer, continuation)
            link.sendProof()
        case (.close(let close), _):
            fail(.closed(address, close))
            link.drop()  // CLOSE is the last message of a link: nothing of what is queued would be read
        case (.ping(let ping), .ready):
            link.send(.pong(Pong(number: ping.number, echo: ping.clock, clock: WallClock.milliseconds())))
        case (.pong, .ready): break
        case (.reply(let reply), .ready): receive(reply, stream: stream)
        default: refuse(message.type, on: link)
        }
    }

    private func refuse(_ type: MessageType, on link: LinkHandler) {
        link.close(Close(.unexpectedMessage, offendingType: type.rawValue))
        fail(.wire(address, "\(type.name) came where it may not"))
    }

    func link(_ link: LinkHandler, skipped header: FrameHeader) { silence.heard() }

    func link(_ link: LinkHandler, violated violation: LinkViolation) {
        link.close(violation.close)
        fail(.wire(address, violation.diagnosis.isEmpty ? violation.close.text : "it sent \(violation.diagnosis)"))
    }

    func link(_ link: LinkHandler, ended end: LinkEnd) {
        if case .tls(let text) = end { fail(.tls(address, text)) } else { fail(.lost(address, end)) }
    }

    /// Written at the end of the loop's turn, so that calls made in one turn share segments.
    func linkHasOutput(_ link: LinkHandler) { channel.eventLoop.assumeIsolated().execute { link.flush() } }

    func linkDrained(_ link: LinkHandler) {}

    // MARK: Heartbeat

    private func startHeartbeat(_ own: Hello) {
        scheduleBeat(
            in: .milliseconds(Int64(own.heartbeatInterval)), misses: Int(own.heartbeatDeadline / max(own.heartbeatInterval, 1)))
    }

    private func scheduleBeat(in interval: TimeAmount, misses: Int) {
        heartbeatTask = channel.eventLoop.assumeIsolated().scheduleTask(in: interval) {
            self.beat(misses: misses)
            guard case .ready = self.state else { return }
            self.scheduleBeat(in: interval, misses: misses)
        }
    }

    private func beat(misses: Int) {
        guard let link = link.value, let number = silence.tick() else { return }
        guard silence.ticks <= misses else {
            fail(
                .timedOut(
                    address,
                    activity: calls.isEmpty ? "idle" : "\(calls.count) call\(calls.count == 1 ? " was" : "s were") in progress"))
            return link.drop()
        }
        link.send(.ping(Ping(number: number, clock: WallClock.milliseconds(), received: link.receivedSequences)))
    }
}

extension ClientError {
    static let cancelled = ClientError.failed(code: .cancelled, text: "the call was given up by the caller")
}
