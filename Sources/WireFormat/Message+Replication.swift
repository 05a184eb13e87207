internal import ClusterModel

extension Operations: WireValue {
    static let leastSize = 42
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> Operations {
        let table = try input.read("table", as: TableName.self)
        let origin = try input.read("origin", as: Origin.self)
        let firstStart = input
        let first = try input.read("first", in: 1...UInt64.max - 1)
        let countStart = input
        let count = try input.read("count", in: 1...UInt32.max)
        guard UInt64(count) <= UInt64.max - first else { throw firstStart.failure(.outOfRange, "first") }
        let groups = try input.readBytes("groups", upTo: Limits.message)
        let actual: Int
        do throws(DecodingError) {
            actual = try OperationGroups.validate(groups.span)
        } catch {
            let remaining = input.count + groups.count - error.offset
            throw ReadFailure(error.reason, code: error.code, remaining: remaining, field: error.field)
        }
        guard actual == Int(count) else { throw countStart.failure(.contradiction, "count") }
        return Operations(table: table, origin: origin, first: first, count: count, groups: groups)
    }
    func write(to output: inout [UInt8]) {
        output.reserveCapacity(Self.leastSize + Limits.tableName + groups.count)
        table.write(to: &output)
        origin.write(to: &output)
        output.write(first)
        output.write(count)
        output.write(groups)
    }
}

extension Ack: WireValue {
    static let leastSize = 50
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> Ack {
        Ack(
            table: try input.read("table"),
            origin: try input.read("origin"),
            received: try input.read("received"),
            applied: try input.read("applied"),
            durable: try input.read("durable"))
    }
    func write(to output: inout [UInt8]) {
        table.write(to: &output)
        origin.write(to: &output)
        output.write(received)
        output.write(applied)
        output.write(durable)
    }
}

extension TableState: WireValue {
    static let leastSize = 55
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> TableState {
        TableState(
            table: try input.read("table"),
            vector: try input.read("vector"),
            digest: try input.read("digest"),
            rows: try input.read("rows"),
            streamable: try input.read("streamable"),
            origin: try input.read("origin"),
            wantsReply: try input.readBool("wantsReply"))
    }
    func write(to output: inout [UInt8]) {
        table.write(to: &output)
        vector.write(to: &output)
        output.write(digest)
        output.write(rows)
        output.write(streamable)
        origin.write(to: &output)
        output.write(wantsReply)
    }
}

extension DigestRequest: WireValue {
    static let leastSize = 2
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> DigestRequest {
        DigestRequest(table: try input.read("table"))
    }
    func write(to output: inout [UInt8]) { table.write(to: &output) }
}

extension Digests: WireValue {
    static let leastSize = 6 + Limits.buckets * 8
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> Digests {
        let table = try input.read("table", as: TableName.self)
        let vector = try input.read("vector", as: VersionVector.self)
        var buckets: [UInt64] = []
        buckets.reserveCapacity(Limits.buckets)
        for _ in 0..<Limits.buckets { buckets.append(try input.read("buckets")) }
        return Digests(table: table, vector: vector, buckets: buckets)
    }
    func write(to output: inout [UInt8]) {
        precondition(buckets.count == Limits.buckets, "one sum for each bucket")
        table.write(to: &output)
        vector.write(to: &output)
        for bucket in buckets { output.write(bucket) }
    }
}

extension SnapRequest: WireValue {
    static let leastSize = 10
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> SnapRequest {
        let table = try input.read("table", as: TableName.self)
        let last = UInt16(Limits.buckets - 1)
        let firstBucket = try input.read("firstBucket", in: 0...last)
        return SnapRequest(
            table: table, firstBucket: firstBucket,
            lastBucket: try input.read("lastBucket", in: firstBucket...last),
            have: try input.read("have"))
    }
    func write(to output: inout [UInt8]) {
        table.write(to: &output)
        output.write(firstBucket)
        output.write(lastBucket)
        have.write(to: &output)
    }
}

extension SnapBegin: WireValue {
    static let leastSize = 19
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> SnapBegin {
        SnapBegin(
            table: try input.read("table"),
            vector: try input.read("vector"),
            collected: try input.read("collected"),
            isComplete: try input.readBool("isComplete"),
            rows: try input.read("rows"))
    }
    func write(to output: inout [UInt8]) {
        table.write(to: &output)
        vector.write(to: &output)
        collected.write(to: &output)
        output.write(isComplete)
        output.write(rows)
    }
}

extension SnapChunk: WireValue {
    static let leastSize = 20
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> SnapChunk {
        let start = input
        var chunk = try readHead(&input)
        chunk.data = try input.readBytes("data", upTo: Limits.message)
        do throws(DecodingError) {
            try ChunkCodec.check(chunk)
        } catch {
            let field: StaticString = error.offset == ChunkCodec.Offset.rawCRC ? "rawCRC" : "rawLength"
            throw start.extracting(droppingFirst: error.offset).failure(error.reason, field)
        }
        return chunk
    }

    /// A chunk whose data lie in an array of their own, and stay there.
    /// - Returns: nil when the two are not the body of a SNAP_CHUNK.
    init?(head: Span<UInt8>, data: [UInt8]) {
        var input = head
        guard var chunk = try? Self.readHead(&input), let length = try? input.read("data", as: UInt32.self),
            input.isEmpty, length == data.count
        else { return nil }
        chunk.data = data
        guard (try? ChunkCodec.check(chunk)) != nil else { return nil }
        self = chunk
    }

    private static func readHead(_ input: inout Span<UInt8>) throws(ReadFailure) -> SnapChunk {
        SnapChunk(
            number: try input.read("number"),
            nextBucket: try input.read("nextBucket", in: 0...UInt16(Limits.buckets)),
            codec: try input.read("codec"),
            rawLength: try input.read("rawLength"),
            rawCRC: try input.read("rawCRC"),
            data: [])
    }

    func write(to output: inout [UInt8]) {
        output.reserveCapacity(ChunkCodec.headSize + data.count)
        ChunkCodec.appendHead(of: self, to: &output)
        output.append(contentsOf: data)
    }
}

extension SnapEnd: WireValue {
    static let leastSize = 20
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> SnapEnd {
        SnapEnd(chunks: try input.read("chunks"), rows: try input.read("rows"), digest: try input.read("digest"))
    }
    func write(to output: inout [UInt8]) {
        output.write(chunks)
        output.write(rows)
        output.write(digest)
    }
}

extension SnapCancel: WireValue {
    static let leastSize = 4
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> SnapCancel {
        var cancel = SnapCancel(.none, text: "")
        cancel.code = try input.read("code")
        cancel.text = try input.readText("text", upTo: Limits.closeText)
        return cancel
    }
    func write(to output: inout [UInt8]) {
        output.write(code)
        output.write(text, upTo: Limits.closeText)
    }
}
