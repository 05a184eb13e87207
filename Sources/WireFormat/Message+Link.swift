internal import ClusterModel

extension Hello: WireValue {
    static let leastSize = 0
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> Hello {
        Hello(
            role: try input.read("role"),
            intent: try input.read("intent"),
            cluster: try input.read("cluster"),
            node: try input.read("node"),
            incarnation: try input.read("incarnation"),
            clock: try input.read("clock"),
            nonce: try input.readFixed("nonce", count: 32),
            heartbeatInterval: try input.read("heartbeatInterval"),
            heartbeatDeadline: try input.read("heartbeatDeadline"),
            maximumFrameBody: try input.read(
                "maximumFrameBody", in: UInt32(Limits.frameBodyDefault)...UInt32(Limits.frameBodyMaximum)),
            replicationCredit: try input.read("replicationCredit"),
            bulkCredit: try input.read("bulkCredit"),
            name: try input.read("name"),
            address: try readAddress(&input),
            features: try readCodes(&input, "features", evenIsCritical: true),
            codecs: try readCodes(&input, "codecs", evenIsCritical: false),
            extensions: try readExtensions(&input))
    }

    func write(to output: inout [UInt8]) {
        precondition(nonce.count == 32, "a nonce has 32 bytes")
        output.write(role)
        output.write(intent)
        cluster.write(to: &output)
        node.write(to: &output)
        output.write(incarnation)
        output.write(clock)
        output.append(contentsOf: nonce)
        output.write(heartbeatInterval)
        output.write(heartbeatDeadline)
        output.write(maximumFrameBody)
        output.write(replicationCredit)
        output.write(bulkCredit)
        name.write(to: &output)
        output.write(address?.description ?? "")
        for codes in [features, codecs] {
            output.write(UInt32(codes.count))
            for code in codes { output.write(code) }
        }
        for element in extensions {
            output.write(element.type)
            output.write(UInt16(element.value.count))
            output.append(contentsOf: element.value)
        }
    }

    /// Empty text says that there is none (LNK-011).
    private static func readAddress(_ input: inout Span<UInt8>) throws(ReadFailure) -> Address? {
        let empty: UInt16 = 0
        if input.count >= 2, input.integer(at: 0) == empty {
            input = input.extracting(droppingFirst: 2)
            return nil
        }
        return try input.read("address")
    }

    /// Strictly ascending codes; no even feature is registered, so an even one closes the link (EXT-004).
    private static func readCodes(
        _ input: inout Span<UInt8>, _ field: StaticString, evenIsCritical: Bool
    ) throws(ReadFailure) -> [UInt16] {
        let count = try input.readCount(field, upTo: Limits.helloList, size: 2)
        var codes: [UInt16] = []
        for _ in 0..<count {
            let start = input
            let code = try input.read(field, as: UInt16.self)
            if let last = codes.last, code <= last { throw start.failure(.notAscending, field) }
            if evenIsCritical, code & 1 == 0 { throw start.failure(.unknownCritical, field, code: .unknownCritical) }
            codes.append(code)
        }
        return codes
    }

    /// The TLV area: up to the end of the body, types strictly ascending; no even type is registered (EXT-003).
    private static func readExtensions(_ input: inout Span<UInt8>) throws(ReadFailure) -> [Extension] {
        var extensions: [Extension] = []
        while input.count > 0 {
            let start = input
            guard extensions.count < Limits.helloList else { throw start.failure(.limitExceeded, "extensions") }
            let type = try input.read("extensions.type", as: UInt16.self)
            if let last = extensions.last, type <= last.type { throw start.failure(.notAscending, "extensions.type") }
            if type & 1 == 0 { throw start.failure(.unknownCritical, "extensions.type", code: .unknownCritical) }
            let lengthStart = input
            let length = Int(try input.read("extensions.length", as: UInt16.self))
            guard length <= input.count else { throw lengthStart.failure(.truncated, "extensions.length") }
            extensions.append(Extension(type: type, value: try input.readFixed("extensions.value", count: length)))
        }
        return extensions
    }
}

extension Auth: WireValue {
    static let leastSize = 36
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> Auth {
        Auth(key: try input.read("key"), mac: try input.readFixed("mac", count: 32))
    }
    func write(to output: inout [UInt8]) {
        precondition(mac.count == 32, "a proof has 32 bytes")
        output.write(key)
        output.append(contentsOf: mac)
    }
}

extension Close: WireValue {
    static let leastSize = 26
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> Close {
        var close = Close(.none)
        close.code = try input.read("code")
        close.offendingType = try input.read("offendingType")
        close.offendingSequence = try input.read("offendingSequence")
        close.retry = try input.read("retry")
        close.detail = try input.read("detail")
        close.text = try input.readText("text", upTo: Limits.closeText)
        return close
    }
    func write(to output: inout [UInt8]) {
        output.write(code)
        output.write(offendingType)
        output.write(offendingSequence)
        output.write(retry)
        output.write(detail)
        output.write(text, upTo: Limits.closeText)
    }
}

extension Ping: WireValue {
    static let leastSize = 60
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> Ping {
        let number: UInt64 = try input.read("number")
        let clock: UInt64 = try input.read("clock")
        var received: [UInt64] = []
        for _ in Lane.allCases { received.append(try input.read("received")) }
        return Ping(
            number: number, clock: clock, received: received,
            viewHash: try input.read("viewHash"),
            tables: try input.readAscending("tables", upTo: Limits.pingTables) { $0.table < $1.table })
    }
    func write(to output: inout [UInt8]) {
        precondition(received.count == Lane.allCases.count, "one number for each lane")
        output.write(number)
        output.write(clock)
        for last in received { output.write(last) }
        output.write(viewHash)
        output.write(tables)
    }
}

extension Ping.TableHash: WireValue {
    static let leastSize = 10
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> Self {
        Self(table: try input.read("table"), vectorHash: try input.read("vectorHash"))
    }
    func write(to output: inout [UInt8]) {
        table.write(to: &output)
        output.write(vectorHash)
    }
}

extension Pong: WireValue {
    static let leastSize = 24
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> Pong {
        Pong(number: try input.read("number"), echo: try input.read("echo"), clock: try input.read("clock"))
    }
    func write(to output: inout [UInt8]) {
        output.write(number)
        output.write(echo)
        output.write(clock)
    }
}

extension Credit: WireValue {
    static let leastSize = 9
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> Credit {
        let start = input
        let lane = try input.read("lane", as: Lane.self)
        guard lane.needsCredit else { throw start.failure(.outOfRange, "lane") }
        return Credit(lane: lane, limit: try input.read("limit"))
    }
    func write(to output: inout [UInt8]) {
        output.write(lane)
        output.write(limit)
    }
}
