public import ClusterModel
internal import WireFormat

/// Why the store cannot open or cannot write.
public enum StorageError: Error, Hashable, Sendable {
    /// The disk refused while the store was opening.
    case disk(DiskError)
    /// A file does not say what it must; nothing was skipped (DSK-012). `offset` is the first byte of the bad header or record.
    case corrupt(file: String, offset: UInt64, reason: Corruption)
    /// The file was written by a later version of the format.
    case unsupportedFormat(file: String, version: UInt16)
    /// Writing failed earlier; nothing is written any more until the node is started again (DSK-031).
    case failed(DiskError)
    case noSuchTable(TableName)
    /// The catalogue holds `Limits.tables` definitions already.
    case tooManyTables
    /// The encoded operations would not fit into a message or a log record (LIM-003).
    case batchTooLarge
    /// The table itself refused; it is unchanged.
    case table(TableError)
    /// A generation is being built already, or none is (DSK-050).
    case generationBusy
    /// The rows of a new generation are not those that the caller expects; nothing was switched (DSK-051).
    case digestMismatch(TableName)

    /// What is wrong with the bytes.
    public enum Corruption: Hashable, Sendable {
        /// Not the magic, or another kind of file than its name says.
        case header
        /// The file ends inside a record where it must not.
        case truncated
        /// A record length of 0 or beyond the limit.
        case length
        case checksum
        /// The record's type does not belong in this kind of file.
        case recordType(UInt8)
        /// The record is whole, but its body is not what its type says; `field` as the decoder names it.
        case body(field: String)
        /// A record is missing that every file of the kind ends with or has.
        case incomplete
        /// A log segment or a file that must be there is not.
        case missing
    }
}

extension StorageError {
    /// Whether room on the device would have helped.
    public var isNoSpace: Bool {
        switch self {
        case .disk(let error), .failed(let error): error.isNoSpace
        default: false
        }
    }
}

extension DiskError {
    /// Whether room on the device would have helped.
    public var isNoSpace: Bool {
        if case .noSpace = self { true } else { false }
    }
}

extension StorageError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .disk(let error): error.description
        case .corrupt(let file, let offset, let reason): "\(file) is corrupt at byte \(offset): \(reason)"
        case .unsupportedFormat(let file, let version): "\(file) has format version \(version), which this node does not know"
        case .failed(let error): "writing stopped because the disk failed: \(error)"
        case .noSuchTable(let name): "there is no table \(name)"
        case .tooManyTables: "the catalogue is full (\(Limits.tables) tables)"
        case .batchTooLarge: "the operations are too large for one batch"
        case .table(.malformed(let error)): error.description
        case .table(.full): "the table is full"
        case .table(.invalidCursor): "the cursor is not one of this table"
        case .generationBusy: "another join is in progress"
        case .digestMismatch(let name): "the copied rows of \(name) do not have the expected digest"
        }
    }
}

extension StorageError.Corruption: CustomStringConvertible {
    public var description: String {
        switch self {
        case .header: "the file header is not the one of this kind of file"
        case .truncated: "the file ends inside a record"
        case .length: "impossible record length"
        case .checksum: "the checksum does not match"
        case .recordType(let type): "record type \(type) does not belong here"
        case .body(let field): "bad record body (\(field))"
        case .incomplete: "the last record is missing"
        case .missing: "the file is missing"
        }
    }
}
