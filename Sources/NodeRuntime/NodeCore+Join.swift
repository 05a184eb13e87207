import ClusterModel
import ClusterStateMachine
import LinkTransport
import Logging
import NIOCore
import TableStorage

// The joiner.
extension NodeCore {
    func join(_ address: Address, _ mode: JoinMode, isDryRun: Bool, for caller: Caller) throws(CallFailure) {
        try checkWritable()
        let others = machine.members.filter { $0.node != store.identity.node && !$0.state.isGone }
        guard others.isEmpty else {
            throw CallFailure(
                .alreadyMember,
                "the node is in a cluster with \(others.map { "\($0.name)" }.joined(separator: ", ")); run 'tablewire cluster leave' first"
            )
        }
        let id = machine.makeLinkID()
        joinFailure = nil
        joining = JoinSession(link: id, address: address, mode: mode, isDryRun: isDryRun, caller: caller)
        handle(.dialJoin(id, address))
    }

    /// `--join`: tried until it works, or until the cluster gives a reason that trying again does not change.
    func joinConfigured(attempt: Int = 0) {
        let isAlone = !machine.members.contains { $0.node != store.identity.node && !$0.state.isGone }
        guard !configuration.join.isEmpty, isAlone, joining == nil, !isStopping else { return }
        let address = configuration.join[attempt % configuration.join.count]
        let caller = Caller { reply in
            guard case .failure(let text) = reply.result else { return }
            let cause = self.joinFailure ?? ErrorCode(rawValue: reply.code) ?? .internalError
            let isFinal = [ErrorCode.notEmpty, .nameConflict, .authenticationFailed].contains(cause)
            self.logger.warning(
                "join did not work",
                metadata: ["address": "\(address)", "reason": "\(text)", "again": "\(!isFinal)"])
            guard !isFinal else { return }
            let pause = min(5000, 100 << min(attempt, 6))
            self.loop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(pause))) { self.joinConfigured(attempt: attempt + 1) }
        }
        answer(.clusterJoin(address: address, mode: .refuse, isDryRun: false), to: caller)
    }

    private func ownRows() -> [TableCount] {
        data.definitions.filter(\.exists).compactMap { definition in
            let rows = data.table(named: definition.name)?.rowCount ?? 0
            return rows > 0 ? TableCount(table: definition.name, rows: UInt64(rows)) : nil
        }
    }

    func joinLinkUp(_ id: LinkID, _ hello: Hello) {
        guard let session = joining else { return }
        guard session.link == id else { return sourceIsUp(id, session) }
        links[id]?.handler.send(
            .joinRequest(JoinRequest(mode: session.mode, isDryRun: session.isDryRun, tables: ownRows())))
    }

    func received(_ accept: JoinAccept, on link: Link) {
        guard let session = joining, session.link == link.id, session.accept == nil else { return }
        if let refusal = Self.refusal(of: accept.definitions) { return refuse(link, .malformed, "JOIN_ACCEPT: \(refusal)") }
        session.accept = accept
        guard !session.isDryRun else { return endDryRun(session, accept) }
        logger.info(
            "joining",
            metadata: ["cluster.id": "\(accept.cluster)", "address": "\(session.address)", "tables": "\(accept.tables.count)"])
        do throws(StorageError) {
            let generation = try store.beginGeneration(
                cluster: accept.cluster, founded: accept.joined, members: accept.members, definitions: accept.definitions)
            session.generation = generation
            if session.mode == .merge { session.merged = try bringAlong(to: generation) }
            session.waiting = accept.definitions.filter { $0.exists && $0.isReplica(store.identity.node) }.map(\.name).reversed()
            dialSources(session, accept)
            copyNextTable(session)
        } catch {
            failJoin(.storageFailed, "the copy could not be stored: \(error)")
        }
    }

    private func endDryRun(_ session: JoinSession, _ accept: JoinAccept) {
        joining = nil
        let own = session.mode == .merge ? ownRows().reduce(0) { $0 + $1.rows } : 0
        closeJoinLinks(session)
        session.caller.succeed(
            .joined(
                JoinResult(
                    cluster: accept.cluster, isDryRun: true, copied: accept.tables.reduce(0) { $0 + $1.rows }, merged: own,
                    archive: 0)))
    }

    /// With `--merge` the new generation starts with our own rows, versions and all; the copy then is the same sync by which two
    /// sides of a partition heal (JON-004).
    private func bringAlong(to generation: Generation) throws(StorageError) -> UInt64 {
        var count: UInt64 = 0
        for definition in data.definitions where definition.exists {
            guard let own = data.table(named: definition.name) else { continue }
            _ = try generation.define(definition)
            guard generation.definition(named: definition.name)?.hasSameShape(as: definition) == true else { continue }
            var scanner = own.deltaScan(buckets: 0...Limits.buckets - 1, have: VersionVector(), complete: true)
            var tracker: SnapshotTracker?
            while let chunk = scanner.next(own) {
                guard chunk.rows > 0 else { continue }
                _ = try generation.merge(definition.name, block: chunk.block, knowledge: nil, tracker: &tracker)
            }
            try generation.adopt(definition.name, own.vector)
            count += UInt64(own.rowCount)
        }
        return count
    }

    // MARK: Ending

    /// The one moment that decides: until the manifest names the new generation, a crash boots the old one whole (DSK-050).
    func switchGeneration(_ session: JoinSession) {
        guard let accept = session.accept else { return }
        do throws(StorageError) {
            let archive = try store.switchGeneration().archive
            whenDurable { failure in
                if let failure { return self.failJoin(.storageFailed, "the new generation is not durable: \(failure)") }
                self.joining = nil
                self.closeJoinLinks(session)
                self.becomeMember(of: accept.cluster, accept.members, joined: accept.joined)
                self.logger.info(
                    "joined",
                    metadata: ["cluster.id": "\(accept.cluster)", "rows": "\(session.copied)", "archive": "archive-\(archive)"])
                session.caller.succeed(
                    .joined(
                        JoinResult(
                            cluster: accept.cluster, isDryRun: false, copied: session.copied, merged: session.merged,
                            archive: archive)))
            }
        } catch {
            failJoin(.storageFailed, "the new generation could not be made current: \(error)")
        }
    }

    /// The node goes on with another store: under the same incarnation, with all links made anew.
    func becomeMember(of cluster: ClusterID, _ members: [MemberRecord], joined: Stamp) {
        handle(.becomeMember(cluster, members, joined: joined))
        let tables = data.definitions.compactMap { localTable($0.name) }
        run(replication.renewed(store.origin, tables: tables, elapsed: clock.elapsed))
        beginReplication()
    }

    func received(_ reject: JoinReject, on link: Link) {
        guard let session = joining, session.link == link.id else { return }
        var text = reject.text
        if !reject.tables.isEmpty {
            text += " (" + reject.tables.map { "\($0.table): \($0.rows) rows" }.joined(separator: ", ") + ")"
        }
        failJoin(ErrorCode(rawValue: reject.code) ?? .internalError, text)  // ERR-003
    }

    func joinFailed(_ id: LinkID, _ reason: LinkDownReason) {
        guard let session = joining else { return }
        guard session.link == id else { return sourceIsLost(id, session) }
        switch reason {
        case .closedByPeer(let close), .closedHere(let close):
            let code = ErrorCode(rawValue: close.code) ?? .unreachable
            failJoin(code, "\(session.address): \(close.words)\(Self.remedy(code))")
        case .ended(.error(let text)):
            failJoin(.unreachable, "\(session.address): \(text)")
        default:
            failJoin(.unreachable, "\(session.address) cannot be reached: \(reason.text); is a node running there?")
        }
    }

    /// What to do about a CLOSE that ended a join, behind a semicolon; empty where the command line knows it by the code.
    private static func remedy(_ code: ErrorCode) -> String {
        switch code {
        case .nameConflict: ""
        case .clockSkew: "; set the clocks of both machines"
        case .authenticationFailed: "; start both nodes with the same --secret-file"
        case .selfLink: "; give the address of a node of the cluster to join"
        case .versionUnsupported: "; run versions of tablewire that speak the same protocol"
        default: "; try again, or another node of the cluster"
        }
    }

    /// - Parameter code: one that a REPLY may not have is answered as UNREACHABLE and named in the text (ERR-004).
    func failJoin(_ code: ErrorCode, _ text: String) {
        guard let session = joining else { return }
        joining = nil
        joinFailure = code
        if session.generation != nil, store.building != nil { store.abandonGeneration() }
        closeJoinLinks(session)
        let isNamed = code.fitsReply || text.contains(code.name)
        session.caller.fail(code.fitsReply ? code : .unreachable, isNamed ? text : "\(code.name): \(text)")
        endOfTurnSoon()
    }

    private func closeJoinLinks(_ session: JoinSession) {
        closeJoinLink(session.link)
        for id in session.sources.keys.sorted() { closeJoinLink(id) }
    }

    func closeJoinLink(_ id: LinkID) {
        guard let link = links[id] else { return }
        forget(id)
        link.handler.close(Close(.joined, text: "the join link has done its work"))
        handle(.closed(id, .eof))
    }
}

