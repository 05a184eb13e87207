import ClusterModel
import Testing
import WireFormat

@testable import TableStorage

func crc(_ bytes: [UInt8]) -> UInt32 { CRC32.checksum(bytes.span) }

@Suite("Records and their files")
struct RecordTests {
    private func file(_ bodies: [[UInt8]]) -> (MemoryDisk, [Int]) {
        var bytes = RecordFormat.header(.log)
        var offsets: [Int] = []
        for body in bodies {
            offsets.append(bytes.count)
            bytes.appendRecord(.rows) { $0 += body }
        }
        let disk = MemoryDisk()
        try? disk.replace("f", with: bytes)
        return (disk, offsets)
    }

    @Test("the header is 16 bytes that no text conversion survives")
    func header() {
        let expected: [UInt8] = [0xD4, 0x54, 0x57, 0x44, 0x0D, 0x0A, 0x00, 0x0A, 0, 7, 0, 1]
        let header = RecordFormat.header(.log)
        #expect(Array(header.prefix(12)) == expected)
        let checksum = crc(expected)
        #expect(header.suffix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) } == checksum)
    }

    @Test("a record is length, checksum, type, body")
    func framing() {
        var bytes: [UInt8] = []
        bytes.appendRecord(.barrier) { $0 += [1, 2, 3] }
        #expect(Array(bytes[0..<4]) == [0, 0, 0, 4])
        #expect(Array(bytes[8...]) == [16, 1, 2, 3])
        #expect(bytes[4..<8].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } == crc([16, 1, 2, 3]))
    }

    @Test("records larger and smaller than the reading window come back as they were")
    func windows() throws {
        let bodies = [3, 0, RecordReader.windowSize - 40, 5, RecordReader.windowSize * 2 + 1, 1].map {
            [UInt8](repeating: UInt8($0 & 255), count: $0)
        }
        let (disk, offsets) = file(bodies)
        var found: [[UInt8]] = []
        var places: [UInt64] = []
        try RecordReader.readWhole("f", of: .log, on: disk) { (type, body, offset) throws(StorageError) in
            #expect(type == .rows)
            var copy: [UInt8] = []
            copy.append(copying: body)
            found.append(copy)
            places.append(offset)
        }
        #expect(found == bodies)
        #expect(places == offsets.map(UInt64.init))
    }

    @Test("every flipped bit and every cut is an error at the record that it hits")
    func damage() {
        let (disk, offsets) = file([[1, 2, 3], [], [4]])
        guard let whole = disk.bytes("f") else { return }
        for index in 16..<whole.count {
            let record = offsets.last { $0 <= index } ?? 0
            var damaged = whole
            damaged[index] ^= 1
            try? disk.replace("f", with: damaged)
            #expect(place(disk) == record, "byte \(index)")
            guard !offsets.contains(index) else { continue }
            try? disk.replace("f", with: Array(whole.prefix(index)))
            #expect(place(disk) == record, "cut at \(index)")
        }
    }

    private func place(_ disk: MemoryDisk) -> Int? {
        do throws(StorageError) {
            try RecordReader.readWhole("f", of: .log, on: disk) { (_, _, _) throws(StorageError) in }
            return nil
        } catch {
            guard case .corrupt(_, let offset, _) = error else { return nil }
            return Int(offset)
        }
    }

    @Test("names with numbers are read back only when they are written so")
    func names() {
        #expect(DiskName.number(in: "log-17", after: "log-") == 17)
        #expect(DiskName.number(in: "log-017", after: "log-") == nil)
        #expect(DiskName.number(in: "log--1", after: "log-") == nil)
        #expect(DiskName.number(in: "log-", after: "log-") == nil)
        #expect(DiskName.number(in: "gen-1", after: "log-") == nil)
        #expect(DiskName.table(inCheckpoint: "table-a.ckpt.ckpt") == TableName("a.ckpt"))
        #expect(DiskName.table(inCheckpoint: "table-a.ckpt.tmp") == nil)
        #expect(DiskName.directory(of: "gen-1/members") == "gen-1")
        #expect(DiskName.directory(of: "MANIFEST").isEmpty)
    }
}
