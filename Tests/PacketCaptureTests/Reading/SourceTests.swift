import Glibc
import PacketCapture
import Testing

/// Files and pipes, and why they cannot be read.
@Suite struct SourceTests {
    private let capture = PcapBytes().adding([[1, 2, 3], [4, 5]]).bytes

    @Test func aFileIsReadFromItsPath() throws {
        let file = try TemporaryFile(capture)
        let read = ReadPackets { () throws(CaptureError) in try CaptureReader(opening: file.path) }
        #expect(read.bytes == [[1, 2, 3], [4, 5]])
    }

    @Test(arguments: [false, true])
    func aPipeIsReadAsItFills(_ isCompressed: Bool) throws {
        let pipe = try Pipe()
        let bytes = isCompressed ? gzip(capture) : capture
        // One packet and a half.
        let first = isCompressed ? bytes.count : 24 + 19 + 8
        pipe.write(Array(bytes.prefix(first)))
        var reader = try CaptureReader(descriptor: pipe.reading, named: "-")
        var packets: [Int] = []
        #expect(try reader.next { _, packet in packets.append(packet.count) })
        #expect(packets == [3])
        pipe.write(Array(bytes.dropFirst(first)))
        pipe.closeWriting()
        #expect(try reader.next { _, packet in packets.append(packet.count) })
        #expect(try !reader.next { _, packet in packets.append(packet.count) })
        #expect(packets == [3, 2])
        // Another's descriptor is not closed.
        let descriptor = pipe.reading
        _ = consume reader
        #expect(fcntl(descriptor, F_GETFD) >= 0)
    }

    @Test func aPipeThatDoesNotBlockIsWaitedFor() async throws {
        let pipe = try Pipe()
        #expect(fcntl(pipe.reading, F_SETFL, O_NONBLOCK) == 0)
        let reading = Task.detached {
            ReadPackets { () throws(CaptureError) in try CaptureReader(descriptor: pipe.reading, named: "-") }.bytes
        }
        for byte in capture { pipe.write([byte]) }
        pipe.closeWriting()
        #expect(await reading.value == [[1, 2, 3], [4, 5]])
    }

    @Test func whatCannotBeOpenedIsNamed() throws {
        let file = try TemporaryFile([])
        #expect(failure(file.path) == .empty(file: file.path))
        #expect(failure(file.path + ".none") == .notFound(file: file.path + ".none"))
        #expect(failure(file.path + "/none") == .notFound(file: file.path + "/none"))
        #expect(failure("/") == .isDirectory(file: "/"))
        let closed = ReadPackets { () throws(CaptureError) in try CaptureReader(descriptor: 12_345, named: "-") }
        #expect(closed.error == .unreadable(file: "-", offset: 0, code: EBADF))
    }

    /// The superuser may read everything.
    @Test(.enabled(if: geteuid() != 0))
    func aFileWithoutPermissionIsNamed() throws {
        let file = try TemporaryFile(capture)
        #expect(unsafe chmod(file.path, 0) == 0)
        #expect(failure(file.path) == .noPermission(file: file.path))
    }

    @Test(
        arguments: [
            ([1], [1]), (Array("GET / HTTP/1.1".utf8), Array("GET / HT".utf8)), ([0xa1, 0xb2, 0xc3], [0xa1, 0xb2, 0xc3]),
            ([0x0a, 0x0d, 0x0d, 0x0b], [0x0a, 0x0d, 0x0d, 0x0b]),
        ] as [([UInt8], [UInt8])])
    func whatIsNoCaptureIsSaid(_ bytes: [UInt8], _ beginning: [UInt8]) {
        #expect(ReadPackets(bytes).error == .notACapture(file: "file", beginning: beginning))
        #expect(ReadPackets(gzip(bytes)).error == .notACapture(file: "file", beginning: beginning))
    }

    @Test func emptyIsEmptyAlsoWhenPacked() {
        #expect(ReadPackets([]).error == .empty(file: "file"))
        #expect(ReadPackets(gzip([])).error == .empty(file: "file"))
    }

    @Test(
        arguments: [
            ([0x28, 0xb5, 0x2f, 0xfd, 0], "zstd -dc"), (Array("BZh9".utf8), "bzip2 -dc"),
            ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], "xz -dc"),
            ([4, 0x22, 0x4d, 0x18], "lz4 -dc"), (gzip([1]), "gzip -dc"), (Array("snoop\0\0\0".utf8), "editcap"),
        ] as [([UInt8], String)])
    func whatHasToBeUnpackedFirstIsSaid(_ bytes: [UInt8], _ remedy: String) {
        // Packed twice, so that gzip's own is seen as well.
        #expect(ReadPackets(gzip(bytes)).error?.description.contains(remedy) == true)
    }

    @Test func errorsAreOneLineThatNamesTheFile() {
        let errors: [(CaptureError, String)] = [
            (.notFound(file: "a"), "a: no such file"), (.isDirectory(file: "a"), "a: is a directory; give a file in it"),
            (.noPermission(file: "a"), "a: no permission to read it"), (.empty(file: "a"), "a: empty file"),
            (
                .notACapture(file: "a", beginning: [1, 0xab]),
                "a: not a capture: begins with 01 ab; expected pcap, pcapng or gzip of one"
            ), (.unsupported(file: "a", what: "b"), "a: b"),
            (.cutShort(file: "a", offset: 7), "a: cut short at byte 7: a packet or block that begins there is not complete"),
            (.malformed(file: "a", offset: 7, what: "b"), "a: damaged at byte 7: b"),
            (.badCompression(file: "a", offset: 7), "a: damaged gzip: after 7 unpacked bytes nothing more can be had"),
            (.unreadable(file: "a", offset: 7, code: EIO), "a: cannot be read at byte 7: Input/output error"),
        ]
        for (error, text) in errors { #expect(error.description == text) }
    }

    private func failure(_ path: String) -> CaptureError? {
        ReadPackets { () throws(CaptureError) in try CaptureReader(opening: path) }.error
    }
}

private final class TemporaryFile {
    let path: String

    init(_ bytes: [UInt8]) throws {
        var template = Array("/tmp/tablewire-capture-XXXXXX".utf8CString)
        let descriptor = unsafe mkstemp(&template)
        guard descriptor >= 0 else { throw CaptureError.unreadable(file: "template", offset: 0, code: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let written = unsafe write(descriptor, bytes, bytes.count)
        close(descriptor)
        guard written == bytes.count else { throw CaptureError.unreadable(file: path, offset: 0, code: errno) }
    }

    deinit { _ = unsafe unlink(path) }
}

private final class Pipe: Sendable {
    let reading: Int32
    private let writing: Int32

    init() throws {
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { throw CaptureError.unreadable(file: "pipe", offset: 0, code: errno) }
        (reading, writing) = (ends[0], ends[1])
    }

    deinit { close(reading) }

    func write(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        let written = unsafe Glibc.write(writing, bytes, bytes.count)
        #expect(written == bytes.count)
    }

    func closeWriting() { close(writing) }
}
