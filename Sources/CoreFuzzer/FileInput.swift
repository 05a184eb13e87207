import Glibc
import TrafficDecoder
import WireFormat

/// Gives bytes as a file of a data directory to what shows such files.
///
/// Bytes that begin as such a file does are one, with checksums made right; others are records for one, whose kind the first byte
/// says: of each a byte for the type, one for the length, and the body.
enum FileInput {
    private static let magic: [UInt8] = [0xD4, 0x54, 0x57, 0x44, 0x0D, 0x0A, 0, 0x0A]

    /// One file for the whole run.
    private static let file: (descriptor: Int32, path: String) = {
        var name = Array("/dev/shm/tablewire-fuzzed-XXXXXX".utf8CString)
        let descriptor = unsafe name.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return Int32(-1) }
            let descriptor = unsafe mkstemp(base)
            // Only the descriptor keeps it, so that nothing is left behind.
            unsafe unlink(base)
            return descriptor
        }
        precondition(descriptor >= 0, "no file in memory")
        return (descriptor, "/proc/self/fd/\(descriptor)")
    }()

    static func run(_ bytes: [UInt8]) {
        let content = bytes.starts(with: magic) ? repaired(bytes) : records(bytes)
        let written = unsafe content.withUnsafeBytes { unsafe pwrite(file.descriptor, $0.baseAddress, $0.count, 0) }
        precondition(written == content.count && ftruncate(file.descriptor, content.count) == 0, "cannot write")
        var shown: Set<Int> = []
        for form in [FrameForm.lines, .fields, .bytes, .json] {
            for showsValues in [false, true] {
                var printer = DiskPrinter(form, showsValues: showsValues) { text in
                    if form == .json { ShownText.checkJSON(text) } else { ShownText.check(text) }
                    return true
                }
                do throws(DiskFileError) {
                    try printer.show(file.path)
                } catch {
                    precondition(!error.description.isEmpty)
                }
                shown.insert(printer.records)
            }
        }
        precondition(shown.count == 1, "a form shows other records")
    }

    private static func records(_ bytes: [UInt8]) -> [UInt8] {
        var content = magic + [0, (bytes.first ?? 0) % 12, 0, 1]
        content += bigEndian(CRC32.checksum(content.span))
        var rest = bytes.dropFirst()
        while rest.count >= 2 {
            let type = rest.removeFirst()
            let length = Int(rest.removeFirst())
            let record = [type & 63] + rest.prefix(length)
            rest = rest.dropFirst(length)
            content += bigEndian(UInt32(record.count)) + bigEndian(CRC32.checksum(record.span)) + record
        }
        return content + rest
    }

    private static func repaired(_ bytes: [UInt8]) -> [UInt8] {
        var content = bytes
        guard content.count >= 16 else { return content }
        content.replaceSubrange(12..<16, with: bigEndian(CRC32.checksum(content.span.extracting(0..<12))))
        var place = 16
        while content.count - place > 8 {
            let length = content[place..<(place + 4)].reduce(0) { $0 << 8 | Int($1) }
            guard length > 0, content.count - place - 8 >= length else { break }
            let checksum = CRC32.checksum(content.span.extracting((place + 8)..<(place + 8 + length)))
            content.replaceSubrange((place + 4)..<(place + 8), with: bigEndian(checksum))
            place += 8 + length
        }
        return content
    }

    private static func bigEndian(_ value: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
}
