internal import ClusterModel
internal import WireFormat

/// The records of a log that change tables (DSK-024), as recovery reads them. Each begins with the table's name.
enum LogRecord {
    /// Same body as OPERATIONS.
    static func operations(
        _ table: TableName, origin: Origin, first: UInt64, count: UInt32, groups: [UInt8], to log: inout LogBuffer
    ) -> Int {
        log.append(.operations) { body in
            body.appendText(table.text)
            body.appendOrigin(origin)
            body.appendBigEndian(first)
            body.appendBigEndian(count)
            body.appendBigEndian(UInt32(groups.count))
            body += groups
        }
    }

    /// A raw row block that was merged.
    static func rows(_ table: TableName, block: [UInt8], to log: inout LogBuffer) -> Int {
        log.append(.rows) { body in
            body.appendText(table.text)
            body += block
        }
    }

    /// A vector that was adopted; a floor in it compacts.
    static func vector(_ table: TableName, _ vector: VersionVector, to log: inout LogBuffer) -> Int {
        log.append(.vector) { body in
            body.appendText(table.text)
            body.appendVector(vector)
        }
    }

    /// Rows that were missing in a complete snapshot: each goes unless it has a version that `vector` does not cover. Also
    /// without any row the record says that tombstones up to `vector` did not come.
    static func removals(
        _ table: TableName, _ ids: [RowID], vector: VersionVector, collected: VersionVector, to log: inout LogBuffer
    ) -> Int {
        var size = 0
        var next = ids.startIndex
        repeat {
            var end = next
            var bytes = 0
            while end < ids.endIndex, bytes < Limits.chunkRaw {
                bytes += ids[end].key.count + ids[end].value.count
                end += 1
            }
            size += log.append(.removals) { body in
                body.appendText(table.text)
                body.appendVector(vector)
                body.appendVector(collected)
                body.appendBigEndian(UInt32(end - next))
                for id in ids[next..<end] { body.appendRowID(id) }
            }
            next = end
        } while next < ids.endIndex
        return size
    }

    /// Tombstones that `vector` covers were collected in `buckets` buckets from `first` on.
    static func collection(
        _ table: TableName, first: Int, buckets: Int, vector: VersionVector, to log: inout LogBuffer
    ) -> Int {
        log.append(.collection) { body in
            body.appendText(table.text)
            body.appendBigEndian(UInt16(first))
            body.appendBigEndian(UInt16(min(buckets, Limits.buckets)))
            body.appendVector(vector)
        }
    }

    /// Rows of `owner` from before `incarnation` are gone for good.
    static func purge(_ table: TableName, owner: NodeID, below incarnation: Incarnation, to log: inout LogBuffer) -> Int {
        log.append(.purge) { body in
            body.appendText(table.text)
            body.appendOrigin(Origin(node: owner, incarnation: incarnation))
        }
    }

    /// The vector's entry of an origin was void.
    static func forget(_ table: TableName, _ origin: Origin, to log: inout LogBuffer) -> Int {
        log.append(.forget) { body in
            body.appendText(table.text)
            body.appendOrigin(origin)
        }
    }

    /// What is known of the table begins here: its rows follow, then its `progress`.
    static func reset(_ table: TableName, to log: inout LogBuffer) -> Int {
        log.append(.reset) { $0.appendText(table.text) }
    }

    /// What the rows since `reset` amount to.
    static func progress(_ table: Table, to log: inout LogBuffer) -> Int {
        log.append(.progress) { body in
            body.appendText(table.definition.name.text)
            body.appendVector(table.vector)
            body.appendVector(table.collected)
            body.appendIntervals(table.pending)
        }
    }

    /// The table was created or has another definition from here on.
    static func definition(_ definition: TableDefinition, to log: inout LogBuffer) -> Int {
        log.append(.definition) { body in
            body.appendText(definition.name.text)
            body.appendDefinition(definition)
        }
    }
}

extension [UInt8] {
    fileprivate mutating func appendRowID(_ id: RowID) {
        appendBigEndian(UInt32(id.key.count))
        append(contentsOf: id.key)
        append(id.owner == nil ? 0 : 1)
        if let owner = id.owner { appendBigEndian(owner.value) }
        appendBigEndian(UInt32(id.value.count))
        append(contentsOf: id.value)
    }
}

extension Span where Element == UInt8 {
    mutating func takeRowID() throws(BodyError) -> RowID {
        let key = try take(Int(try take(UInt32.self, "key")), "key")
        let hasOwner = try take(UInt8.self, "owner")
        guard hasOwner <= 1 else { throw BodyError("owner") }
        let owner = hasOwner == 1 ? NodeID(try take(UInt128.self, "owner")) : nil
        return RowID(key: key, owner: owner, value: try take(Int(try take(UInt32.self, "value")), "value"))
    }
}
