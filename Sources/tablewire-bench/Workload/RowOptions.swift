import ArgumentParser
import ClusterModel

/// Which rows.
struct RowOptions: ParsableArguments {
    @Option(help: "How many rows.")
    var rows = 1_000_000
    @Option(help: "Bytes of each value; keys have 32 on average.")
    var value = 64

    var workload: Workload { Workload(valueBytes: value) }

    func validate() throws {
        guard rows > 0 else { throw ValidationError("--rows must be at least 1") }
        guard (0...Limits.value).contains(value) else { throw ValidationError("--value must be from 0 to \(Limits.value)") }
    }
}

enum StorageOption: String, ExpressibleByArgument, CaseIterable {
    case ram, disc

    var kind: StorageKind { self == .ram ? .ram : .disc }
}

enum TypeOption: String, ExpressibleByArgument, CaseIterable {
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
