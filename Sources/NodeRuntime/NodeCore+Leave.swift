import ClusterModel
import ClusterStateMachine
import Logging
import NIOCore
import TableStorage

// Leaving, being removed, and finding out that the own past is not what it seemed.
extension NodeCore {
    /// Waits until every linked peer has what was written here, but not for ever.
    func drainForLeaving(until deadline: Duration) {
        guard !leaving.isEmpty else { return }
        let waiting = machine.members.contains { record in
            machine.isReachable(record.node) && replication.behind(record.node) > 0
        }
        guard !waiting || clock.elapsed >= deadline else {
            loop.assumeIsolated().scheduleTask(in: .milliseconds(20)) { self.drainForLeaving(until: deadline) }
            return
        }
        handle(.drained)
    }

    /// The node keeps its data as the only member of a new cluster (MBR-042).
    func left() {
        let callers = leaving
        leaving.removeAll()
        standAlone(keepingRows: true) { archive in
            self.logger.info("left the cluster", metadata: ["cluster.id": "\(self.data.cluster)"])
            for caller in callers { caller.succeed(.done) }
        }
    }

    /// The cluster removed this node: its data is archived, and it goes on empty, as a cluster of its own (MBR-045).
    func selfRemoved() {
        standAlone(keepingRows: false) { archive in
            self.logger.warning(
                "this node was removed from its cluster: its rows are archived, it goes on empty as a cluster of its own",
                metadata: ["archive": "archive-\(archive)", "cluster.id": "\(self.data.cluster)"])
        }
    }

    private func standAlone(keepingRows: Bool, then done: @escaping (UInt64) -> Void) {
        var random = SystemRandomNumberGenerator()
        let cluster = ClusterID(UInt128.random(in: 1 ... .max, using: &random))
        let joined = issueStamp()
        let own = MemberRecord(
            node: store.identity.node, joined: joined, incarnation: store.origin.incarnation, state: .up,
            name: configuration.name, address: configuration.advertise ?? configuration.listen)
        flushWrites()
        beginRenewal()
        do throws(StorageError) {
            if keepingRows {
                try store.leave(to: cluster, founded: joined, members: [own])
                whenDurable { failure in
                    guard failure == nil else { return self.endRenewal() }
                    self.becomeMember(of: cluster, [own], joined: joined)
                    self.endRenewal()
                    done(0)
                }
            } else {
                try store.beginGeneration(cluster: cluster, founded: joined, members: [own], definitions: [])
                let archive = try store.switchGeneration().archive
                whenDurable { failure in
                    guard failure == nil else { return self.endRenewal() }
                    self.becomeMember(of: cluster, [own], joined: joined)
                    self.endRenewal()
                    done(archive)
                }
            }
        } catch {
            endRenewal()
            logger.critical("cannot become a cluster of its own", metadata: ["error": "\(error)"])
        }
    }

    func persist(_ records: [MemberRecord]) {
        _ = attempt { () throws(StorageError) in try data.setMembers(records) }
    }

    /// The data directory is older than what peers have seen of this node: its dots may have been issued before. They are given
    /// again under an incarnation that nobody has seen (MBR-021).
    func raiseIncarnation(above seen: Incarnation) {
        logger.warning(
            "peers have seen a later life of this node: the data directory was restored from an older copy",
            metadata: ["incarnation": "\(store.origin.incarnation)", "seen": "\(seen)"])
        flushWrites()
        beginRenewal()
        let raised = max(seen, store.origin.incarnation) + 1
        guard attempt({ () throws(StorageError) in try store.rebaseIncarnation(to: raised) }) != nil else { return endRenewal() }
        whenDurable { failure in
            guard failure == nil else { return self.endRenewal() }
            self.handle(.incarnationRaised(self.store.origin.incarnation))
            let tables = self.data.definitions.compactMap { self.localTable($0.name) }
            self.run(self.replication.renewed(self.store.origin, tables: tables, elapsed: self.clock.elapsed))
            self.endRenewal()
        }
    }

    /// Between two origins nothing may be written: writes wait until the new one is on disk. Those that wait for replicas
    /// already are in the tables and on the disk; under their old numbers nobody will acknowledge them any more.
    private func beginRenewal() {
        isRenewing = true
        renewedWaits.merge(waits) { _, new in new }
        waits.removeAll()
    }

    private func endRenewal() {
        isRenewing = false
        let isAlone = !machine.members.contains { $0.node != store.identity.node && $0.state.isLive }
        for (id, write) in renewedWaits.sorted(by: { $0.key < $1.key }) {
            let isEnough = store.failure == nil && (write.level == .local || isAlone)
            answer(write, WaitOutcome(id: id, replicas: 1, wanted: isEnough ? 1 : 2, isTimedOut: !isEnough))
        }
        renewedWaits.removeAll()
        let calls = heldCalls
        heldCalls.removeAll()
        for held in calls { answer(held.call, to: held.caller) }
    }
}
