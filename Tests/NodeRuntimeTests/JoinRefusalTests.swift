import ClusterModel
import NodeRuntime
import Testing

/// What clusterJoin answers when the link is refused: a code that a REPLY may have, the refusal's own name, and what to do
/// (ERR-004).
@Suite struct JoinRefusalTests {
    @Test func theOwnAddressIsNoClusterToJoin() async throws {
        try await withNodes { nodes in
            let node = try await nodes.start(1)
            let failure = await #expect(throws: CallFailed.self) { try await node.join(node) }
            #expect(failure?.code == .unreachable)
            #expect(failure?.text.contains("SELF_LINK") == true)
            #expect(failure?.text.hasSuffix("; give the address of a node of the cluster to join") == true)
        }
    }

    @Test func aCodeThatRepliesMayHaveStaysItself() async throws {
        try await withNodes { nodes in
            let first = try await nodes.start(1)
            let late = try await nodes.start(2) { $0.clockOffset = .seconds(-120) }
            let failure = await #expect(throws: CallFailed.self) { try await late.join(first) }
            #expect(failure?.code == .clockSkew)
        }
    }
}
