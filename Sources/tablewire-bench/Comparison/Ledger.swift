/// Everything that was run, and how it went.
struct Ledger: Sendable {
    private var samples: [BenchmarkRun: [BenchmarkSample]] = [:]
    private var failures: [BenchmarkRun: [String]] = [:]

    mutating func note(_ run: BenchmarkRun, _ outcome: Result<BenchmarkSample, BenchmarkFailure>) {
        switch outcome {
        case .success(let sample): samples[run, default: []].append(sample)
        case .failure(let failure): failures[run, default: []].append(failure.description)
        }
    }

    func values(_ run: BenchmarkRun, _ metric: Contest.Metric) -> Spread? {
        Spread((samples[run] ?? []).compactMap { metric.value($0.line) })
    }

    func count(_ run: BenchmarkRun) -> Int { samples[run]?.count ?? 0 }
    func failures(_ run: BenchmarkRun) -> [String] { failures[run] ?? [] }

    /// The median share of the machine that others used during the runs.
    var otherCPU: Double? { Spread(samples.values.joined().map(\.otherCPU))?.median }
}
