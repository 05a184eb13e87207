import ClusterModel
import WireFormat

/// How the rows of a table are placed.
struct TableShape: Sendable {
    var type: TableType = .set
    var merge: MergeRule = .lww

    static let set = TableShape()

    /// The row hash, put together here from its steps (SNP-006).
    func hash(_ row: Row) -> UInt64 {
        var seed: UInt64 = 0
        if type == .bag { seed = XXH64.hash(row.value.span, seed: seed) }
        if merge == .owner { seed = XXH64.hash(Raw.integer(row.version.dot.origin.node.value).span, seed: seed) }
        return XXH64.hash(row.key.span, seed: seed)
    }

    func bucket(_ row: Row) -> Int { Int(hash(row) >> 54) }

    /// DIG-001.
    func digest(_ row: Row) -> UInt64 {
        let origin = row.version.dot.origin
        let bytes =
            Raw.integer(hash(row)) + Raw.integer(row.version.stamp.value) + Raw.integer(origin.node.value)
            + Raw.integer(origin.incarnation) + Raw.integer(row.version.dot.sequence)
        return XXH64.hash(bytes.span)
    }

    /// DIG-002 for each bucket.
    func digests(_ rows: [Row]) -> [UInt64] {
        var buckets = [UInt64](repeating: 0, count: Limits.buckets)
        for row in rows where !row.isTombstone { buckets[bucket(row)] &+= digest(row) }
        return buckets
    }
}

/// A whole snapshot that came from the node.
struct Fetched {
    var begin: SnapBegin
    var chunks: [(chunk: SnapChunk, rows: [Row], rawCount: Int)] = []
    var end = SnapEnd(chunks: 0, rows: 0, digest: 0)

    var rows: [Row] { chunks.flatMap(\.rows) }
    var texts: [String] { rows.map(\.text).sorted() }
}

extension Conversation {
    /// Asks for a snapshot and takes all of it, held to the rules of a sender (SNP-002 to SNP-030).
    func fetch(_ request: SnapRequest, stream: UInt32 = 2, shape: TableShape = .set) async throws -> Fetched {
        send(.snapRequest(request), stream: stream)
        return try await receiveSnapshot(request, stream: stream, shape: shape)
    }

    func expectBegin(_ stream: UInt32) async throws -> SnapBegin {
        try await expect("SNAP_BEGIN") { message, header in
            guard header.stream == stream else { return nil }
            switch message {
            case .snapBegin(let begin): return begin
            case .snapChunk, .snapEnd, .snapCancel: throw CaseFailure("SNAP_BEGIN", got: message.report)
            default: return nil
            }
        }
    }

    func receiveSnapshot(_ request: SnapRequest, stream: UInt32, shape: TableShape = .set) async throws -> Fetched {
        var fetched = Fetched(begin: try await expectBegin(stream))
        try expectEqual(fetched.begin.table, request.table, "the table of SNAP_BEGIN")
        var check = ChunkCheck(request, shape, codecs: ownHello?.codecs ?? [])
        while true {
            let message = try await expect("SNAP_CHUNK or SNAP_END") { message, header in
                header.stream == stream ? message : nil
            }
            switch message {
            case .snapChunk(let chunk):
                fetched.chunks.append(try check.take(chunk))
            case .snapEnd(let end):
                fetched.end = end
                try expectEqual(end.chunks, UInt32(fetched.chunks.count), "chunks of SNAP_END")
                try expectEqual(end.rows, UInt64(fetched.rows.count), "rows of SNAP_END")
                let sum = fetched.rows.reduce(UInt64(0)) { $0 &+ shape.digest($1) }
                try expectEqual(end.digest, sum, "digest of SNAP_END")
                return fetched
            default: throw CaseFailure("SNAP_CHUNK or SNAP_END", got: message.report)
            }
        }
    }

    /// After a CLOSE of the suite's own: what was on its way, and then the end of the node's direction.
    func drain() async throws {
        while true {
            switch try await next() {
            case .ended?: return
            case nil:
                guard end != nil else { throw CaseFailure("the end of the connection", got: endText) }
                return
            case .message(.close(let close), _)?: throw CaseFailure("no CLOSE in answer to CLOSE", got: close.report)
            case .message?, .ignorable?: break
            }
        }
    }

    /// SNAP_CANCEL with a code.
    func expectCancel(_ code: ErrorCode, stream: UInt32) async throws {
        let cancel = try await expect("SNAP_CANCEL(\(code.name))") { message, header -> SnapCancel? in
            guard header.stream == stream else { return nil }
            switch message {
            case .snapCancel(let cancel): return cancel
            case .snapBegin, .snapChunk, .snapEnd: throw CaseFailure("SNAP_CANCEL(\(code.name))", got: message.report)
            default: return nil
            }
        }
        try expectEqual(cancel.code, code.rawValue, "the code of SNAP_CANCEL")
    }
}

/// Holds chunk after chunk to the rules.
private struct ChunkCheck {
    let request: SnapRequest
    let shape: TableShape
    let codecs: [UInt16]
    private var number: UInt32 = 0
    private var nextBucket: UInt16

    init(_ request: SnapRequest, _ shape: TableShape, codecs: [UInt16]) {
        self.request = request
        self.shape = shape
        self.codecs = codecs
        nextBucket = request.firstBucket
    }

    mutating func take(_ chunk: SnapChunk) throws -> (SnapChunk, [Row], Int) {
        try expectEqual(chunk.number, number, "the number of the chunk (SNP-015)")
        try expect(codecs.contains(chunk.codec.rawValue), "a codec of the suite's HELLO (SNP-020)", got: "\(chunk.codec)")
        try expect(
            (nextBucket...request.lastBucket + 1).contains(chunk.nextBucket)
                || number == 0 && chunk.nextBucket <= request.lastBucket + 1,
            "a nextBucket that does not fall or leave the range (SNP-016)", got: "\(chunk.nextBucket) after \(nextBucket)")
        let (rows, count) = try unpack(chunk)
        let allowed =
            max(
                Int(nextBucket), Int(request.firstBucket))...max(
                Int(nextBucket), min(Int(chunk.nextBucket), Int(request.lastBucket)))
        for row in rows {
            try expect(
                allowed.contains(shape.bucket(row)), "rows of the buckets \(allowed) in chunk \(number) (SNP-027)",
                got: "\(row.text.prefix(40)) of bucket \(shape.bucket(row))")
        }
        try expect(count <= Limits.chunkRaw || rows.count == 1, "a row block within 262144 bytes (SNP-021)", got: "\(count)")
        number += 1
        nextBucket = chunk.nextBucket
        return (chunk, rows, count)
    }

    private func unpack(_ chunk: SnapChunk) throws -> ([Row], Int) {
        do throws(DecodingError) {
            let raw = try ChunkCodec.unpack(chunk)
            let rows = try RowBlock.rows(raw.span)
            return (rows, raw.count)
        } catch {
            throw CaseFailure("a chunk that unpacks to a canonical row block (SNP-022, SNP-030)", got: "\(error)")
        }
    }
}
