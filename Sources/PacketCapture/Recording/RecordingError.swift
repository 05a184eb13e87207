internal import Glibc

/// Why a capture could not be written. What was written before stays, whole blocks only.
public enum RecordingError: Error, Hashable, Sendable {
    case isDirectory(file: String)
    case noPermission(file: String)
    /// The directory in which the file should be does not exist.
    case noDirectory(file: String)
    /// The disk, or the user's share of it, is full.
    case noSpace(file: String)
    /// The system refused for another reason; its `errno`.
    case failed(file: String, code: Int32)

    /// The error of the call that just failed on `file`.
    init(file: String, code: Int32) {
        self =
            switch code {
            case EISDIR: .isDirectory(file: file)
            case EACCES, EPERM, EROFS: .noPermission(file: file)
            case ENOENT, ENOTDIR: .noDirectory(file: file)
            case ENOSPC, EDQUOT: .noSpace(file: file)
            default: .failed(file: file, code: code)
            }
    }
}

extension RecordingError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .isDirectory(let file): "\(file): this is a directory; name the file to write"
        case .noPermission(let file): "\(file): no permission to write it; choose another place or another user"
        case .noDirectory(let file): "\(file): there is no such directory; make it first"
        case .noSpace(let file): "\(file): the disk is full"
        case .failed(let file, let code): "\(file): cannot be written (\(SystemText.of(code)))"
        }
    }
}

/// The system's words for an `errno`.
enum SystemText {
    static func of(_ code: Int32) -> String {
        unsafe String(cString: strerror(code))
    }
}
