import ClusterModel
import WireFormat

// Order of lists, the one encoding of each value, and what the node itself writes (ENC).
extension Catalogue {
    static let encodingForms: [Case] = listOrders + otherForms + ownForms

    private static let listOrders: [Case] = [
        (.hello, "features"), (.hello, "codecs"), (.ping, "tables"), (.members, "records"), (.definitions, "definitions"),
        (.definitions, "definitions.replicas"), (.joinRequest, "tables"), (.joinAccept, "members"),
        (.joinAccept, "definitions"), (.joinAccept, "tables"), (.joinReject, "tables"), (.tableState, "vector"),
        (.digests, "vector"), (.snapRequest, "have"), (.snapBegin, "vector"), (.snapBegin, "collected"),
    ].flatMap(orders)

    private static func orders(_ type: MessageType, _ list: String) -> [Case] {
        let profile: Profile = type.lane == .control ? .link : .tables
        return [(true, "descending", "descends"), (false, "twice", "has an element twice")].map { raised, word, what in
            Case(
                "ENC-008/\(type.slug)-\(list.slug)-\(word)", also: ["ERR-001"],
                "\(type.name) whose \(list) \(what) is malformed.", profile: profile
            ) { trial in
                let sample = Samples.of(type)
                try await trial.refuses(
                    .malformed, body: sample.doubling(list, raised: raised), of: type, stream: sample.stream)
            }
        }
    }

    // MARK: One encoding

    private static let otherForms: [Case] =
        [
            ("port-zeros", "127.0.0.1:07400", "has zeros before the port"), ("port-zero", "127.0.0.1:0", "has port 0"),
            ("port-high", "127.0.0.1:65536", "has a port above 65535"), ("port-sign", "127.0.0.1:+7400", "has a signed port"),
            ("no-port", "127.0.0.1", "has no port"), ("no-host", ":7400", "has no host"),
            ("bare-colons", "::1:7400", "has a host with colons and no brackets"),
            ("needless-brackets", "[127.0.0.1]:7400", "has brackets around a host without colons"),
            ("space", "127.0.0 1:7400", "has a space"),
        ].map { word, address, what in
            formOfHello("address-\(word)", "HELLO whose address \(what) is malformed.", "address", address)
        }
        + [
            ("no-at", "name", "has no @"), ("two-ats", "a@b@c", "has two @"), ("no-name", "@127.0.0.1", "has nothing before @"),
            ("no-host", "a@", "has nothing after @"), ("dot", "a.b@c", "has a dot before @"), ("space", "a@b c", "has a space"),
        ].map { word, name, what in
            formOfHello("name-\(word)", "HELLO whose name \(what) is malformed.", "name", name)
        } + vectorForms

    private static func formOfHello(_ word: String, _ summary: String, _ field: String, _ text: String) -> Case {
        Case("ENC-009/hello-\(word)", also: ["ERR-001"], summary) { trial in
            let sample = Samples.of(.hello)
            let bytes = [0, UInt8(text.utf8.count)] + Array(text.utf8)
            let spoiled = sample.replacing(sample.index(of: field), "'\(text)'", with: bytes)
            try await trial.refuses(.malformed, body: spoiled, of: .hello, stream: 0)
        }
    }

    private static let vectorForms: [Case] = [
        Case("ENC-009/vector-zero", also: ["ERR-001"], "A vector with the sequence 0 is malformed.", profile: .tables) { trial in
            let sample = Samples.of(.tableState)
            let zero = sample.replacing(sample.index(of: "vector.sequence"), "= 0", with: Array(repeating: 0, count: 8))
            try await trial.refuses(.malformed, body: zero, of: .tableState, stream: 0)
        },
        Case(
            "ENC-009/vector-behind-floor", also: ["ERR-001"], "A vector with an entry that its own floor covers is malformed.",
            profile: .tables
        ) { trial in
            var sample = SampleBody(.snapRequest)
            sample.text("table", "t")
            sample.u16("firstBucket")
            sample.u16("lastBucket", 1023)
            sample.list("have", 2) { body, index in
                body.u128("node", 1)
                body.u64("incarnation", UInt128(index + 1))
                body.u64("sequence", index == 0 ? 5 : UInt128(UInt64.max))
            }
            let spoiled = SampleBody.Spoiled(how: "an entry before a floor", bytes: sample.bytes)
            try await trial.refuses(.malformed, body: spoiled, of: .snapRequest, stream: 1)
        },
    ]

