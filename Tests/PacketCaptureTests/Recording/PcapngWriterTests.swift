import CKernel
import Glibc
import PacketCapture
import Testing

@Suite struct PcapngWriterTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test func aFileWithoutPacketsIsWhole() throws {
        let path = directory.file("empty.pcapng")
        try PcapngWriter(creating: path, origin: .tests).finish()
        let recorded = RecordedBlocks(try contents(of: path))
        #expect(recorded.types == [0x0a0d_0d0a, 1, 5])
        #expect(recorded.rest.isEmpty)
        // Byte order, version 1.0, length not known.
        #expect(recorded.blocks[0].body.prefix(8) == [0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0])
        #expect(recorded.blocks[0].body[8..<16].allSatisfy { $0 == 0xff })
        #expect(recorded.options(recorded.blocks[0].body, 16) == [4: Array("tests 1".utf8)])
        #expect(recorded.blocks[1].body.prefix(8) == [101, 0, 0, 0, 0, 0, 4, 0])
        #expect(
            recorded.options(recorded.blocks[1].body, 8) == [2: Array("link".utf8), 3: Array("bytes of tests".utf8), 9: [9]])
    }

    @Test(arguments: [0, 1, 2, 3, 4, 65_535]) func aPacketKeepsItsBytesAndItsTime(length: Int) throws {
        let path = directory.file("packet.pcapng")
        let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
        var writer = try PcapngWriter(creating: path, origin: .tests)
        try writer.packet(at: .noon, head: [0xaa], payload: payload.span, originalLength: 70_000)
        try writer.finish()
        let recorded = RecordedBlocks(try contents(of: path))
        #expect(recorded.types == [0x0a0d_0d0a, 1, 6, 5])
        #expect(recorded.packets == [[0xaa] + payload])
        let body = recorded.blocks[2].body
        #expect(UInt64(word(body, 4)) << 32 | UInt64(word(body, 8)) == 1_750_000_000_123_456_789)
        #expect(word(body, 16) == 70_000)
    }

    @Test func statisticsCountWhatWasDropped() throws {
        let path = directory.file("statistics.pcapng")
        var writer = try PcapngWriter(creating: path, origin: .tests)
        for _ in 0..<3 { try writer.packet(at: .noon, payload: [1].span) }
        try writer.finish(dropped: 2, comment: "slow")
        let recorded = RecordedBlocks(try contents(of: path))
        let options = recorded.lastOptions(at: 12)
        #expect(options[4] == [5, 0, 0, 0, 0, 0, 0, 0])
        #expect(options[5] == [2, 0, 0, 0, 0, 0, 0, 0])
        #expect(options[1] == Array("slow".utf8))
        #expect(options[2] == options[3])
    }

    @Test func secretsComeBeforeTheirPackets() throws {
        let path = directory.file("secrets.pcapng")
        let keyLog = Array("CLIENT_RANDOM 00 11\n".utf8) + [0x0a]
        var writer = try PcapngWriter(creating: path, origin: .tests)
        try writer.secrets(keyLog.span)
        try writer.packet(at: .noon, payload: [1].span)
        try writer.finish()
        let recorded = RecordedBlocks(try contents(of: path))
        #expect(recorded.types == [0x0a0d_0d0a, 1, 10, 6, 5])
        // "TLSK", the length, the lines, three bytes that fill up.
        #expect(recorded.blocks[2].body == [0x4b, 0x53, 0x4c, 0x54, 21, 0, 0, 0] + keyLog + [0, 0, 0])
    }

    @Test func packetsAreInTheFileWhenTheBufferIsFullOrFlushed() throws {
        let path = directory.file("flushed.pcapng")
        var writer = try PcapngWriter(creating: path, origin: .tests, bufferLimit: 1000)
        let beginning = try contents(of: path).count
        try writer.packet(at: .noon, payload: [UInt8](repeating: 1, count: 100).span)
        #expect(try contents(of: path).count == beginning)
        try writer.flush()
        #expect(RecordedBlocks(try contents(of: path)).packets.count == 1)
        for _ in 0..<20 { try writer.packet(at: .noon, payload: [UInt8](repeating: 2, count: 100).span) }
        #expect(writer.size - (try contents(of: path).count) <= 1000)
        #expect(RecordedBlocks(try contents(of: path)).rest.isEmpty)
        try writer.finish()
        #expect(RecordedBlocks(try contents(of: path)).packets.count == 21)
    }

    @Test func aPacketLargerThanTheBufferIsWritten() throws {
        let path = directory.file("large.pcapng")
        var writer = try PcapngWriter(creating: path, origin: .tests, bufferLimit: 100)
        for _ in 0..<3 { try writer.packet(at: .noon, payload: [UInt8](repeating: 1, count: 65_535).span) }
        try writer.finish()
        #expect(RecordedBlocks(try contents(of: path)).packets.map(\.count) == [65_535, 65_535, 65_535])
    }

    @Test func anOldFileIsReplaced() throws {
        let path = directory.file("old.pcapng")
        var writer = try PcapngWriter(creating: path, origin: .tests)
        try writer.packet(at: .noon, payload: [1].span)
        try writer.finish()
        try PcapngWriter(creating: path, origin: .tests).finish()
        #expect(RecordedBlocks(try contents(of: path)).types == [0x0a0d_0d0a, 1, 5])
    }

    // MARK: Errors

    @Test func whatCannotBeCreatedSaysWhy() {
        func error(_ path: String) -> RecordingError? {
            do throws(RecordingError) {
                try PcapngWriter(creating: path, origin: .tests).finish()
                return nil
            } catch {
                return error
            }
        }
        #expect(error(directory.path) == .isDirectory(file: directory.path))
        #expect(error("/proc/version/a") == .noDirectory(file: "/proc/version/a"))
        #expect(error(directory.file("no/a")) == .noDirectory(file: directory.file("no/a")))
        #expect(error("/dev/full") == .noSpace(file: "/dev/full"))
        #expect("\(RecordingError.noSpace(file: "a.pcapng"))" == "a.pcapng: the disk is full")
        #expect(error("/proc/a") == .noDirectory(file: "/proc/a"))
        #expect(error("/sys/kernel/a") == .noPermission(file: "/sys/kernel/a"))
    }

    /// A file that cannot grow past `room` bytes stands for a full disk.
    @Test(arguments: [200, 1000, 4096, 5000, 30_000, 33_000]) func aFullDiskLeavesAWholeFile(room: Int) throws {
        let descriptor = ckernel_full_file(room)
        let reading = dup(descriptor)
        defer { close(reading) }
        var writer = try PcapngWriter(descriptor: descriptor, file: "full", origin: .tests, bufferLimit: 3000)
        var failure: RecordingError?
        for index in 0..<1000 {
            do throws(RecordingError) {
                try writer.packet(at: .noon, payload: [UInt8](repeating: UInt8(index % 256), count: 70).span)
            } catch {
                failure = failure ?? error
            }
        }
        #expect(failure == .noPermission(file: "full"))
        #expect(throws: RecordingError.self) { try writer.flush() }
        let recorded = RecordedBlocks(contents(of: reading))
        #expect(recorded.rest.isEmpty)
        #expect(recorded.packets == (0..<recorded.packets.count).map { [UInt8](repeating: UInt8($0 % 256), count: 70) })
        #expect(writer.packets == recorded.packets.count)
        // In the smallest there is no place for them.
        #expect((recorded.types.last == 5) == (room > 200))
        #expect(room < 30_000 || recorded.packets.count > 200)
    }
}