// The member that is asked.
extension NodeCore {
    func admit(_ request: JoinRequest, _ hello: Hello, on id: LinkID) {
        guard let link = links[id] else { return }
        if let reject = rejection() {
            return link.handler.send(.joinReject(reject))
        }
        for record in machine.members { hybridClock.observe(record.joined) }
        let joined = issueStamp()
        if !request.isDryRun, let address = hello.address {
            handle(
                .admit(
                    MemberRecord(
                        node: hello.node, joined: joined, incarnation: hello.incarnation, state: .joining, name: hello.name,
                        address: address)))
        }
        // The machine takes the record after this event, and has it written: both come before the answer (JON-002, JON-006).
        loop.assumeIsolated().execute { self.accept(joined, on: link) }
    }

    private func accept(_ joined: Stamp, on link: Link) {
        guard links[link.id] != nil else { return }
        let counts = data.definitions.filter(\.exists).map {
            TableCount(table: $0.name, rows: UInt64(data.table(named: $0.name)?.rowCount ?? 0))
        }
        let accept = JoinAccept(
            cluster: data.cluster, joined: joined, members: machine.members, definitions: data.definitions, tables: counts)
        whenDurable { failure in
            guard let failure else { return link.handler.send(.joinAccept(accept)) }
            link.handler.send(.joinReject(JoinReject(.storageFailed, text: "the storage of this node failed: \(failure)")))
        }
    }

    /// What the machine cannot know speaks against a join (JON-003).
    private func rejection() -> JoinReject? {
        if joining != nil || isStopping || !leaving.isEmpty {
            return JoinReject(.busy, text: "this node is itself joining, leaving or stopping; try again")
        }
        if let failure = store.failure { return JoinReject(.storageFailed, text: "the storage of this node failed: \(failure)") }
        return nil
    }
}
