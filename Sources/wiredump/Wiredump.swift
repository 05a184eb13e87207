import ArgumentParser
import Glibc
import ProgramEntry

@main
enum Program {
    static func main() {
        // A reader that goes away is an error of write(2).
        signal(SIGPIPE, SIG_IGN)
        exit(ProgramEntry.runOnOneThread(Wiredump.self, Array(CommandLine.arguments.dropFirst())))
    }
}

/// The root of all commands.
struct Wiredump: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wiredump",
        abstract: "Shows what Tablewire nodes say to each other: captures, live traffic, and their files.",
        discussion: """
            Reads pcap and pcapng files, also packed by gzip, puts TCP together, finds the frames, and shows them with the fields \
            of the protocol. Never changes anything, takes what it can get, and says what it could not read.

            EXAMPLES
              wiredump capture.pcap                     one line a frame
              wiredump -v --filter 'type = HELLO' capture.pcap
              wiredump -x --first 3 capture.pcapng      every byte with its field
              wiredump --stats capture.pcap.gz          counts, heartbeats, lag
              wiredump --check --count capture.pcap     exit 1 when a rule is broken
              tcpdump -i eth0 -w - port 7400 | wiredump -
              wiredump live eth0 --port 7400            needs CAP_NET_RAW
              wiredump proxy --listen 127.0.0.1:7500 --to 127.0.0.1:7400 -w out.pcapng
              wiredump disk ~/tour/n1/gen-1/log-1

            THREE WAYS TO CAPTURE
              tcpdump or 'wiredump live' on a machine of the cluster, with the right to;
              'wiredump proxy' between two nodes, or a client and a node, without any;
              'tablewire node --capture FILE', which writes what the node itself sends
              and receives.

            FILTERS
              Comparisons with = != < <= > >= ~ (contains) and 'in A..B', joined by and,
              or, not and parentheses. Parts of a frame: type lane sequence stream link
              node from to time size error. Every field of the protocol by its name:
              table key origin digest … A name alone asks whether it is there.
                type = OPERATIONS and table = zones and key ~ "Europe/"
                node = n2@127.0.0.1 and time in 1.5..2
                error or type = CLOSE

            ENVIRONMENT
              NO_COLOR  no colour on terminals

            EXIT CODES
              0  fine
              1  --check: a rule of the protocol was broken
              2  wrong usage
              3  the input cannot be read, or is cut short; what came before was shown
              4  the capture itself lost packets
            """,
        version: "0.1.0",
        subcommands: [ReadCommand.self, LiveCommand.self, ProxyCommand.self, DiskCommand.self],
        defaultSubcommand: ReadCommand.self)
}
