import ArgumentParser
import ClusterModel
import ConformanceSuite
import LinkTransport
import NIOPosix
import ProgramTerminal
import Synchronization

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "run", abstract: "Run cases against a node.")

    @Argument(
        help: ArgumentHelp("The node under test.", valueName: "host:port"),
        transform: { text in
            guard let address = Address(text) else { throw ValidationError("an address is host:port, such as 127.0.0.1:7400") }
            return address
        })
    var node: Address

    @OptionGroup var selection: Selection

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The file with the cluster's secret. (default: $TABLEWIRE_SECRET_FILE, then ~/.tablewire/secret)", valueName: "file"))
    var secretFile: String?

    @Option(name: .long, help: ArgumentHelp("The order of the cases; random by default, and printed.", valueName: "number"))
    var seed: UInt64?

    func run() async throws {
        let cases = try selection.cases()
        let target = Target(address: node, keys: try SecretFile.read(secretFile), group: MultiThreadedEventLoopGroup.singleton)
        let runner = Runner(target: target, cases: cases, seed: seed ?? .random(in: 0 ... .max))
        let results = Mutex<[CaseResult]>([])
        do {
            try await runner.run { result in
                results.withLock { $0.append(result) }
                if result.verdict != .pass {
                    StandardError.write(
                        "\(result.verdict.rawValue)\t\(result.caseID)\texpected \(result.expected), got \(result.got)\n")
                }
            }
        } catch let lost as Runner.TargetLost {
            throw CommandError("\(lost)", status: Status.lost)
        }
        let output = Output()
        let all = results.withLock { $0 }
        for verdict in Verdict.allCases {
            let count = all.filter { $0.verdict == verdict }.count
            if count > 0 { try output.print("\(verdict.rawValue)\t\(count)") }
        }
        try output.print("seed \(runner.seed)")
        try output.flush()
        if all.contains(where: { $0.verdict == .fail || $0.verdict == .unexpectedPass }) { throw ExitCode(Status.failed) }
        if all.contains(where: { $0.verdict == .inconclusive }) { throw ExitCode(Status.inconclusive) }
    }
}
