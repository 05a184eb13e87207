import ArgumentParser
import ClusterModel
import ProgramTerminal
import TablewireClient

/// `tablewire table …`
struct TableCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "table", abstract: "Make, read, write and watch tables.",
        discussion: """
            Keys and values are bytes. On the command line they are UTF-8 text, with --base64 any bytes. Rows in files are JSON \
            lines: {"key": "...", "value": "..."}; bytes that are not UTF-8 stand as {"base64": "..."}.
            """,
        subcommands: [
            TableCreateCommand.self, TableDropCommand.self, TableListCommand.self, TableInfoCommand.self, TablePutCommand.self,
            TableGetCommand.self, TableDeleteCommand.self, TableScanCommand.self, TableLoadCommand.self, TableDumpCommand.self,
            TableWatchCommand.self,
        ])
}

struct TableCreateCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Create a table on every member.",
        discussion: """
            TYPES
              set          one value a key
              ordered_set  one value a key; scans run in the bytewise order of the keys
              bag          any number of different values a key

            STORAGE
              ram   in memory only; rows live as long as one replica does
              disc  in memory and on the disk of every replica; acknowledged means durable

            MERGE
              lww    the later write of a row wins (hybrid logical clock, then writer)
              owner  each node has rows of its own, also under equal keys; only the writer changes them, and they vanish with \
            it: for routes and sessions

            EXAMPLES
              tablewire table create zones --type ordered_set --storage disc
              tablewire table create routes --merge owner
            """)

    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case set
        case orderedSet = "ordered_set"
        case bag

        var type: TableType {
            switch self {
            case .set: .set
            case .orderedSet: .orderedSet
            case .bag: .bag
            }
        }
    }

    enum Storage: String, CaseIterable, ExpressibleByArgument {
        case ram
        case disc
    }

    enum Merge: String, CaseIterable, ExpressibleByArgument {
        case lww
        case owner
        case strong
    }

    @OptionGroup var table: TableArgument
    @Option(name: .long, help: "How rows relate to keys.")
    var type: Kind = .set
    @Option(name: .long, help: "Where rows live.")
    var storage: Storage = .ram
    @Option(name: .long, help: ArgumentHelp("Which write wins: lww or owner; strong is reserved.", valueName: "rule"))
    var merge: Merge = .lww
    @Option(
        name: .long,
        help: ArgumentHelp(
            "disc: how long an acknowledged write may stay unsynced; 0 syncs before every acknowledgement. (default: 0)",
            valueName: "time"),
        transform: Arguments.duration)
    var syncInterval: Duration?
    @Option(
        name: .long, parsing: .upToNextOption,
        help: ArgumentHelp("The members that replicate the table. (default: all)", valueName: "name@host"),
        transform: Arguments.nodeName)
    var replicas: [NodeName] = []
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if merge == .strong {
            throw ValidationError("the merge rule 'strong' is reserved for a later version: use lww or owner")
        }
        if storage == .ram, syncInterval != nil {
            throw ValidationError("--sync-interval is about the disk: it needs --storage disc")
        }
    }

    func run(_ client: TablewireClient, _ output: Output) async throws {
        let nothing = RowVersion(stamp: .zero, dot: Dot(origin: Origin(node: NodeID(0), incarnation: 0), sequence: 0))
        try await client.create(
            TableDefinition(
                name: table.name, type: type.type, storage: storage == .ram ? .ram : .disc, merge: merge == .lww ? .lww : .owner,
                syncIntervalMilliseconds: syncInterval?.milliseconds ?? 0, replicas: try await nodes(client), version: nothing))
        if connection.json { return try output.print(.table(try await client.table(table.name))) }
        try output.print("table \(table.name) created (\(type.rawValue), \(storage.rawValue), \(merge.rawValue))")
    }

    private func nodes(_ client: TablewireClient) async throws -> [NodeID] {
        guard !replicas.isEmpty else { return [] }
        let members = try await client.status().members.filter { !$0.record.state.isGone }
        var nodes: Set<NodeID> = []
        for name in replicas {
            guard let member = members.first(where: { $0.record.name == name }) else {
                throw CommandError("\(name) is not a member of the cluster; 'tablewire cluster members' shows the members")
            }
            nodes.insert(member.record.node)
        }
        return nodes.sorted()
    }
}

struct TableDropCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop", abstract: "Drop a table and its rows on every member.",
        discussion: "There is no way back: 'tablewire table dump' keeps a copy of the rows.")

    @OptionGroup var table: TableArgument
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: TablewireClient, _ output: Output) async throws {
        try await client.drop(table.name)
        if connection.json { return try output.print(.object(["dropped": .string(table.name.text)])) }
        try output.print("table \(table.name) dropped")
    }
}

struct TableListCommand: ClientCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Show the tables.")

    @OptionGroup var connection: ConnectionOptions

    func run(_ client: TablewireClient, _ output: Output) async throws {
        let tables = try await client.tables()
        if connection.json { return try output.print(.array(tables.map(JSON.table))) }
        guard !tables.isEmpty else { return try output.print("no tables; 'tablewire table create' makes one") }
        for line in TableReport.list(tables).lines(colored: output.usesColor) { try output.print(line) }
    }
}

struct TableInfoCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Show one table in full.",
        discussion: "Two nodes with equal digests have equal rows. The vector says how far each writer's operations are in.")

    @OptionGroup var table: TableArgument
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: TablewireClient, _ output: Output) async throws {
        let info = try await client.table(table.name)
        if connection.json { return try output.print(.table(info)) }
        let members = try await client.status().members
        let names = Dictionary(members.map { ($0.record.node, $0.record.name.text) }) { first, _ in first }
        for line in TableReport.describe(info, names: names) { try output.print(line) }
    }
}
