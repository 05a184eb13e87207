internal import ClusterModel

extension TableDefinition: WireValue {
    static let leastSize = 2 + 1 + 1 + 1 + 4 + 4 + 1 + 40 + 8
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> TableDefinition {
        TableDefinition(
            name: try input.read("name"),
            type: try input.read("type"),
            storage: try input.read("storage"),
            merge: try input.read("merge"),
            syncIntervalMilliseconds: try input.read("syncIntervalMilliseconds"),
            replicas: try input.readAscending("replicas", upTo: Limits.members, <),
            exists: try input.readBool("exists"),
            version: try input.read("version"),
            floor: try input.read("floor"))
    }
    func write(to output: inout [UInt8]) {
        name.write(to: &output)
        output.write(type)
        output.write(storage)
        output.write(merge)
        output.write(syncIntervalMilliseconds)
        output.write(replicas)
        output.write(exists)
        version.write(to: &output)
        floor.write(to: &output)
    }
}

extension Definitions: WireValue {
    static let leastSize = 4
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> Definitions {
        Definitions(try input.readAscending("definitions", upTo: Limits.tables) { $0.name < $1.name })
    }
    func write(to output: inout [UInt8]) { output.write(definitions) }
}

/// A row in a reply (CAL-020). In snapshots rows stand in a `RowBlock`.
extension Row: WireValue {
    static let leastSize = 1 + 4 + 4 + RowVersion.leastSize
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> Row {
        let start = input
        let flags = try input.read("flags", as: UInt8.self)
        guard flags & ~(RowBlock.tombstone | RowBlock.owned) == 0 else { throw start.failure(.reservedNotZero, "flags") }
        let key = try input.readBytes("key", upTo: Limits.key)
        let owner = flags & RowBlock.owned != 0 ? try input.read("owner", as: NodeID.self) : nil
        let value = try input.readBytes("value", upTo: Limits.value)
        let versionStart = input
        let version = try input.read("version", as: RowVersion.self)
        guard (1..<UInt64.max).contains(version.dot.sequence) else {
            let sequence = versionStart.extracting(droppingFirst: RowVersion.leastSize - 8)
            throw sequence.failure(.outOfRange, "version.sequence")
        }
        return Row(key: key, owner: owner, value: value, isTombstone: flags & RowBlock.tombstone != 0, version: version)
    }
    func write(to output: inout [UInt8]) {
        output.append((isTombstone ? RowBlock.tombstone : 0) | (owner != nil ? RowBlock.owned : 0))
        output.write(key)
        owner?.write(to: &output)
        output.write(value)
        version.write(to: &output)
    }
}

/// An operation in a call. In OPERATIONS they stand in `OperationGroups`.
extension Operation: WireValue {
    static let leastSize = 9
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> Operation {
        let kind = try input.read("kind", as: Kind.self)
        let key = try input.readBytes("key", upTo: Limits.key, code: .keyTooLarge)
        return Operation(kind, key: key, value: try input.readBytes("value", upTo: Limits.value, code: .valueTooLarge))
    }
    func write(to output: inout [UInt8]) {
        output.write(kind)
        output.write(key)
        output.write(value)
    }
}

extension WatchPosition: WireValue {
    static let leastSize = 16
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> WatchPosition {
        WatchPosition(incarnation: try input.read("incarnation"), number: try input.read("number"))
    }
    func write(to output: inout [UInt8]) {
        output.write(incarnation)
        output.write(number)
    }
}
