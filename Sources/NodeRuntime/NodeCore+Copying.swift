import ClusterModel
import ClusterStateMachine
import LinkTransport
import Logging
import TableStorage
import WireFormat

// The joiner copies the cluster's tables, large ones from several members at once.
extension NodeCore {
    /// Members that are asked beside the one that admitted this node.
    private static let furtherSources = 2
    /// Rows from which on a copy is worth further links.
    private static let rowsForSources: UInt64 = 100_000
    private static let partsWithSources = 16
    /// What another node says of its rows makes room for so many at most.
    private static let rowsReserved: UInt64 = 4 << 20
    private static let partsUnderWay = 2

    /// Opens join links to further members, when there is much to copy (JON-014).
    func dialSources(_ session: JoinSession, _ accept: JoinAccept) {
        guard accept.tables.contains(where: { $0.rows >= Self.rowsForSources }) else { return }
        let asked = links[session.link]?.hello?.node
        let others = accept.members.filter { $0.state == .up && $0.node != asked && $0.node != store.identity.node }
        for member in others.prefix(Self.furtherSources) {
            let id = machine.makeLinkID()
            session.sources[id] = false
            handle(.dialJoin(id, member.address))
        }
    }

    func sourceIsUp(_ id: LinkID, _ session: JoinSession) {
        guard session.sources[id] != nil else { return }
        session.sources[id] = true
        askForParts(session)
    }

    func sourceIsLost(_ id: LinkID, _ session: JoinSession) {
        guard session.sources.removeValue(forKey: id) != nil else { return }
        session.current?.giveUp(id)
        askForParts(session)
    }

    func copyNextTable(_ session: JoinSession) {
        guard let name = session.waiting.popLast() else { return switchGeneration(session) }
        let table = session.generation?.table(named: name)
        let rows = session.accept?.tables.first { $0.table == name }?.rows ?? 0
        // In advance, so that the index never has to move; what is not used is not resident either.
        table?.reserve(rows: Int(clamping: min(rows, Self.rowsReserved)))
        let isSplit = !session.sources.isEmpty && rows >= Self.rowsForSources
        session.current = TableCopy(
            table: name, have: table?.vector ?? VersionVector(), hadRows: table?.privateTracker() != nil,
            parts: isSplit ? Self.partsWithSources : 1)
        askForParts(session)
    }

    private func askForParts(_ session: JoinSession) {
        for id in [session.link] + session.sources.keys.sorted() where id == session.link || session.sources[id] == true {
            while let copy = session.current, let buckets = session.current?.next(on: id, limit: Self.partsUnderWay) {
                let stream = session.makeStream(on: id)
                session.current?.begin(TableCopy.PartID(link: id, stream: stream), buckets)
                let request = SnapRequest(
                    table: copy.table, firstBucket: buckets.lowerBound, lastBucket: buckets.upperBound, have: copy.have)
                links[id]?.handler.send(.snapRequest(request), stream: stream)
            }
        }
    }

    func joinReceived(_ begin: SnapBegin, stream: UInt32, on link: Link) {
        let id = TableCopy.PartID(link: link.id, stream: stream)
        guard let session = joining, let copy = session.current, let part = copy[id] else { return stray("SNAP_BEGIN", id) }
        guard part.begin == nil, begin.table == copy.table else {
            return refuse(link, .unexpectedMessage, "SNAP_BEGIN: snapshot \(stream) has begun, or is of another table")
        }
        session.current?[id]?.begin = begin
        session.current?[id]?.tracker = begin.isComplete && copy.hadRows ? SnapshotTracker() : nil
    }

