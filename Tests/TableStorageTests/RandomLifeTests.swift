import ClusterModel
import TableStorage
import Testing

/// A node and a peer that do everything a store can be told, in random order, with checkpoints in between. Whatever happened,
/// the node that is started again has the same rows and vectors (DSK-024, DSK-042).
@Suite("Random lives")
struct RandomLifeTests {
    @Test("a restart finds what was there", arguments: 0..<40)
    func restart(_ seed: UInt64) throws {
        let disk = MemoryDisk()
        var life = try Life(disk, seed: seed)
        for _ in 0..<4 {
            for _ in 0..<40 { try life.step() }
            try life.shell.work()
            life = try life.restarted()
        }
    }
}

private struct Life {
    let disk: MemoryDisk
    let shell: StoreShell
    /// The other node's tables.
    var peers: [TableName: Table] = [:]
    var random: TestGenerator

    static let names = ["bag", "own", "set"].compactMap { TableName($0) }
    static let all = 0...(Limits.buckets - 1)
    static let peerNode = NodeID(7)
    var peerOrigin = Origin(node: peerNode, incarnation: 1)

    init(_ disk: MemoryDisk, seed: UInt64) throws {
        self.disk = disk
        random = TestGenerator(state: seed)
        shell = try StoreShell(disk, seed: seed)
        for name in Self.names {
            let type: TableType = name.text == "bag" ? .bag : .set
            let merge: MergeRule = name.text == "own" ? .owner : .lww
            let definition = try shell.define(name, type: type, merge: merge, interval: seed % 2 == 0 ? 0 : 50).definition
            peers[name] = Table(definition: definition)
        }
    }

    private init(_ old: Life, _ shell: StoreShell) {
        disk = old.disk
        self.shell = shell
        peers = old.peers
        random = old.random
        peerOrigin = old.peerOrigin
    }

    // MARK: Steps

    mutating func step() throws {
        let name = Self.names.randomElement(using: &random) ?? .t
        guard let peer = peers[name], let table = shell.store.data.table(named: name) ?? peers[name] else { return }
        shell.now += .milliseconds(20)
        switch Int.random(in: 0..<32, using: &random) {
        case 0..<8: try write(name)
        case 8..<13: try stream(name, peer)
        case 13..<16: _ = peer.write(operations(), stamp: shell.stamp(), origin: peerOrigin)
        case 16..<18: try copy(from: peer, name)
        case 18..<20: try copy(from: table, to: peer)
        case 20: _ = peer.collectTombstones(coveredBy: peer.vector, buckets: Limits.buckets)
        case 21: try shell.store.data.collectTombstones(name, coveredBy: table.vector, buckets: Limits.buckets)
        case 22: try redefine(name)
        case 23: try restartPeer()
        case 24: try rebase()
        case 25: shell.store.startCheckpoint()
        case 26: try shell.work()
        default: _ = try shell.workOnce()
        }
    }

    private mutating func operations() -> [Operation] {
        (0..<Int.random(in: 1...3, using: &random)).map { _ in
            let key = [UInt8.random(in: 0..<12, using: &random)]
            let value = [UInt8.random(in: 0..<3, using: &random)]
            return Operation(Int.random(in: 0..<3, using: &random) == 0 ? .delete : .put, key: key, value: value)
        }
    }

    private mutating func write(_ name: TableName) throws {
        guard shell.store.data.table(named: name) != nil else { return }
        _ = try shell.store.data.write(name, operations(), stamp: shell.stamp())
    }

    /// The peer writes and streams, now and then leaving a gap.
    private mutating func stream(_ name: TableName, _ peer: Table) throws {
        if Int.random(in: 0..<4, using: &random) == 0 { _ = peer.write(operations(), stamp: shell.stamp(), origin: peerOrigin) }
        let run = peer.write(operations(), stamp: shell.stamp(), origin: peerOrigin)
        try shell.store.data.apply(
            Operations(table: name, origin: run.origin, first: run.first, count: run.count, groups: run.groups))
    }

