import ClusterModel
import ClusterStateMachine
import LinkTransport
import Logging
import NIOCore
import TableStorage
import WireFormat

/// A snapshot that this node sends.
struct SnapshotServing {
    var table: TableName
    var scanner: DeltaScanner
    var chunks: UInt32 = 0
    var rows: UInt64 = 0
    var digest: UInt64 = 0
    /// Chunks that are being packed: what follows them waits, so that chunks leave in their order.
    var packing = 0
}

/// A snapshot that this node receives over a member link.
final class SnapshotReceiving {
    let table: TableName
    let link: LinkID
    let begin: SnapBegin
    var tracker: SnapshotTracker?

    init(begin: SnapBegin, link: LinkID) {
        table = begin.table
        self.link = link
        self.begin = begin
        tracker = begin.isComplete ? SnapshotTracker() : nil
    }
}

/// Names an incoming snapshot.
struct SnapshotKey: Hashable {
    var peer: NodeID
    var stream: UInt32
}

// Sending.
extension NodeCore {
    /// Chunks wait here only until the lane runs low: memory for one link stays below two chunks.
    private static let servingLowWater = Limits.chunkRaw
    /// One chunk is packed while the next one waits for the thread.
    private static let packedAhead = 2

    func serve(_ request: SnapRequest, stream: UInt32, on link: Link) {
        if let peer = link.member {
            run(replication.received(request, stream: stream, from: peer))
        } else if link.hello?.intent == .join {
            guard link.serving[stream] == nil else {
                return refuse(link, .unexpectedMessage, "SNAP_REQUEST: stream \(stream) is in use")
            }
            startServing(request, stream: stream, on: link)
        }
    }

    func startServing(_ request: SnapRequest, stream: UInt32, on link: Link) {
        guard let table = data.table(named: request.table), table.definition.isReplica(store.identity.node) else {
            return link.handler.send(
                .snapCancel(SnapCancel(.noSuchTable, text: "this node has no table \(request.table)")), stream: stream)
        }
        guard link.serving.count < Limits.snapshotsPerLink else {
            return link.handler.send(
                .snapCancel(SnapCancel(.busy, text: "\(Limits.snapshotsPerLink) snapshots are under way on this link")),
                stream: stream)
        }
        flushWrites()
        let isComplete = table.needsCompleteSnapshot(have: request.have)
        let scanner = table.deltaScan(
            buckets: Int(request.firstBucket)...Int(request.lastBucket), have: request.have, complete: isComplete)
        link.serving[stream] = SnapshotServing(table: request.table, scanner: scanner)
        link.handler.send(
            .snapBegin(
                SnapBegin(
                    table: request.table, vector: table.vector, collected: table.collected, isComplete: isComplete,
                    rows: UInt64(table.rowCount))),
            stream: stream)
        serveSoon(link)
    }

    func stopServing(_ link: Link) {
        guard let peer = link.member else { return link.serving.removeAll() }
        for stream in link.serving.keys.sorted() { replication.served(to: peer, stream: stream) }
        link.serving.removeAll()
    }

    /// One chunk a turn of the loop: heartbeats and calls come in between.
    private func serveSoon(_ link: Link) {
        guard !link.isServingScheduled else { return }
        link.isServingScheduled = true
        loop.assumeIsolated().execute {
            link.isServingScheduled = false
            self.continueServing(link)
        }
    }

    func continueServing(_ link: Link) {
        guard links[link.id] != nil, !link.serving.isEmpty else { return }
        link.codecChoice.sent(
            link.handler.sentBytes(on: .bulk), packingRate: packer.bytesPerSecond, elapsed: clock.elapsed)
        guard link.handler.waitingBytes(on: .bulk) < Self.servingLowWater else { return }
        guard let stream = nextToServe(on: link), link.serving[stream]?.packing ?? 0 < Self.packedAhead else { return }
        sendChunk(of: stream, on: link)
        serveSoon(link)
    }

    /// Tables take turns; of one table the parts come in the order in which they were asked for, so that the first is whole early.
    private func nextToServe(on link: Link) -> UInt32? {
        var first: [TableName: UInt32] = [:]
        for (stream, serving) in link.serving { first[serving.table] = min(first[serving.table] ?? stream, stream) }
        let streams = first.values.sorted()
        return streams.isEmpty ? nil : streams[Int(counters.snapshotRowsSent / 64) % streams.count]
    }

    private func sendChunk(of stream: UInt32, on link: Link) {
        guard var serving = link.serving[stream] else { return }
        guard let table = data.table(named: serving.table) else {
            link.serving[stream] = nil
            if let peer = link.member { replication.served(to: peer, stream: stream) }
            return link.handler.send(
                .snapCancel(SnapCancel(.noSuchTable, text: "the table was dropped")), stream: stream)
        }
        guard let chunk = serving.scanner.next(table) else {
            if serving.packing == 0 { endServing(serving, stream: stream, on: link) }
            return
        }
        if chunk.rows > 0 {
            send(chunk, &serving, stream: stream, on: link)
            serving.chunks += 1
            serving.rows += UInt64(chunk.rows)
            serving.digest &+= chunk.digest
            counters.snapshotRowsSent += UInt64(chunk.rows)
        }
        link.serving[stream] = serving
    }

