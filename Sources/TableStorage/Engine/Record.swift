internal import ClusterModel

/// A row or tombstone where it lies in the `RecordArena`: 24 bytes, then the key, then the value.
///
/// The first word holds the key length (17 bits), the value length (25), the index of the origin in the `OriginTable` (21) and
/// whether this is a tombstone (1); then stamp and sequence. Valid until the record is freed.
@safe
struct Record {
    static let headerSize = 24
    /// Origin indexes that the header has room for.
    static let origins = 1 << 21

    private let base: UnsafeMutableRawPointer

    init(at base: UnsafeMutableRawPointer) { unsafe self.base = base }

    static func size(key: Int, value: Int) -> Int { headerSize + key + value }

    private var head: UInt64 { unsafe base.load(as: UInt64.self) }

    var keyLength: Int { Int(head & 0x1FFFF) }
    var valueLength: Int { Int(head >> 17 & 0x1FF_FFFF) }
    var origin: Int { Int(head >> 42 & 0x1F_FFFF) }
    var isTombstone: Bool { head >> 63 != 0 }
    var stamp: Stamp { unsafe Stamp(base.load(fromByteOffset: 8, as: UInt64.self)) }
    var sequence: UInt64 { unsafe base.load(fromByteOffset: 16, as: UInt64.self) }
    var size: Int { Self.headerSize + keyLength + valueLength }

    var key: Bytes { unsafe Bytes(base + Self.headerSize, count: keyLength) }
    var value: Bytes {
        let length = keyLength
        return unsafe Bytes(base + Self.headerSize + length, count: valueLength)
    }

    /// Writes everything but the key's and the value's bytes.
    func setHeader(keyLength: Int, valueLength: Int, origin: Int, isTombstone: Bool, stamp: Stamp, sequence: UInt64) {
        let lengths = UInt64(keyLength) | UInt64(valueLength) << 17
        let head = lengths | UInt64(origin) << 42 | (isTombstone ? 1 << 63 : 0)
        unsafe base.storeBytes(of: head, as: UInt64.self)
        unsafe base.storeBytes(of: stamp.value, toByteOffset: 8, as: UInt64.self)
        unsafe base.storeBytes(of: sequence, toByteOffset: 16, as: UInt64.self)
    }

    func setKey(_ key: Bytes) { unsafe key.copy(to: base + Self.headerSize) }
    func setValue(_ value: Bytes) { unsafe value.copy(to: base + Self.headerSize + keyLength) }

    /// Gives the record another dot (MBR-021).
    func setDot(origin: Int, sequence: UInt64) {
        setHeader(
            keyLength: keyLength, valueLength: valueLength, origin: origin, isTombstone: isTombstone, stamp: stamp,
            sequence: sequence)
    }
}
