import ArgumentParser
import ClusterModel
import ProgramTerminal
import TablewireClient

/// `tablewire cluster …`
struct ClusterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster", abstract: "Look after the cluster of a node.",
        discussion: """
            Every command asks one node, by default the one on this machine. What it prints is that node's view: "unreachable" \
            means that this node has no link to a member, "down" that the cluster has declared it dead.
            """,
        subcommands: [
            ClusterStatusCommand.self, ClusterMembersCommand.self, ClusterJoinCommand.self, ClusterLeaveCommand.self,
            ClusterRemoveCommand.self, ClusterConflictsCommand.self, ClusterWatchCommand.self,
        ])
}

struct ClusterStatusCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show members and tables, and what a node is waiting for.")

    @OptionGroup var connection: ConnectionOptions

    func run(_ client: TablewireClient, _ output: Output) async throws {
        let status = try await client.status()
        if connection.json { return try output.print(.status(status)) }
        let report = StatusReport(status)
        for line in report.heading(colored: output.usesColor) { try output.print(line) }
        try output.print("")
        for line in report.members().lines(colored: output.usesColor) { try output.print(line) }
        if !status.tables.isEmpty {
            try output.print("")
            for line in TableReport.list(status.tables).lines(colored: output.usesColor) { try output.print(line) }
        }
    }
}

struct ClusterMembersCommand: ClientCommand {
    static let configuration = CommandConfiguration(commandName: "members", abstract: "Show the members.")

    @OptionGroup var connection: ConnectionOptions

    func run(_ client: TablewireClient, _ output: Output) async throws {
        let status = try await client.status()
        if connection.json { return try output.print(.array(status.members.map(JSON.member))) }
        for line in StatusReport(status).members().lines(colored: output.usesColor) { try output.print(line) }
    }
}

struct ClusterLeaveCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "leave", abstract: "Take the called node out of its cluster.",
        discussion: """
            The node hands over what it still has to send, says goodbye, and goes on alone as the only member of a new cluster, \
            with its own copy of the data.
            """)

    @OptionGroup var connection: ConnectionOptions

    func run(_ client: TablewireClient, _ output: Output) async throws {
        try await client.leave()
        if connection.json { return try output.print(.object(["left": .string(client.peer.name.text)])) }
        try output.print("\(client.peer.name) has left its cluster and goes on alone with its own copy of the data")
    }
}

struct ClusterRemoveCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove a member, whether it is reachable or not.",
        discussion: """
            Use it for a node that will not come back; a node that can be reached leaves in better order with 'tablewire cluster \
            leave' (called on that node). A removed node that returns is told so, archives its data, and does not write.
            """)

    @Argument(
        help: ArgumentHelp("The member, as 'tablewire cluster members' shows it.", valueName: "name@host"),
        transform: Arguments.nodeName)
    var name: NodeName
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: TablewireClient, _ output: Output) async throws {
        try await client.remove(name)
        if connection.json { return try output.print(.object(["removed": .string(name.text)])) }
        try output.print("\(name) is removed from the cluster")
    }
}

struct ClusterConflictsCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "conflicts", abstract: "Show rows that lost against a concurrent write.",
        discussion: """
            When two nodes write one row without knowing of each other's write, the later version wins everywhere and the other \
            is kept in the conflict journal of the nodes that saw both. The journal is bounded: the oldest entries go first.
            """)

    @Option(name: .long, help: ArgumentHelp("Show entries with higher numbers only.", valueName: "number"))
    var after: UInt64 = 0
    @Option(name: .long, help: ArgumentHelp("Entries at most.", valueName: "count"))
    var limit: UInt32 = 100
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: TablewireClient, _ output: Output) async throws {
        let conflicts = try await client.conflicts(after: after, limit: limit)
        if connection.json {
            for conflict in conflicts { try output.print(.conflict(conflict)) }
            return
        }
        guard !conflicts.isEmpty else {
            return try output.print(after == 0 ? "no conflicts" : "no conflicts after number \(after)")
        }
        let names = Dictionary(try await client.status().members.map { ($0.record.node, $0.record.name.text) }) { first, _ in
            first
        }
        var table = TextTable(["NO", "TABLE", "KEY", "", "VALUE", "WRITTEN BY", "AT"])
        for conflict in conflicts {
            for (row, word) in [(conflict.winner, "won"), (conflict.loser, "lost")] {
                let writer = row.version.dot.origin.node
                table.append([
                    .init(word == "won" ? "\(conflict.number)" : ""), .init(word == "won" ? conflict.table.text : ""),
                    .init(word == "won" ? BytesText.short(row.key) : ""), .init(word, word == "won" ? .good : .warning),
                    .init(row.isTombstone ? "(deleted)" : BytesText.short(row.value)),
                    .init(names[writer] ?? Names.short(writer)),
                    .init(WallTime.text(milliseconds: row.version.stamp.milliseconds), .faint),
                ])
            }
        }
        for line in table.lines(colored: output.usesColor) { try output.print(line) }
    }
}

struct ClusterWatchCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Print changes of members as JSON lines until interrupted.",
        discussion: "Each line has a position: --from goes on right after it, as long as the node has not been restarted.")

    @Option(
        name: .long, help: ArgumentHelp("Go on after the event with this position.", valueName: "position"),
        transform: Arguments.position)
    var from: WatchPosition?
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: TablewireClient, _ output: Output) async throws {
        for try await reply in client.watchMembers(from: from) {
            guard case .memberEvent(let event) = reply else { continue }
            try output.print(.memberEvent(event))
            try output.flush()
        }
    }
}
