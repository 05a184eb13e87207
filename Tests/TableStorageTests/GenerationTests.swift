import ClusterModel
import TableStorage
import Testing

@Suite("Generations: joining and leaving")
struct GenerationTests {
    static let cluster = ClusterID(42)

    /// The cluster that is joined: table `t` with two rows of another node.
    private func remote(_ shell: StoreShell) -> Table {
        let stamp = shell.stamp()
        let origin = Origin(node: NodeID(5), incarnation: 1)
        let version = RowVersion(stamp: stamp, dot: Dot(origin: origin, sequence: 1))
        let table = Table(definition: TableDefinition(name: .t, storage: .disc, version: version))
        _ = table.write([Operation(.put, key: Array("c1".utf8), value: [1])], stamp: shell.stamp(), origin: origin)
        _ = table.write([Operation(.put, key: Array("c2".utf8), value: [2])], stamp: shell.stamp(), origin: origin)
        return table
    }

    private func fill(_ generation: Generation, from table: Table) throws {
        var none: SnapshotTracker?
        var scanner = table.deltaScan(buckets: 0...(Limits.buckets - 1), have: VersionVector(), complete: true)
        while let chunk = scanner.next(table) {
            if !chunk.block.isEmpty { try generation.merge(.t, block: chunk.block, tracker: &none) }
        }
        try generation.adopt(.t, table.vector)
    }

    private func prepare(_ shell: StoreShell) throws {
        try shell.define(.t)
        try shell.put(.t, "own", "x")
        try shell.work()
    }

    /// - Returns: what to wait for.
    private func join(_ shell: StoreShell) throws -> LSN {
        let table = remote(shell)
        let next = try shell.store.beginGeneration(
            cluster: Self.cluster, founded: Stamp(7), members: [member(shell.store)], definitions: [table.definition])
        try shell.work()
        try shell.put(.t, "meanwhile", "y")
        try shell.workOnceMore()
        try fill(next, from: table)  // still on its way to the disk when the switch is decided
        return try shell.store.switchGeneration(expecting: [.t: table.digest]).position
    }

    @Test("after a join the new generation is the data and the old one an archive")
    func join() throws {
        let disk = MemoryDisk()
        let shell = try StoreShell(disk)
        try prepare(shell)
        let old = shell.store.data.cluster
        let position = try join(shell)
        #expect(position > shell.store.durable)
        try shell.work()
        #expect(position <= shell.store.durable)
        for store in [shell.store, try StoreShell(disk).store] {
            #expect(store.data.cluster == Self.cluster && store.data.cluster != old)
            #expect(store.data.founded == Stamp(7))
            #expect(store.data.members.map(\.node) == [store.identity.node])
            #expect(store.data.table(named: .t)?.rowCount == 2)
            #expect(store.building == nil)
        }
        #expect(try disk.list("").contains("archive-1"))
        #expect(try disk.list("archive-1").contains("log-1"))
        #expect(try !disk.list("").contains("gen-1"))
    }

    @Test("a crash at any point leaves the complete old or the complete new generation", arguments: CrashTests.Crash.all)
    func crash(_ crash: CrashTests.Crash) throws {
        let whole = MemoryDisk()
        let first = try StoreShell(whole)
        try prepare(first)
        let start = whole.changes
        _ = try join(first)
        try first.work()
        var outcomes: Set<ClusterID> = []
        for change in start...whole.changes {
            let disk = MemoryDisk()
            let shell = try StoreShell(disk)
            try prepare(shell)
            let old = shell.store.data.cluster
            disk.crash(at: change)
            var position: LSN?
            do {
                position = try join(shell)
                try shell.work()
            } catch {}
            let isJoined = position.map { $0 <= shell.store.durable } ?? false
            disk.crash(crash.tearing, keepsNames: crash.keepsNames)
            let reopened = try StoreShell(disk)
            let data = reopened.store.data
            outcomes.insert(data.cluster == old ? .any : data.cluster)
            if data.cluster == old {
                #expect(!isJoined)
                #expect(reopened.value(.t, "own") == "x" && reopened.value(.t, "c1") == nil)
            } else {
                #expect(data.cluster == Self.cluster)
                #expect(data.table(named: .t)?.rowCount == 2 && reopened.value(.t, "own") == nil)
                #expect(data.members.count == 1)
            }
            let names = try disk.list("").filter { $0.hasPrefix("gen-") || $0.hasPrefix("archive-") || $0.hasSuffix(".tmp") }
            #expect(names == (data.cluster == old ? ["gen-1"] : ["archive-1", "gen-2"]))
        }
        #expect(outcomes == [.any, Self.cluster])
    }

