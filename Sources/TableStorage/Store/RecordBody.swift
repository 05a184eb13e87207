internal import ClusterModel
internal import WireFormat

/// A record's body is not what its type says; `field` is the first wrong one.
struct BodyError: Error {
    var field: String

    init(_ field: String) { self.field = field }
    init(_ error: DecodingError) { field = error.field }
}

/// Bodies of records that no message has, in the encoding of messages (DSK-001). Each read shortens the span at the front.
extension Span where Element == UInt8 {
    mutating func take<T: FixedWidthInteger & UnsignedInteger>(_ type: T.Type, _ field: String) throws(BodyError) -> T {
        let width = T.bitWidth / 8
        guard count >= width else { throw BodyError(field) }
        let value = bigEndian(type, at: 0)
        self = extracting(droppingFirst: width)
        return value
    }

    mutating func take(_ length: Int, _ field: String) throws(BodyError) -> [UInt8] {
        guard length <= count else { throw BodyError(field) }
        var bytes: [UInt8] = []
        bytes.append(copying: extracting(first: length))
        self = extracting(droppingFirst: length)
        return bytes
    }

    mutating func takeText(_ field: String) throws(BodyError) -> String {
        let length = Int(try take(UInt16.self, field))
        guard let text = String(validating: try take(length, field), as: UTF8.self) else { throw BodyError(field) }
        return text
    }

    mutating func takeTableName() throws(BodyError) -> TableName {
        guard let name = TableName(try takeText("table")) else { throw BodyError("table") }
        return name
    }

    mutating func takeOrigin(_ field: String) throws(BodyError) -> Origin {
        Origin(node: NodeID(try take(UInt128.self, field)), incarnation: try take(UInt64.self, field))
    }

    /// u32 length, then the body of a DEFINITIONS with this one.
    mutating func takeDefinition() throws(BodyError) -> TableDefinition {
        let length = Int(try take(UInt32.self, "definition"))
        guard length <= count else { throw BodyError("definition") }
        guard case .definitions(let list) = try decodeMessage(.definitions, extracting(first: length)),
            let definition = list.definitions.first, list.definitions.count == 1
        else { throw BodyError("definition") }
        self = extracting(droppingFirst: length)
        return definition
    }

    mutating func takeVector(_ field: String) throws(BodyError) -> VersionVector {
        let length = Int(try take(UInt32.self, field))
        guard length <= Limits.vectorEntries, length <= count / 32 else { throw BodyError(field) }
        var entries: [VersionVector.Entry] = []
        entries.reserveCapacity(length)
        for _ in 0..<length {
            let origin = try takeOrigin(field)
            entries.append(VersionVector.Entry(origin: origin, sequence: try take(UInt64.self, field)))
        }
        guard let vector = VersionVector(canonical: entries) else { throw BodyError(field) }
        return vector
    }

    mutating func takeIntervals(_ field: String) throws(BodyError) -> [PendingInterval] {
        let length = Int(try take(UInt32.self, field))
        guard length <= count / 40 else { throw BodyError(field) }
        var intervals: [PendingInterval] = []
        for _ in 0..<length {
            let origin = try takeOrigin(field)
            let first = try take(UInt64.self, field)
            let last = try take(UInt64.self, field)
            guard 0 < first, first <= last, last < VersionVector.whole else { throw BodyError(field) }
            intervals.append(PendingInterval(origin: origin, first: first, last: last))
        }
        return intervals
    }

    /// Nothing may be left over.
    func finish(_ field: String) throws(BodyError) {
        guard isEmpty else { throw BodyError(field) }
    }
}

extension [UInt8] {
    mutating func append(copying span: Span<UInt8>) {
        unsafe span.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }

    mutating func appendText(_ text: String) {
        appendBigEndian(UInt16(text.utf8.count))
        append(contentsOf: text.utf8)
    }

    mutating func appendOrigin(_ origin: Origin) {
        appendBigEndian(origin.node.value)
        appendBigEndian(origin.incarnation)
    }

    mutating func appendDefinition(_ definition: TableDefinition) {
        let body = MessageCodec.encode(.definitions(Definitions([definition])))
        appendBigEndian(UInt32(body.count))
        append(contentsOf: body)
    }

    mutating func appendIntervals(_ intervals: [PendingInterval]) {
        appendBigEndian(UInt32(intervals.count))
        for interval in intervals {
            appendOrigin(interval.origin)
            appendBigEndian(interval.first)
            appendBigEndian(interval.last)
        }
    }

    mutating func appendVector(_ vector: VersionVector) {
        appendBigEndian(UInt32(vector.entries.count))
        for entry in vector.entries {
            appendOrigin(entry.origin)
            appendBigEndian(entry.sequence)
        }
    }
}
