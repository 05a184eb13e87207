/// A position in everything that the store has written since it was opened, in bytes. 0 is durable from the start.
public typealias LSN = UInt64

/// Disk work in the order in which it must be done (DSK-030): decided by the store, performed by `DiskWorker` elsewhere.
public struct DiskBatch: Sendable {
    public enum Step: Hashable, Sendable {
        case createDirectory(String)
        /// Writes a small file whole, by `Disk.replace`.
        case replace(String, [UInt8])
        /// Begins a file anew with these bytes.
        case create(String, [UInt8])
        /// Appends to a file that exists or was created.
        case append(String, [UInt8])
        /// Makes what was appended durable.
        case sync(String)
        /// The file is not appended to again.
        case close(String)
        case rename(String, to: String)
        case remove(String)
        case syncDirectory(String)
    }

    public internal(set) var steps: [Step] = []
    /// Everything up to here is written when the batch is done.
    public let lsn: LSN
    /// Whether everything up to `lsn` is also durable then.
    public let isSynced: Bool
}