    func joinReceived(_ chunk: SnapChunk, stream: UInt32, on link: Link) {
        let id = TableCopy.PartID(link: link.id, stream: stream)
        guard let session = joining, let generation = session.generation, let table = session.current?.table,
            var part = session.current?[id], let begin = part.begin
        else { return stray("SNAP_CHUNK", id) }
        guard chunk.number == part.chunks else {
            return refuse(id, session, .snapshotMismatch, "chunk \(chunk.number) came where \(part.chunks) was due")
        }
        // The tracker is large: no second reference to it while it changes.
        session.current?[id]?.tracker = nil
        do {
            let block = try ChunkCodec.unpack(chunk)
            let knowledge = WriterKnowledge(vector: begin.vector, through: .max, ownAcked: .max)
            let applied = try generation.merge(
                table, block: block, knowledge: session.mode == .merge ? knowledge : nil, tracker: &part.tracker
            ).applied
            part.chunks += 1
            part.rows += UInt64(applied.rows)
            part.digest &+= applied.digest
            session.current?[id] = part
            endOfTurnSoon()
        } catch let error as DecodingError {
            refuse(id, session, error.code, "\(error)")
        } catch StorageError.table(.malformed(let error)) {
            refuse(id, session, error.code, "\(error)")
        } catch {
            failJoin(.storageFailed, "the copy could not be stored: \(error)")
        }
    }

    func joinReceived(_ end: SnapEnd, stream: UInt32, on link: Link) {
        let id = TableCopy.PartID(link: link.id, stream: stream)
        guard let session = joining, let generation = session.generation, let copy = session.current, let part = copy[id],
            let begin = part.begin
        else { return stray("SNAP_END", id) }
        guard end == SnapEnd(chunks: part.chunks, rows: part.rows, digest: part.digest) else {
            return refuse(id, session, .snapshotMismatch, "the rows do not have the digest that was announced")
        }
        do throws(StorageError) {
            if begin.isComplete {
                _ = try generation.prune(
                    copy.table, buckets: Int(part.buckets.lowerBound)...Int(part.buckets.upperBound), vector: begin.vector,
                    collected: begin.collected, tracker: part.tracker)
            }
            session.current?.finish(id)
            guard let copy = session.current, copy.isComplete, let vector = copy.vector else { return askForParts(session) }
            try generation.adopt(copy.table, vector)
            session.copied += copy.rows
            session.current = nil
            copyNextTable(session)
        } catch {
            failJoin(.storageFailed, "the copy could not be stored: \(error)")
        }
    }

    func joinReceived(_ cancel: SnapCancel, stream: UInt32, on link: Link) {
        let id = TableCopy.PartID(link: link.id, stream: stream)
        guard let session = joining, session.current?[id] != nil else { return }
        guard session.link == link.id else { return sourceFailed(link.id, session, cancel.text) }
        failJoin(ErrorCode(rawValue: cancel.code) ?? .internalError, "the cluster gave the copy up: \(cancel.text)")
    }

    /// A message of a snapshot that is over is ignored (SNP-018); of one that was not asked for, or has not begun, it is the
    /// member's fault (SNP-029).
    private func stray(_ name: String, _ id: TableCopy.PartID) {
        guard let link = links[id.link], let session = joining else { return }
        guard session.current?[id] != nil || !session.hasAsked(id) else { return }
        refuse(link, .unexpectedMessage, "\(name): snapshot \(id.stream) was not asked for, or has not begun")
    }

    /// A part is given up: the member is told why before the link goes (SNP-005).
    private func refuse(_ id: TableCopy.PartID, _ session: JoinSession, _ code: ErrorCode, _ text: String) {
        let handler = links[id.link]?.handler
        handler?.send(.snapCancel(SnapCancel(code, text: text)), stream: id.stream)
        handler?.flush()
        sourceFailed(id.link, session, text)
    }

    /// What one member sends is damaged: of a further one nothing more is taken, without the first one there is no copy.
    private func sourceFailed(_ id: LinkID, _ session: JoinSession, _ text: String) {
        let table = session.current.map { "\($0.table)" } ?? "?"
        guard session.link != id else {
            return failJoin(.snapshotMismatch, "the copy of table \(table) is damaged: \(text)")
        }
        logger.warning(
            "a copy from one member is given up, others are asked",
            metadata: ["table": "\(table)", "node.name": "\(links[id]?.peerName ?? "?")", "error": "\(text)"])
        closeJoinLink(id)
        sourceIsLost(id, session)
    }
}
