import ClusterModel
import WireFormat

// A played member as the sender of a snapshot.
extension Member {
    /// An origin that nobody knows: what is of it reaches the node only by a snapshot.
    static func stranger() -> Origin { Origin(node: .random(), incarnation: 1) }

    /// The node's next SNAP_REQUEST for a table.
    func expectRequest(_ table: TableName, within time: Duration? = nil) async throws -> (request: SnapRequest, stream: UInt32) {
        try await link.expect("SNAP_REQUEST for \(table)", within: time) { message, header in
            if case .snapRequest(let request) = message, request.table == table { (request, header.stream) } else { nil }
        }
    }

    /// Says that it has more than the node, and waits until the node asks for it.
    func lure(_ table: TableName, _ vector: VersionVector) async throws -> (request: SnapRequest, stream: UInt32) {
        announce(table, vector: vector)
        return try await expectRequest(table)
    }

    func begin(
        _ table: TableName, stream: UInt32, vector: VersionVector, collected: VersionVector = VersionVector(),
        isComplete: Bool = false, rows: UInt64 = 0
    ) {
        let begin = SnapBegin(table: table, vector: vector, collected: collected, isComplete: isComplete, rows: rows)
        link.send(.snapBegin(begin), stream: stream)
    }

    /// - Parameter rows: ascending.
    static func chunk(_ rows: [Row], number: UInt32 = 0, nextBucket: UInt16 = 1024, codec: Codec = .zlib) -> SnapChunk {
        ChunkCodec.chunk(number: number, nextBucket: nextBucket, codec: codec, raw: RowBlock.encode(rows))
    }

    func send(_ chunk: SnapChunk, stream: UInt32) { link.sendLong(.snapChunk(chunk), stream: stream) }

    func end(_ rows: [Row], chunks: UInt32 = 1, stream: UInt32, shape: TableShape = .set) {
        let digest = rows.reduce(UInt64(0)) { $0 &+ shape.digest($1) }
        link.send(.snapEnd(SnapEnd(chunks: chunks, rows: UInt64(rows.count), digest: digest)), stream: stream)
    }

    /// A whole snapshot in one chunk, or in none.
    func serve(
        _ table: TableName, _ rows: [Row], stream: UInt32, vector: VersionVector, collected: VersionVector = VersionVector(),
        isComplete: Bool = false, codec: Codec = .zlib, shape: TableShape = .set
    ) {
        begin(
            table, stream: stream, vector: vector, collected: collected, isComplete: isComplete,
            rows: UInt64(rows.count { !$0.isTombstone }))
        if !rows.isEmpty { send(Self.chunk(rows, codec: codec), stream: stream) }
        end(rows, chunks: rows.isEmpty ? 0 : 1, stream: stream, shape: shape)
    }

    /// Brings rows of others into the node's table by a snapshot, with the vector that covers them.
    func bring(
        _ table: TableName, _ rows: [Row], vector: VersionVector, collected: VersionVector = VersionVector(),
        isComplete: Bool = false, codec: Codec = .zlib, shape: TableShape = .set
    ) async throws {
        let (_, stream) = try await lure(table, vector)
        serve(
            table, rows, stream: stream, vector: vector, collected: collected, isComplete: isComplete, codec: codec, shape: shape)
        try await link.fence()
    }
}

extension Row {
    /// A row of an origin.
    static func of(
        _ origin: Origin, _ sequence: UInt64, _ key: String, _ value: String, stamp: Stamp, isTombstone: Bool = false,
        isOwned: Bool = false
    ) -> Row {
        Row(
            key: Array(key.utf8), owner: isOwned ? origin.node : nil, value: Array(value.utf8), isTombstone: isTombstone,
            version: RowVersion(stamp: stamp, dot: Dot(origin: origin, sequence: sequence)))
    }
}

extension VersionVector {
    /// Of single entries.
    init(_ entries: (Origin, UInt64)...) {
        self.init()
        for (origin, sequence) in entries { raise(origin, to: sequence) }
    }
}
