import ClusterModel
import Foundation
import Testing
import WireFormat

/// `conformance/vectors/*.json` against the decoders, and against the vectors written by hand in `Vectors/`.
///
/// With TABLEWIRE_WRITE_VECTORS=1 in the environment the files are written anew instead.
@Suite struct VectorTests {
    static let lists: [(String, String, VectorList)] = [
        ("frames", "The preface, frame headers, and messages over several frames.", .frames),
        ("link", "HELLO, AUTH, CLOSE, PING, PONG and CREDIT.", .link),
        ("membership", "Members, probes, table definitions and joining.", .membership),
        ("replication", "OPERATIONS, ACK, TABLE_STATE and digests.", .replication),
        ("snapshots", "SNAP messages, and chunks unpacked.", .snapshots),
        ("blocks", "Row blocks and operation groups on their own.", .blocks),
        ("calls", "CALL with every method, and CANCEL.", .calls),
        ("replies", "REPLY with every kind.", .replies),
        ("hashes", "CRC-32, XXH64, and the hashes of rows and version vectors.", .hashes),
    ]
    static let files = lists.map { VectorFile(name: $0.0, description: $0.1, vectors: $0.2.vectors) }
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("conformance/vectors")

    static let isWriting = ProcessInfo.processInfo.environment["TABLEWIRE_WRITE_VECTORS"] == "1"

    private struct Document: Decodable {
        var description: String
        var vectors: [JSON]
    }

    private static func url(_ name: String) -> URL { folder.appendingPathComponent("\(name).json") }

