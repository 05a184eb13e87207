import ClusterModel
import WireFormat

// The node as the joiner of a cluster that the suite plays.
extension Catalogue {
    static let joiningNode: [Case] = asking + switching

    private static func asker(
        _ id: String, also: [String] = [], _ summary: String, isolation: Isolation = .alone,
        _ run: @escaping @Sendable (Trial) async throws -> Void
    ) -> Case { Case(id, also: also, summary, profile: .tables, role: .dialer, isolation: isolation, run: run) }

    private static let asking: [Case] =
        JoinMode.allCases.map { mode in
            asker(
                "JON-001/request-\(mode)", also: ["JON-013"],
                "A node that is to join asks on a join link, with the mode, and closes it with JOINED after a refusal."
            ) { trial in
                let host = try await trial.host()
                let table = try await trial.table(replicas: [trial.target.node])
                let call = try await trial.startJoin(host, mode: mode)
                let link = try await host.accept(.join)
                let request = try await host.expectRequest(on: link)
                try expectEqual(request.mode, mode, "mode")
                try expect(!request.isDryRun, "isDryRun 0", got: "1")
                try expect(!request.tables.contains { $0.table == table && $0.rows > 0 }, "no rows in \(table)", got: "some")
                link.send(.joinReject(JoinReject(.tooManyMembers, text: "there is no room")))
                try await link.expectClose(.joined)
                try expectEqual(try await call.reply().code, ErrorCode.tooManyMembers.rawValue, "the code of the reply")
            }
        } + [
            asker(
                "JON-001/dry-run", also: ["JON-013"], "A dry run is asked for as such, and the link closed with JOINED after it."
            ) {
                trial in
                let host = try await trial.host()
                let table = try await trial.table(replicas: [trial.target.node])
                try await trial.write(table, [.put("a", "1"), .put("b", "2"), .delete("a")])
                let call = try await trial.startJoin(host, mode: .merge, isDryRun: true)
                let link = try await host.accept(.join)
                let request = try await host.expectRequest(on: link)
                try expect(request.isDryRun, "isDryRun 1", got: "0")
                try expectEqual(request.tables.first { $0.table == table }?.rows, 1, "live rows of \(table)")
                try expect(request.tables == request.tables.sorted { $0.table < $1.table }, "tables in order", got: "disorder")
                let cluster = try await trial.nodeInfo().cluster
                link.send(.joinAccept(try await host.acceptance()))
                try await link.expectClose(.joined)
                guard case .joined(let result) = try await call.reply().result else {
                    throw CaseFailure("a reply of the kind joined", got: "another")
                }
                try expect(result.isDryRun, "isDryRun 1 in the reply", got: "0")
                try expectEqual(try await trial.nodeInfo().cluster, cluster, "the cluster after a dry run")
                try expectEqual(try await trial.texts(table, "b"), ["b=2"], "the rows after a dry run")
            },
            asker("JON-001/unknown-code", also: ["ERR-003"], "A refusal with a code that nobody registered ends the join.") {
                trial in
                let host = try await trial.host()
                let call = try await trial.startJoin(host)
                let link = try await host.acceptJoin()
                var reject = JoinReject(.busy, text: "from a later version")
                reject.code = 0x7777
                link.send(.joinReject(reject))
                try await link.expectClose(.joined)
                let reply = try await call.reply()
                try expect(reply.code != 0, "a failure", got: reply.report)
            },
            asker(
                "JON-013/failure", also: ["SNP-018"], "A node whose join fails while it copies closes the join link with JOINED.",
                isolation: .alone
            ) { trial in
                let host = try await trial.host()
                let cluster = try await trial.nodeInfo().cluster
                let call = try await trial.startJoin(host, mode: .replace)
                let link = try await host.acceptJoin()
                let definition = host.definition("copied")
                link.send(.joinAccept(try await host.acceptance([definition])))
                let (_, stream) = try await link.expectSnapRequest(definition.name)
                link.send(.snapCancel(SnapCancel(.internalError, text: "no copy from here")), stream: stream)
                try await link.expectClose(.joined)
                try expect(try await call.reply().code != 0, "a failure", got: "success")
                try expectEqual(try await trial.nodeInfo().cluster, cluster, "the cluster after a failed join")
            },
            asker(
                "JON-001/accept-cut", also: ["JON-002"],
                "A JOIN_ACCEPT that ends early is malformed, and the node stays what it was."
            ) {
                trial in
                let host = try await trial.host()
                let cluster = try await trial.nodeInfo().cluster
                let call = try await trial.startJoin(host)
                let link = try await host.acceptJoin()
                var frame = OutgoingFrame(.joinAccept(try await host.acceptance()))
                frame.body.removeLast()
                link.send(frame)
                try await link.expectClose(.malformed)
                try expect(try await call.reply().code != 0, "a failure", got: "success")
                try expectEqual(try await trial.nodeInfo().cluster, cluster, "the cluster")
            },
        ]

