import ArgumentParser
import ClusterModel
import ConformanceSuite
import Foundation
import NIOPosix
import ProgramTerminal
import Synchronization

struct MutantsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mutants", abstract: "Show that the cases can fail: run them against faulty nodes.",
        discussion: """
            Starts the reference node again and again, each time with one deliberate fault, and runs the cases against it. A fault that \
            no case finds is a hole in the suite, and so is a case that no fault makes fail.

            EXIT CODES
              0  every fault was found, and every case found one
              1  not so: standard output says which
            """)

    @Argument(help: ArgumentHelp("The program of the reference node.", valueName: "tablewire"))
    var program: String
    @OptionGroup(title: "WHICH CASES") var selection: Selection
    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp("A fault to try; may be repeated. (default: all that the node has)", valueName: "id"))
    var mutation: [String] = []
    @Option(name: .long, help: ArgumentHelp("Write the matrix as Markdown.", valueName: "file"))
    var write: String?

    func run() async throws {
        let cases = try selection.cases()
        let known = try await Mutant.all(of: program)
        for id in mutation where !known.contains(where: { $0.id == id }) {
            throw UsageError("the node has no fault '\(id)'; it has \(known.map(\.id).joined(separator: ", "))")
        }
        let mutants = mutation.isEmpty ? known : known.filter { mutation.contains($0.id) }
        var matrix = MutantMatrix(cases: cases.map(\.id))
        // Without a fault, but on the way that faults take: otherwise nothing is shown.
        let sound = try await judge(Mutant(id: "none", fault: ""), cases)
        guard sound.isEmpty else {
            throw CommandError("cases fail without a fault: \(sound.sorted().joined(separator: ", "))")
        }
        for (index, mutant) in mutants.enumerated() {
            let killed = try await judge(mutant, cases)
            matrix.add(mutant, killed: killed)
            print(
                "\(index + 1)/\(mutants.count)  \(killed.isEmpty ? "MISSED" : "FOUND ")  \(mutant.id)  by \(killed.count) cases")
        }
        if let write { try Data(matrix.markdown.utf8).write(to: URL(fileURLWithPath: write)) }
        print("\n\(matrix.summary(isWhole: mutation.isEmpty && selection.select.isEmpty))")
        if !matrix.missed.isEmpty || (mutation.isEmpty && !matrix.unkilled.isEmpty) { throw ExitCode(Status.failed) }
    }

    /// The cases that find the fault.
    private func judge(_ mutant: Mutant, _ cases: [Case]) async throws -> Set<String> {
        let node = try await FaultyNode.start(program, mutant)
        defer { node.stop() }
        let target = Target(address: node.address, keys: node.keys, group: MultiThreadedEventLoopGroup.singleton)
        var runner = Runner(target: target, cases: cases, seed: 1)
        runner.checksAftermath = false
        runner.stopsWithoutNode = false
        let killed = Mutex<Set<String>>([])
        try await runner.run(timeoutScale: mutant.id == "none" ? 1 : 0.25) { result in
            guard result.verdict != .pass, result.verdict != .lenient else { return }
            killed.withLock { _ = $0.insert(result.caseID) }
        }
        return killed.withLock { $0 }
    }
}
