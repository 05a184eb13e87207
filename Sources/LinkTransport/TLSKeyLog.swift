import NIOCore
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// A file that gets the secrets of TLS connections, a line each (NSS key log format), so that captures of them can be read.
final class TLSKeyLog: Sendable {
    private let path: String
    private let descriptor: CInt
    private let failure = Mutex<String?>(nil)

    /// Several processes may append to one file: each line is one write.
    init(appendingTo path: String) throws(LinkTLS.FileError) {
        self.path = path
        descriptor = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw LinkTLS.FileError(
                "cannot write the TLS key log \(path) (\(TLSFile.words(errno))): give a file that this user can write")
        }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & 0o077 == 0 else {
            close(descriptor)
            throw LinkTLS.FileError("others can read the TLS key log \(path): make it yours alone with: chmod 600 \(path)")
        }
    }

    deinit { close(descriptor) }

    /// Why lines are missing, nil when none are.
    var problem: String? { failure.withLock { $0 } }

    /// Links do not depend on it: what cannot be written is left out.
    func append(_ line: ByteBuffer) {
        let written = unsafe line.withUnsafeReadableBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
        guard written != line.readableBytes else { return }
        let reason = written < 0 ? TLSFile.words(errno) : "no space for a whole line"
        failure.withLock { $0 = $0 ?? "\(path): \(reason)" }
    }
}