    private static let switching: [Case] = [
        asker(
            "JON-010/member-link", also: ["JON-013", "MBR-010", "MBR-011"],
            "A joiner that has switched closes with JOINED, and dials as a member of the cluster that is up.", isolation: .alone
        ) {
            trial in
            let host = try await trial.host()
            let member = try await host.admit()
            try expectEqual(member.peerHello?.cluster, host.identity.cluster, "the cluster of HELLO")
            let own = try await member.expectTold(trial.target.node, "of itself") { $0.state == .up }
            try expectEqual(own.joined, host.joined, "joined")
            try expectEqual(try await trial.status().cluster, host.identity.cluster, "the cluster of clusterStatus")
            try await trial.leave(member)
        },
        asker(
            "JON-007/copies", also: ["SNP-001", "JON-010", "TAB-007", "SNP-012"],
            "A joiner copies every table that it will replicate, all buckets of it, for an empty vector.", isolation: .alone
        ) {
            try await copies($0)
        },
        asker(
            "JON-007/not-replicated", also: ["TAB-007"], "A joiner does not copy a table that it will not replicate.",
            isolation: .alone
        ) { trial in
            let host = try await trial.host()
            let member = try await host.admit([host.definition("theirs", replicas: [host.identity.node])]) { link in
                try await link.fence { message in
                    if case .snapRequest(let request) = message { "\(request.table) is not the node's" } else { nil }
                }
            }
            try await trial.leave(member)
        },
        asker(
            "JON-007/merge", also: ["SNP-001"], "A joiner that merges gives the vector of its own rows as have.",
            isolation: .alone
        ) {
            trial in
            let host = try await trial.host()
            let table = try await trial.table()
            try await trial.write(table, [.put("a", "1"), .put("b", "2")])
            let vector = try await trial.info(table).vector
            var definition = try await trial.info(table).definition
            definition.version = host.version
            let call = try await trial.startJoin(host, mode: .merge)
            let link = try await host.acceptJoin()
            link.send(.joinAccept(try await host.acceptance([definition])))
            let (request, stream) = try await link.expectSnapRequest(table)
            try expectEqual(request.have, vector, "have")
            link.send(.snapCancel(SnapCancel(.internalError, text: "seen enough")), stream: stream)
            _ = try await call.reply()
        },
        asker(
            "JON-020/leaves", also: ["MBR-016"], "A node that leaves tells leaving, then left, and closes with LEAVING.",
            isolation: .alone
        ) { trial in
            let host = try await trial.host()
            let member = try await host.admit()
            let call = try await trial.start(.clusterLeave)
            try await member.expectTold(trial.target.node, "of itself that is leaving") { $0.state == .leaving }
            try await member.expectTold(trial.target.node, "of itself that has left") { $0.state == .left }
            try await member.expectClose(.leaving)
            member.connection.finish()
            try expectEqual(try await call.reply().code, 0, "the code of the reply to clusterLeave")
            let cluster = try await trial.nodeInfo().cluster
            try expect(cluster != host.identity.cluster && cluster.value != 0, "a cluster of its own", got: "\(cluster)")
        },
        asker(
            "JON-020/waits", also: ["REP-010"], "A node that leaves waits until its operations are acknowledged.",
            isolation: .alone
        ) {
            try await waits($0)
        },
    ]

