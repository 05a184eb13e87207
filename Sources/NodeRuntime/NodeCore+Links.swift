import ClusterModel
import ClusterStateMachine
import LinkTransport
import Logging
import NIOCore
import NIOPosix
import TableStorage

// Connections: opening, accepting, and what arrives on them.
extension NodeCore {
    func listen() -> EventLoopFuture<Void> {
        let bound = NIOLoopBound(self, eventLoop: loop)
        return ServerBootstrap(group: loop)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                bound.value.accept(channel)
            }
            .bind(host: configuration.listen.host, port: Int(configuration.listen.port))
            .map { channel in bound.value.listener = channel }
            .flatMapErrorThrowing { [listen = configuration.listen] error in
                throw NodeError("cannot listen on \(listen): \(error.errnoText); choose another address with --listen")
            }
    }

    private func accept(_ channel: any Channel) -> EventLoopFuture<Void> {
        let id = machine.makeLinkID()
        let link = makeLink(id, side: .acceptor)
        link.channel = channel
        let configured = SocketOptions.apply(to: channel)
        return channel.eventLoop.makeCompletedFuture {
            try self.install(link, in: channel, dialing: nil)
        }.and(configured).map { [bound = NIOLoopBound(self, eventLoop: loop)] _ in
            bound.value.handle(.accepted(id, from: channel.remoteAddress.map { "\($0)" } ?? "?"))
        }
    }

    func dial(_ id: LinkID, _ address: Address) {
        let link = makeLink(id, side: .dialer)
        let bound = NIOLoopBound((self, link), eventLoop: loop)
        ClientBootstrap(group: loop)
            .connectTimeout(.nanoseconds(machineConfiguration.dial.timeout.nanoseconds))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let (core, link) = bound.value
                    try core.install(link, in: channel, dialing: address.host)
                }.and(SocketOptions.apply(to: channel)).map { _ in }
            }
            .connect(host: address.host, port: Int(address.port))
            .whenComplete { result in
                let (core, link) = bound.value
                switch result {
                case .success(let channel): core.dialed(link, channel)
                case .failure(let error): core.dialFailed(link, error)
                }
            }
    }

    /// From the socket: TLS, the capture, which so sees plain bytes, the link.
    private func install(_ link: Link, in channel: any Channel, dialing host: String?) throws {
        try configuration.tls?.install(in: channel, dialing: host)
        // What leaves and arrives is what the capture shows, faults included.
        if let capture {
            try channel.pipeline.syncOperations.addHandler(capture.recorder(dialer: link.handler.side == .dialer))
        }
        if let mutation = configuration.mutation {
            let isDialer = link.handler.side == .dialer
            try channel.pipeline.syncOperations.addHandler(
                MutationHandler(mutation, keys: configuration.keys, isDialer: isDialer))
        }
        try channel.pipeline.syncOperations.addHandler(link.handler)
    }

    private func dialed(_ link: Link, _ channel: any Channel) {
        guard links[link.id] != nil else { return channel.close(promise: nil) }
        link.channel = channel
        handle(.dialed(link.id))
    }

    private func dialFailed(_ link: Link, _ error: any Error) {
        guard links.removeValue(forKey: link.id) != nil else { return }
        handle(.dialFailed(link.id, DialFailure(error)))
    }

    private func makeLink(_ id: LinkID, side: LinkHandler.Side) -> Link {
        let handler = LinkHandler(side: side, number: id.value, keys: configuration.keys, delegate: self)
        let link = Link(id: id, handler: handler)
        links[id] = link
        return link
    }

    /// The link is no longer ours; its connection may still drain.
    func forget(_ id: LinkID) {
        guard let link = links.removeValue(forKey: id) else { return }
        endWatches(of: id)
        stopServing(link)
    }
}

extension NodeCore: LinkDelegate {
    func link(_ handler: LinkHandler, received preface: Preface) {
        handle(.preface(LinkID(handler.number), preface))
    }

    func link(_ handler: LinkHandler, received auth: Auth, isValid: Bool) {
        handle(.proof(LinkID(handler.number), isValid: isValid, sequence: handler.receivedSequence(on: .control) - 1))
    }

