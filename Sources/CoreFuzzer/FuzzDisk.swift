import Synchronization
import TableStorage

/// Files in memory.
final class FuzzDisk: Disk {
    private let content: Mutex<[String: [UInt8]]>

    init(_ files: [String: [UInt8]]) { content = Mutex(files) }

    var files: [String: [UInt8]] { content.withLock { $0 } }

    func change(_ name: String, _ body: (inout [UInt8]) -> Void) {
        content.withLock { body(&$0[name, default: []]) }
    }

    func read(_ name: String, at offset: UInt64, count: Int) throws(DiskError) -> [UInt8] {
        guard let bytes = files[name] else { throw .notFound(name: name) }
        return Array(bytes.dropFirst(Int(clamping: offset)).prefix(count))
    }

    func open(_ name: String, truncating: Bool) throws(DiskError) -> any DiskFile {
        change(name) { if truncating { $0 = [] } }
        return File(disk: self, name: name)
    }

    func createDirectory(_ name: String) throws(DiskError) {}
    func syncDirectory(_ name: String) throws(DiskError) {}

    func list(_ directory: String) throws(DiskError) -> [String] {
        let prefix = directory.isEmpty ? "" : directory + "/"
        let inside = files.keys.filter { $0.hasPrefix(prefix) }.map { $0.dropFirst(prefix.count) }
        return Set(inside.compactMap { $0.split(separator: "/").first.map(String.init) }).sorted()
    }

    func rename(_ name: String, to newName: String) throws(DiskError) {
        content.withLock { files in
            for old in files.keys where old == name || old.hasPrefix(name + "/") {
                files[newName + old.dropFirst(name.count)] = files.removeValue(forKey: old)
            }
        }
    }

    func remove(_ name: String) throws(DiskError) {
        content.withLock { files in
            for old in files.keys where old == name || old.hasPrefix(name + "/") { files[old] = nil }
        }
    }

    private final class File: DiskFile {
        let disk: FuzzDisk
        let name: String

        init(disk: FuzzDisk, name: String) {
            self.disk = disk
            self.name = name
        }

        func size() throws(DiskError) -> UInt64 { UInt64(disk.files[name]?.count ?? 0) }
        func append(_ bytes: [UInt8]) throws(DiskError) { disk.change(name) { $0 += bytes } }
        func truncate(to size: UInt64) throws(DiskError) { disk.change(name) { $0.removeLast($0.count - Int(size)) } }
        func sync() throws(DiskError) {}
        func close() {}
    }
}