    /// Packing has a thread of its own; what needs none passes it by, unless a chunk before it is still there.
    private func send(_ chunk: DeltaScanner.Chunk, _ serving: inout SnapshotServing, stream: UInt32, on link: Link) {
        let takesZlib = link.hello?.codecs.contains(Codec.zlib.rawValue) ?? false
        let codec = takesZlib ? link.codecChoice.codec : .none
        let begun = clock.elapsed
        guard codec != .none || serving.packing > 0 else {
            let message = ChunkCodec.chunk(
                number: serving.chunks, nextBucket: UInt16(chunk.nextBucket), codec: codec, raw: chunk.block)
            return send(message, begun: begun, stream: stream, on: link)
        }
        serving.packing += 1
        packer.pack(number: serving.chunks, nextBucket: UInt16(chunk.nextBucket), codec: codec, raw: chunk.block) { message in
            guard link.serving[stream] != nil else { return }
            link.serving[stream]?.packing -= 1
            self.send(message, begun: begun, stream: stream, on: link)
            self.serveSoon(link)
        }
    }

    private func send(_ chunk: SnapChunk, begun: Duration, stream: UInt32, on link: Link) {
        link.handler.send(.snapChunk(chunk), stream: stream)
        let end = link.handler.sentBytes(on: .bulk) + UInt64(link.handler.waitingBytes(on: .bulk))
        link.codecChoice.queued(raw: Int(chunk.rawLength), codec: chunk.codec, begun: begun, end: end)
    }

    private func endServing(_ serving: SnapshotServing, stream: UInt32, on link: Link) {
        link.serving[stream] = nil
        link.handler.send(
            .snapEnd(SnapEnd(chunks: serving.chunks, rows: serving.rows, digest: serving.digest)), stream: stream)
        counters.snapshotsSent += 1
        if let peer = link.member { replication.served(to: peer, stream: stream) }
    }
}

// Receiving from members. (A joiner receives into its new generation: see NodeCore+Join.)
extension NodeCore {
    func received(_ begin: SnapBegin, stream: UInt32, on link: Link) {
        guard let peer = link.member else { return joinReceived(begin, stream: stream, on: link) }
        let key = SnapshotKey(peer: peer, stream: stream)
        if replication.wants(stream: stream, from: peer) { incoming[key] = SnapshotReceiving(begin: begin, link: link.id) }
        run(replication.received(begin, stream: stream, from: peer, elapsed: clock.elapsed))
    }

    func received(_ chunk: SnapChunk, stream: UInt32, on link: Link) {
        guard let peer = link.member else { return joinReceived(chunk, stream: stream, on: link) }
        let key = SnapshotKey(peer: peer, stream: stream)
        guard let snapshot = incoming[key], replication.wants(stream: stream, from: peer) else {
            // Given up here while it was on its way (SNP-018), or the peer's fault (SNP-029).
            return run(
                replication.receivedChunk(
                    number: chunk.number, nextBucket: chunk.nextBucket, rows: 0, digest: 0, stream: stream, from: peer,
                    elapsed: clock.elapsed))
        }
        do throws(DecodingError) {
            let block = try ChunkCodec.unpack(chunk)
            let knowledge = WriterKnowledge(vector: snapshot.begin.vector, through: .max, ownAcked: .max)
            let applied = try merge(block, into: snapshot, knowledge)
            guard let applied else {
                return run(
                    replication.snapshotFailed(
                        stream: stream, from: peer, .storageFailed, text: "the rows could not be stored", elapsed: clock.elapsed))
            }
            noteConflicts(applied)
            observeRows(of: snapshot.table)
            counters.snapshotRowsReceived += UInt64(applied.rows)
            run(
                replication.receivedChunk(
                    number: chunk.number, nextBucket: chunk.nextBucket, rows: applied.rows, digest: applied.digest,
                    stream: stream, from: peer, elapsed: clock.elapsed))
        } catch {
            run(
                replication.snapshotFailed(
                    stream: stream, from: peer, error.code, text: "\(error)", elapsed: clock.elapsed))
        }
    }

    /// - Throws: what is wrong with the block: the peer's fault, not the disk's (SNP-024, MRG-011, LIM-009).
    /// - Returns: nil when this node cannot store it.
    private func merge(
        _ block: [UInt8], into snapshot: SnapshotReceiving, _ knowledge: WriterKnowledge
    ) throws(DecodingError) -> Applied? {
        do throws(StorageError) {
            return try data.merge(snapshot.table, block: block, knowledge: knowledge, tracker: &snapshot.tracker).applied
        } catch {
            if case .table(.malformed(let fault)) = error { throw fault }
            logger.warning("storage refused a change", metadata: ["error": "\(error)"])
            return nil
        }
    }

    func received(_ end: SnapEnd, stream: UInt32, on link: Link) {
        guard let peer = link.member else { return joinReceived(end, stream: stream, on: link) }
        counters.snapshotsReceived += 1
        run(replication.received(end, stream: stream, from: peer, elapsed: clock.elapsed))
    }

    func received(_ cancel: SnapCancel, stream: UInt32, on link: Link) {
        guard let peer = link.member else { return joinReceived(cancel, stream: stream, on: link) }
        run(replication.received(cancel, stream: stream, from: peer, elapsed: clock.elapsed))
    }

    func settle(_ settlement: Settlement) {
        let key = SnapshotKey(peer: settlement.peer, stream: settlement.stream)
        guard let snapshot = incoming.removeValue(forKey: key), let tracker = snapshot.tracker, settlement.isComplete,
            let buckets = settlement.buckets
        else { return }
        _ = attempt { () throws(StorageError) in
            try data.prune(
                settlement.table, buckets: Int(buckets.lowerBound)...Int(buckets.upperBound), vector: settlement.vector,
                collected: snapshot.begin.collected, tracker: tracker)
        }
    }

    func adopt(_ vector: VersionVector, _ name: TableName) {
        _ = attempt { () throws(StorageError) in try data.adopt(name, vector) }
    }
}
