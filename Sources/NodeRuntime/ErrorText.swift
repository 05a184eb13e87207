import NIOCore
import NIOPosix

#if canImport(Glibc)
import Glibc
#endif

enum ErrorNumbers {
    static let connectionRefused = ECONNREFUSED
}

extension Error {
    /// What the system said, without type names.
    var errnoText: String {
        if let error = self as? NIOConnectionError, let single = error.connectionErrors.first { return single.error.errnoText }
        guard let error = self as? IOError, let text = unsafe strerror(error.errnoCode) else { return "\(self)" }
        return unsafe String(cString: text).lowercased()
    }
}
