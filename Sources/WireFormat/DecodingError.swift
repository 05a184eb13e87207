public import ClusterModel

/// Why bytes have no meaning (ERR-001). `code` is what a CLOSE or a REPLY carries; the rest says where and why.
public struct DecodingError: Error, Hashable, Sendable {
    /// The registered error: MALFORMED for most bodies; a code of 0x0400 and above refuses one call and not the link.
    public var code: ErrorCode
    /// Bytes from the start of what was decoded (header, body, block) to the start of what is wrong.
    public var offset: Int
    /// The field, as the spec names it: `hello.nonce`.
    public var field: String
    public var reason: Reason

    public init(_ reason: Reason, code: ErrorCode = .malformed, offset: Int, field: String) {
        self.code = code
        self.offset = offset
        self.field = field
        self.reason = reason
    }

    /// Every way in which bytes can be wrong. The raw values stand in the vectors.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        /// The bytes end inside the field.
        case truncated
        /// Bytes follow the last field.
        case leftover
        /// No registered value of an enumeration.
        case unknownValue
        /// An even, so critical, code that is not known.
        case unknownCritical
        /// A Bool or the mark of an optional is neither 0 nor 1.
        case notBoolean
        /// Text is not UTF-8.
        case notUnicode
        /// A name or an address does not follow its grammar.
        case invalidName
        /// Longer, or more elements, than the named limit.
        case limitExceeded
        /// A number outside the range that the field allows.
        case outOfRange
        /// Elements do not ascend strictly.
        case notAscending
        /// The value has a shorter or another encoding that is the one allowed.
        case notCanonical
        /// Bits or bytes that must be zero are not.
        case reservedNotZero
        /// Two fields that depend on each other do not agree.
        case contradiction
        /// Not the magic value.
        case wrongMagic
        /// A CRC does not match the bytes.
        case wrongChecksum
        /// The frame's sequence is not the next one.
        case wrongSequence
        /// The type does not travel on this lane.
        case wrongLane
        /// A frame with MORE, or the frame after it, does not continue the message properly.
        case wrongContinuation
        /// More bytes than the credit granted for the lane.
        case creditExceeded
        /// Compressed data does not inflate into exactly the length declared.
        case wrongCompression
    }
}

extension DecodingError: CustomStringConvertible {
    /// One line for logs and the text of a CLOSE: `MALFORMED: hello.nonce at byte 57: truncated`.
    public var description: String { "\(code.name): \(field) at byte \(offset): \(reason.rawValue)" }
}
