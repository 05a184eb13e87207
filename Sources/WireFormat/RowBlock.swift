public import ClusterModel

/// A row block: rows by columns, what a SNAP_CHUNK and a checkpoint record hold (SNP-022). Canonical: the same rows in the
/// same order are the same bytes.
public enum RowBlock {
    static let tombstone: UInt8 = 0x01
    static let owned: UInt8 = 0x02
    static let columnCount = 8

    /// Calls `body` for each row in ascending order; the key is put together in one buffer, nothing else is copied.
    /// - Parameter body: key, value, whether it is a tombstone, whether it belongs to the node of its version, version.
    /// - Throws: MALFORMED with the offset in `bytes`; what `body` was called for before stands in front of it.
    /// - Returns: the number of rows.
    @discardableResult
    public static func forEach(
        _ bytes: Span<UInt8>,
        _ body: (Span<UInt8>, Span<UInt8>, Bool, Bool, RowVersion) throws(DecodingError) -> Void
    ) throws(DecodingError) -> Int {
        var reader = try RowBlockReader(bytes)
        while try reader.advance(bytes) {
            try reader.withKey { (key) throws(DecodingError) in
                try body(key, bytes.extracting(reader.value), reader.isTombstone, reader.isOwned, reader.version)
            }
        }
        return reader.count
    }

    /// Checks every byte.
    /// - Returns: the number of rows.
    public static func validate(_ bytes: Span<UInt8>) throws(DecodingError) -> Int {
        try forEach(bytes) { (_, _, _, _, _) throws(DecodingError) in }
    }

    /// The rows as values.
    public static func rows(_ bytes: Span<UInt8>) throws(DecodingError) -> [Row] {
        var rows: [Row] = []
        try forEach(bytes) { (key, value, isTombstone, isOwned, version) throws(DecodingError) in
            rows.append(
                Row(
                    key: [UInt8](copying: key), owner: isOwned ? version.dot.origin.node : nil, value: [UInt8](copying: value),
                    isTombstone: isTombstone, version: version))
        }
        return rows
    }

    /// A block of rows that are at hand as values.
    /// - Precondition: at least one row, ascending; the owner of an owned row is the node of its version.
    public static func encode(_ rows: [Row]) -> [UInt8] {
        var encoder = RowBlockEncoder()
        for row in rows {
            precondition(row.owner == nil || row.owner == row.version.dot.origin.node, "only the owner writes its rows")
            encoder.append(
                key: row.key.span, value: row.value.span, isTombstone: row.isTombstone, isOwned: row.owner != nil,
                version: row.version)
        }
        return encoder.finish()
    }

    /// No owner stands before any owner.
    static func precedes(_ a: NodeID?, _ b: NodeID?) -> Bool {
        guard let b else { return false }
        guard let a else { return true }
        return a < b
    }
}

/// Walks a block. Not public: it must be given the same bytes each time, which a closure cannot get wrong.
struct RowBlockReader: ~Copyable {
    private(set) var count = 0
    private var key = ByteColumn(capacity: 256)
    private(set) var value = 0..<0
    private(set) var isTombstone = false
    private(set) var isOwned = false
    private(set) var version = RowVersion(stamp: .zero, dot: Dot(origin: Origin(node: NodeID(0), incarnation: 0), sequence: 0))

    private var next = 0
    private var origins: [Origin] = []
    private var isUsed: [Bool] = []
    /// The origin of the version, as an index; none before the first row.
    private var place = UInt64.max
    private var flags = Column(), originIndexes = Column(), sequences = Column(), stamps = Column()
    private var keyShapes = Column(), keyRests = Column(), valueLengths = Column(), values = Column()

    /// The key of the row that was read last.
    @inline(__always)
    func withKey(_ body: (Span<UInt8>) throws(DecodingError) -> Void) throws(DecodingError) {
        try key.withSpan(body)
    }

