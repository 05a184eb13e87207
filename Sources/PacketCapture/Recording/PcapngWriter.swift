internal import Glibc

/// Writes packets to a pcapng file of one section and one interface, times in nanoseconds.
///
/// What is written waits in a buffer of bounded size until it is full or `flush` is called. After an error the file ends with a
/// whole block, and where the file system allows it with the statistics; nothing more can be written.
public struct PcapngWriter: ~Copyable {
    /// What the file says about where its packets come from.
    public struct Origin: Sendable {
        /// The program that writes, with its version.
        public var application: String
        /// The name of the interface, or of what stands for one.
        public var interface: String
        public var description: String
        public var linkType: LinkType

        public init(application: String, interface: String, description: String = "", linkType: LinkType = .raw) {
            self.application = application
            self.interface = interface
            self.description = description
            self.linkType = linkType
        }
    }

    /// Bytes that wait before they are written by themselves.
    public static let defaultBuffer = 256 * 1024
    /// The longest packet that readers must be ready for.
    static let snapLength = 256 * 1024

    /// What errors call the file.
    public let file: String
    private var output: OutputFile
    private let bufferLimit: Int
    /// Whole blocks that are not in the file yet.
    private var buffer: [UInt8] = []
    private var failure: RecordingError?
    private var started: Timestamp?
    private var last: Timestamp?
    /// Packets in the file and in the buffer.
    public private(set) var packets = 0
    /// Bytes of the file, those in the buffer with them.
    public var size: Int { output.written + buffer.count }

    /// Creates the file, or empties the one that is there, and writes what stands in front of packets.
    /// - Parameter path: `-` is the standard output.
    public init(creating path: String, origin: Origin, bufferLimit: Int = defaultBuffer) throws(RecordingError) {
        let descriptor = path == "-" ? dup(STDOUT_FILENO) : unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw RecordingError(file: path, code: errno) }
        try self.init(
            descriptor: descriptor, file: path == "-" ? "standard output" : path, origin: origin, bufferLimit: bufferLimit)
    }

    /// Writes to an open descriptor, which is closed with the writer.
    public init(
        descriptor: Int32, file: String, origin: Origin, bufferLimit: Int = defaultBuffer
    ) throws(RecordingError) {
        self.file = file
        self.bufferLimit = bufferLimit
        output = OutputFile(descriptor: descriptor)
        buffer.reserveCapacity(bufferLimit)
        begin(origin)
        try flush()
    }

    private mutating func begin(_ origin: Origin) {
        WrittenBlock.append(WrittenBlock.sectionHeader, to: &buffer) { bytes in
            WrittenBlock.append(WrittenBlock.byteOrder, to: &bytes)
            WrittenBlock.append(UInt16(1), to: &bytes)
            WrittenBlock.append(UInt16(0), to: &bytes)
            // How long the section will be is not known.
            WrittenBlock.append(Int64(-1), to: &bytes)
            WrittenBlock.appendOption(WrittenBlock.application, origin.application, to: &bytes)
            WrittenBlock.endOptions(&bytes)
        }
        WrittenBlock.append(WrittenBlock.interface, to: &buffer) { bytes in
            WrittenBlock.append(origin.linkType.rawValue, to: &bytes)
            WrittenBlock.append(UInt16(0), to: &bytes)
            WrittenBlock.append(UInt32(Self.snapLength), to: &bytes)
            WrittenBlock.appendOption(WrittenBlock.interfaceName, origin.interface, to: &bytes)
            if !origin.description.isEmpty {
                WrittenBlock.appendOption(WrittenBlock.interfaceDescription, origin.description, to: &bytes)
            }
            WrittenBlock.appendOption(WrittenBlock.timeResolution, [9], to: &bytes)
            WrittenBlock.endOptions(&bytes)
        }
    }

    /// Adds a packet, which is `head` and `payload` one behind the other.
    /// - Parameter originalLength: bytes it had on the wire, where that is more than there are.
    public mutating func packet(
        at time: Timestamp, head: [UInt8] = [], payload: Span<UInt8>, originalLength: Int = 0
    ) throws(RecordingError) {
        let captured = head.count + payload.count
        try makeRoom(captured + 64)
        WrittenBlock.append(WrittenBlock.packet, to: &buffer) { bytes in
            WrittenBlock.append(UInt32(0), to: &bytes)
            WrittenBlock.append(time, to: &bytes)
            WrittenBlock.append(UInt32(captured), to: &bytes)
            WrittenBlock.append(UInt32(max(captured, originalLength)), to: &bytes)
            bytes.append(contentsOf: head)
            WrittenBlock.append(payload, to: &bytes)
            WrittenBlock.pad(&bytes, from: bytes.count - captured)
        }
        packets += 1
        if started == nil { started = time }
        last = max(last ?? time, time)
    }

    /// Adds lines of a TLS key log, for the packets that come after it.
    public mutating func secrets(_ keyLog: Span<UInt8>) throws(RecordingError) {
        try makeRoom(keyLog.count + 64)
        WrittenBlock.append(WrittenBlock.secrets, to: &buffer) { bytes in
            WrittenBlock.append(WrittenBlock.tlsKeyLog, to: &bytes)
            WrittenBlock.append(UInt32(keyLog.count), to: &bytes)
            WrittenBlock.append(keyLog, to: &bytes)
            WrittenBlock.pad(&bytes, from: bytes.count - keyLog.count)
        }
    }

    /// Everything that was added is with the system when this returns; on the disk when the system writes it there.
    public mutating func flush() throws(RecordingError) {
        if let failure { throw failure }
        do throws(OutputFile.Failure) {
            try output.write(buffer)
            buffer.removeAll(keepingCapacity: true)
        } catch {
            throw end(with: RecordingError(file: file, code: error.code), written: error.written)
        }
    }

    /// Adds how many packets there were, and writes what waits.
    /// - Parameters:
    ///   - dropped: packets that were seen and are not in the file.
    ///   - comment: for people who look at it.
    public consuming func finish(dropped: Int = 0, comment: String = "") throws(RecordingError) {
        buffer += statistics(dropped: dropped, comment: comment)
        try flush()
    }

    private mutating func makeRoom(_ count: Int) throws(RecordingError) {
        if let failure { throw failure }
        if buffer.count + count > bufferLimit { try flush() }
    }

    private func statistics(dropped: Int, comment: String) -> [UInt8] {
        var block: [UInt8] = []
        WrittenBlock.append(WrittenBlock.interfaceStatistics, to: &block) { bytes in
            let end = last ?? Timestamp(nanoseconds: 0)
            WrittenBlock.append(UInt32(0), to: &bytes)
            WrittenBlock.append(end, to: &bytes)
            WrittenBlock.appendOption(WrittenBlock.statisticsStart, started ?? end, to: &bytes)
            WrittenBlock.appendOption(WrittenBlock.statisticsEnd, end, to: &bytes)
            WrittenBlock.appendOption(WrittenBlock.packetsReceived, UInt64(packets + dropped), to: &bytes)
            WrittenBlock.appendOption(WrittenBlock.packetsDropped, UInt64(dropped), to: &bytes)
            if !comment.isEmpty { WrittenBlock.appendOption(WrittenBlock.comment, comment, to: &bytes) }
            WrittenBlock.endOptions(&bytes)
        }
        return block
    }
}

