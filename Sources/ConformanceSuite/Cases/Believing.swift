import ClusterModel
import LinkTransport
import WireFormat

// What a node believes of a peer before and after its proof (LNK-026, LNK-038), and codecs that it has to know (LNK-013).
extension Catalogue {
    static let believing: [Case] = [
        memberDialer("LNK-026/silence", "Behind the acceptor's proof a dialer says nothing before the acceptor's first frame.") {
            _, member, link in
            try await link.accept(member.identity)
            if let heard = try await link.next(within: .milliseconds(300)) {
                throw CaseFailure("silence before the acceptor's first frame", got: "\(heard)")
            }
            try await link.takeAsMember(member)
        },
        memberDialer("LNK-038/removed", "CLOSE(REMOVED) from an acceptor that has not proved itself changes nothing.") {
            trial, member, link in
            let before = try await trial.cluster()
            try await link.greet(member.identity)
            try await link.expectProof()
            link.send(.close(Close(.removed, detail: .max)))
            try await link.expectEnd()
            let after = try await trial.cluster()
            guard before == after else { throw CaseFailure("the cluster \(before)", got: "\(after)") }
            _ = try await trial.again(member)
        },
        memberDialer("LNK-038/stale", "CLOSE(STALE_INCARNATION) from an acceptor that has not proved itself changes nothing.") {
            trial, member, link in
            try await link.greet(member.identity)
            try await link.expectProof()
            link.send(.close(Close(.staleIncarnation, detail: trial.target.incarnation + 1000)))
            try await link.expectEnd()
            guard let hello = try await trial.link().peerHello, hello.incarnation == trial.target.incarnation else {
                throw CaseFailure("the incarnation as before", got: "another")
            }
        },
        unpacks(.none), unpacks(.zlib),
    ]

    private static func unpacks(_ codec: Codec) -> Case {
        Case(
            "LNK-013/unpacks-\(codec)", "The node unpacks a snapshot chunk of the codec \(codec).", profile: .tables,
            isolation: .membership
        ) { trial in
            let table = try await trial.table()
            let member = try await trial.member()
            // An origin of this run alone: the node remembers what it had of a table of this name.
            let origin = Origin(node: .random(), incarnation: 1)
            let stream = try await trial.requested(table, of: member, origin: origin)
            let version = RowVersion(stamp: member.stamp(), dot: Dot(origin: origin, sequence: 1))
            let row = Row(key: [1], value: Array(repeating: 6, count: 500), version: version)
            try await serve(row, table, codec, member, stream)
            let client = try await trial.client()
            let deadline = ContinuousClock.now + trial.timing.reaction
            while ContinuousClock.now < deadline {
                guard case .rows(let page) = try await client.succeed(.rowGet(table: table, key: [1])) else { continue }
                if page.rows.map(\.value) == [row.value] { return }
            }
            throw CaseFailure("the row of the snapshot", got: "no row")
        }
    }

    private static func serve(
        _ row: Row, _ table: TableName, _ codec: Codec, _ member: Member, _ stream: UInt32
    ) async throws {
        var vector = VersionVector()
        vector.raise(row.version.dot.origin, to: row.version.dot.sequence)
        let raw = RowBlock.encode([row])
        let chunk = ChunkCodec.chunk(number: 0, nextBucket: UInt16(Limits.buckets), codec: codec, raw: raw)
        member.link.send(.snapBegin(SnapBegin(table: table, vector: vector, isComplete: true, rows: 1)), stream: stream)
        member.link.send(.snapChunk(chunk), stream: stream)
        member.link.send(.snapEnd(SnapEnd(chunks: 1, rows: 1, digest: digest(of: row))), stream: stream)
        try await member.link.fence()
    }

    /// DIG-001 of a row of a `set` table.
    private static func digest(of row: Row) -> UInt64 {
        var bytes: [UInt8] = []
        func append<T: FixedWidthInteger>(_ value: T) {
            for shift in stride(from: T.bitWidth - 8, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: value >> T(shift)))
            }
        }
        append(XXH64.hash(row.key.span))
        append(row.version.stamp.value)
        append(row.version.dot.origin.node.value)
        append(row.version.dot.origin.incarnation)
        append(row.version.dot.sequence)
        return XXH64.hash(bytes.span)
    }
}
