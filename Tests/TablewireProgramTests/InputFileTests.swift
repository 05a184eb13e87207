import ProgramTerminal
import Testing

@testable import tablewire

@Suite struct InputFileTests {
    private func lines(_ text: String) throws -> [String] {
        let directory = try TemporaryDirectory()
        var reader = LineReader(try InputFile(try directory.file("rows", text)))
        var result: [String] = []
        while let line = try reader.next() { result.append(String(decoding: line, as: UTF8.self)) }
        #expect(reader.number == result.count)
        #expect(reader.bytesRead == text.utf8.count)
        return result
    }

    @Test func lineEndsSeparate() throws {
        #expect(try lines("") == [])
        #expect(try lines("a") == ["a"])
        #expect(try lines("a\n") == ["a"])
        #expect(try lines("a\n\nb") == ["a", "", "b"])
        #expect(try lines("\n") == [""])
        #expect(try lines("a\r\nb\r\n") == ["a\r", "b\r"])
    }

    /// Lines that end before, at and after the blocks in which a file is read.
    @Test(arguments: [-1, 0, 1])
    func linesLongerThanABlock(off: Int) throws {
        let long = String(repeating: "x", count: 1024 * 1024 + off)
        let longer = String(repeating: "y", count: 2 * 1024 * 1024 + off)
        #expect(try lines("\(long)\nshort\n\(longer)\nend") == [long, "short", longer, "end"])
    }

    @Test func whatCannotBeReadIsSaid() throws {
        let directory = try TemporaryDirectory()
        #expect(throws: CommandError("cannot read \(directory.path)/no (no such file or directory)")) {
            _ = try InputFile(directory.path + "/no").readAll(limit: 1)
        }
        #expect(throws: CommandError("cannot read \(directory.path) (is a directory)")) {
            _ = try InputFile(directory.path).readAll(limit: 1)
        }
    }

    @Test func contentsHaveALimit() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.file("five", "12345")
        #expect(try InputFile(path).readAll(limit: 5).count == 5)
        #expect(throws: CommandError("\(path) has more than 4 bytes, which is the most that fits here")) {
            _ = try InputFile(path).readAll(limit: 4)
        }
    }
}
