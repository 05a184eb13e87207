import ArgumentParser
import ClusterModel
import ProgramTerminal
import TablewireClient

struct TablePutCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "put", abstract: "Write one row.",
        discussion: """
            Returns when the replicas that --ack asks for have the row. In a bag the value is added to those that the key has.

            EXAMPLES
              tablewire table put users alice '{"mail": "alice@example.org"}'
              tablewire table put users alice - < alice.json
              tablewire table put users alice --value-file alice.json
              tablewire table put users -- -key-with-a-dash value
            """)

    @OptionGroup var table: TableArgument
    @Argument(help: "The key.")
    var key: String
    @Argument(help: "The value; - reads it from standard input.")
    var value: String?
    @Option(name: .long, help: ArgumentHelp("Read the value, any bytes, from this file.", valueName: "file"))
    var valueFile: String?
    @OptionGroup var write: WriteOptions
    @OptionGroup var bytes: BytesOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if value == nil, valueFile == nil { throw ValidationError("a value is missing: give VALUE, - or --value-file") }
        if value != nil, valueFile != nil { throw ValidationError("give the value either as an argument or with --value-file") }
        _ = try bytes.parse(key, "key")
        if let value, value != "-" { _ = try bytes.parse(value, "value") }
    }

    func run(_ client: TablewireClient, _ output: Output) async throws {
        let operation = Operation(.put, key: try bytes.parse(key, "key"), value: try content())
        let result = try await client.write(write.write([operation], to: table.name))
        try output.report(result, "stored", json: connection.json)
    }

    /// A file has the bytes as they are, base64 is for the command line.
    private func content() throws -> [UInt8] {
        guard let path = valueFile ?? (value == "-" ? "-" : nil) else { return try bytes.parse(value ?? "", "value") }
        return try InputFile(path).readAll(limit: Limits.value)
    }
}

struct TableGetCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Print the value of a key.",
        discussion: """
            In a bag or an owner table a key may have several rows: their values are printed a line each. A key without a row is \
            an error. With --json whole rows are printed, with versions and owners, and bytes that are not text in base64.
            """)

    @OptionGroup var table: TableArgument
    @Argument(help: "The key.")
    var key: String
    @OptionGroup var bytes: BytesOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws { _ = try bytes.parse(key, "key") }

    func run(_ client: TablewireClient, _ output: Output) async throws {
        let rows = try await client.get(try bytes.parse(key, "key"), from: table.name)
        guard !rows.isEmpty else { throw CommandError("there is no row with the key '\(key)' in table \(table.name)") }
        for row in rows {
            if connection.json {
                try output.print(.row(row))
            } else if bytes.base64 {
                try output.print(Base64.encode(row.value))
            } else {
                guard !output.isTerminal || JSONText.isText(row.value) else {
                    throw CommandError("the value is not UTF-8 text: add --json, or write it to a file with '> FILE'")
                }
                try output.append { $0.append(contentsOf: row.value + [UInt8(ascii: "\n")]) }
            }
        }
    }
}

struct TableDeleteCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete the rows of a key.",
        discussion: """
            In a bag all values of the key are deleted, or only the one that is given. Deleting what is not there is fine. In an \
            owner table a node deletes only rows of its own.
            """)

    @OptionGroup var table: TableArgument
    @Argument(help: "The key.")
    var key: String
    @Argument(help: "In a bag: delete only this value.")
    var value: String?
    @OptionGroup var write: WriteOptions
    @OptionGroup var bytes: BytesOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        _ = try bytes.parse(key, "key")
        if let value { _ = try bytes.parse(value, "value") }
    }

    func run(_ client: TablewireClient, _ output: Output) async throws {
        if value != nil, try await client.table(table.name).definition.type != .bag {
            throw CommandError("table \(table.name) is not a bag: give the key alone")
        }
        // Without a value the node deletes every value of the key that it knows (REP-002).
        let operation = Operation(
            .delete, key: try bytes.parse(key, "key"), value: try value.map { try bytes.parse($0, "value") } ?? [])
        let result = try await client.write(write.write([operation], to: table.name))
        guard result.stamp != .zero || connection.json else { return try output.print("there was nothing to delete") }
        try output.report(result, "deleted", json: connection.json)
    }
}

extension BytesOptions {
    /// An argument as bytes.
    func parse(_ text: String, _ what: String) throws -> [UInt8] {
        guard base64 else { return Array(text.utf8) }
        guard let bytes = Base64.decode(Array(text.utf8)) else { throw ValidationError("the \(what) '\(text)' is not base64") }
        return bytes
    }
}

extension Output {
    /// Says what became of a write.
    /// - Throws: when fewer replicas have it than were asked for.
    func report(_ result: WriteResult, _ verb: String, json: Bool) throws {
        if json { try print(.written(result)) }
        guard result.replicas >= result.wanted else {
            try flush()
            throw CommandError(
                "only \(result.replicas) of \(Quantity.count(result.wanted, "replica")) had the write in time: it stays and reaches the "
                    + "others when it can; 'tablewire cluster status' shows who is behind, --timeout waits longer")
        }
        if !json { try print("\(verb), applied by \(Quantity.count(result.replicas, "replica"))") }
    }
}
