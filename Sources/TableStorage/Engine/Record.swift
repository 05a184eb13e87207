internal import ClusterModel

/// A row or tombstone where it lies in the `RecordArena`: a header, then the key, then the value.
///
/// Most records have a compact header of 16 bytes. Its first word holds, from the lowest bit on: 0, whether this is a tombstone,
/// the key length (8 bits), the value length (14), the index of the origin in the `OriginTable` (8), the sequence (32). What does
/// not fit in there has a wide header of 24 bytes: 1, tombstone, key length (17), value length (25), origin index (20), and the
/// sequence as the third word. The second word is the stamp in both. Valid until the record is freed.
@safe
struct Record {
    /// Everything of a record but its bytes.
    struct Header {
        var keyLength: Int
        var valueLength: Int
        var origin: Int
        var isTombstone: Bool
        var stamp: Stamp
        var sequence: UInt64

        var isWide: Bool { keyLength > 0xFF || valueLength > 0x3FFF || origin > 0xFF || sequence > 0xFFFF_FFFF }
        /// Bytes of the whole record.
        var recordSize: Int { (isWide ? 24 : 16) &+ keyLength &+ valueLength }
    }

    /// Bytes of the smallest record.
    static let smallest = 16
    /// Origin indexes that the wide header has room for.
    static let origins = 1 << 20

    private let base: UnsafeMutableRawPointer

    @inline(__always)
    init(at base: UnsafeMutableRawPointer) { unsafe self.base = base }

    @inline(__always)
    private var head: UInt64 { unsafe base.load(as: UInt64.self) }

    private static func isWide(_ head: UInt64) -> Bool { head & 1 != 0 }
    private static func headerSize(_ head: UInt64) -> Int { 16 &+ Int(truncatingIfNeeded: head & 1) &* 8 }
    private static func keyLength(_ head: UInt64) -> Int {
        Int(truncatingIfNeeded: head &>> 2 & (isWide(head) ? 0x1FFFF : 0xFF))
    }
    private static func valueLength(_ head: UInt64) -> Int {
        Int(truncatingIfNeeded: isWide(head) ? head &>> 19 & 0x1FF_FFFF : head &>> 10 & 0x3FFF)
    }

    var keyLength: Int { Self.keyLength(head) }
    var valueLength: Int { Self.valueLength(head) }
    var isTombstone: Bool { head & 2 != 0 }
    var origin: Int {
        let head = head
        return Int(truncatingIfNeeded: Self.isWide(head) ? head &>> 44 : head &>> 24 & 0xFF)
    }
    var stamp: Stamp { unsafe Stamp(base.load(fromByteOffset: 8, as: UInt64.self)) }
    var sequence: UInt64 {
        let head = head
        return Self.isWide(head) ? unsafe base.load(fromByteOffset: 16, as: UInt64.self) : head &>> 32
    }
    var size: Int {
        let head = head
        return Self.headerSize(head) &+ Self.keyLength(head) &+ Self.valueLength(head)
    }

    @inline(__always)
    var key: Bytes {
        let head = head
        return unsafe Bytes(base + Self.headerSize(head), count: Self.keyLength(head))
    }
    @inline(__always)
    var value: Bytes {
        let head = head
        return unsafe Bytes(base + Self.headerSize(head) + Self.keyLength(head), count: Self.valueLength(head))
    }

    /// Whether the record has this key.
    ///
    /// Branches on the kind of header, which is easily guessed: where to look for the key is then known before the header has
    /// arrived from memory, and both come at once.
    @inline(__always)
    func hasKey(_ key: Bytes) -> Bool {
        let head = head
        guard _fastPath(!Self.isWide(head)) else { return self.key.isEqual(to: key) }
        guard Int(truncatingIfNeeded: head &>> 2 & 0xFF) == key.count else { return false }
        return unsafe key.isEqual(toBytesAt: base + 16)
    }

    /// Whether the record has the kind of header that `header` needs: then a new one leaves the key where it is.
    func fits(_ header: Header) -> Bool { Self.isWide(head) == header.isWide }

    @inline(__always)
    func setHeader(_ header: Header) {
        let (origin, sequence) = (UInt64(truncatingIfNeeded: header.origin), header.sequence)
        var head: UInt64 = header.isTombstone ? 2 : 0
        head |= UInt64(truncatingIfNeeded: header.keyLength) &<< 2
        if header.isWide {
            head |= 1 | UInt64(truncatingIfNeeded: header.valueLength) &<< 19 | origin &<< 44
            unsafe base.storeBytes(of: sequence, toByteOffset: 16, as: UInt64.self)
        } else {
            head |= UInt64(truncatingIfNeeded: header.valueLength) &<< 10 | origin &<< 24 | sequence &<< 32
        }
        unsafe base.storeBytes(of: head, as: UInt64.self)
        unsafe base.storeBytes(of: header.stamp.value, toByteOffset: 8, as: UInt64.self)
    }

    @inline(__always)
    func setKey(_ key: Bytes) { unsafe key.copy(to: base + Self.headerSize(head)) }
    @inline(__always)
    func setValue(_ value: Bytes) {
        let head = head
        unsafe value.copy(to: base + Self.headerSize(head) + Self.keyLength(head))
    }
}
