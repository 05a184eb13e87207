import ArgumentParser
import Glibc
import ProgramEntry

@main
enum Program {
    static func main() async {
        // A closed pipe is an error of write(2), not the end of the run.
        signal(SIGPIPE, SIG_IGN)
        exit(await ProgramEntry.run(Conform.self, Array(CommandLine.arguments.dropFirst())))
    }
}

/// The root of all commands.
struct Conform: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conform",
        abstract: "Judge whether a node keeps the Tablewire protocol.",
        discussion: """
            Dials the node, and is dialed by it, breaks the rules on purpose, and says for each case of the suite whether the node did \
            what the specification demands.

            The node should be one that nobody needs: cases make it join and lose members, and create and drop tables in it. It \
            needs an empty data directory or one of an earlier run, and the suite needs its secret.

            EXAMPLES
              tablewire node --name t@127.0.0.1 --listen 127.0.0.1:7600 --data /tmp/t &
              conform run 127.0.0.1:7600
              conform run 127.0.0.1:7600 --select 'FRM-*' --html report.html
              conform list --select SNP-010

            EXIT CODES
              0  conformant
              1  a case failed, or one passed that is listed as a known failure
              2  wrong usage, or nothing was selected
              3  the node cannot be reached, or died
              4  nothing failed, but something could not be judged
            """,
        subcommands: [RunCommand.self, ListCommand.self, MutantsCommand.self])
}

/// What the program ends with.
enum Status {
    static let failed: Int32 = 1
    static let usage: Int32 = 2
    static let lost: Int32 = 3
    static let inconclusive: Int32 = 4
}
