public import ClusterModel
internal import WireFormat

/// `MANIFEST`: which generation is the data, and which cluster this node belongs to (DSK-006).
public struct Manifest: Hashable, Sendable {
    public var generation: UInt64
    public var cluster: ClusterID
    /// When the cluster was founded: the `joined` stamp of its first member.
    public var founded: Stamp
}

/// `node`: who this node is (DSK-007).
public struct NodeIdentity: Hashable, Sendable {
    public var node: NodeID
    /// Of the life that wrote the file.
    public var incarnation: Incarnation
    public var name: NodeName
}

/// A file that holds one record of its own type and is replaced whole (DSK-005).
protocol SmallFile {
    static var kind: FileKind { get }
    static var recordType: RecordType { get }
    func write(to body: inout [UInt8])
    static func read(_ body: Span<UInt8>) throws(BodyError) -> Self
}

extension SmallFile {
    /// The bytes of the whole file.
    var fileBytes: [UInt8] {
        var bytes = RecordFormat.header(Self.kind)
        bytes.appendRecord(Self.recordType) { write(to: &$0) }
        return bytes
    }

    /// Reads a file that must be there and be whole.
    static func load(_ name: String, from disk: any Disk) throws(StorageError) -> Self {
        var result: Self?
        try RecordReader.readWhole(name, of: kind, on: disk) { (type, body, offset) throws(StorageError) in
            guard type == recordType, result == nil else {
                throw .corrupt(file: name, offset: offset, reason: .recordType(type.rawValue))
            }
            do throws(BodyError) {
                result = try read(body)
            } catch {
                throw .corrupt(file: name, offset: offset, reason: .body(field: error.field))
            }
        }
        guard let result else { throw .corrupt(file: name, offset: UInt64(RecordFormat.headerSize), reason: .incomplete) }
        return result
    }

    /// nil when there is no such file.
    static func loadIfPresent(_ name: String, from disk: any Disk) throws(StorageError) -> Self? {
        do throws(StorageError) {
            return try load(name, from: disk)
        } catch {
            if case .corrupt(_, _, .missing) = error { return nil }
            throw error
        }
    }
}

extension Manifest: SmallFile {
    static var kind: FileKind { .manifest }
    static var recordType: RecordType { .manifest }

    func write(to body: inout [UInt8]) {
        body.appendBigEndian(generation)
        body.appendBigEndian(cluster.value)
        body.appendBigEndian(founded.value)
    }

    static func read(_ body: Span<UInt8>) throws(BodyError) -> Manifest {
        var body = body
        let manifest = Manifest(
            generation: try body.take(UInt64.self, "generation"), cluster: ClusterID(try body.take(UInt128.self, "cluster")),
            founded: Stamp(try body.take(UInt64.self, "founded")))
        try body.finish("manifest")
        return manifest
    }
}

extension NodeIdentity: SmallFile {
    static var kind: FileKind { .node }
    static var recordType: RecordType { .node }

    func write(to body: inout [UInt8]) {
        body.appendBigEndian(node.value)
        body.appendBigEndian(incarnation)
        body.appendText(name.text)
    }

    static func read(_ body: Span<UInt8>) throws(BodyError) -> NodeIdentity {
        var body = body
        let node = NodeID(try body.take(UInt128.self, "node"))
        let incarnation = try body.take(UInt64.self, "incarnation")
        guard let name = NodeName(try body.takeText("name")) else { throw BodyError("name") }
        try body.finish("node")
        return NodeIdentity(node: node, incarnation: incarnation, name: name)
    }
}

/// `clock`: no stamp above this was ever told out (VER-003).
struct ClockBound: SmallFile {
    var bound: Stamp

    static var kind: FileKind { .clock }
    static var recordType: RecordType { .clock }

    func write(to body: inout [UInt8]) { body.appendBigEndian(bound.value) }

    static func read(_ body: Span<UInt8>) throws(BodyError) -> ClockBound {
        var body = body
        let bound = Stamp(try body.take(UInt64.self, "bound"))
        try body.finish("clock")
        return ClockBound(bound: bound)
    }
}

/// `gen-N/log-start`: the first log segment that is part of the data; those before it are covered by checkpoints (DSK-021).
struct LogStart: SmallFile {
    var segment: UInt64

    static var kind: FileKind { .logStart }
    static var recordType: RecordType { .logStart }

    func write(to body: inout [UInt8]) { body.appendBigEndian(segment) }

    static func read(_ body: Span<UInt8>) throws(BodyError) -> LogStart {
        var body = body
        let segment = try body.take(UInt64.self, "segment")
        try body.finish("logStart")
        return LogStart(segment: segment)
    }
}

/// `gen-N/members`: the member records, for the cluster that they are members of (DSK-008). When that is not the cluster of
/// MANIFEST, the node has left between the two writes, and the records are of no use any more.
struct MembersFile: SmallFile {
    var cluster: ClusterID
    var records: [MemberRecord]

    static var kind: FileKind { .members }
    static var recordType: RecordType { .members }

    func write(to body: inout [UInt8]) {
        body.appendBigEndian(cluster.value)
        body.append(contentsOf: MessageCodec.encode(.members(Members(records))))
    }

    static func read(_ body: Span<UInt8>) throws(BodyError) -> MembersFile {
        var body = body
        let cluster = ClusterID(try body.take(UInt128.self, "cluster"))
        guard case .members(let members) = try decodeMessage(.members, body) else { throw BodyError("members") }
        return MembersFile(cluster: cluster, records: members.records)
    }
}

/// `gen-N/catalogue`: every definition, dropped ones included (DSK-009).
struct CatalogueFile: SmallFile {
    var definitions: [TableDefinition]

    static var kind: FileKind { .catalogue }
    static var recordType: RecordType { .catalogue }

    func write(to body: inout [UInt8]) {
        body.append(contentsOf: MessageCodec.encode(.definitions(Definitions(definitions))))
    }

    static func read(_ body: Span<UInt8>) throws(BodyError) -> CatalogueFile {
        guard case .definitions(let value) = try decodeMessage(.definitions, body) else { throw BodyError("definitions") }
        return CatalogueFile(definitions: value.definitions)
    }
}

/// Reads a body that is a message's body.
func decodeMessage(_ type: MessageType, _ body: Span<UInt8>) throws(BodyError) -> Message {
    do throws(DecodingError) {
        return try MessageCodec.decode(type: type, body: body)
    } catch {
        throw BodyError(error)
    }
}
