internal import Glibc

extension RecordingProxy {
    /// A client that waits for its target.
    struct Dial {
        var client: Relay.Side
        let clientAddress: SocketAddress
        let deadline: ContinuousClock.Instant
        /// Of the target's addresses, the one that is tried after this.
        var next = 0
        var target: Socket?
        /// Why the last address failed.
        var code = ECONNREFUSED
    }

    /// Takes in who waits, as long as there is room.
    func accept() {
        while mayAccept {
            guard connections < configuration.connectionLimit else {
                if !isFull { notice(.full(limit: configuration.connectionLimit)) }
                isFull = true
                return
            }
            isFull = false
            switch listener.accept() {
            case .success(let (socket, address)): welcome(socket, from: address)
            case .failure(let code): acceptFailed(code.value)
            }
        }
    }

    private func acceptFailed(_ code: Int32) {
        switch code {
        case EAGAIN: mayAccept = false
        // A client that went away while it waited (accept(2) lists these), or a signal: the next one, please.
        case EINTR, ECONNABORTED, EPROTO, ENETDOWN, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH, EAFNOSUPPORT: break
        default:
            notice(.cannotAccept(code: code))
            mayAccept = false
        }
    }

    private func welcome(_ client: Socket, from address: SocketAddress) {
        lastFlow += 1
        let deadline = ContinuousClock.now + configuration.dialTime
        dials[lastFlow] = Dial(client: Relay.Side(socket: client), clientAddress: address, deadline: deadline)
        if changes.add(client.descriptor, token: Self.token(lastFlow, .forward)) {
            dialNext(lastFlow)
        } else {
            giveUp(lastFlow, code: errno)
        }
    }

    private func dialNext(_ flow: Int) {
        while let dial = dials[flow], dial.next < targets.count {
            dials[flow]?.next += 1
            switch Socket.dialling(targets[dial.next]) {
            case .success(let socket):
                dials[flow]?.target = socket
                if changes.add(socket.descriptor, token: Self.token(flow, .backward)) { return }
                dials[flow]?.code = errno
                socket.close()
                dials[flow]?.target = nil
            case .failure(let code):
                dials[flow]?.code = code.value
            }
        }
        if let dial = dials[flow] { giveUp(flow, code: dial.code) }
    }

    /// A socket changed while its connection is on the way.
    func handle(_ change: Change, _ direction: Direction, ofDial flow: Int) {
        guard var dial = dials[flow] else { return }
        guard direction == .backward, let target = dial.target else {
            dial.client.isReadable = dial.client.isReadable || change.isReadable
            dial.client.isWritable = dial.client.isWritable || change.isWritable
            dials[flow] = dial
            // We closed nothing, so it is not over but reset.
            return change.isEnd ? abandon(flow) : ()
        }
        let code = target.error
        guard code == 0 else {
            target.close()
            dials[flow]?.target = nil
            dials[flow]?.code = code
            return dialNext(flow)
        }
        guard change.isWritable else { return }
        dials[flow] = nil
        let side = Relay.Side(socket: target, isReadable: change.isReadable, isWritable: true)
        let ends = (dial.clientAddress.endpoint, targets[dial.next - 1].endpoint)
        connect(Flow(number: flow, first: ends.0, second: ends.1, isFromStart: true), client: dial.client, target: side)
    }

    /// The client has gone. Should the target have accepted by now, it is told.
    func abandon(_ flow: Int) {
        guard let dial = dials.removeValue(forKey: flow) else { return }
        dial.client.socket.close()
        dial.target?.reset()
        mayAccept = true
    }

    func giveUpLateDials() {
        guard !dials.isEmpty else { return }
        let now = ContinuousClock.now
        for flow in dials.filter({ $0.value.deadline <= now }).keys.sorted() { giveUp(flow, code: ETIMEDOUT) }
    }

    private func giveUp(_ flow: Int, code: Int32) {
        guard let dial = dials.removeValue(forKey: flow) else { return }
        let target = targets[max(0, dial.next - 1)].endpoint
        notice(.targetFailed(client: dial.clientAddress.endpoint, target: target, code: code))
        dial.client.socket.reset()
        dial.target?.close()
        mayAccept = true
    }
}
