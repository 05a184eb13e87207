internal import ClusterModel

extension ClusterID: WireValue {
    static let leastSize = 16
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> ClusterID { ClusterID(try input.read("")) }
    func write(to output: inout [UInt8]) { output.write(value) }
}

extension NodeID: WireValue {
    static let leastSize = 16
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> NodeID { NodeID(try input.read("")) }
    func write(to output: inout [UInt8]) { output.write(value) }
}

extension NodeName: WireValue {
    static let leastSize = 2
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> NodeName {
        try input.readName("", upTo: Limits.nodeName, NodeName.init)
    }
    func write(to output: inout [UInt8]) { output.write(text) }
}

extension Address: WireValue {
    static let leastSize = 2
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> Address {
        try input.readName("", upTo: Limits.address, Address.init)
    }
    func write(to output: inout [UInt8]) { output.write(description) }
}

extension TableName: WireValue {
    static let leastSize = 2
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> TableName {
        try input.readName("", upTo: Limits.tableName, TableName.init)
    }
    func write(to output: inout [UInt8]) { output.write(text) }
}

extension Origin: WireValue {
    static let leastSize = 24
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> Origin {
        Origin(node: try input.read("node"), incarnation: try input.read("incarnation"))
    }
    func write(to output: inout [UInt8]) {
        node.write(to: &output)
        output.write(incarnation)
    }
}

extension Stamp: WireValue {
    static let leastSize = 8
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> Stamp { Stamp(try input.read("")) }
    func write(to output: inout [UInt8]) { output.write(value) }
}

extension RowVersion: WireValue {
    static let leastSize = 40
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> RowVersion {
        RowVersion(
            stamp: try input.read("stamp"),
            dot: Dot(
                origin: Origin(node: try input.read("node"), incarnation: try input.read("incarnation")),
                // 0 in the definition of a call; 2^64-1 is a floor, and in vectors only.
                sequence: try input.read("sequence", in: 0...UInt64.max - 1)))
    }
    func write(to output: inout [UInt8]) {
        stamp.write(to: &output)
        dot.origin.write(to: &output)
        output.write(dot.sequence)
    }
}

extension VersionVector.Entry: WireValue {
    static let leastSize = 32
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> Self {
        Self(
            origin: Origin(node: try input.read("node"), incarnation: try input.read("incarnation")),
            sequence: try input.read("sequence"))
    }
    func write(to output: inout [UInt8]) {
        origin.write(to: &output)
        output.write(sequence)
    }
}

extension VersionVector: WireValue {
    static let leastSize = 4
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> VersionVector {
        let start = input
        let entries = try input.readList("", of: Entry.self, upTo: Limits.vectorEntries)
        if let vector = VersionVector(canonical: entries) { return vector }
        // Whether an entry is canonical depends on the one before only, so the first bad pair is where it goes wrong.
        let bad = entries.indices.first { VersionVector(canonical: Array(entries[max(0, $0 - 1)...$0])) == nil } ?? 0
        throw start.extracting(droppingFirst: 4 + bad * Entry.leastSize).failure(.notCanonical, "entries")
    }
    func write(to output: inout [UInt8]) { output.write(entries) }
}
