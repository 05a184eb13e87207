import ArgumentParser
import ClusterModel
import ProgramTerminal
import TablewireClient

struct ClusterJoinCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "join", abstract: "Make the called node join another node's cluster.",
        discussion: """
            The called node (--node) joins the cluster of HOST:PORT and copies its tables. Both must have the same secret. A node \
            that holds rows of its own is refused unless it is said what shall happen to them; either way they are archived first, \
            and a crash at any point leaves the node with either the complete old or the complete new data.

            EXAMPLES
              tablewire cluster join 10.0.0.1:7400 --node 10.0.0.2:7400 --dry-run
              tablewire cluster join 10.0.0.1:7400 --node 10.0.0.2:7400 --merge
            """)

    enum Own: String, EnumerableFlag {
        case merge
        case replace

        static func help(for value: Own) -> ArgumentHelp? {
            switch value {
            case .merge: "Bring the node's own rows along, merged by their versions."
            case .replace: "Archive the node's own rows and start with the cluster's."
            }
        }
    }

    @Argument(help: ArgumentHelp("A member of the cluster to join.", valueName: "host:port"), transform: Arguments.address)
    var address: Address
    @Flag(exclusivity: .exclusive) var own: Own?
    @Flag(name: .long, help: "Only say what would happen.")
    var dryRun = false
    @OptionGroup var connection: ConnectionOptions

    func run(_ client: TablewireClient, _ output: Output) async throws {
        let mode: JoinMode =
            switch own {
            case .merge: .merge
            case .replace: .replace
            case nil: .refuse
            }
        let result: JoinResult
        do throws(ClientError) {
            result = try await client.join(address, mode: mode, isDryRun: dryRun)
        } catch {
            guard error.code == .notEmpty else { throw error }
            throw await Self.notEmpty(client, address)
        }
        if connection.json { return try output.print(.joined(result)) }
        for line in Self.describe(result, mode: mode, node: client.peer.name) { try output.print(line) }
    }

    /// Names the tables that stand in the way, and the ways out.
    private static func notEmpty(_ client: TablewireClient, _ address: Address) async -> CommandError {
        let tables = ((try? await client.tables()) ?? []).filter { $0.rows > 0 }
        let list = tables.map { "\($0.definition.name) \(Quantity.count($0.rows, "row"))" }.joined(separator: ", ")
        let holds = list.isEmpty ? "rows" : "rows of its own (\(list))"
        return CommandError(
            "\(client.peer.name) holds \(holds) and so does not join \(address) (NOT_EMPTY): add --merge to bring them along, "
                + "--replace to archive them and start with the cluster's, or --dry-run to see what each would do")
    }

    private static func describe(_ result: JoinResult, mode: JoinMode, node: NodeName) -> [String] {
        let cluster = Names.short(result.cluster)
        if result.isDryRun {
            var lines = [
                "\(node) would join cluster \(cluster) and copy \(Quantity.count(result.copied, "row")); nothing was changed"
            ]
            if mode == .merge { lines.append("it would bring \(Quantity.count(result.merged, "row")) of its own along") }
            if mode == .replace { lines.append("its own rows would be archived") }
            return lines
        }
        var lines = ["\(node) has joined cluster \(cluster) and copied \(Quantity.count(result.copied, "row"))"]
        if result.merged > 0 { lines.append("it brought \(Quantity.count(result.merged, "row")) of its own along") }
        if result.archive > 0 { lines.append("what it had before is kept in archive-\(result.archive) of its data directory") }
        return lines
    }
}
