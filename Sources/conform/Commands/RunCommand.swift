import ArgumentParser
import ClusterModel
import ConformanceSuite
import LinkTransport
import NIOPosix
import ProgramTerminal

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run cases against a node.",
        discussion: """
            Prints a line for each case as it ends. Cases that share nothing run at the same time, in an order that --seed gives. \
            After each case a fresh link has to work, and the node has to be the one that it was.

            PASS          the node did exactly what is demanded
            LENIENT       it did the right thing with another code than the one named, one that the case tolerates
            FAIL          it did something else
            N/A           the node was declared not to have the profile (--profile)
            INCONCLUSIVE  the suite or its surroundings were at fault
            SKIP          the node was lost before the case
            XFAIL, XPASS  failed, or passed, although it is in the file of --known-failing
            """)

    @Argument(help: ArgumentHelp("The node under test.", valueName: "host:port"), transform: Arguments.address)
    var node: Address

    @OptionGroup(title: "WHICH CASES") var selection: Selection

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The file with the cluster's secret. (default: $TABLEWIRE_SECRET_FILE, then ~/.tablewire/secret)", valueName: "file"))
    var secretFile: String?

    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp(
            "A profile that the node claims: link, client or tables; may be repeated. The others are N/A. (default: all)",
            valueName: "profile"))
    var profile: [Profile] = []

    @Option(
        name: .long,
        help: ArgumentHelp("An address of this machine that the node can dial. (default: 127.0.0.1)", valueName: "host"))
    var listen = "127.0.0.1"

    @Option(name: .long, help: ArgumentHelp("The order of the cases. (default: random, and printed)", valueName: "number"))
    var seed: UInt64?

    @Option(
        name: .long,
        help: ArgumentHelp("Multiplies every time that the suite waits, for slow machines. (default: 1)", valueName: "factor"))
    var timeoutScale = 1.0

    @Option(
        name: .long,
        help: ArgumentHelp("Ids of cases that are known to fail, one a line, # begins a comment.", valueName: "file"))
    var knownFailing: String?

    @Option(name: .long, help: ArgumentHelp("Write a JSON object a line; - is standard output.", valueName: "file"))
    var json: String?
    @Option(name: .long, help: ArgumentHelp("Write a report in the form of JUnit.", valueName: "file"))
    var junit: String?
    @Option(name: .long, help: ArgumentHelp("Write a report for people, in one file.", valueName: "file"))
    var html: String?
    @Option(
        name: .long,
        help: ArgumentHelp(
            "Write what passed in each case that did not pass to a pcapng file in this directory, for wiredump.", valueName: "dir"
        ))
    var captures: String?

    func run() async throws {
        let cases = try selection.cases()
        let secret = try SecretFile.read(secretFile)
        guard timeoutScale > 0, timeoutScale <= 1000 else {
            throw UsageError("--timeout-scale is a factor above 0, such as 3 for a slow machine")
        }
        var target = Target(address: node, keys: secret.keys, group: MultiThreadedEventLoopGroup.singleton)
        target.listenHost = listen
        if !profile.isEmpty { target.profiles = Set(profile) }
        var runner = Runner(target: target, cases: cases, seed: seed ?? .random(in: 0 ... .max))
        runner.knownFailures = try knownFailing.map(KnownFailures.read) ?? []
        let description = RunDescription(node: node, seed: runner.seed, caseCount: cases.count, arguments: secret.argument)
        let reports = try RunReports(description, json: json, junit: junit, html: html, captures: captures)
        let start = ContinuousClock.now
        var lost: String?
        do {
            try await runner.run(timeoutScale: timeoutScale) { reports.note($0) }
        } catch let error as Runner.TargetLost {
            lost = error.description
        }
        let status = try reports.finish(duration: ContinuousClock.now - start, lost: lost)
        if let lost { throw CommandError(lost, status: status) }
        if status != 0 { throw ExitCode(status) }
    }
}

extension Profile: ExpressibleByArgument {}

/// Reads the values of arguments.
enum Arguments {
    static func address(_ text: String) throws -> Address {
        guard let address = Address(text) else {
            throw ValidationError("an address is host:port, such as 127.0.0.1:7400 or [::1]:7400")
        }
        return address
    }
}
