/// The error registry (chapter "Errors"): one list for CLOSE, JOIN_REJECT, SNAP_CANCEL and REPLY.
public enum ErrorCode: UInt16, Hashable, Sendable, CaseIterable {
    case none = 0x0000
    // Closes that are no errors.
    case shuttingDown = 0x0001
    case duplicateLink = 0x0002
    case leaving = 0x0003
    case idle = 0x0004
    case joined = 0x0005
    // The bytes.
    case versionUnsupported = 0x0101
    case badHeader = 0x0102
    case badBody = 0x0103
    case frameTooLarge = 0x0104
    case messageTooLarge = 0x0105
    case sequenceGap = 0x0106
    case unknownCritical = 0x0107
    case malformed = 0x0108
    case unexpectedMessage = 0x0109
    case wrongLane = 0x010A
    case creditExceeded = 0x010B
    case flood = 0x010C
    case handshakeTimeout = 0x010D
    case heartbeatTimeout = 0x010E
    case tooManyLinks = 0x010F
    case internalError = 0x0110
    case snapshotMismatch = 0x0111
    // Who is who.
    case authenticationFailed = 0x0201
    case wrongCluster = 0x0202
    case nameConflict = 0x0203
    case staleIncarnation = 0x0204
    case clockSkew = 0x0205
    case removed = 0x0206
    case notMember = 0x0207
    case selfLink = 0x0208
    case roleNotAllowed = 0x0209
    // Joining.
    case notEmpty = 0x0301
    case busy = 0x0302
    case alreadyMember = 0x0303
    case tooManyMembers = 0x0304
    case incompatible = 0x0305
    // Calls.
    case unknownMethod = 0x0401
    case invalidArgument = 0x0402
    case noSuchTable = 0x0403
    case tableExists = 0x0404
    case tooManyTables = 0x0405
    case keyTooLarge = 0x0406
    case valueTooLarge = 0x0407
    case batchTooLarge = 0x0408
    case acknowledgementTimeout = 0x0409
    case storageFailed = 0x040A
    case diskFull = 0x040B
    case positionTooOld = 0x040C
    case noSuchMember = 0x040D
    case notReady = 0x040E
    case unreachable = 0x040F
    case tooManyCalls = 0x0410
    case notSupported = 0x0411
    case cancelled = 0x0412
    case notReplicated = 0x0413

    /// Whether a REPLY may carry it (ERR-004): what joining and calling can come to, and what any of its messages may say.
    public var fitsReply: Bool {
        switch self {
        case .none, .internalError, .nameConflict, .clockSkew: true
        default: rawValue >= ErrorCode.notEmpty.rawValue
        }
    }

    /// The name in the registry, as logs, captures and the CLI show it: `WRONG_CLUSTER`.
    public var name: String {
        var result = ""
        for character in String(describing: self) {
            if character.isUppercase { result.append("_") }
            result.append(contentsOf: character.uppercased())
        }
        return result
    }
}
