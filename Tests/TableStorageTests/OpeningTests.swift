import ClusterModel
import TableStorage
import Testing

@Suite("Opening a data directory")
struct OpeningTests {
    @Test("an empty directory gets ids, and keeps them while the incarnation rises")
    func identity() throws {
        let disk = MemoryDisk()
        let first = try StoreShell(disk, milliseconds: 7000)
        #expect(first.store.recovery.isNew)
        #expect(first.store.identity.incarnation == 7000)
        #expect(first.store.data.cluster != .any)
        disk.crash(.lost, keepsNames: false)
        let second = try StoreShell(disk, milliseconds: 7000, seed: 99)
        #expect(!second.store.recovery.isNew)
        #expect(second.store.identity.node == first.store.identity.node)
        #expect(second.store.identity.incarnation == 7001, "the clock has not moved: one more")
        #expect(second.store.data.cluster == first.store.data.cluster)
        #expect(second.store.data.founded == first.store.data.founded)
    }

    @Test("another seed gives other ids")
    func randomness() throws {
        let a = try StoreShell(MemoryDisk(), seed: 1).store
        let b = try StoreShell(MemoryDisk(), seed: 2).store
        #expect(a.identity.node != b.identity.node)
        #expect(a.data.cluster != b.data.cluster)
    }

    @Test(
        "a crash at any point of the first start leaves a directory that opens", arguments: MemoryDisk.Tearing.allCases,
        [false, true])
    func firstStart(_ tearing: MemoryDisk.Tearing, _ keepsNames: Bool) throws {
        let whole = MemoryDisk()
        _ = try StoreShell(whole)
        #expect(whole.changes > 20)
        for change in 0..<whole.changes {
            let disk = MemoryDisk()
            disk.crash(at: change)
            #expect(throws: StorageError.disk(MemoryDisk.crashed)) { try StoreShell(disk) }
            disk.crash(tearing, keepsNames: keepsNames)
            #expect(try StoreShell(disk).store.identity.incarnation <= 1_000_001)
        }
    }

    @Test("stamps stay above every earlier one when the system clock was set back")
    func clockBound() throws {
        let disk = MemoryDisk()
        let first = try StoreShell(disk, milliseconds: 50_000_000)
        try first.define(.t, storage: .ram)
        var last = Stamp.zero
        for _ in 0..<3 {
            for _ in 0..<70_000 { last = first.stamp() }  // faster than the clock: the counter runs into the milliseconds
            let position = try first.store.data.write(.t, [Operation(.put, key: [1])], stamp: last).position
            #expect(position <= first.store.durable)
            try first.work()
        }
        disk.crash(.lost, keepsNames: false)
        let second = try StoreShell(disk, milliseconds: 1_000)
        #expect(second.stamp() > last)
    }

    @Test("a stamp beyond the durable bound is not told out before the new bound is durable")
    func clockJump() throws {
        let shell = try StoreShell(MemoryDisk(), milliseconds: 1_000_000)
        try shell.define(.t, storage: .ram)
        try shell.work()
        shell.clock.observe(Stamp(milliseconds: 2_000_000))
        let position = try shell.put(.t, "k", "v")
        #expect(position > shell.store.durable)
        try shell.work()
        #expect(position <= shell.store.durable)
        #expect(try shell.put(.t, "k", "w") == 0)
    }

    @Test("a missing MANIFEST over data is an error, not a new start")
    func missingManifest() throws {
        let disk = MemoryDisk()
        let shell = try StoreShell(disk)
        try shell.define(.t)
        try shell.put(.t, "k", "v")
        try shell.work()
        try disk.remove("MANIFEST")
        #expect(throws: StorageError.corrupt(file: "MANIFEST", offset: 0, reason: .missing)) { try StoreShell(disk) }
    }

    @Test(
        "a damaged small file names itself",
        arguments: ["MANIFEST", "node", "clock", "gen-1/members", "gen-1/catalogue", "gen-1/log-start"])
    func damagedSmallFile(_ name: String) throws {
        let disk = MemoryDisk()
        _ = try StoreShell(disk)
        let size = try #require(disk.bytes(name)).count
        for offset in 0..<size {
            disk.flip(name, at: offset)
            let (file, place) = try #require(corruption(disk), "byte \(offset) of \(name) was flipped unnoticed")
            #expect(file == name)
            #expect(place == (offset < 16 ? 0 : 16))
            disk.flip(name, at: offset)
        }
        disk.edit(name) { $0.removeLast() }
        #expect(throws: StorageError.corrupt(file: name, offset: 16, reason: .truncated)) { try StoreShell(disk) }
    }

    @Test("a file of a later format is refused as such")
    func laterFormat() throws {
        let disk = MemoryDisk()
        _ = try StoreShell(disk)
        disk.edit("gen-1/log-1") { bytes in
            bytes[11] = 2
            let checksum = crc(Array(bytes[0..<12]))
            for index in 0..<4 { bytes[12 + index] = UInt8(truncatingIfNeeded: checksum >> UInt32(24 - 8 * index)) }
        }
        #expect(throws: StorageError.unsupportedFormat(file: "gen-1/log-1", version: 2)) { try StoreShell(disk) }
    }

    @Test("members come back, and only for the cluster that they are members of")
    func members() throws {
        let disk = MemoryDisk()
        let first = try StoreShell(disk)
        let record = member(first.store)
        try first.store.data.setMembers([record])
        try first.work()
        let second = try StoreShell(disk)
        #expect(second.store.data.members == [record])
        // As after a crash between the two writes of leaving: MANIFEST names another cluster.
        let old = try #require(disk.bytes("gen-1/members"))
        try second.store.leave(to: ClusterID(77), founded: Stamp(5), members: [])
        try second.work()
        try disk.replace("gen-1/members", with: old)
        let third = try StoreShell(disk)
        #expect(third.store.data.cluster == ClusterID(77))
        #expect(third.store.data.members.isEmpty)
    }
}

/// Where opening finds the directory corrupt; nil when it opens.
func corruption(_ disk: MemoryDisk) -> (file: String, offset: UInt64)? {
    do throws(StorageError) {
        _ = try StoreShell(disk)
    } catch {
        if case .corrupt(let file, let offset, _) = error { return (file, offset) }
    }
    return nil
}

func member(_ store: TableStore) -> MemberRecord {
    MemberRecord(
        node: store.identity.node, joined: store.data.founded, incarnation: store.identity.incarnation, state: .up,
        name: store.identity.name, address: Address(host: "127.0.0.1", port: 7401))
}