    @Test("rows that do not have the expected digest are not switched to")
    func digest() throws {
        let shell = try StoreShell(MemoryDisk())
        try prepare(shell)
        let table = remote(shell)
        let next = try shell.store.beginGeneration(
            cluster: Self.cluster, founded: Stamp(7), members: [], definitions: [table.definition])
        #expect(throws: StorageError.digestMismatch(.t)) { try shell.store.switchGeneration(expecting: [.t: table.digest]) }
        #expect(shell.store.building === next && shell.store.data.number == 1)
        try fill(next, from: table)
        #expect(throws: StorageError.generationBusy) {
            try shell.store.beginGeneration(cluster: Self.cluster, founded: Stamp(7), members: [], definitions: [])
        }
        #expect(try shell.store.switchGeneration(expecting: [.t: table.digest]).archive == 1)
    }

    @Test("a join that is given up leaves nothing, and can be begun again")
    func abandon() throws {
        let disk = MemoryDisk()
        let shell = try StoreShell(disk)
        try prepare(shell)
        for _ in 0..<2 {
            let table = remote(shell)
            let next = try shell.store.beginGeneration(
                cluster: Self.cluster, founded: Stamp(7), members: [], definitions: [table.definition])
            try fill(next, from: table)
            try shell.work()
            shell.store.abandonGeneration()
            try shell.work()
            #expect(try !disk.list("").contains("gen-2"))
        }
        #expect(throws: StorageError.generationBusy) { try shell.store.switchGeneration() }
        _ = try join(shell)
        try shell.work()
        #expect(try StoreShell(disk).store.data.cluster == Self.cluster)
    }

    @Test(
        "after leaving, the data is there in a cluster of its own; a crash leaves one or the other",
        arguments: CrashTests.Crash.all)
    func leave(_ crash: CrashTests.Crash) throws {
        func run(_ disk: MemoryDisk, crashAt change: Int?) throws -> (old: ClusterID, left: Bool) {
            let shell = try StoreShell(disk)
            try prepare(shell)
            var other = member(shell.store)
            other.node = NodeID(3)
            try shell.store.data.setMembers([member(shell.store), other])
            try shell.work()
            if let change { disk.crash(at: change) }
            let old = shell.store.data.cluster
            let position = try shell.store.leave(to: Self.cluster, founded: Stamp(9), members: [member(shell.store)])
            try? shell.work()
            return (old, position <= shell.store.durable)
        }
        let whole = MemoryDisk()
        #expect(try run(whole, crashAt: nil).left)
        var clusters: Set<ClusterID> = []
        for change in (whole.changes - 12)...whole.changes {
            let disk = MemoryDisk()
            let (old, left) = try run(disk, crashAt: change)
            disk.crash(crash.tearing, keepsNames: crash.keepsNames)
            let data = try StoreShell(disk).store.data
            clusters.insert(data.cluster == old ? .any : data.cluster)
            #expect(data.cluster == (left ? Self.cluster : data.cluster))
            #expect(data.cluster == old ? data.members.count == 2 : data.members.allSatisfy { $0.node != NodeID(3) })
            #expect(data.table(named: .t)?.value("own") == "x")
        }
        #expect(clusters == [.any, Self.cluster])
    }

    @Test("a raised incarnation re-dots this life's rows, durably")
    func rebase() throws {
        let disk = MemoryDisk()
        let shell = try StoreShell(disk)
        try prepare(shell)
        let old = shell.store.origin
        let raised = old.incarnation + 8
        let (tables, position) = try shell.store.rebaseIncarnation(to: raised)
        #expect(tables.map(\.table) == [.t])
        #expect(tables.first?.runs.map(\.last) == [1])
        #expect(position > shell.store.durable)
        try shell.work()
        let reopened = try StoreShell(disk)
        #expect(reopened.store.identity.incarnation == raised + 1)
        let table = try #require(reopened.store.data.table(named: .t))
        #expect(table.vector.sequence(of: old) == 0)
        #expect(table.vector.sequence(of: Origin(node: old.node, incarnation: raised)) == 1)
        #expect(table.get(Array("own".utf8).span).first?.version.dot.origin.incarnation == raised)
    }
}

extension StoreShell {
    /// Performs one batch if there is one.
    func workOnceMore() throws { _ = try workOnce() }
}