    // MARK: What the node writes

    private static let ownForms: [Case] = [
        Case("ENC-001/pong", "The numbers of a PING come back in PONG big-endian and in eight bytes each.") { trial in
            let link = try await trial.link()
            let ping = Ping(number: 0x0102_0304_0506_0708, clock: 0x1112_1314_1516_1718)
            link.send(.ping(ping))
            _ = try await link.expect("PONG") { message, _ -> Bool? in
                if case .pong(let pong) = message, pong.number == ping.number { true } else { nil }
            }
            guard let frame = link.rawFrames().last(where: { $0.header.type == MessageType.pong.rawValue }) else {
                throw Inconclusive("the PONG is not in the record")
            }
            let expected: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18]
            guard frame.body.count == 24, Array(frame.body.prefix(16)) == expected else {
                throw CaseFailure("24 bytes that begin with number and clock", got: "\(frame.body)")
            }
        },
        Case("ENC-001/hello", "Every number of HELLO stands big-endian at the offset that the table gives.") { trial in
            let link = try await trial.link()
            guard let hello = link.peerHello, let frame = link.rawFrames().first else { throw Inconclusive("no HELLO") }
            let body = frame.body
            let node = body[18..<34].reduce(UInt128(0)) { $0 << 8 | UInt128($1) }
            let frameBody = body[90..<94].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            guard NodeID(node) == trial.target.node, body[0] == 1, body[1] == 1 else {
                throw CaseFailure("role, intent and node id at 0, 1 and 18", got: "\(body.prefix(34))")
            }
            guard frameBody == hello.maximumFrameBody, (65_536...262_144).contains(frameBody) else {
                throw CaseFailure("maximumFrameBody at 90", got: "\(frameBody)")
            }
        },
        Case(
            "ENC-010/snapshot", "The numbers in the columns of a row block are written in their shortest form.",
            profile: .tables, run: ownRowBlock),
    ]

    /// Lengths on both sides of each step of the encoding.
    private static func ownRowBlock(_ trial: Trial) async throws {
        let table = try await trial.table(replicas: [trial.target.node])
        let client = try await trial.client()
        let sizes = [0, 1, 127, 128, 129, 16_383, 16_384, 16_385]
        for (index, size) in sizes.enumerated() {
            let operation = Operation(.put, key: [UInt8(index)], value: Array(repeating: UInt8(index), count: size))
            _ = try await client.succeed(.rowWrite(RowWrite(table: table, level: .local, operations: [operation])))
        }
        let link = try await trial.joinLink(.node())
        link.send(.snapRequest(SnapRequest(table: table, have: VersionVector())), stream: 1)
        var rows: [Int: Int] = [:]
        _ = try await link.expect("SNAP_END") { message, _ -> Bool? in
            if case .snapEnd = message { return true }
            guard case .snapChunk(let chunk) = message else { return nil }
            let block: [UInt8]
            do throws(DecodingError) {
                block = try ChunkCodec.unpack(chunk)
                for row in try RowBlock.rows(block.span) { rows[Int(row.key[0])] = row.value.count }
            } catch {
                throw CaseFailure("a row block that keeps the rules", got: "\(error)")
            }
            return nil
        }
        guard rows == Dictionary(uniqueKeysWithValues: sizes.enumerated().map { ($0.offset, $0.element) }) else {
            throw CaseFailure("the rows that were written", got: "\(rows.count) rows of other lengths")
        }
    }
}
