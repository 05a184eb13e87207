import ClusterModel
import LinkTransport
import WireFormat

// Limits of names, texts and links that wait for their proof (LIM-006, LIM-008).
extension Catalogue {
    static let linkLimits: [Case] = helloLimits + textLimits + pendingLinks

    // MARK: Names

    private static func nodeName(_ length: Int) -> String { String(repeating: "n", count: length - 10) + "@127.0.0.1" }
    private static func address(_ length: Int) -> String { String(repeating: "h", count: length - 5) + ":7400" }
    private static func tableName(_ length: Int) -> String { String(repeating: "t", count: length) }

    private static let helloLimits: [Case] = [
        Case("LIM-006/node-name-255", "A node name of 255 bytes is taken.") { trial in
            _ = try await trial.link { hello in if let name = NodeName(nodeName(255)) { hello.name = name } }
        },
        Case("LIM-006/address-261", "An address of 261 bytes is taken.") { trial in
            _ = try await trial.link { $0.address = Address(address(261)) }
        },
        tooLong("node-name-256", .hello, "name", nodeName(256)), tooLong("address-262", .hello, "address", address(262)),
        tooLong("table-name-65", .ping, "tables.table", tableName(65)),
        tooLong("table-name-0", .ping, "tables.table", ""),
        Case("LIM-006/table-name-64", "A table name of 64 bytes is taken.") { trial in
            let link = try await trial.link()
            link.send(.ping(Ping(number: 9, clock: 0, tables: [.init(table: Names.table(tableName(64)), vectorHash: 0)])))
            _ = try await link.expect("PONG 9") { message, _ -> Bool? in
                if case .pong(let pong) = message, pong.number == 9 { true } else { nil }
            }
        },
    ]

    // MARK: Texts

    private static let textLimits: [Case] = [
        tooLong("close-257", .close, "text", String(repeating: "x", count: 257)),
        tooLong("reply-257", .reply, "text", String(repeating: "x", count: 257)),
        tooLong("join-reject-257", .joinReject, "text", String(repeating: "x", count: 257)),
        tooLong("snap-cancel-257", .snapCancel, "text", String(repeating: "x", count: 257)),
        Case("LIM-006/own-text", also: ["CAL-013"], "The node cuts a text for people to 256 bytes.", profile: .client) { trial in
            let link = try await trial.link()
            guard let name = NodeName(nodeName(255)) else { throw Inconclusive("the suite's name is none") }
            // The text may well repeat the name; what is longer than the limit would not be decoded.
            try await link.expectRefusal(.noSuchMember, of: .clusterRemove(name: name))
        },
        Case("LIM-006/snap-cancel-256", "SNAP_CANCEL with a text of 256 bytes is taken.", profile: .tables) { trial in
            let link = try await trial.joinLink(.node())
            link.send(.snapCancel(SnapCancel(.cancelled, text: String(repeating: "x", count: 256))), stream: 5)
            try await link.fence()
        },
    ]

    private static func tooLong(_ word: String, _ type: MessageType, _ field: String, _ text: String) -> Case {
        let profile: Profile = type.lane == .control ? .link : .tables
        return Case(
            "LIM-006/\(word)", also: ["ERR-001"], "\(type.name) whose \(field) has \(text.utf8.count) bytes is malformed.",
            profile: profile
        ) { trial in
            let sample = Samples.of(type)
            let bytes = [UInt8(text.utf8.count >> 8), UInt8(text.utf8.count & 0xFF)] + Array(text.utf8)
            let spoiled = sample.replacing(sample.index(of: field), "of \(text.utf8.count) bytes", with: bytes)
            try await trial.refuses(.malformed, body: spoiled, of: type, stream: sample.stream)
        }
    }

    // MARK: Links that wait for their proof

    private static let pendingLinks: [Case] = [
        Case(
            "LNK-015/sixty-fifth", also: ["LIM-008", "FRM-002"],
            "With 64 links that are not authenticated a further one gets preface and CLOSE(TOO_MANY_LINKS) at once.",
            isolation: .alone, run: sixtyFifth),
        Case(
            "LIM-008/authenticated", also: ["LNK-015"], "Links that are authenticated do not count among the 64.",
            isolation: .alone
        ) { trial in
            var links: [Conversation] = []
            for _ in 0..<70 { links.append(try await trial.link()) }
            for link in links { try await link.fence() }
        },
    ]

    private static func sixtyFifth(_ trial: Trial) async throws {
        let other = try await trial.link()
        var pending: [Conversation] = []
        // In every state that comes before the proof. Nobody can see that a silent one was accepted, but the others, which come
        // behind it, are answered.
        for number in 0..<64 {
            let link = try await trial.conversation()
            if number >= 20 { try await link.exchangePrefaces() }
            if number >= 40 {
                link.send(Identity.client().hello())
                _ = try await link.expectHello()
            }
            pending.append(link)
        }
        for _ in 0..<2 {
            let refused = try await trial.conversation()
            _ = try await refused.readPreface()
            try (try await refused.expectClose(.tooManyLinks)).blamesNothing()
            refused.connection.close()
        }
        try await other.fence()
        // Its place is free as soon as the node has seen the end.
        pending[0].connection.finish()
        _ = await pending[0].connection.next(within: trial.timing.reaction)
        pending[0].connection.close()
        _ = try await trial.link()
        for link in pending[1...] { link.connection.close() }
        // The next case finds none of them left.
        try await Clock.letPass(.milliseconds(200))
    }
}
