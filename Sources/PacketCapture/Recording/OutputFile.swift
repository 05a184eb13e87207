internal import Glibc

/// A descriptor that is written from front to back, and closed with this.
struct OutputFile: ~Copyable {
    struct Failure: Error {
        var code: Int32
        /// Bytes of the last call that were written all the same.
        var written: Int
    }

    private let descriptor: Int32
    /// Bytes written in all.
    private(set) var written = 0

    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    mutating func write(_ bytes: [UInt8]) throws(Failure) {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(descriptor, buffer.baseAddress?.advanced(by: done), buffer.count - done)
            }
            guard count < 0 else {
                done += count
                written += count
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN: waitForRoom()
            default: throw Failure(code: errno, written: done)
            }
        }
    }

    /// Overwrites the last bytes, and makes them the end of the file. Best effort: a pipe stays as it is.
    /// - Parameter distance: from the end; not above 0.
    mutating func replace(from distance: Int, with bytes: [UInt8]) {
        let end = lseek(descriptor, 0, SEEK_CUR)
        guard end >= -distance else { return }
        let start = end + off_t(distance)
        // Appending descriptors write at the end wherever they are told to.
        let isOverwritable = fcntl(descriptor, F_GETFL) & O_APPEND == 0
        let count = isOverwritable ? unsafe pwrite(descriptor, bytes, bytes.count, start) : 0
        let kept = count == bytes.count ? count : 0
        if ftruncate(descriptor, start + off_t(kept)) == 0 { written += distance + kept }
    }

    /// The standard output may be one that others made non-blocking.
    private func waitForRoom() {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        unsafe _ = poll(&request, 1, -1)
    }
}
