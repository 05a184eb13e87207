internal import ClusterModel

/// Where a page of a scan ended, as bytes that a client hands back (CAL-052).
///
/// One byte for the kind, then: after a row in key order: key length u32, key, owner u128 if row ids have one, value if row ids
/// have it; after a row of a `set`: key; before a bucket of a `set`: number u16.
enum ScanCursor {
    case start
    case after(RowID)
    case afterKey([UInt8])
    case bucket(Int)

    init(decoding bytes: Span<UInt8>, _ shape: RowShape) throws(TableError) {
        guard bytes.count > 0 else {
            self = .start
            return
        }
        let rest = bytes.extracting(droppingFirst: 1)
        switch (bytes[0], shape.isOrdered) {
        case (1, true): self = .after(try Self.id(rest, shape))
        case (2, false): self = .afterKey(Bytes.of(rest) { $0.array })
        case (3, false):
            guard rest.count == 2 else { throw .invalidCursor }
            let bucket = Int(rest[0]) << 8 | Int(rest[1])
            guard bucket < Limits.buckets else { throw .invalidCursor }
            self = .bucket(bucket)
        default: throw .invalidCursor
        }
    }

    var encoded: [UInt8] {
        switch self {
        case .start: return []
        case .after(let id):
            var bytes: [UInt8] = [1]
            Self.append(UInt32(id.key.count), to: &bytes)
            bytes += id.key
            if let owner = id.owner { Self.append(owner.value, to: &bytes) }
            return bytes + id.value
        case .afterKey(let key): return [2] + key
        case .bucket(let bucket): return [3, UInt8(bucket >> 8), UInt8(bucket & 0xFF)]
        }
    }

    private static func id(_ bytes: Span<UInt8>, _ shape: RowShape) throws(TableError) -> RowID {
        let ownerSize = shape.hasOwner ? 16 : 0
        guard bytes.count >= 4 else { throw .invalidCursor }
        let keyEnd = 4 + Int(number(bytes.extracting(0..<4)))
        guard bytes.count >= keyEnd + ownerSize, shape.hasValue || bytes.count == keyEnd + ownerSize else { throw .invalidCursor }
        let owner = shape.hasOwner ? NodeID(number(bytes.extracting(keyEnd..<(keyEnd + 16)))) : nil
        return RowID(
            key: Bytes.of(bytes.extracting(4..<keyEnd)) { $0.array }, owner: owner,
            value: Bytes.of(bytes.extracting(droppingFirst: keyEnd + ownerSize)) { $0.array })
    }

    private static func number(_ bytes: Span<UInt8>) -> UInt128 {
        var value: UInt128 = 0
        for index in bytes.indices { value = value << 8 | UInt128(bytes[index]) }
        return value
    }

    private static func append(_ value: some FixedWidthInteger & UnsignedInteger, to bytes: inout [UInt8]) {
        for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}
