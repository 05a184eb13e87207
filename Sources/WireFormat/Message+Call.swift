public import ClusterModel

extension Call {
    /// The code that stands first in the body (CAL-001).
    public var method: Method {
        switch self {
        case .clusterStatus: .clusterStatus
        case .clusterJoin: .clusterJoin
        case .clusterLeave: .clusterLeave
        case .clusterRemove: .clusterRemove
        case .clusterConflicts: .clusterConflicts
        case .clusterWatch: .clusterWatch
        case .tableCreate: .tableCreate
        case .tableDrop: .tableDrop
        case .tableList: .tableList
        case .tableInfo: .tableInfo
        case .rowWrite: .rowWrite
        case .rowGet: .rowGet
        case .rowScan: .rowScan
        case .rowWatch: .rowWatch
        case .nodeInfo: .nodeInfo
        case .nodePrepare: .nodePrepare
        case .nodeResume: .nodeResume
        case .nodeBlock: .nodeBlock
        }
    }
}

/// A call that is well formed but asks for what no node does is refused by its own code, from 0x0401 on, so that the receiver
/// can answer it and keep the link (CAL-004).
extension Call: WireValue {
    static let leastSize = 2
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> Call {
        let start = input
        guard let method = Method(rawValue: try input.read("method")) else {
            throw start.failure(.unknownValue, "method", code: .unknownMethod)
        }
        do throws(ReadFailure) {
            return try read(method, &input)
        } catch {
            throw refusal(error)
        }
    }

    private static func read(_ method: Method, _ input: inout Span<UInt8>) throws(ReadFailure) -> Call {
        switch method {
        case .clusterStatus: .clusterStatus
        case .clusterJoin:
            .clusterJoin(
                address: try input.read("address"), mode: try input.read("mode"), isDryRun: try input.readBool("isDryRun"))
        case .clusterLeave: .clusterLeave
        case .clusterRemove: .clusterRemove(name: try input.read("name"))
        case .clusterConflicts: .clusterConflicts(after: try input.read("after"), limit: try input.read("limit"))
        case .clusterWatch: .clusterWatch(position: try input.readOptional("position"))
        case .tableCreate: .tableCreate(try input.read("definition"))
        case .tableDrop: .tableDrop(try input.read("table"))
        case .tableList: .tableList
        case .tableInfo: .tableInfo(try input.read("table"))
        case .rowWrite: .rowWrite(try RowWrite.read(&input))
        case .rowGet:
            .rowGet(table: try input.read("table"), key: try input.readBytes("key", upTo: Limits.key, code: .keyTooLarge))
        case .rowScan: .rowScan(try RowScan.read(&input))
        case .rowWatch: .rowWatch(table: try input.read("table"), position: try input.readOptional("position"))
        case .nodeInfo: .nodeInfo
        case .nodePrepare: .nodePrepare
        case .nodeResume: .nodeResume
        case .nodeBlock: .nodeBlock(names: try input.readList("names", upTo: Limits.members))
        }
    }

    /// A name or a limit that is wrong is the caller's mistake, not the link's.
    private static func refusal(_ failure: ReadFailure) -> ReadFailure {
        guard failure.code == .malformed, failure.reason == .invalidName || failure.reason == .limitExceeded else {
            return failure
        }
        var refusal = failure
        refusal.code = .invalidArgument
        return refusal
    }

    func write(to output: inout [UInt8]) {
        output.write(method)
        switch self {
        case .clusterStatus, .clusterLeave, .tableList, .nodeInfo, .nodePrepare, .nodeResume: break
        case .clusterJoin(let address, let mode, let isDryRun):
            address.write(to: &output)
            output.write(mode)
            output.write(isDryRun)
        case .clusterRemove(let name): name.write(to: &output)
        case .clusterConflicts(let after, let limit):
            output.write(after)
            output.write(limit)
        case .clusterWatch(let position): output.write(position)
        case .tableCreate(let definition): definition.write(to: &output)
        case .tableDrop(let table), .tableInfo(let table): table.write(to: &output)
        case .rowWrite(let write): write.write(to: &output)
        case .rowGet(let table, let key):
            table.write(to: &output)
            output.write(key)
        case .rowScan(let scan): scan.write(to: &output)
        case .rowWatch(let table, let position):
            table.write(to: &output)
            output.write(position)
        case .nodeBlock(let names): output.write(names)
        }
    }
}

extension RowWrite: WireValue {
    static let leastSize = 11
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> RowWrite {
        RowWrite(
            table: try input.read("table"),
            level: try input.read("level"),
            timeout: try input.read("timeout"),
            operations: try readOperations(&input))
    }

    private static func readOperations(_ input: inout Span<UInt8>) throws(ReadFailure) -> [Operation] {
        let start = input
        let operations: [Operation]
        do throws(ReadFailure) {
            operations = try input.readList("operations", upTo: Limits.batchOperations)
        } catch {
            // Only the count itself fails where the list begins.
            guard error.reason == .limitExceeded, error.remaining == start.count else { throw error }
            throw start.failure(.limitExceeded, "operations", code: .batchTooLarge)
        }
        guard !operations.isEmpty else { throw start.failure(.outOfRange, "operations", code: .invalidArgument) }
        return operations
    }

    func write(to output: inout [UInt8]) {
        table.write(to: &output)
        output.write(level)
        output.write(timeout)
        output.write(operations)
    }
}

extension RowScan: WireValue {
    static let leastSize = 10
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> RowScan {
        RowScan(
            table: try input.read("table"),
            prefix: try input.readBytes("prefix", upTo: Limits.key),
            cursor: try input.readBytes("cursor", upTo: Limits.message))
    }
    func write(to output: inout [UInt8]) {
        table.write(to: &output)
        output.write(prefix)
        output.write(cursor)
    }
}
