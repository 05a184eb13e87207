import Glibc

extension CaptureError: CustomStringConvertible {
    /// One line: the file, what is wrong, and where something can be done about it, what.
    public var description: String {
        switch self {
        case .notFound(let file): "\(file): no such file"
        case .isDirectory(let file): "\(file): is a directory; give a file in it"
        case .noPermission(let file): "\(file): no permission to read it"
        case .empty(let file): "\(file): empty file"
        case .notACapture(let file, let beginning):
            "\(file): not a capture: begins with \(Self.hex(beginning)); expected pcap, pcapng or gzip of one"
        case .unsupported(let file, let what): "\(file): \(what)"
        case .cutShort(let file, let offset):
            "\(file): cut short at byte \(offset): a packet or block that begins there is not complete"
        case .malformed(let file, let offset, let what): "\(file): damaged at byte \(offset): \(what)"
        case .badCompression(let file, let offset):
            "\(file): damaged gzip: after \(offset) unpacked bytes nothing more can be had"
        case .unreadable(let file, let offset, let code):
            "\(file): cannot be read at byte \(offset): \(unsafe String(cString: strerror(code)))"
        }
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined(separator: " ")
    }
}
