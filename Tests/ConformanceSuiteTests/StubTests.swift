import Foundation
import LinkTransport
import NIOPosix
import Synchronization
import Testing

@testable import ConformanceSuite

/// No program that does one simple thing passes a case that demands more than that.
@Suite struct StubTests {
    /// What each of them does right, for all its simplicity: it ends when it is told CLOSE, and what reads a preface as a node does finds
    /// the same fault with it.
    static let passed: [Stub: Set<String>] = [
        .hangUp: ["LNK-043/before-hello"],
        .alwaysClose: ["LNK-043/before-hello"],
        .acceptEverything: [
            "EXT-006/none-known", "FRM-002/silence", "FRM-003/zero-15", "HRT-010/no-ping", "LIM-008/authenticated",
            "LIM-015/ahead-59",
            "LIM-015/behind-59", "LNK-043/before-hello",
        ],
    ]

    /// All with TABLEWIRE_STUBS=1, as CI runs them by themselves; else a tenth, which leaves the machine to other tests.
    static let cases: [Case] = {
        if ProcessInfo.processInfo.environment["TABLEWIRE_STUBS"] == "1" { return Catalogue.all }
        return Catalogue.all.enumerated().filter { $0.offset.isMultiple(of: 10) }.map(\.element)
    }()

    @Test(arguments: Stub.allCases) func passesOnlyWhatItDoes(_ stub: Stub) async throws {
        var random = SystemRandomNumberGenerator()
        let keys = SecretKeys.generate(using: &random)
        let group = MultiThreadedEventLoopGroup.singleton
        let running = try await RunningStub.start(stub, keys: keys, on: group)
        var runner = Runner(target: Target(address: running.address, keys: keys, group: group), cases: Self.cases, seed: 1)
        runner.stopsWithoutNode = false
        runner.isolates = false
        runner.checksAftermath = false
        runner.width = 32
        let results = Mutex<[CaseResult]>([])
        try await runner.run(timeoutScale: 0.1) { result in results.withLock { $0.append(result) } }
        await running.stop()
        let passed = results.withLock { Set($0.filter { $0.verdict == .pass || $0.verdict == .lenient }.map(\.caseID)) }
        // On a busy machine fewer: a case may have waited in vain.
        #expect(passed.subtracting(Self.passed[stub, default: []]) == [])
    }
}
