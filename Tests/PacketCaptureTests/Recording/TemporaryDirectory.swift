import Foundation
import Glibc

/// A directory that is removed with this.
final class TemporaryDirectory {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "tablewire-capture-\(UUID())")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }
}

struct SystemFailure: Error {
    var code: Int32
}

/// All bytes of a file.
func contents(of path: String) throws -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY)
    guard descriptor >= 0 else { throw SystemFailure(code: errno) }
    defer { close(descriptor) }
    return contents(of: descriptor)
}

/// All bytes of a file from the start of it, whatever its position is.
func contents(of descriptor: Int32) -> [UInt8] {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = unsafe pread(descriptor, &piece, piece.count, off_t(bytes.count))
        guard count > 0 else { return bytes }
        bytes += piece.prefix(count)
    }
}
