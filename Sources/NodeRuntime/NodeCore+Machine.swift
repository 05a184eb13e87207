import ClusterModel
import ClusterStateMachine
import LinkTransport
import Logging
import NIOCore
import WireFormat

// Hands events to the state machine and performs what it decides, in order.
extension NodeCore {
    /// Performing an action can cause the next event at once; it then waits for its turn.
    func handle(_ event: NodeEvent) {
        waitingEvents.append(event)
        guard !isHandling else { return }
        isHandling = true
        while let next = waitingEvents.popFirst() {
            for action in machine.handle(next, at: moment) { perform(action) }
        }
        isHandling = false
        scheduleTimeout()
        endOfTurnSoon()
    }

    var moment: Moment { Moment(elapsed: clock.elapsed, wall: clock.milliseconds) }

    /// One timer for the machine: set again only when its deadline moved forward.
    private func scheduleTimeout() {
        guard let deadline = machine.nextDeadline, !isStopping else { return }
        if let timer, timer.deadline <= deadline { return }
        timer?.scheduled.cancel()
        let delay = max(.zero, deadline - clock.elapsed)
        let scheduled = loop.assumeIsolated().scheduleTask(in: .nanoseconds(delay.nanoseconds)) {
            self.timer = nil
            self.handle(.timeout)
        }
        timer = (deadline, scheduled)
    }

    private func perform(_ action: NodeAction) {
        switch action {
        case .dial(let id, let address): dial(id, address)
        case .sendPreface(let id, let preface): links[id]?.handler.send(preface)
        case .sendHello(let id, let hello): links[id]?.handler.send(.hello(completed(hello)))
        case .sendProof(let id, _): links[id]?.handler.sendProof()
        case .sendPing(let id, let number): sendPing(number, on: id)
        case .send(let id, let message): links[id]?.handler.send(message)
        case .close(let id, let close): end(id) { $0.close(close) }
        case .drop(let id): end(id) { $0.drop() }
        case .authenticated(let id, let hello): authenticated(id, hello)
        case .linkUp(let id, let node, _): linkUp(id, node)
        case .linkDown(_, let node, let reason): linkDown(node, reason)
        case .joinLinkUp(let id, let hello): joinLinkUp(id, hello)
        case .joinFailed(let id, let reason): joinFailed(id, reason)
        case .joinRequested(let id, let request, let hello): admit(request, hello, on: id)
        case .resendDefinitions(let id): sendDefinitions(to: id)
        case .persistMembers(let records): persist(records)
        case .memberChanged(let old, let new, let isReachable): memberChanged(old, new, isReachable)
        case .raiseIncarnation(let seen): raiseIncarnation(above: seen)
        case .selfRemoved: selfRemoved()
        case .left: left()
        case .report(let report): log(report)
        }
    }

    private func end(_ id: LinkID, _ body: (LinkHandler) -> Void) {
        guard let link = links[id] else { return }
        forget(id)
        body(link.handler)
        if let channel = link.channel { draining.insert(ObjectIdentifier(channel)) }
        link.channel?.closeFuture.whenComplete { [bound = NIOLoopBound((self, link), eventLoop: loop)] _ in
            let (core, link) = bound.value
            if let channel = link.channel { core.draining.remove(ObjectIdentifier(channel)) }
            core.stopIfDrained()
        }
    }

    /// The nonce and the GREASE that every HELLO carries are the shell's, because they are random (LNK-016, EXT-011).
    private func completed(_ hello: Hello) -> Hello {
        var hello = hello
        var random = SystemRandomNumberGenerator()
        hello.nonce = (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
        hello.clock = clock.milliseconds
        hello.features = (hello.features + [Grease.value(Int.random(in: 0..<16, using: &random))]).sorted()
        hello.codecs = (hello.codecs + [Grease.value(Int.random(in: 0..<16, using: &random))]).sorted()
        hello.extensions.append(Extension(type: Grease.value(Int.random(in: 0..<16, using: &random)), value: [0xFA]))
        hello.extensions.sort { $0.type < $1.type }
        return hello
    }

    private func authenticated(_ id: LinkID, _ hello: Hello) {
        guard let link = links[id] else { return }
        link.hello = hello
        link.handler.authenticated(limits: machineConfiguration.hello)
        machineClockObserved(hello)
    }

    /// A peer's clock that is ahead pulls ours along, so that what we write after hearing from it is newer (VER-004).
    private func machineClockObserved(_ hello: Hello) {
        guard hello.role != .client else { return }
        hybridClock.observe(Stamp(milliseconds: hello.clock))
    }

    // MARK: Heartbeats

    private func sendPing(_ number: UInt64, on id: LinkID) {
        guard let link = links[id] else { return }
        let now = clock.elapsed
        link.pings.append((number, now))
        if link.pings.count > 16 { link.pings.removeFirst() }
        let ping = Ping(
            number: number, clock: clock.milliseconds, received: link.handler.receivedSequences, viewHash: viewHash,
            tables: link.member.map(vectorHashes) ?? [])
        link.handler.send(.ping(ping))
    }

    func note(_ pong: Pong, on link: Link) {
        guard let index = link.pings.firstIndex(where: { $0.number == pong.number }) else { return }
        let roundTrip = clock.elapsed - link.pings[index].sent
        link.pings.removeSubrange(...index)
        counters.notePong(roundTrip: UInt64(roundTrip.nanoseconds / 1000), underSnapshot: isCopying(with: link))
    }

    /// Whether a snapshot runs over the link in either direction.
    private func isCopying(with link: Link) -> Bool {
        !link.serving.isEmpty || incoming.contains { $0.value.link == link.id }
    }
}

extension LinkHandler {
    /// Lifts the limits for strangers to what our own HELLO announced.
    func authenticated(limits: ClusterStateMachine.NodeConfiguration.HelloTemplate) {
        authenticated(
            maximumBody: Int(limits.maximumFrameBody), replicationCredit: UInt64(limits.replicationCredit),
            bulkCredit: UInt64(limits.bulkCredit))
    }
}