    private static func copies(_ trial: Trial) async throws {
        let host = try await trial.host()
        let origin = Member.stranger()
        let definition = host.definition("copied")
        let rows = ["a", "b", "c"].enumerated().map { index, key in
            Row.of(origin, UInt64(index + 1), key, "1", stamp: Stamp(milliseconds: Clock.milliseconds))
        }
        let vector = VersionVector((origin, 3))
        let member = try await host.admit([definition]) { link in
            var covered: Set<UInt16> = []
            while covered.count < Limits.buckets {
                let (request, stream) = try await link.expectSnapRequest(definition.name)
                try expect(request.have.isEmpty, "an empty have", got: "\(request.have.entries.count) entries")
                let part = rows.filter { (request.firstBucket...request.lastBucket).contains(UInt16(TableShape.set.bucket($0))) }
                covered.formUnion(request.firstBucket...request.lastBucket)
                link.serve(SnapBegin(table: definition.name, vector: vector, isComplete: true, rows: 3), part, stream: stream)
            }
        }
        let state = try await member.expect("TABLE_STATE of \(definition.name)") { message, _ in
            if case .tableState(let state) = message, state.table == definition.name { state } else { nil }
        }
        try expectEqual(state.vector, vector, "the vector of the copy")
        try expectEqual(state.rows, 3, "rows of the copy")
        try expectEqual(try await trial.scan(definition.name).map(\.text).sorted(), ["a=1", "b=1", "c=1"], "rows")
        try await trial.leave(member)
        _ = try await trial.client().call(.tableDrop(definition.name))
    }

    private static func waits(_ trial: Trial) async throws {
        let host = try await trial.host()
        let definition = host.definition("kept")
        let member = try await host.admit([definition]) { link in
            let (request, stream) = try await link.expectSnapRequest(definition.name)
            try expectEqual(request.lastBucket - request.firstBucket, 1023, "one request for an empty table")
            link.serve(SnapBegin(table: definition.name, vector: VersionVector(), isComplete: true, rows: 0), [], stream: stream)
        }
        let state = TableState(
            table: definition.name, vector: VersionVector(), digest: 0, rows: 0, streamable: 1, origin: host.origin,
            wantsReply: false)
        member.send(.tableState(state))
        try await trial.write(definition.name, [.put("a", "1")])
        let operations = try await member.expectOperations(definition.name)
        let call = try await trial.start(.clusterLeave)
        try await member.expectTold(trial.target.node, "of itself that is leaving") { $0.state == .leaving }
        try await member.fence { message in
            guard case .members(let members) = message else { return nil }
            let isLeft = members.records.contains { $0.node == trial.target.node && $0.state == .left }
            return isLeft ? "the operation is not acknowledged" : nil
        }
        let last = operations.last
        member.send(.ack(Ack(table: definition.name, origin: operations.origin, received: last, applied: last, durable: last)))
        try await member.expectTold(trial.target.node, "of itself that has left") { $0.state == .left }
        try await member.expectClose(.leaving)
        member.connection.finish()
        try expectEqual(try await call.reply().code, 0, "the code of the reply to clusterLeave")
        _ = try await trial.client().call(.tableDrop(definition.name))
    }
}

extension Host {
    var origin: Origin { Origin(node: identity.node, incarnation: identity.incarnation) }

    /// A version of a definition that the host makes now.
    var version: RowVersion {
        let stamp = Stamp(milliseconds: Clock.milliseconds)
        return RowVersion(stamp: stamp, dot: Dot(origin: origin, sequence: stamp.value))
    }

    /// A table of the host's cluster.
    func definition(_ word: String, replicas: [NodeID] = []) -> TableDefinition {
        TableDefinition(name: Names.table("h-\(word)"), replicas: replicas, version: version)
    }
}

extension Conversation {
    func expectSnapRequest(_ table: TableName) async throws -> (request: SnapRequest, stream: UInt32) {
        try await expect("SNAP_REQUEST for \(table)") { message, header in
            if case .snapRequest(let request) = message, request.table == table { (request, header.stream) } else { nil }
        }
    }

    func expectOperations(_ table: TableName, within time: Duration? = nil) async throws -> Operations {
        try await expect("OPERATIONS of \(table)", within: time) { message, _ in
            if case .operations(let operations) = message, operations.table == table { operations } else { nil }
        }
    }

    /// A whole snapshot in one chunk, or in none.
    func serve(_ begin: SnapBegin, _ rows: [Row], stream: UInt32, shape: TableShape = .set) {
        send(.snapBegin(begin), stream: stream)
        if !rows.isEmpty { sendLong(.snapChunk(Member.chunk(rows)), stream: stream) }
        let digest = rows.reduce(UInt64(0)) { $0 &+ shape.digest($1) }
        send(.snapEnd(SnapEnd(chunks: rows.isEmpty ? 0 : 1, rows: UInt64(rows.count), digest: digest)), stream: stream)
    }
}
