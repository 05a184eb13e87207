import ArgumentParser
import Glibc
import ProgramEntry

@main
enum Program {
    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        exit(await ProgramEntry.run(Wiredump.self, Array(CommandLine.arguments.dropFirst())))
    }
}

struct Wiredump: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "wiredump", abstract: "x")
}
