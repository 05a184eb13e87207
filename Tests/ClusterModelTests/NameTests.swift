import ClusterModel
import Testing

@Suite struct NameTests {
    @Test(arguments: ["n1@127.0.0.1", "a-b_C@host.example.org", "n@::1"])
    func goodNodeNames(text: String) { #expect(NodeName(text)?.text == text) }

    @Test(arguments: ["", "n1", "@host", "n1@", "n 1@host", "n1@ho st", "n1@a@b", "n1@" + String(repeating: "x", count: 253)])
    func badNodeNames(text: String) { #expect(NodeName(text) == nil) }

    @Test(arguments: ["t", "routes.v2", "A_b-9", String(repeating: "x", count: 64)])
    func goodTableNames(text: String) { #expect(TableName(text)?.text == text) }

    @Test(arguments: ["", ".hidden", "a/b", "ü", String(repeating: "x", count: 65)])
    func badTableNames(text: String) { #expect(TableName(text) == nil) }

    @Test(arguments: ["127.0.0.1:7400", "[::1]:7400", "node.example.org:1"])
    func goodAddresses(text: String) { #expect(Address(text)?.description == text) }

    @Test(arguments: ["", "host", "host:", "host:0", "host:65536", ":7400", "::1:7400", "[host]:1", "host:07400", "ho st:1"])
    func badAddresses(text: String) { #expect(Address(text) == nil) }
}

@Suite struct RegistryTests {
    @Test func namesAreThoseOfTheSpec() {
        #expect(ErrorCode.wrongCluster.name == "WRONG_CLUSTER")
        #expect(MessageType.snapChunk.name == "SNAP_CHUNK")
        #expect(MessageType.allCases.allSatisfy { $0.rawValue.isMultiple(of: 2) }, "every registered type is critical")
    }

    @Test func greaseIsOddAndKnownAsSuch() {
        for index in 0..<16 {
            #expect(!Grease.value(index).isMultiple(of: 2))
            #expect(Grease.isGrease(Grease.value(index)))
        }
        #expect(!Grease.isGrease(MessageType.hello.rawValue))
    }
}

@Suite struct DefinitionTests {
    private func definition(_ stamp: UInt64, exists: Bool = true, floor: UInt64 = 0) throws -> TableDefinition {
        let version = RowVersion(
            stamp: Stamp(stamp), dot: Dot(origin: Origin(node: NodeID(1), incarnation: 1), sequence: stamp))
        return TableDefinition(name: try #require(TableName("t")), exists: exists, version: version, floor: Stamp(floor))
    }

    @Test func theNewerDefinitionWinsWhicheverComesFirst() throws {
        let (old, new) = (try definition(1), try definition(2, exists: false))
        #expect(old.merged(with: new) == new)
        #expect(new.merged(with: old) == new)
    }

    /// A table that was dropped and made again does not get its old rows back from a node that was away.
    @Test func aFloorOutlivesTheDrop() throws {
        let (dropped, again) = (try definition(2, exists: false, floor: 2), try definition(3))
        #expect(again.merged(with: dropped).floor == Stamp(2))
        #expect(dropped.merged(with: again).exists)
    }
}
