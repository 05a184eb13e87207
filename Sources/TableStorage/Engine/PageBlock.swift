internal import CMemory

/// A large block of zeroed memory straight from the system, aligned to 2 MiB.
@safe
struct PageBlock {
    static let pageSize = 4096

    let start: UnsafeMutableRawPointer
    let size: Int

    /// - Parameter size: rounded up to whole pages.
    init(size: Int, hugePages: Bool) {
        self.size = (size + Self.pageSize - 1) & ~(Self.pageSize - 1)
        guard let start = unsafe cmemory_map(self.size, hugePages ? 1 : 0) else {
            preconditionFailure("the system has no memory left")
        }
        unsafe self.start = start
    }

    func contains(_ pointer: UnsafeRawPointer) -> Bool { unsafe pointer >= UnsafeRawPointer(start) && pointer < start + size }

    func free() { unsafe cmemory_unmap(start, size) }
}