    func link(_ handler: LinkHandler, received message: Message, stream: UInt32) {
        guard let link = links[LinkID(handler.number)] else { return }
        let sequence = handler.receivedSequence(on: message.type.lane) - 1
        switch message {
        case .hello, .close, .probeRequest, .probeReply, .joinRequest, .members:
            handle(.message(link.id, message, sequence: sequence))
        case .ping(let ping):
            handle(.message(link.id, message, sequence: sequence))
            received(ping, on: link)
        case .pong(let pong):
            note(pong, on: link)
            handle(.message(link.id, message, sequence: sequence))
        default:
            if !machine.hears(message.type, on: link.id, at: clock.elapsed) {
                handle(.frameHeard(link.id, message.type, sequence: sequence))
                guard links[link.id] != nil else { return }
            }
            blamed = (link.id, message.type, sequence)
            perform(message, stream: stream, on: link)
            blamed = nil
        }
    }

    private func perform(_ message: Message, stream: UInt32, on link: Link) {
        switch message {
        case .definitions(let definitions): received(definitions, on: link)
        case .joinAccept(let accept): received(accept, on: link)
        case .joinReject(let reject): received(reject, on: link)
        case .operations(let operations): received(operations, on: link)
        case .ack(let ack): received(ack, on: link)
        case .tableState(let state): received(state, on: link)
        case .digestRequest(let request): received(request, on: link)
        case .digests(let digests): received(digests, on: link)
        case .snapRequest(let request): serve(request, stream: stream, on: link)
        case .snapBegin(let begin): received(begin, stream: stream, on: link)
        case .snapChunk(let chunk): received(chunk, stream: stream, on: link)
        case .snapEnd(let end): received(end, stream: stream, on: link)
        case .snapCancel(let cancel): received(cancel, stream: stream, on: link)
        case .call(let call): received(call, stream: stream, on: link)
        case .cancel: cancelCall(stream: stream, on: link)
        case .hello, .auth, .close, .ping, .pong, .credit, .members, .probeRequest, .probeReply, .joinRequest, .reply: break
        }
    }

    func link(_ handler: LinkHandler, skipped header: FrameHeader) {
        counters.framesSkipped += 1
        guard let link = links[LinkID(handler.number)], link.noteSkippedFrame(at: clock.elapsed) else { return }
        let close = Close(
            .flood, offendingType: header.type, offendingSequence: header.sequence,
            text: "more than \(Limits.unknownFramesPerSecond) frames of unknown types in a second")
        self.link(handler, violated: LinkViolation(close: close, diagnosis: ""))
    }

    func link(_ handler: LinkHandler, violated violation: LinkViolation) {
        counters.linkViolations += 1
        let close = violation.close
        handle(
            .wireError(
                LinkID(handler.number), ErrorCode(rawValue: close.code) ?? .malformed, offendingType: close.offendingType,
                offendingSequence: close.offendingSequence,
                text: violation.diagnosis.isEmpty ? close.text : violation.diagnosis))
    }

    func link(_ handler: LinkHandler, ended end: LinkTransport.LinkEnd) {
        let id = LinkID(handler.number)
        guard links[id] != nil else { return }
        forget(id)
        switch end {
        case .finished: handle(.closed(id, .eof))
        case .reset: handle(.closed(id, .reset))
        case .tls: handle(.closed(id, .error("\(end)")))
        case .failed(let text): handle(.closed(id, .error(text)))
        }
    }

    func linkHasOutput(_ handler: LinkHandler) {
        outputs.append(handler)
        endOfTurnSoon()
    }

    func linkDrained(_ handler: LinkHandler) {
        guard let link = links[LinkID(handler.number)] else { return }
        continueServing(link)
        continueStreaming(to: link)
    }
}

extension Link {
    /// - Returns: true when the peer has sent too many of them in this second (LIM-021).
    func noteSkippedFrame(at elapsed: Duration) -> Bool {
        if skipped.second != elapsed.components.seconds { skipped = (elapsed.components.seconds, 0) }
        skipped.count += 1
        return skipped.count > Limits.unknownFramesPerSecond
    }
}

extension DialFailure {
    init(_ error: any Error) {
        if let error = error as? NIOConnectionError, let single = error.connectionErrors.first {
            self.init(single.error)
        } else if let error = error as? IOError, error.errnoCode == ErrorNumbers.connectionRefused {
            self = .refused
        } else if let error = error as? ChannelError, case .connectTimeout = error {
            self = .timedOut
        } else {
            self = .other(error.errnoText)
        }
    }
}
