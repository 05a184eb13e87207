import ClusterModel
import ClusterStateMachine
import LinkTransport
import NIOCore
import TableStorage
import WireFormat

// Carries out what `Replication` decides: reads and writes tables, sends messages.
extension NodeCore {
    func run(_ actions: [ReplicationAction]) {
        guard !actions.isEmpty else { return }
        guard !isRunningActions else { return waitingActions.append(contentsOf: actions) }
        isRunningActions = true
        for action in actions { perform(action) }
        while let action = waitingActions.popFirst() { perform(action) }
        isRunningActions = false
        endOfTurnSoon()
    }

    private func perform(_ action: ReplicationAction) {
        switch action {
        case .sendState(let peer, let table, let wantsReply): sendState(table, wantsReply: wantsReply, to: peer)
        case .stream(let peer, let table, let from): stream(table, from: from, to: peer)
        case .sendDigests(let peer, let table): sendDigests(table, to: peer)
        case .send(let message, let peer, let stream): memberLink(peer)?.handler.send(message, stream: stream)
        case .serve(let peer, let stream, let request): memberLink(peer).map { startServing(request, stream: stream, on: $0) }
        case .stopServing(let peer, let stream): memberLink(peer)?.serving.removeValue(forKey: stream)
        case .settle(let settlement): settle(settlement)
        case .adopt(let table, let vector): adopt(vector, table)
        case .complete(let outcome): complete(outcome)
        case .close(let peer, let code, let text): closeLink(to: peer, code, text)
        }
    }

    func memberLink(_ peer: NodeID) -> Link? {
        machine.link(to: peer).flatMap { links[$0] }
    }

    private func closeLink(to peer: NodeID, _ code: ErrorCode, _ text: String) {
        guard let link = memberLink(peer) else { return }
        refuse(link, code, text)
    }

    /// Closes any link for what its peer has just sent.
    func refuse(_ link: Link, _ code: ErrorCode, _ text: String) {
        let blamed = blamed?.link == link.id ? blamed : nil
        handle(
            .wireError(
                link.id, code, offendingType: blamed?.type.rawValue ?? 0, offendingSequence: blamed?.sequence ?? 0, text: text))
    }

    // MARK: Links

    func linkUp(_ id: LinkID, _ node: NodeID) {
        guard let link = links[id], let hello = link.hello else { return }
        link.member = node
        sendDefinitions(to: id)
        run(replication.linkUp(Origin(node: node, incarnation: hello.incarnation), elapsed: clock.elapsed))
    }

    func linkDown(_ node: NodeID, _ reason: LinkDownReason) {
        // Snapshots that were coming are settled, and only then forgotten: what has come whole of them counts (SNP-019).
        run(replication.linkDown(node, elapsed: clock.elapsed))
    }

    // MARK: Catalogue

    func sendDefinitions(to id: LinkID) {
        links[id]?.handler.send(.definitions(Definitions(data.definitions)))
    }

    func received(_ definitions: Definitions, on link: Link) {
        guard link.member != nil else { return }
        if let refusal = Self.refusal(of: definitions.definitions) { return refuse(link, .malformed, "DEFINITIONS: \(refusal)") }
        for definition in definitions.definitions { define(definition) }
    }

    /// Only the definition in a call may lack a version.
    static func refusal(of definitions: [TableDefinition]) -> String? {
        definitions.first { $0.version.dot.sequence == 0 }.map { "the version of \($0.name) has sequence 0" }
    }

    /// Merges a definition into the catalogue, and tells the others when it changed anything (TAB-008, TAB-009).
    func define(_ definition: TableDefinition) {
        guard let defined = attempt({ () throws(StorageError) in try data.define(definition) }), defined.isChanged else { return }
        let merged = defined.definition
        observe(merged)
        for link in links.values where link.member != nil {
            link.handler.send(.definitions(Definitions([merged])))
        }
        configureTable(merged.name)
        if let table = localTable(merged.name) { run(replication.define(table, elapsed: clock.elapsed)) }
        viewChanged()
    }

    /// A definition's stamps are seen like those of rows, its floor above all: what is written at or below it is lost everywhere
    /// but here (VER-004, TAB-011).
    func observe(_ definition: TableDefinition) {
        hybridClock.observe(max(definition.version.stamp, definition.floor))
    }

    /// The stamps of rows that came (VER-004).
    func observeRows(of name: TableName) {
        guard let table = data.table(named: name) else { return }
        hybridClock.observe(table.latestStamp)
    }

    /// Rows of owners that are down are hidden, those of earlier lives are gone (MRG-012, MRG-013).
    func configureTable(_ name: TableName) {
        guard let table = data.table(named: name), table.definition.merge == .owner else { return }
        var hidden: Set<NodeID> = []
        for record in machine.members {
            if record.state == .down || record.state.isGone { hidden.insert(record.node) }
            let firstValid = record.state.isGone ? .max : record.incarnation
            _ = attempt { () throws(StorageError) in try data.purge(owner: record.node, below: firstValid) }
        }
        table.hiddenOwners = hidden
    }

    // MARK: Facts

    func localTable(_ name: TableName) -> LocalTable? {
        guard let definition = data.definition(named: name) else { return nil }
        let table = data.table(named: name)
        let vector = table?.vector ?? VersionVector()
        return LocalTable(
            definition: definition, vector: vector, vectorHash: vector.hash64, digest: table?.digest ?? 0,
            rows: UInt64(table?.rowCount ?? 0), streamable: table?.streamable(store.origin) ?? 1,
            last: vector.sequence(of: store.origin))
    }

