import ClusterModel

/// Runs cases against one node.
package struct Runner: Sendable {
    /// The node cannot be reached any more, or never could.
    package struct TargetLost: Error, CustomStringConvertible {
        package var description: String
    }

    package var target: Target
    package let cases: [Case]
    package let seed: UInt64
    /// Ids of cases that are known to fail.
    package var knownFailures: Set<String> = []
    /// Cases on links of their own that run at a time.
    package var width = 8
    /// A run ends when there is no node to begin with. Without that it shows what cases say of something that is none.
    package var stopsWithoutNode = true
    /// Cases that would see one another run one at a time. What is no node has nothing to see.
    package var isolates = true
    /// After each case a fresh link has to work.
    package var checksAftermath = true

    package init(target: Target, cases: [Case], seed: UInt64) {
        self.target = target
        self.cases = cases
        self.seed = seed
    }

    /// Runs all, in an order that the seed gives. `report` hears of each result as soon as it is there.
    /// - Throws: `TargetLost` when the node is not there at the beginning. When it is lost on the way, the cases that were not run
    ///   are SKIP, and it is thrown at the end.
    package func run(timeoutScale: Double = 1, report: @escaping @Sendable (CaseResult) -> Void) async throws {
        var prepared = self
        prepared.target.timing = Timing(roundTrip: .zero, scale: timeoutScale)
        do {
            try await prepared.prepare(timeoutScale)
        } catch let error as TargetLost {
            if stopsWithoutNode { throw error }
        }
        var random = SplitMix64(seed: seed)
        let ordered = cases.shuffled(using: &random)
        let lost = Flag()
        let ready = prepared
        guard isolates else { return await prepared.runAll(ordered, width: width, lost, report) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await ready.runAll(ordered.filter { $0.isolation == .membership }, width: 1, lost, report) }
            group.addTask { await ready.runAll(ordered.filter { $0.isolation == .shared }, width: ready.width, lost, report) }
        }
        await prepared.runAll(ordered.filter { $0.isolation == .alone }, width: 1, lost, report)
        if lost.isSet { throw TargetLost(description: "the node at \(target.address) is gone") }
    }

    /// That the node is there, knows the secret and answers a call; and how long that takes.
    private mutating func prepare(_ timeoutScale: Double) async throws {
        do {
            let start = ContinuousClock.now
            let node = try await Self.identify(target)
            target.timing = Timing(roundTrip: ContinuousClock.now - start, scale: timeoutScale)
            target.node = node.node
            target.incarnation = node.incarnation
        } catch let error as CaseFailure {
            throw TargetLost(description: "no link to \(target.address): expected \(error.expected), got \(error.got)")
        } catch let error as Inconclusive {
            throw TargetLost(description: error.text)
        }
    }

    private static func identify(_ target: Target) async throws -> NodeInfo {
        let trial = Trial(target, caseID: "sanity")
        do {
            let link = try await trial.link()
            guard case .nodeInfo(let info) = try await link.succeed(.nodeInfo) else {
                throw CaseFailure("nodeInfo", got: "another kind of reply")
            }
            await trial.cleanUp()
            return info
        } catch {
            await trial.cleanUp()
            throw error
        }
    }

    private func runAll(_ cases: [Case], width: Int, _ lost: Flag, _ report: @escaping @Sendable (CaseResult) -> Void) async {
        var waiting = cases[...]
        await withTaskGroup(of: CaseResult.self) { group in
            for _ in 0..<width { start(&waiting, in: &group, lost) }
            while let result = await group.next() {
                report(result)
                start(&waiting, in: &group, lost)
            }
        }
    }

    private func start(_ waiting: inout ArraySlice<Case>, in group: inout TaskGroup<CaseResult>, _ lost: Flag) {
        guard let next = waiting.popFirst() else { return }
        group.addTask { await judge(next, lost) }
    }

    private func judge(_ tested: Case, _ lost: Flag) async -> CaseResult {
        guard target.profiles.contains(tested.profile) else { return CaseResult(tested, .notApplicable) }
        if lost.isSet { return CaseResult(tested, .skip) }
        let trial = Trial(target, caseID: tested.id)
        let start = ContinuousClock.now
        var result = await Self.run(tested, trial)
        await trial.cleanUp()
        result.duration = ContinuousClock.now - start
        if result.verdict != .pass { result.records = trial.records }
        if checksAftermath { await checkAftermath(&result, lost) }
        overlay(&result)
        return result
    }

    private static func run(_ tested: Case, _ trial: Trial) async -> CaseResult {
        var result = CaseResult(tested, .pass)
        do {
            try await tested.run(trial)
        } catch let failure as CaseFailure {
            result.verdict = .fail
            (result.expected, result.got) = (failure.expected, failure.got)
        } catch let lenient as LenientPass {
            result.verdict = .lenient
            result.got = lenient.text
        } catch let inconclusive as Inconclusive {
            result.verdict = .inconclusive
            result.got = inconclusive.text
        } catch {
            result.verdict = .inconclusive
            result.got = "\(error)"
        }
        return result
    }

    /// Whatever happened, the node lives, is the same, and takes a fresh link.
    private func checkAftermath(_ result: inout CaseResult, _ lost: Flag) async {
        do {
            let node = try await Self.identify(target)
            guard node.node == target.node, node.incarnation == target.incarnation else {
                result.fail("the same node after the case", got: "another node, or one that was started anew")
                return
            }
        } catch let failure as CaseFailure {
            result.fail("a fresh link works after the case", got: "no \(failure.expected) but \(failure.got)")
        } catch {
            result.fail("the node lives after the case", got: (error as? Inconclusive)?.text ?? "\(error)")
            lost.set()
        }
    }

    private func overlay(_ result: inout CaseResult) {
        guard knownFailures.contains(result.caseID) else { return }
        switch result.verdict {
        case .fail: result.verdict = .expectedFailure
        case .pass, .lenient: result.verdict = .unexpectedPass
        case .notApplicable, .inconclusive, .skip, .expectedFailure, .unexpectedPass: break
        }
    }
}

extension CaseResult {
    fileprivate mutating func fail(_ expected: String, got: String) {
        guard verdict != .fail else { return }
        verdict = .fail
        (self.expected, self.got) = (expected, got)
    }
}
