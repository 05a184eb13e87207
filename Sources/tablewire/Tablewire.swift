import ArgumentParser
import Glibc
import ProgramEntry

@main
enum Program {
    static func main() async {
        // A closed pipe is an error of write(2), not the end of a node that happens to log into one.
        signal(SIGPIPE, SIG_IGN)
        exit(await ProgramEntry.run(Tablewire.self, Array(CommandLine.arguments.dropFirst())))
    }
}

/// The root of all commands.
struct Tablewire: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tablewire",
        abstract: "Replicated in-memory tables: run a node, look after a cluster, read and write rows.",
        discussion: """
            A node keeps tables in memory, replicates them to the other members of its cluster, and starts again from its own \
            disk whatever the others do. Every command but 'node' calls a running node.

            EXAMPLES
              tablewire node
              tablewire node --name n2@127.0.0.1 --listen 127.0.0.1:7402 \\
                --join 127.0.0.1:7400
              tablewire cluster status
              tablewire table create zones --type ordered_set --storage disc
              tablewire table load zones rows.jsonl
              tablewire table get zones Europe/Berlin

            ENVIRONMENT
              TABLEWIRE_NODE         the node to call (default 127.0.0.1:7400)
              TABLEWIRE_SECRET_FILE  the cluster's secret (default ~/.tablewire/secret)
              TABLEWIRE_TLS_CERTIFICATE, TABLEWIRE_TLS_KEY, TABLEWIRE_TLS_AUTHORITIES
                                     as --tls-certificate and so on, for nodes with TLS
              NO_COLOR               no colour on terminals

            EXIT CODES
              0  fine
              1  the operation failed; standard error says why and what to do
              2  wrong usage
            """,
        version: ProgramVersion.text,
        subcommands: [DemoCommand.self, NodeCommand.self, ClusterCommand.self, TableCommand.self])
}

/// Where the version number stands.
enum ProgramVersion {
    static let text = "0.1.0"
}