    private static func committed(_ name: String) throws -> [Vector] {
        let document = try JSONDecoder().decode(Document.self, from: try Data(contentsOf: url(name)))
        return try document.vectors.map { try #require(Vector($0), "not a vector: \($0.line)") }
    }

    @Test(.enabled(if: isWriting)) func write() throws {
        try FileManager.default.createDirectory(at: Self.folder, withIntermediateDirectories: true)
        for file in Self.files { try Data(file.text.utf8).write(to: Self.url(file.name)) }
    }

    @Test(.disabled(if: isWriting), arguments: files.map(\.name)) func committedFilesAreTheVectorsWrittenHere(
        _ name: String
    )
        throws
    {
        let file = try #require(Self.files.first { $0.name == name })
        #expect(try String(contentsOf: Self.url(name), encoding: .utf8) == file.text)
    }

    @Test(.disabled(if: isWriting), arguments: files.map(\.name)) func committedVectorsHold(_ name: String) throws {
        for vector in try Self.committed(name) {
            let outcome = Self.outcome(of: vector)
            #expect(outcome == vector.outcome, "\(vector.name): \(outcome)")
        }
    }

    /// The bytes were put together by hand, so this tests the encoder and not its own echo.
    @Test func encoderGivesTheBytesWrittenByHand() {
        for (message, bytes) in Self.lists.flatMap(\.2.written) {
            let body = MessageCodec.encode(message)
            #expect(hexadecimal(body) == hexadecimal(bytes), "\(message)")
        }
    }

    @Test(.disabled(if: isWriting)) func everythingHasAVector() throws {
        let vectors = try Self.files.flatMap { try Self.committed($0.name) }
        let negative = vectors.count { if case .error = $0.outcome { true } else { false } }
        #expect(vectors.count >= 100)
        #expect(negative * 2 >= vectors.count)
        #expect(Set(vectors.map(\.name)).count == vectors.count)
        let positive = vectors.filter { if case .decoded = $0.outcome { $0.kind == .message } else { false } }
        for type in MessageType.allCases { #expect(positive.contains { $0.type == type.name }, "\(type)") }
        let messages = Self.lists.flatMap(\.2.written).map(\.0)
        for method in Call.Method.allCases {
            #expect(messages.contains { if case .call(let call) = $0 { call.method == method } else { false } }, "\(method)")
        }
        for kind in Reply.Result.Kind.allCases {
            #expect(messages.contains { if case .reply(let reply) = $0 { reply.result.kind == kind } else { false } }, "\(kind)")
        }
        for reason in DecodingError.Reason.allCases where reason != .creditExceeded {
            let isTested = vectors.contains { if case .error(_, reason, _, _) = $0.outcome { true } else { false } }
            #expect(isTested, "no vector for \(reason)")
        }
    }

    // MARK: What the code under test makes of a vector

    static func outcome(of vector: Vector) -> Vector.Outcome {
        do throws(DecodingError) {
            return .decoded(try decode(vector))
        } catch {
            return .error(error.code, error.reason, offset: error.offset, field: error.field)
        }
    }

    private static func decode(_ vector: Vector) throws(DecodingError) -> JSON {
        let bytes = vector.bytes
        switch vector.kind {
        case .message:
            guard let type = MessageType.allCases.first(where: { $0.name == vector.type }) else { return .null }
            let message = try MessageCodec.decode(type: type, body: bytes.span)
            return MessageCodec.encode(message) == bytes ? JSON(message) : .string("encodes to other bytes")
        case .preface: return JSON(describing: try Preface(decoding: bytes.span))
        case .frames: return try frames(vector)
        case .rowBlock:
            let rows = try RowBlock.rows(bytes.span)
            return RowBlock.encode(rows) == bytes ? JSON(describing: rows) : .string("encodes to other bytes")
        case .groups:
            let groups = try OperationGroups.decode(bytes.span)
            return OperationGroups.encode(groups) == bytes ? JSON(describing: groups) : .string("encodes to other bytes")
        case .chunk:
            guard case .snapChunk(let chunk) = try MessageCodec.decode(type: .snapChunk, body: bytes.span) else { return .null }
            return .object([("raw", JSON(describing: try ChunkCodec.unpack(chunk)))])
        case .hash: return hash(vector)
        }
    }

    private static func frames(_ vector: Vector) throws(DecodingError) -> JSON {
        let frameBody = vector.input?["frameBody"]?.integer ?? Limits.frameBodyDefault
        let message = vector.input?["message"]?.integer ?? Limits.message
        var assembler = FrameAssembler(bounds: .init(frameBody: frameBody, message: message))
        let bytes = vector.bytes
        var offset = 0
        var frames: [JSON] = []
        while let frame = try assembler.next(in: bytes.span, at: &offset) { frames.append(VectorList.describe(frame)) }
        return .array(frames)
    }

    private static func hash(_ vector: Vector) -> JSON {
        let bytes = vector.bytes
        func value(_ hash: UInt64) -> (String, JSON) { ("value", .string(hexadecimal(u64(hash)))) }
        switch vector.type {
        case "CRC32": return .object([("value", .string(hexadecimal(u32(CRC32.checksum(bytes.span)))))])
        case "XXH64":
            let seed = vector.input?["seed"]?.text.flatMap { UInt64($0) } ?? 0
            return .object([value(XXH64.hash(bytes.span, seed: seed))])
        case "ROW_HASH": return rowHash(vector.input ?? .null)
        case "ROW_DIGEST":
            func number(_ key: String, radix: Int = 10) -> UInt64 {
                vector.input?[key]?.text.flatMap { UInt64($0, radix: radix) } ?? 0
            }
            let node = vector.input?["node"]?.text.flatMap { UInt128($0, radix: 16) } ?? 0
            let version = Sample.version(number("stamp"), node, number("incarnation"), number("sequence"))
            return .object([value(RowHash.digest(number("rowHash", radix: 16), version: version))])
        case "VIEW_HASH":
            guard let view = view(bytes) else { return .null }
            return .object([value(ViewHash.hash(members: view.members, definitions: view.definitions))])
        case "VECTOR_HASH":
            let message = text("t") + bytes + list() + u8(0) + u64(0)
            guard case .snapBegin(let begin) = try? MessageCodec.decode(type: .snapBegin, body: message.span) else {
                return .null
            }
            return .object([value(begin.vector.hash64)])
        default: return .null
        }
    }

    private static func rowHash(_ input: JSON) -> JSON {
        guard let type = TableType.allCases.first(where: { input["type"] == .string("\($0)") }),
            let merge = MergeRule.allCases.first(where: { input["merge"] == .string("\($0)") }),
            let key = input["key"]?.text.flatMap(Vector.bytes), let value = input["value"]?.text.flatMap(Vector.bytes)
        else { return .null }
        let owner = input["owner"]?.text.flatMap { UInt128($0, radix: 16) }.map(NodeID.init)
        let hash = RowHash.row(type: type, merge: merge, key: key.span, owner: owner, value: value.span)
        return .object([("value", .string(hexadecimal(u64(hash)))), ("bucket", .number(RowHash.bucket(hash)))])
    }

    /// The bytes are a MEMBERS body and behind it a DEFINITIONS body.
    private static func view(_ bytes: [UInt8]) -> (members: [MemberRecord], definitions: [TableDefinition])? {
        let probe = Result { () throws(DecodingError) in try MessageCodec.decode(type: .members, body: bytes.span) }
        guard case .failure(let leftover) = probe, leftover.reason == .leftover else { return nil }
        let head = bytes.span.extracting(first: leftover.offset)
        let tail = bytes.span.extracting(droppingFirst: leftover.offset)
        guard case .members(let members) = try? MessageCodec.decode(type: .members, body: head),
            case .definitions(let definitions) = try? MessageCodec.decode(type: .definitions, body: tail)
        else { return nil }
        return (members.records, definitions.definitions)
    }
}