    /// A snapshot from the peer, complete where it must be.
    private func copy(from peer: Table, _ name: TableName) throws {
        let data = shell.store.data
        let have = data.table(named: name)?.vector ?? VersionVector()
        let isComplete = peer.needsCompleteSnapshot(have: have)
        var tracker: SnapshotTracker? = isComplete ? SnapshotTracker() : nil
        var scanner = peer.deltaScan(buckets: Self.all, have: have, complete: isComplete)
        while let chunk = scanner.next(peer) {
            if !chunk.block.isEmpty { try data.merge(name, block: chunk.block, tracker: &tracker) }
        }
        _ = try data.finishSnapshot(
            name, buckets: Self.all, vector: peer.vector, collected: peer.collected, tracker: tracker, adopting: peer.vector)
    }

    private func copy(from table: Table, to peer: Table) throws {
        let isComplete = table.needsCompleteSnapshot(have: peer.vector)
        var tracker: SnapshotTracker? = isComplete ? SnapshotTracker() : nil
        var scanner = table.deltaScan(buckets: Self.all, have: peer.vector, complete: isComplete)
        while let chunk = scanner.next(table) {
            if !chunk.block.isEmpty { _ = try peer.merge(block: chunk.block.span, tracker: &tracker) }
        }
        if let tracker {
            _ = peer.prune(buckets: Self.all, vector: table.vector, collected: table.collected, tracker: tracker)
        }
        peer.adopt(table.vector)
    }

    /// Drops, creates again, changes the type, moves between memory and disk.
    private mutating func redefine(_ name: TableName) throws {
        let exists = shell.store.data.table(named: name) != nil
        let drop = exists && Bool.random(using: &random)
        let type: TableType = drop || Bool.random(using: &random) ? .set : .bag
        let storage: StorageKind = Int.random(in: 0..<4, using: &random) == 0 ? .ram : .disc
        let defined = try shell.define(
            name, type: type, storage: storage, merge: name.text == "own" ? .owner : .lww, exists: !drop)
        peers[name]?.update(defined.definition)
    }

    private mutating func restartPeer() throws {
        let dead = peerOrigin
        peerOrigin.incarnation += 1
        for name in Self.names { _ = peers[name]?.purge(owner: dead.node, below: peerOrigin.incarnation) }
        try shell.store.data.purge(owner: dead.node, below: peerOrigin.incarnation)
        for name in Self.names {
            guard let peer = peers[name], let table = shell.store.data.table(named: name) else { continue }
            guard table.vector.sequence(of: dead) == peer.vector.sequence(of: dead), peer.vector.sequence(of: dead) > 0 else {
                continue
            }
            peer.compact(dead)
            try shell.store.data.compact(name, dead)
        }
    }

    private func rebase() throws {
        let old = shell.store.origin
        try shell.store.rebaseIncarnation(to: shell.store.identity.incarnation + 2)
        for peer in peers.values where peer.vector.sequence(of: old) > 0 {
            // What the peer has of that origin stands: it merely has another dot here now.
            peer.compact(old)
        }
    }

    // MARK: Restart

    func restarted() throws -> Life {
        let before = shell.store
        disk.crash(shell.store.isIdle ? .lost : .kept, keepsNames: false)
        let life = Life(self, try StoreShell(disk))
        let after = life.shell.store
        #expect(after.recovery.cut.isEmpty)
        #expect(after.data.definitions == before.data.definitions)
        for definition in before.data.definitions where definition.storage == .disc {
            guard let old = before.data.table(named: definition.name), let new = after.data.table(named: definition.name) else {
                continue
            }
            _ = old.purge(owner: after.identity.node, below: after.identity.incarnation)
            #expect(new.rowCount == old.rowCount, "\(definition.name)")
            #expect(new.tombstoneCount == old.tombstoneCount, "\(definition.name)")
            #expect(new.digest == old.digest, "\(definition.name)")
            #expect(new.vector == old.vector, "\(definition.name)")
            #expect(new.collected == old.collected, "\(definition.name)")
            #expect(new.pending == old.pending, "\(definition.name)")
        }
        return life
    }
}
