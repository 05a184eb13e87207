import Glibc

/// Files beside the tests.
enum StoredFiles {
    /// The names in a directory of this target, in order.
    static func names(in directory: String) throws(MissingFile) -> [String] {
        let path = root + directory
        guard let stream = unsafe opendir(path) else { throw MissingFile(path: path) }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    static func bytes(_ name: String) throws(MissingFile) -> [UInt8] {
        let path = root + name
        let descriptor = unsafe open(path, O_RDONLY)
        guard descriptor >= 0 else { throw MissingFile(path: path) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            let count = unsafe read(descriptor, &part, part.count)
            guard count > 0 else { return bytes }
            bytes += part[..<count]
        }
    }

    struct MissingFile: Error {
        var path: String
    }

    private static let root = #filePath.split(separator: "/").dropLast(2).reduce("") { $0 + "/" + $1 } + "/"
}
