internal import ClusterModel
internal import WireFormat

/// The records of a table and the origins that they name.
struct Records: ~Copyable {
    let shape: RowShape
    var arena = RecordArena()
    var origins = OriginTable()

    init(shape: RowShape) { self.shape = shape }

    subscript(reference: UInt32) -> Record { arena[reference] }

    @inline(__always)
    func isSame(_ id: RowKey, _ record: Record) -> Bool {
        guard record.hasKey(id.key) else { return false }
        if shape.isUniqueByKey { return true }
        if shape.hasOwner, origins[record.origin].node != id.owner { return false }
        return !shape.hasValue || record.value.isEqual(to: id.value)
    }

    /// Negative, zero or positive, as `id` stands before, at or after the row id of the record.
    func order(_ id: RowKey, _ record: Record) -> Int {
        let order = id.key.compare(to: record.key)
        if order != 0 { return order }
        if shape.hasOwner {
            let owner = origins[record.origin].node
            if id.owner != owner { return id.owner < owner ? -1 : 1 }
        }
        return shape.hasValue ? id.value.compare(to: record.value) : 0
    }

    func id(of record: Record) -> RowKey {
        RowKey(key: record.key, owner: shape.hasOwner ? origins[record.origin].node : NodeID(0), value: record.value)
    }

    func version(of record: Record) -> RowVersion {
        RowVersion(stamp: record.stamp, dot: Dot(origin: origins[record.origin], sequence: record.sequence))
    }

    @inline(__always)
    func hash(_ id: RowKey) -> UInt64 {
        let shape = shape
        if shape.isUniqueByKey { return id.key.withSpan { XXH64.hash($0) } }
        return id.key.withSpan { key in
            id.value.withSpan { value in
                RowHash.row(type: shape.type, merge: shape.merge, key: key, owner: id.owner, value: value)
            }
        }
    }

    func hash(of record: Record) -> UInt64 { hash(id(of: record)) }

    func rowID(of record: Record) -> RowID {
        RowID(
            key: record.key.array, owner: shape.hasOwner ? origins[record.origin].node : nil,
            value: shape.hasValue ? record.value.array : [])
    }

    /// A copy of the record as a value.
    func row(_ record: Record) -> Row {
        let version = version(of: record)
        return Row(
            key: record.key.array, owner: shape.hasOwner ? version.dot.origin.node : nil, value: record.value.array,
            isTombstone: record.isTombstone, version: version)
    }
}
