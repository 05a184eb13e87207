/// Why a capture cannot be read, or not to its end. All packets before `offset` were delivered.
///
/// Offsets count the bytes of the file; of a compressed one, those of what is in it.
public enum CaptureError: Error, Hashable, Sendable {
    case notFound(file: String)
    case isDirectory(file: String)
    case noPermission(file: String)
    /// A file of 0 bytes.
    case empty(file: String)
    /// Neither pcap nor pcapng nor one of these compressed by gzip; its first bytes, at most 8.
    case notACapture(file: String, beginning: [UInt8])
    /// A relative of pcap that is not supported: its name and what to do.
    case unsupported(file: String, what: String)
    /// Ends in the middle of a record or block, which begins at `offset`.
    case cutShort(file: String, offset: Int)
    /// What stands at `offset` cannot be, so nothing behind it can be found.
    case malformed(file: String, offset: Int, what: String)
    /// The compressed data is damaged at about `offset` of the uncompressed.
    case badCompression(file: String, offset: Int)
    /// The system could not read; its `errno`.
    case unreadable(file: String, offset: Int, code: Int32)
}