    /// Reads everything in front of the columns and finds these.
    init(_ bytes: Span<UInt8>) throws(DecodingError) {
        var cursor = 0
        count = try Self.count(bytes, &cursor, "rowCount")
        guard count > 0 else { throw Self.failure(.outOfRange, 0, "rowCount") }
        guard bytes.count <= Limits.chunkRaw || count == 1 else { throw Self.failure(.limitExceeded, 0, "rowCount") }
        try readOrigins(bytes, &cursor)
        flags = try Column(bytes, &cursor, "flags")
        guard flags.count == count else { throw Self.failure(.contradiction, flags.start - 4, "flags") }
        originIndexes = try Column(bytes, &cursor, "originIndexes")
        sequences = try Column(bytes, &cursor, "sequences")
        stamps = try Column(bytes, &cursor, "stamps")
        keyShapes = try Column(bytes, &cursor, "keyShapes")
        keyRests = try Column(bytes, &cursor, "keyRests")
        valueLengths = try Column(bytes, &cursor, "valueLengths")
        values = try Column(bytes, &cursor, "values")
        guard cursor == bytes.count else { throw Self.failure(.leftover, cursor, "values") }
    }

    /// Reads the next row.
    /// - Returns: false, once everything was found to be used up, after the last row.
    @inline(__always)
    mutating func advance(_ bytes: Span<UInt8>) throws(DecodingError) -> Bool {
        guard next < count else {
            try finish()
            return false
        }
        let flagsAt = flags.cursor
        let mark = bytes[flagsAt]
        guard mark & ~(RowBlock.tombstone | RowBlock.owned) == 0 else {
            throw Self.failure(.reservedNotZero, flagsAt, "flags")
        }
        flags.cursor &+= 1
        let previousOwner = isOwned ? version.dot.origin.node : nil
        isTombstone = mark & RowBlock.tombstone != 0
        isOwned = mark & RowBlock.owned != 0
        try readVersion(bytes)
        let keyAt = keyShapes.cursor
        let isSameKey = try readKey(bytes)
        let previousValue = value
        try readValue(bytes)
        if isSameKey {
            let owner = isOwned ? version.dot.origin.node : nil
            let isAscending =
                owner == previousOwner
                ? bytes.extracting(previousValue).precedes(bytes.extracting(value)) : RowBlock.precedes(previousOwner, owner)
            guard isAscending else { throw Self.failure(.notAscending, keyAt, "keyShapes") }
        }
        next &+= 1
        return true
    }

    @inline(__always)
    private mutating func readVersion(_ bytes: Span<UInt8>) throws(DecodingError) {
        let indexAt = originIndexes.cursor
        let index = try originIndexes.read(bytes, "originIndexes")
        if index != place { try changeOrigin(to: index, indexAt) }
        let sequenceAt = sequences.cursor
        let sequence = version.dot.sequence &+ LEB128.unzigzag(try sequences.read(bytes, "sequences"))
        guard sequence != 0, sequence != .max else { throw Self.failure(.outOfRange, sequenceAt, "sequences") }
        let stamp = version.stamp.value &+ LEB128.unzigzag(try stamps.read(bytes, "stamps"))
        version.stamp = Stamp(stamp)
        version.dot.sequence = sequence
    }

    /// Out of line: the rows of a block have one origin, as a rule.
    @inline(never)
    private mutating func changeOrigin(to index: UInt64, _ indexAt: Int) throws(DecodingError) {
        guard index < UInt64(origins.count) else { throw Self.failure(.outOfRange, indexAt, "originIndexes") }
        place = index
        isUsed[Int(truncatingIfNeeded: index)] = true
        version.dot.origin = origins[Int(truncatingIfNeeded: index)]
    }

    /// - Returns: whether the key is the key of the row before.
    @inline(__always)
    private mutating func readKey(_ bytes: Span<UInt8>) throws(DecodingError) -> Bool {
        let sharedAt = keyShapes.cursor
        let shared = try keyShapes.read(bytes, "keyShapes")
        let previous = key.count
        guard shared <= UInt64(truncatingIfNeeded: previous) else { throw Self.failure(.outOfRange, sharedAt, "keyShapes") }
        let restAt = keyShapes.cursor
        let rest = try keyShapes.read(bytes, "keyShapes")
        guard rest <= UInt64(Limits.key) &- shared else { throw Self.failure(.limitExceeded, restAt, "keyShapes") }
        let kept = Int(truncatingIfNeeded: shared)
        let range = try keyRests.take(Int(truncatingIfNeeded: rest), "keyRests")
        if kept < previous {
            // The byte behind what is shared must be there, must differ (else more is shared) and must be the larger one.
            guard !range.isEmpty else { throw Self.failure(.notAscending, sharedAt, "keyShapes") }
            let (old, new) = (key[kept], bytes[range.lowerBound])
            guard new != old else { throw Self.failure(.notCanonical, sharedAt, "keyShapes") }
            guard new > old else { throw Self.failure(.notAscending, sharedAt, "keyShapes") }
        }
        key.replace(after: kept, by: bytes.extracting(range))
        return next > 0 && range.isEmpty
    }

