import ArgumentParser
import ClusterModel

/// Reads the values of arguments. What is thrown says what a right value looks like.
enum Arguments {
    static func address(_ text: String) throws -> Address {
        guard let address = Address(text) else {
            throw ValidationError("an address is host:port, such as 127.0.0.1:7400 or [::1]:7400")
        }
        return address
    }

    static func table(_ text: String) throws -> TableName {
        guard let name = TableName(text) else {
            throw ValidationError(
                "a table name is 1 to \(Limits.tableName) of A-Z a-z 0-9 _ - . and does not start with a dot")
        }
        return name
    }

    static func nodeName(_ text: String) throws -> NodeName {
        guard let name = NodeName(text) else {
            throw ValidationError("a node name is name@host, such as n1@127.0.0.1")
        }
        return name
    }

    /// A time such as `5`, `0.5`, `500ms`, `2s`, `1m`; without a unit in seconds.
    static func duration(_ text: String) throws -> Duration {
        let units: [(String, Double)] = [("ms", 0.001), ("s", 1), ("m", 60)]
        let unit = units.first { text.hasSuffix($0.0) }
        guard let number = Double(text.dropLast(unit?.0.count ?? 0)), number.isFinite, (0...86_400_000).contains(number) else {
            throw ValidationError("a time is seconds such as 5, or 500ms, 2s, 1m")
        }
        return .seconds(number * (unit?.1 ?? 1))
    }

    static func position(_ text: String) throws -> WatchPosition {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let incarnation = UInt64(parts[0]), let number = UInt64(parts[1]) else {
            throw ValidationError("a position is what a watch printed as \"position\" of an event, such as 3:1042")
        }
        return WatchPosition(incarnation: incarnation, number: number)
    }
}

extension Duration {
    /// Whole milliseconds, at most what a message can carry.
    var milliseconds: UInt32 {
        UInt32(clamping: components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000)
    }
}

/// The argument that names a table.
struct TableArgument: ParsableArguments {
    @Argument(help: ArgumentHelp("The table.", valueName: "table"), transform: Arguments.table)
    var name: TableName
}

/// How sure a write has to be before it counts.
struct WriteOptions: ParsableArguments {
    enum Level: String, CaseIterable, ExpressibleByArgument {
        case local
        case majority
        case all

        var ackLevel: AckLevel {
            switch self {
            case .local: .local
            case .majority: .majority
            case .all: .all
            }
        }
    }

    @Option(name: .long, help: "Which live replicas must have the write before it counts.")
    var ack: Level = .all

    @Option(
        name: .long,
        help: ArgumentHelp("How long to wait for them. The write stays in any case. (default: 5s)", valueName: "time"),
        transform: Arguments.duration)
    var timeout: Duration = .seconds(5)

    func write(_ operations: [Operation], to table: TableName) -> RowWrite {
        RowWrite(table: table, level: ack.ackLevel, timeout: timeout.milliseconds, operations: operations)
    }
}

/// How keys and values stand on the command line and in the output.
struct BytesOptions: ParsableArguments {
    @Flag(name: .long, help: "Keys and values are given and printed in base64, for bytes that are not text.")
    var base64 = false
}
