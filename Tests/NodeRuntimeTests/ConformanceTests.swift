import ClusterModel
import ConformanceSuite
import NIOPosix
import NodeRuntime
import Synchronization
import Testing

/// Cases of the conformance suite that this node has failed before, each against a node of its own. `conform run` has them all.
@Suite struct ConformanceTests {
    private static let once = [
        "LNK-022/before-hello-credit", "LNK-022/before-auth-credit",
        "FRM-018/credit-before-checksum", "FRM-018/credit-before-body", "FRM-018/credit-before-state",
        "HRT-006/client",
        "ENC-004/call-table", "ENC-004/call-row-scan-cursor", "ENC-004/call-operations-key", "ENC-005/call-operations",
        "ENC-004/call-table-create-definition-name", "ENC-005/call-table-create-definition-replicas",
        "ERR-003/join-reject", "ERR-004/replies",
        "ERR-003/join-reject", "ERR-004/replies",
        "TAB-002/sequence-0", "TAB-002/sequence-floor",
        "SNP-007/in-use", "SNP-026/not-replicated", "SNP-029/chunk-first", "SNP-029/chunk-unasked",
        "TAB-016/dropped-digests", "JON-003/no-rows", "LNK-025/joiner", "JON-002/accept", "LIM-009/too-long",
        "MRG-011/owner-flag-missing", "MRG-011/owner-flag-present", "SNP-024/origins-descending",
        "SNP-024/same-key", "SNP-024/leftover",
    ]

    @Test(arguments: once) func passes(_ id: String) async throws {
        let tested = try #require(Catalogue.all.first { $0.id == id })
        let results = Mutex<[CaseResult]>([])
        try await withNodes { nodes in
            let node = try await nodes.start(1)
            let target = Target(
                address: node.address, keys: try #require(RunningNode.keys), group: MultiThreadedEventLoopGroup.singleton)
            let runner = Runner(target: target, cases: [tested], seed: 1)
            try await runner.run { result in results.withLock { $0.append(result) } }
        }
        let result = try #require(results.withLock { $0.first })
        #expect(result.verdict == .pass, "expected \(result.expected), got \(result.got)")
    }
}
