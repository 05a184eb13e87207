import ClusterModel
import ClusterStateMachine

extension SimulatedNode {
    func perform(_ actions: [ReplicationAction], elapsed: Duration) {
        for action in actions { perform(action, elapsed: elapsed) }
    }

    private func perform(_ action: ReplicationAction, elapsed: Duration) {
        switch action {
        case .sendState(let peer, let name, let wantsReply):
            guard let facts = tables[name]?.facts else { return }
            let state = TableState(
                table: name, vector: facts.vector, digest: facts.digest, rows: facts.rows, streamable: facts.streamable,
                origin: origin, wantsReply: wantsReply)
            post(.state(state), to: peer)
        case .stream(let peer, let name, let from): stream(name, from: from, to: peer, elapsed: elapsed)
        case .sendDigests(let peer, let name):
            guard let table = tables[name] else { return }
            post(.digests(Digests(table: name, vector: table.vector, buckets: table.buckets())), to: peer)
        case .send(let message, let peer, let stream): send(message, to: peer, stream: stream)
        case .serve(let peer, let stream, let request): serve(request, to: Incoming(peer: peer, stream: stream))
        case .stopServing(let peer, let stream): serving[Incoming(peer: peer, stream: stream)] = nil
        case .settle(let settlement):
            let stream = Incoming(peer: settlement.peer, stream: settlement.stream)
            tables[settlement.table]?.settle(settlement, sent: sent.removeValue(forKey: stream) ?? [])
        case .adopt(let name, let vector): tables[name]?.adopt(vector)
        case .complete(let outcome): outcomes.append(outcome)
        case .close(_, let code, let text): closed.append("\(code.name): \(text)")
        }
    }

    private func stream(_ name: TableName, from: UInt64, to peer: NodeID, elapsed: Duration) {
        guard let table = tables[name] else { return }
        let writes = Array(table.recent.drop { $0.version.dot.sequence < from }.prefix(Self.readLimit))
        let first = writes.first?.version.dot.sequence ?? from
        let last = writes.last?.version.dot.sequence ?? from - 1
        if !writes.isEmpty {
            for ack in replication.takeAcks(peer) { post(.ack(ack), to: peer) }
            post(.operations(name, origin, writes), to: peer)
        }
        let bytes = writes.count * Self.operationBytes
        perform(replication.streamed(name, first: first, last: last, bytes: bytes, to: peer), elapsed: elapsed)
    }

    private func send(_ message: Message, to peer: NodeID, stream: UInt32) {
        switch message {
        case .snapRequest(let request):
            snapshotRequests.append(request)
            tablesOfStreams[Incoming(peer: peer, stream: stream)] = request.table
            post(.snapRequest(request, stream), to: peer)
        case .snapCancel(let cancel): post(.snapCancel(cancel, stream), to: peer)
        case .digestRequest(let request): post(.digestRequest(request), to: peer)
        default: closed.append("unexpected message to send: \(message.type.name)")
        }
    }

    private func serve(_ request: SnapRequest, to stream: Incoming) {
        guard let table = tables[request.table] else { return }
        let isComplete = table.isComplete(for: request.have)
        serving[stream] = Serving(request: request, isComplete: isComplete, next: Int(request.firstBucket))
        let begin = SnapBegin(table: request.table, vector: table.vector, isComplete: isComplete, rows: table.facts.rows)
        post(.snapBegin(begin, stream.stream), to: stream.peer)
    }

    // MARK: What comes

    func receive(_ message: SimulatedMessage, from peer: NodeID, elapsed: Duration) {
        let tables = tables
        let local: LocalTables = { tables[$0]?.facts }
        switch message {
        case .state(let state):
            perform(replication.received(state, from: peer, local: local(state.table), elapsed: elapsed), elapsed: elapsed)
        case .operations(let name, let origin, let writes): receive(writes, of: origin, name, from: peer, elapsed: elapsed)
        case .ack(let ack): perform(replication.received(ack, from: peer), elapsed: elapsed)
        case .digestRequest(let request): perform(replication.received(request, from: peer), elapsed: elapsed)
        case .digests(let digests):
            let buckets = tables[digests.table]?.buckets() ?? []
            perform(
                replication.received(
                    digests, from: peer, local: local(digests.table), buckets: buckets, elapsed: elapsed), elapsed: elapsed)
        case .ping(let hashes):
            perform(replication.ping(hashes, from: peer, local: local, elapsed: elapsed), elapsed: elapsed)
        case .snapRequest(let request, let stream):
            perform(replication.received(request, stream: stream, from: peer), elapsed: elapsed)
        case .snapBegin(let begin, let stream):
            perform(replication.received(begin, stream: stream, from: peer, elapsed: elapsed), elapsed: elapsed)
        case .snapChunk(let number, let next, let rows, let stream):
            receiveChunk(number, next, rows, stream, from: peer, elapsed: elapsed)
        case .snapEnd(let end, let stream):
            perform(replication.received(end, stream: stream, from: peer, elapsed: elapsed), elapsed: elapsed)
        case .snapCancel(let cancel, let stream):
            perform(replication.received(cancel, stream: stream, from: peer, elapsed: elapsed), elapsed: elapsed)
        }
    }

    private func receive(
        _ writes: [SimulatedTable.Write], of origin: Origin, _ name: TableName, from peer: NodeID, elapsed: Duration
    ) {
        guard let first = writes.first?.version.dot.sequence, let last = writes.last?.version.dot.sequence else { return }
        let have = tables[name]?.vector.sequence(of: origin)
        switch replication.receivedOperations(
            name, origin: origin, first: first, last: last, from: peer, have: have, elapsed: elapsed)
        {
        case .apply:
            for write in writes { clock.observe(write.version.stamp) }
            tables[name]?.apply(writes, origin: origin)
            replication.applied(name, last: last, from: peer)
        case .ignore: break
        case .violation(let code, let text): closed.append("\(code.name): \(text)")
        }
    }

    private func receiveChunk(
        _ number: UInt32, _ next: UInt16, _ rows: [(Int, SimulatedTable.Cell)], _ stream: UInt32, from peer: NodeID,
        elapsed: Duration
    ) {
        let incoming = Incoming(peer: peer, stream: stream)
        guard replication.wants(stream: stream, from: peer), let name = tablesOfStreams[incoming] else { return }
        var digest: UInt64 = 0
        for (key, cell) in rows {
            clock.observe(cell.version.stamp)
            tables[name]?.mergeRow(key, cell)
            sent[incoming, default: []].insert(key)
            digest &+= SimulatedTable.digest(key, cell)
        }
        perform(
            replication.receivedChunk(
                number: number, nextBucket: next, rows: rows.count, digest: digest, stream: stream, from: peer, elapsed: elapsed),
            elapsed: elapsed)
    }
}
