import LinkTransport
import NIOPosix
import Synchronization
import Testing

@testable import ConformanceSuite

/// No program that does one simple thing passes a case that demands more than that.
@Suite struct StubTests {
    /// What those do right that speak as far as the handshake: they end when they are told CLOSE, and read a preface as a node does.
    private static let right = ["LNK-043/before-hello", "FRM-002/", "FRM-003/"]

    /// A tenth of them, which leaves the machine to other tests.
    private static let cases = Catalogue.all.enumerated().filter { $0.offset.isMultiple(of: 10) }.map(\.element)

    /// Who accepts everything is not among them: it rightly passes each case in which something has to be accepted.
    @Test(arguments: [Stub.slam, .mute, .echo, .hangUp, .alwaysClose]) func passesOnlyWhatItDoes(_ stub: Stub) async throws {
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
        let speaks = stub == .hangUp || stub == .alwaysClose
        #expect(passed.filter { id in !speaks || !Self.right.contains { id.hasPrefix($0) } } == [])
    }
}
