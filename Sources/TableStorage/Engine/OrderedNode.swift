/// One node of the `OrderedIndex`: 1 KiB of raw memory with up to 80 entries (leaf) or 60 (inner node).
///
/// An entry is a record reference and the record's piece: eight bytes of its key as a number, from `skip` on. The node keeps the
/// `skip` bytes before as its prefix; a key that does not begin with them has the piece 0 or the largest, as it stands before or
/// after them, so that pieces always order as keys do. Equal pieces say nothing: then the records are compared. Entry i of an
/// inner node repeats the first entry of child i.
@safe
struct OrderedNode {
    static let size = 1024
    static let leafCapacity = 80
    static let innerCapacity = 60
    static let prefixCapacity = 48
    private static let prefixOffset = 16
    private static let piecesOffset = 64

    private let base: UnsafeMutableRawPointer
    let isLeaf: Bool

    init(at base: UnsafeMutableRawPointer) {
        unsafe self.base = base
        isLeaf = unsafe base.load(fromByteOffset: 2, as: UInt8.self) == 1
    }

    static func create(at base: UnsafeMutableRawPointer, isLeaf: Bool) -> OrderedNode {
        unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: prefixOffset)
        unsafe base.storeBytes(of: isLeaf ? 1 : 0, toByteOffset: 2, as: UInt8.self)
        return unsafe OrderedNode(at: base)
    }

    var capacity: Int { isLeaf ? Self.leafCapacity : Self.innerCapacity }
    private var pieces: UnsafeMutablePointer<UInt64> {
        unsafe (base + Self.piecesOffset).assumingMemoryBound(to: UInt64.self)
    }
    private var references: UnsafeMutablePointer<UInt32> {
        unsafe (base + Self.piecesOffset + capacity * 8).assumingMemoryBound(to: UInt32.self)
    }
    private var children: UnsafeMutablePointer<UInt32> { unsafe references + Self.innerCapacity }

    var count: Int {
        get { Int(unsafe base.load(as: UInt16.self)) }
        nonmutating set { unsafe base.storeBytes(of: UInt16(newValue), as: UInt16.self) }
    }
    private(set) var skip: Int {
        get { Int(unsafe base.load(fromByteOffset: 3, as: UInt8.self)) }
        nonmutating set { unsafe base.storeBytes(of: UInt8(newValue), toByteOffset: 3, as: UInt8.self) }
    }
    /// The neighbouring leaves, 0 for none.
    var previous: UInt32 {
        get { unsafe base.load(fromByteOffset: 4, as: UInt32.self) }
        nonmutating set { unsafe base.storeBytes(of: newValue, toByteOffset: 4, as: UInt32.self) }
    }
    var next: UInt32 {
        get { unsafe base.load(fromByteOffset: 8, as: UInt32.self) }
        nonmutating set { unsafe base.storeBytes(of: newValue, toByteOffset: 8, as: UInt32.self) }
    }

    func reference(_ index: Int) -> UInt32 { unsafe references[index] }
    func child(_ index: Int) -> UInt32 { unsafe children[index] }

    func piece(of key: Bytes) -> UInt64 {
        let skip = skip
        guard skip > 0 else { return key.piece(after: 0) }
        let order = key.prefix(skip).compare(to: unsafe Bytes(base + Self.prefixOffset, count: skip))
        return order == 0 ? key.piece(after: skip) : order < 0 ? 0 : .max
    }

    /// The first entry at or after `id`, or after it when `isAfter`.
    func position(of id: RowKey, isAfter: Bool, _ records: borrowing Records) -> Int {
        let piece = piece(of: id.key)
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if unsafe pieces[middle] < piece { low = middle + 1 } else { high = middle }
        }
        var end = low
        var beyond = count
        while end < beyond {
            let middle = (end + beyond) / 2
            if unsafe pieces[middle] <= piece { end = middle + 1 } else { beyond = middle }
        }
        while low < end {
            let middle = (low + end) / 2
            let order = records.order(id, records[reference(middle)])
            if order > 0 || (order == 0 && isAfter) { low = middle + 1 } else { end = middle }
        }
        return low
    }

    // MARK: Changing

    func set(_ index: Int, _ reference: UInt32, _ records: borrowing Records) {
        unsafe references[index] = reference
        unsafe pieces[index] = piece(of: records[reference].key)
    }

    func insert(_ reference: UInt32, child: UInt32 = 0, at index: Int, _ records: borrowing Records) {
        let count = count
        move(from: index, to: index + 1, count - index, self)
        self.count = count + 1
        set(index, reference, records)
        if !isLeaf { unsafe children[index] = child }
    }

    func remove(_ index: Int) {
        let count = count
        move(from: index + 1, to: index, count - index - 1, self)
        self.count = count - 1
    }

    /// Moves the entries from `index` on to the empty node `right`, which takes over the prefix.
    func split(at index: Int, to right: OrderedNode) {
        unsafe (right.base + Self.prefixOffset).copyMemory(from: base + Self.prefixOffset, byteCount: Self.prefixCapacity)
        right.skip = skip
        move(from: index, to: 0, count - index, right)
        right.count = count - index
        count = index
    }

    private func move(from: Int, to: Int, _ length: Int, _ target: OrderedNode) {
        guard length > 0 else { return }
        unsafe (target.pieces + to).update(from: pieces + from, count: length)
        unsafe (target.references + to).update(from: references + from, count: length)
        if !isLeaf { unsafe (target.children + to).update(from: children + from, count: length) }
    }

    /// Makes `length` bytes of the key of `reference` the prefix, and all pieces anew.
    func setPrefix(of reference: UInt32, length: Int, _ records: borrowing Records) {
        let skip = max(0, min(length, Self.prefixCapacity))
        unsafe records[reference].key.prefix(skip).copy(to: base + Self.prefixOffset)
        self.skip = skip
        for index in 0..<count { set(index, self.reference(index), records) }
    }

    /// Takes all bytes that the keys have in common as the prefix.
    func tightenPrefix(_ records: borrowing Records) {
        let first = reference(0)
        let common = records[first].key.commonPrefix(with: records[reference(count - 1)].key)
        if min(common, Self.prefixCapacity) != skip { setPrefix(of: first, length: common, records) }
    }
}
