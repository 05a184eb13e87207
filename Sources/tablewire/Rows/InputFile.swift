import Glibc
import ProgramTerminal

/// A file that is read from the beginning to the end, or standard input.
struct InputFile: ~Copyable {
    private static let blockSize = 1024 * 1024

    /// What errors call it.
    let name: String
    private let descriptor: Int32
    private let isOwned: Bool

    /// - Parameter path: `-` stands for standard input.
    init(_ path: String) throws(CommandError) {
        if path == "-" {
            (name, descriptor, isOwned) = ("standard input", STDIN_FILENO, false)
            return
        }
        let opened = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else { throw CommandError("cannot read \(path) (\(SystemError.text(errno)))") }
        (name, descriptor, isOwned) = (path, opened, true)
    }

    deinit {
        if isOwned { Glibc.close(descriptor) }
    }

    /// Appends the next bytes to `buffer`.
    /// - Returns: false at the end.
    func read(into buffer: inout [UInt8]) throws(CommandError) -> Bool {
        let block = unsafe [UInt8](unsafe: Self.blockSize) { memory in
            var count = -1
            repeat { count = unsafe Glibc.read(descriptor, memory.baseAddress, memory.count) } while count < 0 && errno == EINTR
            return count
        }
        guard let block else { throw CommandError("cannot read \(name) (\(SystemError.text(errno)))") }
        buffer.append(contentsOf: block)
        return !block.isEmpty
    }

    /// All of it.
    /// - Parameter limit: bytes that the content may have.
    func readAll(limit: Int) throws(CommandError) -> [UInt8] {
        var result: [UInt8] = []
        while try read(into: &result) {
            guard result.count <= limit else {
                throw CommandError("\(name) has more than \(limit) bytes, which is the most that fits here")
            }
        }
        return result
    }
}

extension [UInt8] {
    /// Bytes that a system call fills in. Nil when the call failed.
    fileprivate init?(unsafe capacity: Int, fill: (UnsafeMutableBufferPointer<UInt8>) -> Int) {
        var result = -1
        unsafe self.init(unsafeUninitializedCapacity: capacity) { memory, count in
            result = unsafe fill(memory)
            count = Swift.max(result, 0)
        }
        if result < 0 { return nil }
    }
}

/// Cuts a file into lines. A line is given without its line feed.
struct LineReader: ~Copyable {
    /// Room for the largest key and value with every byte escaped.
    static let maximumLine = 6 * (16 * 1024 * 1024 + 64 * 1024) + 1024

    private let file: InputFile
    private var buffer: [UInt8] = []
    private var start = 0
    private var searched = 0
    private var isAtEnd = false
    /// Number of the line that was returned last, from 1.
    private(set) var number = 0
    /// Bytes of all lines returned, line feeds included.
    private(set) var bytesRead = 0

    init(_ file: consuming InputFile) { self.file = file }

    var name: String { file.name }

    /// The next line, nil after the last.
    mutating func next() throws(CommandError) -> ArraySlice<UInt8>? {
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { (start, searched) = (end + 1, end + 1) }
                return count(buffer[start..<end], consumed: end + 1 - start)
            }
            searched = buffer.count
            if isAtEnd {
                guard start < buffer.count else { return nil }
                defer { start = buffer.count }
                return count(buffer[start...], consumed: buffer.count - start)
            }
            try fill()
        }
    }

    private mutating func fill() throws(CommandError) {
        buffer.removeSubrange(..<start)
        (start, searched) = (0, buffer.count)
        guard buffer.count <= Self.maximumLine else {
            throw CommandError("\(name):\(number + 1): the line is longer than any row can be: is it a file of JSON lines?")
        }
        isAtEnd = try !file.read(into: &buffer)
    }

    private mutating func count(_ line: ArraySlice<UInt8>, consumed: Int) -> ArraySlice<UInt8> {
        number += 1
        bytesRead += consumed
        return line
    }
}
