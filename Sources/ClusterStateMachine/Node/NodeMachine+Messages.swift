import ClusterModel

extension NodeMachine {
    mutating func receive(_ message: Message, _ sequence: UInt64, on id: LinkID) {
        switch message {
        case .hello(let hello):
            if blocked.contains(hello.node) {
                feed(id, .cut)
            } else {
                feed(id, .hello(hello, sequence: sequence))
            }
        case .auth:
            preconditionFailure("AUTH is handed in as `proof`: the machine cannot compute a MAC")
        case .close(let close):
            feed(id, .close(close))
        case .ping, .pong, .credit, .members, .probeRequest, .probeReply, .definitions, .joinRequest, .joinAccept, .joinReject,
            .operations, .ack, .tableState, .digestRequest, .digests, .snapRequest, .call, .reply, .cancel, .snapBegin,
            .snapChunk, .snapEnd, .snapCancel:
            if heard(message.type, sequence, on: id) { act(on: message, sequence, id) }
        }
    }

    /// A frame other than HELLO, AUTH and CLOSE came.
    /// - Returns: whether it belongs on the link and the link is usable.
    mutating func heard(_ type: MessageType, _ sequence: UInt64, on id: LinkID) -> Bool {
        if links[id]?.isEstablished == false { feed(id, .frame(type, sequence: sequence)) }
        guard let link = links[id], link.isEstablished, let purpose = link.purpose else { return false }
        guard links[id]?.hear(type, at: now.elapsed) == true else {
            feed(id, .end(.unexpected(type, sequence, "\(type.name) does not belong on this link")))
            return false
        }
        if !probes.isEmpty, purpose == .member, let node = link.state.hello?.node { answerProbes(of: node, isReachable: true) }
        return true
    }

    private mutating func act(on message: Message, _ sequence: UInt64, _ id: LinkID) {
        guard let link = links[id], let hello = link.state.hello else { return }
        switch message {
        case .ping(let ping):
            actions.append(.send(id, .pong(Pong(number: ping.number, echo: ping.clock, clock: now.wall))))
            if link.purpose == .member { compareViews(hello.node, ping.viewHash, on: id) }
        case .pong(let pong):
            receive(pong, sequence, from: hello.node, on: id)
        case .members(let members):
            for record in members.records { receive(record, from: hello.node) }
        case .probeRequest(let request):
            answer(request, askedOn: id)
        case .probeReply(let reply):
            receive(reply, from: hello.node)
        case .joinRequest(let request):
            if let reject = membership.joinRejection(request, hello) {
                actions.append(.send(id, .joinReject(reject)))
            } else {
                actions.append(.joinRequested(id, request, hello))
            }
        case .hello, .auth, .close, .credit, .definitions, .joinAccept, .joinReject, .operations, .ack, .tableState,
            .digestRequest, .digests, .snapRequest, .call, .reply, .cancel, .snapBegin, .snapChunk, .snapEnd, .snapCancel:
            break  // the shell's own
        }
    }

    private mutating func receive(_ pong: Pong, _ sequence: UInt64, from node: NodeID, on id: LinkID) {
        guard links[id]?.heartbeat?.pong(pong, at: now) == true else {
            feed(id, .end(.unexpected(.pong, sequence, "PONG \(pong.number) answers no PING")))
            return
        }
        let offset = links[id]?.heartbeat?.clockOffset ?? 0
        if offset.magnitude > UInt64(Limits.clockSkew.milliseconds), pong.number % 64 == 0 {
            actions.append(.report(.clockOffset(node, offset)))
        }
    }

    /// Anti-entropy (HRT-012): two PINGs in a row whose view is not ours; a change that is on its way shows up in one only.
    private mutating func compareViews(_ node: NodeID, _ hash: UInt64, on id: LinkID) {
        guard let viewHash, hash != viewHash else {
            peers[node]?.viewMismatches = 0
            return
        }
        peers[node]?.viewMismatches += 1
        guard let peer = peers[node], peer.viewMismatches >= 2 else { return }
        if let last = peer.lastViewSync, now.elapsed - last < .seconds(1) { return }
        peers[node]?.lastViewSync = now.elapsed
        actions += [.send(id, .members(Members(membership.records))), .resendDefinitions(id)]
    }
}