    @inline(__always)
    private mutating func readValue(_ bytes: Span<UInt8>) throws(DecodingError) {
        let lengthAt = valueLengths.cursor
        let length = try valueLengths.read(bytes, "valueLengths")
        guard length <= UInt64(Limits.value) else { throw Self.failure(.limitExceeded, lengthAt, "valueLengths") }
        value = try values.take(Int(truncatingIfNeeded: length), "values")
    }

    private mutating func readOrigins(_ bytes: Span<UInt8>, _ cursor: inout Int) throws(DecodingError) {
        let countAt = cursor
        let originCount = try Self.count(bytes, &cursor, "origins")
        guard (1...count).contains(originCount) else { throw Self.failure(.outOfRange, countAt, "origins") }
        guard originCount <= (bytes.count - cursor) / Origin.leastSize else {
            throw Self.failure(.truncated, countAt, "origins")
        }
        origins.reserveCapacity(originCount)
        for _ in 0..<originCount {
            let origin = Origin(
                node: NodeID(bytes.integer(at: cursor)), incarnation: bytes.integer(at: cursor + 16))
            if let last = origins.last, !(last < origin) { throw Self.failure(.notAscending, cursor, "origins") }
            origins.append(origin)
            cursor += Origin.leastSize
        }
        isUsed = [Bool](repeating: false, count: originCount)
    }

    private func finish() throws(DecodingError) {
        try originIndexes.finish("originIndexes")
        try sequences.finish("sequences")
        try stamps.finish("stamps")
        try keyShapes.finish("keyShapes")
        try keyRests.finish("keyRests")
        try valueLengths.finish("valueLengths")
        try values.finish("values")
        if let unused = isUsed.firstIndex(of: false) {
            throw Self.failure(.notCanonical, 8 + unused * Origin.leastSize, "origins")
        }
    }

    private static func count(
        _ bytes: Span<UInt8>, _ cursor: inout Int, _ field: StaticString
    ) throws(DecodingError) -> Int {
        guard bytes.count - cursor >= 4 else { throw failure(.truncated, cursor, field) }
        defer { cursor += 4 }
        return Int(bytes.integer(at: cursor) as UInt32)
    }

    @inline(never)
    private static func failure(_ reason: DecodingError.Reason, _ offset: Int, _ field: StaticString) -> DecodingError {
        DecodingError(reason, offset: offset, field: "rowBlock.\(field)")
    }

    /// Where one column is read.
    private struct Column {
        var start = 0
        var cursor = 0
        var end = 0

        var count: Int { end - start }

        init() {}

        init(_ bytes: Span<UInt8>, _ position: inout Int, _ field: StaticString) throws(DecodingError) {
            let lengthAt = position
            let length = try RowBlockReader.count(bytes, &position, field)
            guard length <= bytes.count - position else { throw RowBlockReader.failure(.truncated, lengthAt, field) }
            start = position
            cursor = position
            end = position + length
            position = end
        }

        @inline(__always)
        mutating func read(_ bytes: Span<UInt8>, _ field: StaticString) throws(DecodingError) -> UInt64 {
            switch LEB128.read(bytes, &cursor, end: end) {
            case .value(let value): return value
            case .truncated: throw RowBlockReader.failure(.truncated, cursor, field)
            case .notCanonical: throw RowBlockReader.failure(.notCanonical, cursor, field)
            }
        }

        @inline(__always)
        mutating func take(_ length: Int, _ field: StaticString) throws(DecodingError) -> Range<Int> {
            guard length <= end &- cursor else { throw RowBlockReader.failure(.truncated, cursor, field) }
            defer { cursor &+= length }
            return cursor..<(cursor &+ length)
        }

        func finish(_ field: StaticString) throws(DecodingError) {
            guard cursor == end else { throw RowBlockReader.failure(.leftover, cursor, field) }
        }
    }
}