extension PcapngWriter {
    /// Makes a whole file of what could be written: cut behind a block, with the statistics over the blocks that came last.
    /// - Parameter written: bytes of the buffer that are in the file.
    private mutating func end(with error: RecordingError, written: Int) -> RecordingError {
        failure = error
        let room = statistics(of: error).count
        let ends = blockEnds(before: written)
        // Best where it is sure that there is room: over what was written last. Else there may be some left behind it.
        let end = ends.last { $0 + room <= written } ?? ends[ends.count - 1]
        packets -= packetBlocks(from: end)
        output.replace(from: end - written, with: statistics(of: error))
        buffer = []
        return error
    }

    private func statistics(of error: RecordingError) -> [UInt8] {
        statistics(dropped: 0, comment: "the recording ended here: \(error)")
    }

    /// Where blocks end that are in the buffer's first `written` bytes; 0 is one of them, for the block in front.
    private func blockEnds(before written: Int) -> [Int] {
        var ends = [0]
        while let length = blockLength(at: ends[ends.count - 1]), ends[ends.count - 1] + length <= written {
            ends.append(ends[ends.count - 1] + length)
        }
        return ends
    }

    private func packetBlocks(from start: Int) -> Int {
        var count = 0
        var offset = start
        while let length = blockLength(at: offset) {
            if word(at: offset) == WrittenBlock.packet { count += 1 }
            offset += length
        }
        return count
    }

    private func blockLength(at offset: Int) -> Int? {
        offset < buffer.count ? Int(word(at: offset + 4)) : nil
    }

    private func word(at offset: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(buffer[offset + $1]) << UInt32(8 * $1) }
    }
}
