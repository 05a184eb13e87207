import Foundation
import TableStorage
import Testing

@testable import NodeRuntime

@Suite("Data directory on a file system")
struct PosixDiskTests {
    /// A directory that is removed after the test.
    private final class Scratch {
        let path = FileManager.default.temporaryDirectory.appending(path: "posix-disk-\(UUID())").path()
        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    @Test("what is appended can be read in pieces, cut and replaced")
    func files() throws {
        let scratch = Scratch()
        let disk = try PosixDisk(path: scratch.path)
        try disk.createDirectory("gen-1")
        try disk.createDirectory("gen-1")
        let file = try disk.open("gen-1/log-1", truncating: false)
        try file.append([1, 2, 3])
        try file.append([4, 5])
        try file.sync()
        #expect(try file.size() == 5)
        #expect(try disk.read("gen-1/log-1", at: 1, count: 3) == [2, 3, 4])
        #expect(try disk.read("gen-1/log-1", at: 4, count: 100) == [5])
        #expect(try disk.read("gen-1/log-1", at: 9, count: 1) == [])
        try file.truncate(to: 2)
        try file.append([9])
        #expect(try disk.read("gen-1/log-1") == [1, 2, 9])
        try disk.replace("gen-1/log-1", with: [7])
        #expect(try disk.read("gen-1/log-1") == [7])
        #expect(try disk.list("gen-1") == ["log-1"])
        let again = try disk.open("gen-1/log-1", truncating: true)
        #expect(try again.size() == 0)
        try disk.syncDirectory("gen-1")
    }

    @Test("names are listed ascending, without the lock, renamed and removed with all that is in them")
    func names() throws {
        let scratch = Scratch()
        let disk = try PosixDisk(path: scratch.path)
        for name in ["b", "a", "c"] { try disk.replace(name, with: []) }
        try disk.createDirectory("gen-1")
        try disk.replace("gen-1/x", with: [1])
        #expect(try disk.list("") == ["a", "b", "c", "gen-1"])
        try disk.rename("gen-1", to: "archive-1")
        #expect(try disk.read("archive-1/x") == [1])
        try disk.remove("archive-1")
        try disk.remove("archive-1")
        try disk.remove("a")
        #expect(try disk.list("") == ["b", "c"])
    }

    @Test("what is missing is not found, what cannot be done says which call failed")
    func errors() throws {
        let scratch = Scratch()
        let disk = try PosixDisk(path: scratch.path)
        #expect(throws: DiskError.notFound(name: "x")) { try disk.read("x") }
        #expect(throws: DiskError.notFound(name: "gen-9")) { try disk.list("gen-9") }
        #expect(throws: DiskError.notFound(name: "x")) { try disk.rename("x", to: "y") }
        try disk.replace("file", with: [])
        #expect(throws: DiskError.io(code: 20, operation: "open", name: "file/x")) { try disk.open("file/x", truncating: false) }
        #expect(throws: DiskError.self) { try PosixDisk(path: scratch.path + "/file/below") }
    }

    @Test("a directory that is in use is refused with the process that uses it, and free when that one is gone")
    func lock() throws {
        let scratch = Scratch()
        var first: PosixDisk? = try PosixDisk(path: scratch.path)
        let process = ProcessInfo.processInfo.processIdentifier
        #expect(throws: DiskError.inUse(name: scratch.path, process: process)) { try PosixDisk(path: scratch.path) }
        #expect(first != nil)
        first = nil
        _ = try PosixDisk(path: scratch.path)
    }

    @Test("a full device is told apart from other errors")
    func full() throws {
        guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
        let scratch = Scratch()
        let disk = try PosixDisk(path: scratch.path)
        try FileManager.default.createSymbolicLink(atPath: scratch.path + "/log", withDestinationPath: "/dev/full")
        let file = try disk.open("log", truncating: false)
        #expect(throws: DiskError.noSpace(name: "log")) { try file.append([1]) }
    }
}
