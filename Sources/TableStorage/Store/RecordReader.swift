internal import ClusterModel
internal import WireFormat

/// Reads the records of one file in order through a window, so that a file of any size takes little memory (DSK-011).
struct RecordReader {
    /// What stands at the reading position.
    enum Step {
        /// A whole record whose checksum matches; its body is `body`.
        case record(RecordType)
        /// The file ends here, after a whole record.
        case end
        /// No whole record stands at `offset`.
        case bad(offset: UInt64, reason: StorageError.Corruption)
    }

    /// What is read stays in the processor's cache until it was checked and decoded.
    static let windowSize = 1024 * 1024
    /// The first window: many files are small.
    private static let firstWindowSize = 16 * 1024

    let disk: any Disk
    let name: String
    /// Bytes of the file from `windowOffset` on: the first `windowCount`. The memory is kept.
    private var window: [UInt8] = []
    private var windowCount = 0
    private var windowOffset: UInt64 = 0
    private var position = 0
    private var bodyRange = 0..<0
    private var isWindowLast = false

    init(disk: any Disk, name: String) {
        self.disk = disk
        self.name = name
    }

    /// Where the next record begins.
    var offset: UInt64 { windowOffset + UInt64(position) }
    /// Where the record that `next` returned begins.
    var recordOffset: UInt64 { windowOffset + UInt64(bodyRange.lowerBound - RecordFormat.frameSize) }

    /// Hands out the body of the record that `next` returned last.
    func withBody<R>(_ use: (Span<UInt8>) throws(StorageError) -> R) throws(StorageError) -> R {
        try use(window.span.extracting(bodyRange))
    }

    /// Reads and checks the file header; to be called first.
    mutating func readHeader(_ kind: FileKind) throws(StorageError) {
        try fill(RecordFormat.headerSize)
        try RecordFormat.checkHeader(window.span.extracting(first: windowCount), of: kind, file: name)
        position = RecordFormat.headerSize
    }

    mutating func next() throws(StorageError) -> Step {
        try fill(RecordFormat.frameSize)
        let rest = windowCount - position
        if rest == 0 { return .end }
        guard rest >= RecordFormat.frameSize else { return .bad(offset: offset, reason: .truncated) }
        let length = Int(window.span.bigEndian(UInt32.self, at: position))
        guard (1...RecordFormat.maximumLength).contains(length) else { return .bad(offset: offset, reason: .length) }
        try fill(8 + length)
        guard windowCount - position >= 8 + length else { return .bad(offset: offset, reason: .truncated) }
        let checksum = window.span.bigEndian(UInt32.self, at: position + 4)
        guard CRC32.checksum(window.span.extracting((position + 8)..<(position + 8 + length))) == checksum else {
            return .bad(offset: offset, reason: .checksum)
        }
        guard let type = RecordType(rawValue: window[position + 8]) else {
            return .bad(offset: offset, reason: .recordType(window[position + 8]))
        }
        bodyRange = (position + RecordFormat.frameSize)..<(position + 8 + length)
        position += 8 + length
        return .record(type)
    }

    /// Makes `count` bytes available at the position, fewer only at the end of the file.
    private mutating func fill(_ count: Int) throws(StorageError) {
        guard windowCount - position < count, !isWindowLast else { return }
        let wanted = max(count, window.isEmpty ? Self.firstWindowSize : Self.windowSize)
        if window.count != wanted { window = [UInt8](repeating: 0, count: wanted) }
        let found: Int
        do throws(DiskError) {
            found = try disk.read(name, at: offset, into: &window)
        } catch {
            if case .notFound = error { throw .corrupt(file: name, offset: 0, reason: .missing) }
            throw .disk(error)
        }
        windowOffset += UInt64(position)
        position = 0
        bodyRange = RecordFormat.frameSize..<RecordFormat.frameSize
        windowCount = found
        isWindowLast = found < wanted
    }
}

extension RecordReader {
    /// Reads a file that must be whole: `visit` sees every record; any bad one is an error that names file and offset (DSK-012).
    static func readWhole(
        _ name: String, of kind: FileKind, on disk: any Disk,
        _ visit: (RecordType, Span<UInt8>, UInt64) throws(StorageError) -> Void
    ) throws(StorageError) {
        var reader = RecordReader(disk: disk, name: name)
        try reader.readHeader(kind)
        while true {
            switch try reader.next() {
            case .record(let type):
                let offset = reader.recordOffset
                try reader.withBody { (body) throws(StorageError) in try visit(type, body, offset) }
            case .end: return
            case .bad(let offset, let reason): throw .corrupt(file: name, offset: offset, reason: reason)
            }
        }
    }
}
