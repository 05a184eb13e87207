import ClusterModel
import WireFormat

/// One vector: bytes and what they mean, or why they mean nothing.
struct Vector: Sendable {
    enum Kind: String, Sendable {
        /// A message body of `type`.
        case message
        /// The bytes of a link after its preface, from the first frame on.
        case frames
        case preface
        case rowBlock
        case groups
        /// A SNAP_CHUNK body that is also unpacked.
        case chunk
        /// A hash or checksum named by `type` of the bytes, or of `input`.
        case hash
    }

    enum Outcome: Equatable, Sendable {
        case decoded(JSON)
        case error(ErrorCode, DecodingError.Reason, offset: Int, field: String)
    }

    var name: String
    var kind: Kind
    var type: String?
    var req: String
    var bytes: [UInt8]
    /// Limits of the link, seed and row of a hash.
    var input: JSON?
    var outcome: Outcome

    var json: JSON {
        var pairs: [(String, JSON)] = [("name", .string(name)), ("role", .string("decode")), ("kind", .string(kind.rawValue))]
        if let type { pairs.append(("type", .string(type))) }
        pairs.append(("req", .string(req)))
        if let input { pairs.append(("input", input)) }
        pairs.append(("hex", .string(hexadecimal(bytes))))
        switch outcome {
        case .decoded(let value): pairs.append(("decoded", value))
        case .error(let code, let reason, let offset, let field):
            pairs += [
                ("error", .string(code.name)), ("reason", .string(reason.rawValue)), ("offset", .number(offset)),
                ("field", .string(field)),
            ]
        }
        return .object(pairs)
    }

    init(
        _ name: String, _ kind: Kind, type: String? = nil, req: String, _ bytes: [UInt8], input: JSON? = nil, _ outcome: Outcome
    ) {
        self.name = name
        self.kind = kind
        self.type = type
        self.req = req
        self.bytes = bytes
        self.input = input
        self.outcome = outcome
    }

    /// As a committed file has it.
    init?(_ json: JSON) {
        guard let name = json["name"]?.text, let kind = json["kind"]?.text.flatMap(Kind.init), let req = json["req"]?.text,
            let bytes = json["hex"]?.text.flatMap(Self.bytes), json["role"] == .string("decode")
        else { return nil }
        self.init(name, kind, type: json["type"]?.text, req: req, bytes, input: json["input"], .decoded(.null))
        if let decoded = json["decoded"] {
            outcome = .decoded(decoded)
        } else {
            guard let code = ErrorCode.allCases.first(where: { json["error"] == .string($0.name) }),
                let reason = json["reason"]?.text.flatMap(DecodingError.Reason.init), let offset = json["offset"]?.integer,
                let field = json["field"]?.text
            else { return nil }
            outcome = .error(code, reason, offset: offset, field: field)
        }
    }

    static func bytes(_ hexadecimal: String) -> [UInt8]? {
        let digits = hexadecimal.compactMap(\.hexDigitValue)
        guard digits.count == hexadecimal.count, digits.count % 2 == 0 else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}

/// One committed file.
struct VectorFile: Sendable {
    var name: String
    var description: String
    var vectors: [Vector]

    var text: String {
        let lines = vectors.map { "    " + $0.json.line }.joined(separator: ",\n")
        return """
            {
              "description": \(JSON.string(description).line),
              "vectors": [
            \(lines)
              ]
            }

            """
    }
}

/// Collects the vectors of one file.
struct VectorList {
    private(set) var vectors: [Vector] = []
    /// Messages beside the bytes written by hand: the encoder must give these bytes.
    private(set) var written: [(Message, [UInt8])] = []

    /// A message, and the two ways in which any body goes wrong: one byte short, and one too many.
    /// - Parameter tail: the last field and the bytes from its start to the end of the body; nil when the body is empty.
    mutating func good(
        _ name: String, _ message: Message, req: String, _ bytes: [UInt8], tail: (field: String, size: Int)? = nil
    ) {
        let prefix = "\(message.type)"
        written.append((message, bytes))
        vectors.append(Vector(name, .message, type: message.type.name, req: req, bytes, .decoded(JSON(message))))
        guard let tail else { return }
        bad(
            "\(name)/one-byte-short", message.type, Array(bytes.dropLast()), .truncated, at: bytes.count - tail.size,
            "\(prefix).\(tail.field)", req: "ENC-007")
        bad("\(name)/one-byte-over", message.type, bytes + [0], .leftover, at: bytes.count, "\(prefix).end", req: "ENC-007")
    }

    mutating func bad(
        _ name: String, _ type: MessageType, _ bytes: [UInt8], _ reason: DecodingError.Reason, at offset: Int, _ field: String,
        req: String, code: ErrorCode = .malformed
    ) {
        vectors.append(
            Vector(name, .message, type: type.name, req: req, bytes, .error(code, reason, offset: offset, field: field)))
    }

    mutating func add(_ vector: Vector) { vectors.append(vector) }
}
