package import ClusterModel
package import WireFormat

/// A rule of the spec that bytes break, and what the peer should answer.
package struct Violation: Hashable, Sendable {
    /// The requirement: `FRM-011`.
    package var requirement: String
    /// What a receiver closes the link with, or refuses the call.
    package var error: ErrorCode
    /// One word of `DecodingError.Reason`.
    package var reason: DecodingError.Reason
    /// As the spec names it: `hello.nonce`, `header.sequence`.
    package var field: String
    /// Bytes from the start of header or body to what is wrong.
    package var offset: Int

    init(_ requirement: String, _ error: ErrorCode, _ reason: DecodingError.Reason, _ field: String, offset: Int = 0) {
        self.requirement = requirement
        self.error = error
        self.reason = reason
        self.field = field
        self.offset = offset
    }

    /// What the reference decoder says of a body.
    init(_ failure: DecodingError, in type: MessageType) {
        self.init(
            Self.requirement(failure, type), failure.code, failure.reason, failure.field, offset: failure.offset)
    }
}

extension Violation {
    /// The reason as vectors and logs name it.
    var reasonName: String { reason.rawValue }
}

extension Violation: CustomStringConvertible {
    /// `FRM-011 BAD_BODY: header.bodyCRC wrongChecksum`.
    package var description: String { "\(requirement) \(error.name): \(field) \(reasonName)" }
}

// MARK: Which requirement an error is about

extension Violation {
    private static func requirement(_ failure: DecodingError, _ type: MessageType) -> String {
        let field = failure.field
        if field.hasPrefix("rowBlock.") { return rowBlock(failure) }
        if failure.code.refusesCall { return call(failure) }
        return switch failure.reason {
        case .truncated: truncated(field)
        case .leftover: "ENC-007"
        case .unknownValue: "ENC-006"
        case .unknownCritical: field == "hello.features" ? "EXT-004" : "EXT-005"
        case .notBoolean: "ENC-002"
        case .notUnicode: "ENC-003"
        case .invalidName: name(field)
        case .limitExceeded: limit(field)
        case .outOfRange: range(field)
        case .notAscending: field.hasPrefix("hello.extensions") ? "EXT-008" : "ENC-008"
        case .notCanonical: "VER-007"
        case .reservedNotZero: field.hasPrefix("snapChunk") ? "SNP-030" : "CAL-020"
        case .contradiction: contradiction(failure)
        case .wrongCompression: "SNP-023"
        case .wrongChecksum: "SNP-025"
        case .wrongMagic, .wrongSequence, .wrongLane, .wrongContinuation, .creditExceeded: "FRM-018"
        }
    }

    private static func truncated(_ field: String) -> String {
        if field.contains(".groups.") { return "REP-004" }
        if field.hasPrefix("hello.extensions.") { return "EXT-008" }
        return switch field {
        case "hello.features", "members.records", "snapBegin.vector": "ENC-005"
        case "digests.buckets": "DIG-011"
        case "hello.nonce": "LNK-010"
        default: "ENC-007"
        }
    }

    private static func name(_ field: String) -> String {
        if field.hasSuffix("address") { return "MBR-006" }
        if field == "hello.name" || field.hasPrefix("members.") || field.hasPrefix("joinAccept.members") { return "MBR-005" }
        return "TAB-001"
    }

    private static func limit(_ field: String) -> String {
        let last = field.split(separator: ".").last ?? ""
        return switch last {
        case "valueLength", "value": "LIM-005"
        case "keyLength", "key": "LIM-004"
        case "text", "name", "table", "address": "LIM-006"
        case "features", "codecs", "extensions": "LIM-025"
        case "records", "members": "LIM-011"
        case "tables": field.hasPrefix("ping") ? "LIM-029" : "LIM-012"
        case "definitions": "LIM-012"
        case "count", "operations": "LIM-013"
        case "vector", "collected", "have", "entries": "LIM-014"
        case "rawLength": "LIM-003"
        default: "ENC-007"
        }
    }

    private static func range(_ field: String) -> String {
        if field.hasSuffix("version.sequence") { return "VER-002" }
        return switch field {
        case "operations.first", "operations.count": "REP-001"
        case "operations.groups.count": "REP-004"
        case "hello.maximumFrameBody": "LNK-012"
        case "credit.lane": "FRM-033"
        case "snapRequest.firstBucket", "snapRequest.lastBucket", "snapChunk.nextBucket": "LIM-010"
        default: "ENC-006"
        }
    }

    private static func contradiction(_ failure: DecodingError) -> String {
        switch failure.field {
        case "reply.kind", "reply.code": "CAL-009"
        case "snapChunk.rawLength": "SNP-023"
        default: "REP-001"
        }
    }

    private static func call(_ failure: DecodingError) -> String {
        switch failure.code {
        case .unknownMethod: "CAL-007"
        case .batchTooLarge: "LIM-013"
        case .keyTooLarge: "LIM-004"
        case .valueTooLarge: "LIM-005"
        default: "CAL-004"
        }
    }

    private static func rowBlock(_ failure: DecodingError) -> String {
        let column = failure.field.dropFirst("rowBlock.".count)
        return switch failure.reason {
        case .limitExceeded: column == "valueLengths" ? "LIM-005" : "LIM-004"
        case .notAscending: "ENC-008"
        case .notCanonical: column == "keyShapes" || column == "origins" ? "SNP-024" : "ENC-010"
        case .outOfRange: column == "sequences" ? "VER-002" : "SNP-024"
        case .truncated: column == "sequences" ? "ENC-010" : "SNP-024"
        default: "SNP-024"
        }
    }
}