    func vectorHashes(for peer: NodeID) -> [Ping.TableHash] {
        let shared = replication.sharedTables(peer)
        guard !shared.isEmpty else { return [] }
        let start = shared.count > 128 ? Int(counters.pongs) * 128 % shared.count : 0
        let turn = (shared[start...] + shared[..<start]).prefix(128)
        return turn.sorted().compactMap { name in
            data.table(named: name).map { Ping.TableHash(table: name, vectorHash: $0.vector.hash64) }
        }
    }

    func received(_ ping: Ping, on link: Link) {
        guard let peer = link.member else { return }
        run(replication.ping(ping.tables, from: peer, local: localTable, elapsed: clock.elapsed))
    }

    // MARK: Streams

    private func sendState(_ name: TableName, wantsReply: Bool, to peer: NodeID) {
        guard let link = memberLink(peer), let local = localTable(name) else { return }
        flushWrites()
        link.handler.send(
            .tableState(
                TableState(
                    table: name, vector: local.vector, digest: local.digest, rows: local.rows, streamable: local.streamable,
                    origin: store.origin, wantsReply: wantsReply)))
    }

    private func stream(_ name: TableName, from: UInt64, to peer: NodeID) {
        guard let link = memberLink(peer) else { return }
        // What is read below must not be offered a second time when this turn's writes go out (REP-006).
        flushWrites()
        let start = max(from, data.table(named: name)?.streamable(store.origin) ?? from)
        guard let written = data.table(named: name)?.operations(from: start, byteLimit: 1 << 20) else {
            return run(replication.streamed(name, first: start, last: start - 1, bytes: 0, to: peer))
        }
        let body = encoded(name, written.origin, written.first, written.count, written.groups)
        send(body, to: link, peer)
        run(replication.streamed(name, first: written.first, last: written.last, bytes: body.count, to: peer))
    }

    private func encoded(
        _ table: TableName, _ origin: Origin, _ first: UInt64, _ count: UInt32, _ groups: [UInt8]
    ) -> [UInt8] {
        MessageCodec.encode(
            .operations(Operations(table: table, origin: origin, first: first, count: count, groups: groups)))
    }

    /// Acknowledgements that are due go first, so that the peer can tell what we knew when we wrote (MRG-023).
    private func send(_ operations: [UInt8], to link: Link, _ peer: NodeID) {
        sendAcks(to: peer, on: link)
        link.handler.send(type: .operations, body: operations)
    }

    func sendAcks(to peer: NodeID, on link: Link) {
        for ack in replication.takeAcks(peer) { link.handler.send(.ack(ack)) }
    }

    func continueStreaming(to link: Link) {
        guard let peer = link.member else { return }
        run(replication.drained(peer, queued: link.handler.waitingBytes(on: .replication)))
    }

    /// Own operations of this turn go out together: encoded once, one body for all peers (REP-001).
    func flushWrites() {
        guard !turnWrites.isEmpty else { return }
        let writes = turnWrites
        turnWrites.removeAll()
        for (name, write) in writes.sorted(by: { $0.key < $1.key }) {
            let body = encoded(name, write.origin, write.first, UInt32(write.last - write.first + 1), write.groups)
            let peers = replication.wrote(name, first: write.first, last: write.last, bytes: body.count)
            for peer in peers {
                if let link = memberLink(peer) { send(body, to: link, peer) }
            }
            for waiting in write.waiting { beginWait(waiting) }
        }
    }

    // MARK: What peers send

    func received(_ operations: Operations, on link: Link) {
        guard let peer = link.member else { return }
        let verdict = replication.receivedOperations(
            operations.table, origin: operations.origin, first: operations.first, last: operations.last, from: peer,
            have: data.table(named: operations.table)?.vector.sequence(of: operations.origin), elapsed: clock.elapsed)
        switch verdict {
        case .ignore: return
        case .violation(let code, let text): return closeLink(to: peer, code, text)
        case .apply: break
        }
        flushWrites()
        let knowledge = replication.knowledge(of: peer, table: operations.table).map(WriterKnowledge.init)
        let applied = attempt { () throws(StorageError) in
            try data.apply(operations, knowledge: knowledge).applied
        }
        guard let applied else { return }
        counters.operationsApplied += UInt64(applied.changed)
        noteConflicts(applied)
        observeRows(of: operations.table)
        replication.applied(operations.table, last: operations.last, from: peer)
        endOfTurnSoon()
    }

    func received(_ ack: Ack, on link: Link) {
        guard let peer = link.member else { return }
        run(replication.received(ack, from: peer))
    }

    func received(_ state: TableState, on link: Link) {
        guard let peer = link.member else { return }
        run(replication.received(state, from: peer, local: localTable(state.table), elapsed: clock.elapsed))
    }

    func received(_ request: DigestRequest, on link: Link) {
        guard let peer = link.member else { return }
        run(replication.received(request, from: peer))
    }

    private func sendDigests(_ name: TableName, to peer: NodeID) {
        guard let table = data.table(named: name), let link = memberLink(peer) else { return }
        link.handler.send(.digests(Digests(table: name, vector: table.vector, buckets: table.bucketDigests)))
    }

    func received(_ digests: Digests, on link: Link) {
        guard let peer = link.member else { return }
        let own = data.table(named: digests.table)?.bucketDigests ?? []
        run(
            replication.received(
                digests, from: peer, local: localTable(digests.table), buckets: own, elapsed: clock.elapsed))
    }

    func noteConflicts(_ applied: Applied) {
        guard !applied.conflicts.isEmpty else { return }
        counters.conflicts += UInt64(applied.conflicts.count)
    }
}

extension WriterKnowledge {
    init(_ peer: PeerKnowledge) {
        self.init(vector: peer.vector, through: peer.through, ownAcked: peer.ownAcked)
    }
}
