import Glibc

/// Standard output in blocks: nothing is printed a byte at a time, and a reader that goes away ends the program quietly.
package final class Output {
    /// The reader of our output is gone (`tablewire table dump t | head`).
    package struct Closed: Error {
        package init() {}
    }

    private static let blockSize = 64 * 1024

    private let descriptor: Int32
    private var buffer: [UInt8] = []
    /// Whether people look at it.
    package let isTerminal: Bool
    package let usesColor: Bool

    package init(descriptor: Int32 = STDOUT_FILENO) {
        self.descriptor = descriptor
        isTerminal = isatty(descriptor) == 1
        usesColor = Terminal.wantsColor(descriptor)
        buffer.reserveCapacity(2 * Self.blockSize)
    }

    /// Room to append bytes to; what stands in it is written when a block is full.
    package func append(_ body: (inout [UInt8]) -> Void) throws {
        body(&buffer)
        if buffer.count >= Self.blockSize { try flush() }
    }

    package func print(_ line: String) throws {
        try append { buffer in
            buffer.append(contentsOf: line.utf8)
            buffer.append(UInt8(ascii: "\n"))
        }
    }

    package func flush() throws {
        defer { buffer.removeAll(keepingCapacity: true) }
        try Self.write(buffer, to: descriptor)
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) throws {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { all in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: all[written...])
                return unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
            }
            if count >= 0 {
                written += count
            } else if errno == EPIPE {
                throw Closed()
            } else if errno != EINTR {
                throw CommandError("cannot write to standard output (\(SystemError.text(errno)))")
            }
        }
    }
}

/// Standard error: what is written goes out at once, in one call, so that lines of several threads do not mix.
package enum StandardError {
    package static func write(_ text: String) { write(Array(text.utf8)) }

    package static func write(_ bytes: [UInt8]) {
        // When even this cannot be written there is nobody left to tell.
        _ = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

/// The words of the system for its error numbers.
package enum SystemError {
    package static func text(_ code: Int32) -> String {
        guard let text = unsafe strerror(code) else { return "error \(code)" }
        let words = unsafe String(cString: text)
        return words.prefix(1).lowercased() + words.dropFirst()
    }
}
