public import ClusterModel

/// The encoded groups of an OPERATIONS message and of a log record (REP-004): encoded once by the origin, then passed on as
/// they are. A group is stamp u64, count u32 (1...10000), then for each operation kind u8, key length u32, value length u32,
/// key, value.
public enum OperationGroups {
    static let groupHeader = 12
    static let operationHeader = 9

    /// - Precondition: every group holds 1...`Limits.batchOperations` operations within the limits of keys and values.
    public static func encode(_ groups: [OperationGroup]) -> [UInt8] {
        // An array that is made without room writes its count, 0, to what all empty arrays share: a race for the thread sanitizer.
        guard !groups.isEmpty else { return [] }
        let size = groups.reduce(0) { $0 + encodedSize($1) }
        return unsafe [UInt8](unsafeUninitializedCapacity: size) { target, count in
            for group in groups { unsafe write(group, to: target, &count) }
        }
    }

    /// Appends one encoded group.
    public static func append(_ group: OperationGroup, to bytes: inout [UInt8]) {
        guard !bytes.isEmpty else {
            bytes = encode([group])
            return
        }
        bytes.reserveGrowing(by: encodedSize(group))
        bytes.append(contentsOf: encode([group]))
    }

    private static func encodedSize(_ group: OperationGroup) -> Int {
        let operations = group.operations
        precondition((1...Limits.batchOperations).contains(operations.count), "a group holds 1 to 10000 operations")
        var size = groupHeader
        for index in operations.indices {
            size += operationHeader + operations[index].key.count + operations[index].value.count
        }
        return size
    }

    /// Writes at `cursor`; the room was measured by `encodedSize`, and is checked again at each step.
    private static func write(_ group: OperationGroup, to target: UnsafeMutableBufferPointer<UInt8>, _ cursor: inout Int) {
        let bytes = UnsafeMutableRawBufferPointer(target)
        unsafe bytes.storeBytes(of: group.stamp.value.bigEndian, toByteOffset: cursor, as: UInt64.self)
        unsafe bytes.storeBytes(of: UInt32(group.operations.count).bigEndian, toByteOffset: cursor + 8, as: UInt32.self)
        cursor += groupHeader
        let operations = group.operations.span
        for index in operations.indices {
            let (keyCount, valueCount) = (operations[index].key.count, operations[index].value.count)
            precondition(bytes.count - cursor >= operationHeader + keyCount + valueCount)
            unsafe bytes.storeBytes(of: operations[index].kind.rawValue, toByteOffset: cursor, as: UInt8.self)
            unsafe bytes.storeBytes(of: UInt32(keyCount).bigEndian, toByteOffset: cursor + 1, as: UInt32.self)
            unsafe bytes.storeBytes(of: UInt32(valueCount).bigEndian, toByteOffset: cursor + 5, as: UInt32.self)
            cursor += operationHeader
            unsafe copy(operations[index].key.span, to: bytes, &cursor)
            unsafe copy(operations[index].value.span, to: bytes, &cursor)
        }
    }

    @inline(__always)
    private static func copy(_ span: Span<UInt8>, to bytes: UnsafeMutableRawBufferPointer, _ cursor: inout Int) {
        unsafe span.withUnsafeBytes { source in
            guard let from = source.baseAddress, let to = bytes.baseAddress else { return }
            unsafe (to + cursor).copyMemory(from: from, byteCount: source.count)
        }
        cursor += span.count
    }

    /// Calls `body` for each operation in order, without copying.
    /// - Parameter body: stamp of the group, kind, key, value, and whether the group ends with this operation.
    /// - Returns: the number of operations.
    /// - Throws: MALFORMED with the offset in `bytes`; what `body` was called for before stands in front of it.
    @discardableResult
    public static func forEach(
        _ bytes: Span<UInt8>,
        _ body: (Stamp, Operation.Kind, Span<UInt8>, Span<UInt8>, Bool) throws(DecodingError) -> Void
    ) throws(DecodingError) -> Int {
        var cursor = 0
        var total = 0
        while cursor < bytes.count {
            guard bytes.count - cursor >= groupHeader else { throw failure(.truncated, cursor, "stamp") }
            let stamp = Stamp(bytes.integer(at: cursor))
            let count = Int(bytes.integer(at: cursor + 8) as UInt32)
            guard count > 0 else { throw failure(.outOfRange, cursor + 8, "count") }
            guard count <= Limits.batchOperations else { throw failure(.limitExceeded, cursor + 8, "count") }
            cursor += groupHeader
            for index in 0..<count {
                let (kind, key, value) = try layout(bytes, cursor)
                try body(stamp, kind, bytes.extracting(key), bytes.extracting(value), index == count - 1)
                cursor = value.upperBound
            }
            total += count
        }
        return total
    }

    /// Checks every byte.
    /// - Returns: the number of operations.
    public static func validate(_ bytes: Span<UInt8>) throws(DecodingError) -> Int {
        try forEach(bytes) { (_, _, _, _, _) throws(DecodingError) in }
    }

    /// The groups as values; for tools and tests, a copy of everything.
    public static func decode(_ bytes: Span<UInt8>) throws(DecodingError) -> [OperationGroup] {
        var groups: [OperationGroup] = []
        var operations: [Operation] = []
        try forEach(bytes) { (stamp, kind, key, value, isLast) throws(DecodingError) in
            operations.append(Operation(kind, key: [UInt8](copying: key), value: [UInt8](copying: value)))
            guard isLast else { return }
            groups.append(OperationGroup(stamp: stamp, operations: operations))
            operations = []
        }
        return groups
    }

    @inline(__always)
    private static func layout(
        _ bytes: Span<UInt8>, _ start: Int
    ) throws(DecodingError) -> (Operation.Kind, key: Range<Int>, value: Range<Int>) {
        guard bytes.count - start >= operationHeader else { throw failure(.truncated, start, "kind") }
        guard let kind = Operation.Kind(rawValue: bytes[start]) else { throw failure(.unknownValue, start, "kind") }
        let keyLength = Int(bytes.integer(at: start + 1) as UInt32)
        let valueLength = Int(bytes.integer(at: start + 5) as UInt32)
        guard keyLength <= Limits.key else { throw failure(.limitExceeded, start + 1, "keyLength") }
        guard valueLength <= Limits.value else { throw failure(.limitExceeded, start + 5, "valueLength") }
        let key = start + operationHeader
        guard bytes.count - key >= keyLength else { throw failure(.truncated, key, "key") }
        let value = key + keyLength
        guard bytes.count - value >= valueLength else { throw failure(.truncated, value, "value") }
        return (kind, key..<value, value..<(value + valueLength))
    }

    private static func failure(_ reason: DecodingError.Reason, _ offset: Int, _ field: StaticString) -> DecodingError {
        DecodingError(reason, offset: offset, field: "groups.\(field)")
    }
}

extension Span<UInt8> {
    /// The big-endian integer at `offset`; the caller has checked that it is there.
    @inline(__always)
    func integer<T: FixedWidthInteger>(at offset: Int) -> T {
        precondition(offset >= 0 && offset <= count &- T.bitWidth / 8)
        return T(bigEndian: unsafe withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: offset, as: T.self) })
    }
}

extension [UInt8] {
    /// Makes room, doubling at least: `reserveCapacity` alone grows to the exact size each time.
    mutating func reserveGrowing(by size: Int) {
        guard capacity - count < size else { return }
        reserveCapacity(Swift.max(count + size, capacity * 2))
    }
}
