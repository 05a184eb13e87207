import ClusterModel
import LinkTransport
import WireFormat

// Prefaces, HELLO and AUTH as an acceptor answers them (LNK-001 to LNK-037).
extension Catalogue {
    static let handshake: [Case] = versionsInCommon + ownHellos + helloFields

    // MARK: Versions

    private static let versionsInCommon: [Case] = [
        Case("LNK-002/preface", "A valid preface is answered with one that gives the versions of the acceptor.") { trial in
            let link = try await trial.conversation()
            try await link.exchangePrefaces()
            guard let preface = link.preface, (preface.minimumVersion...preface.maximumVersion).contains(1) else {
                throw CaseFailure("a range of versions that holds 1", got: "\(String(describing: link.preface))")
            }
        },
        Case("LNK-007/wide-range", also: ["EXT-014"], "With a dialer that speaks 1 to 65535 the acceptor goes on.") { trial in
            try await goesOn(trial, Preface(minimumVersion: 1, maximumVersion: 65_535))
        },
        Case("LNK-007/one", also: ["EXT-014"], "With a dialer that speaks 1 alone the acceptor goes on in version 1.") { trial in
            try await goesOn(trial, Preface(minimumVersion: 1, maximumVersion: 1))
        },
        Case("LNK-008/higher", "A dialer whose lowest version is above the acceptor's gets its preface and VERSION_UNSUPPORTED.")
        { trial in
            try await hasNoVersion(trial) { Preface(minimumVersion: $0.maximumVersion + 1, maximumVersion: 65_535) }
        },
        Case("LNK-008/highest", "A dialer that speaks version 65535 alone gets VERSION_UNSUPPORTED.") { trial in
            try await hasNoVersion(trial) { _ in Preface(minimumVersion: 65_535, maximumVersion: 65_535) }
        },
        Case("EXT-014/each-version", also: ["LNK-007"], "The acceptor goes on in every version of its own preface.") { trial in
            let first = try await trial.link()
            guard let own = first.preface else { throw Inconclusive("no preface") }
            for version in own.minimumVersion...own.maximumVersion {
                let link = try await trial.conversation()
                try await link.exchangePrefaces(Preface(minimumVersion: version, maximumVersion: version))
                link.send(Identity.client().hello())
                _ = try await link.expectHello()
                link.connection.close()
            }
        },
        Case(
            "LNK-040/no-version", also: ["LNK-008"], "CLOSE has its layout, lane and sequence also where no version was agreed."
        ) { trial in
            let link = try await hasNoVersion(trial) { _ in Preface(minimumVersion: 65_535, maximumVersion: 65_535) }
            guard let frame = link.rawFrames().last, frame.header.type == 6, frame.header.lane == 0, frame.header.sequence == 0
            else {
                throw CaseFailure("CLOSE of type 6 on lane 0 with the sequence 0", got: "another frame")
            }
            let textLength = Int(frame.body[24]) << 8 | Int(frame.body[25])
            guard frame.body.prefix(2) == [1, 1], frame.body.count == 26 + textLength, textLength <= 256 else {
                throw CaseFailure("code, and the text at 24 up to the end", got: "\(frame.body)")
            }
        },
    ]

    private static func goesOn(_ trial: Trial, _ preface: Preface) async throws {
        let link = try await trial.conversation()
        try await link.exchangePrefaces(preface)
        link.send(Identity.client().hello())
        _ = try await link.expectHello()
        link.send(link.auth())
        try await link.expectProof()
        try await link.fence()
    }

    @discardableResult
    private static func hasNoVersion(_ trial: Trial, _ make: (Preface) -> Preface) async throws -> Conversation {
        let first = try await trial.link()
        guard let own = first.preface else { throw Inconclusive("no preface") }
        let link = try await trial.conversation()
        try await link.exchangePrefaces(make(own))
        try await link.expectClose(.versionUnsupported)
        return link
    }

    // MARK: The acceptor's HELLO

    private static let ownHellos: [Case] = [
        Case("LNK-004/silence", "The acceptor says nothing between its preface and the dialer's HELLO.") { trial in
            let link = try await trial.conversation()
            try await link.exchangePrefaces()
            if let heard = try await link.next(within: .milliseconds(300)) {
                throw CaseFailure("silence before HELLO", got: "\(heard)")
            }
            link.send(Identity.client().hello())
            _ = try await link.expectHello()
        },
        Case("LNK-006/silence", "The acceptor sends its HELLO and nothing more before the dialer's AUTH.") { trial in
            let link = try await trial.conversation()
            try await link.exchangePrefaces()
            link.send(Identity.client().hello())
            _ = try await link.expectHello()
            if let heard = try await link.next(within: .milliseconds(300)) {
                throw CaseFailure("silence before AUTH", got: "\(heard)")
            }
            link.send(link.auth())
            try await link.expectProof()
        },
        Case(
            "LNK-025/client", also: ["LNK-010", "LNK-011", "LNK-020", "SEC-010"],
            "To a client the acceptor answers with the role core, its own ids, its address and the intent of the dialer.",
            profile: .client
        ) { trial in
            let link = try await trial.link()
            guard case .nodeInfo(let info) = try await link.succeed(.nodeInfo) else {
                throw CaseFailure("nodeInfo", got: "another")
            }
            try own(link, .member, info)
        },
        Case("LNK-025/joiner", also: ["LNK-020"], "To a joiner the acceptor answers with the role core and the intent join.") {
            trial in
            let client = try await trial.client()
            guard case .nodeInfo(let info) = try await client.succeed(.nodeInfo) else {
                throw CaseFailure("nodeInfo", got: "another")
            }
            try own(try await trial.joinLink(.node()), .join, info)
        },
        Case("LNK-025/refused", also: ["LNK-037"], "A dialer whose HELLO will be refused gets the same HELLO as any other.") {
            trial in
            let link = try await trial.conversation()
            try await link.exchangePrefaces()
            var identity = Identity.node()
            identity.role = .replica
            link.send(identity.hello())
            let hello = try await link.expectHello()
            guard hello.role == .core, hello.node == trial.target.node, hello.intent == .member else {
                throw CaseFailure("role core, the node's own id, intent member", got: "\(hello.role), \(hello.intent)")
            }
        },
        Case("LNK-013/codecs", "The node's HELLO lists the codecs none and zlib.") { trial in
            let link = try await trial.link()
            guard let codecs = link.peerHello?.codecs, codecs.contains(1), codecs.contains(2) else {
                throw CaseFailure("codecs 1 and 2", got: "\(link.peerHello?.codecs ?? [])")
            }
        },
        Case("LNK-016/nonces", "The nonces of twenty links are all different, and no half of one is that of another.") { trial in
            var halves: Set<[UInt8]> = []
            for _ in 0..<20 {
                let link = try await trial.conversation()
                try await link.exchangePrefaces()
                link.send(Identity.client().hello())
                let nonce = try await link.expectHello().nonce
                let isNew = halves.insert(Array(nonce[..<16])).inserted && halves.insert(Array(nonce[16...])).inserted
                guard isNew, Set(nonce).count > 8 else { throw CaseFailure("32 random bytes", got: "\(nonce)") }
                link.connection.close()
            }
        },
        Case("EXT-011/grease", "Each HELLO of the node has a GREASE value, and not always the same one.") { trial in
            var values: Set<UInt16> = []
            for _ in 0..<16 {
                let link = try await trial.conversation()
                try await link.exchangePrefaces()
                link.send(Identity.client().hello())
                let hello = try await link.expectHello()
                let grease = (hello.features + hello.codecs + hello.extensions.map(\.type)).filter(Grease.isGrease)
                guard !grease.isEmpty else { throw CaseFailure("a GREASE value in HELLO", got: "none") }
                values.formUnion(grease)
                link.connection.close()
            }
            guard values.count > 1 else { throw CaseFailure("values chosen at random", got: "\(values) sixteen times") }
        },
        Case(
            "EXT-003/own", also: ["EXT-013"],
            "The TLV area of the node's HELLO ascends, and has nothing of a private range but odd types."
        ) {
            trial in
            let link = try await trial.link()
            guard let hello = link.peerHello else { throw Inconclusive("no HELLO") }
            let types = hello.extensions.map(\.type)
            guard zip(types, types.dropFirst()).allSatisfy({ $0 < $1 }) else {
                throw CaseFailure("ascending types", got: "\(types)")
            }
            let unknown = (hello.features + hello.codecs + types).filter { (0x8000...0xF9FF).contains($0) && $0 & 1 == 0 }
            guard unknown.isEmpty else { throw CaseFailure("no even value of the private range", got: "\(unknown)") }
        },
        Case("LIM-002/announced", also: ["LIM-018"], "The node announces a maximumFrameBody from 65536 to 262144.") { trial in
            let link = try await trial.link()
            guard let hello = link.peerHello, (65_536...262_144).contains(hello.maximumFrameBody) else {
                throw CaseFailure("maximumFrameBody from 65536 to 262144", got: "\(link.peerHello?.maximumFrameBody ?? 0)")
            }
            guard min(hello.replicationCredit, hello.bulkCredit) >= hello.maximumFrameBody else {
                throw LenientPass("a first credit below maximumFrameBody: LIM-018 is a SHOULD")
            }
        },
    ]

    private static func own(_ link: Conversation, _ intent: Hello.Intent, _ info: NodeInfo) throws {
        guard let hello = link.peerHello else { throw Inconclusive("no HELLO") }
        guard hello.role == .core, hello.intent == intent else {
            throw CaseFailure("role core and intent \(intent)", got: "\(hello.role), \(hello.intent)")
        }
        guard hello.node == info.node, hello.cluster == info.cluster, hello.incarnation == info.incarnation,
            hello.name == info.name
        else {
            throw CaseFailure("the ids that nodeInfo tells", got: "\(hello.node) of \(hello.cluster), \(hello.name)")
        }
        guard hello.address != nil else { throw CaseFailure("the address where it accepts links", got: "an empty text") }
        let apart = hello.clock > Clock.milliseconds ? hello.clock - Clock.milliseconds : Clock.milliseconds - hello.clock
        guard apart < 60_000 else { throw CaseFailure("the clock in milliseconds since 1970", got: "\(hello.clock)") }
    }

    // MARK: Fields of HELLO

    private static let helloFields: [Case] =
        [UInt32(0), 1024, 65_535, 262_145, .max].map { value in
            Case(
                "LNK-012/frame-body-\(value)", also: ["ERR-001", "LIM-002"],
                "HELLO with a maximumFrameBody of \(value) is malformed."
            ) { trial in
                let sample = Samples.of(.hello)
                let bytes = (0..<4).reversed().map { UInt8(truncatingIfNeeded: value >> UInt32($0 * 8)) }
                let spoiled = sample.replacing(sample.index(of: "maximumFrameBody"), "= \(value)", with: bytes)
                try await trial.refuses(.malformed, body: spoiled, of: .hello, stream: 0)
            }
        }
        + [UInt32(65_536), 65_537, 262_144].map { value in
            Case("LNK-012/frame-body-\(value)", also: ["LIM-002"], "HELLO with a maximumFrameBody of \(value) is taken.") {
                trial in
                _ = try await trial.link { $0.maximumFrameBody = value }
            }
        } + [
            Case("LIM-025/features-33", also: ["ERR-001"], "HELLO with 33 features is malformed.") { trial in
                try await hello(trial, .malformed) { $0.features = (0..<33).map { 0x8001 + $0 * 2 } }
            },
            Case("LIM-025/codecs-33", also: ["ERR-001"], "HELLO with 33 codecs is malformed.") { trial in
                try await hello(trial, .malformed) { $0.codecs = (1...33).map { $0 } }
            },
            Case("LIM-025/extensions-33", also: ["ERR-001"], "HELLO with 33 extensions is malformed.") { trial in
                try await hello(trial, .malformed) {
                    $0.extensions = (0..<33).map { Extension(type: 0x8001 + $0 * 2, value: []) }
                }
            },
            Case(
                "LIM-025/all-32", also: ["EXT-004", "EXT-005", "EXT-006"],
                "HELLO with 32 features, codecs and extensions that nobody knows is taken."
            ) {
                trial in
                let unknown = (0..<32).map { 0x8001 + UInt16($0) * 2 }
                _ = try await trial.link {
                    ($0.features, $0.codecs) = (unknown, unknown)
                    $0.extensions = unknown.map { Extension(type: $0, value: [1]) }
                }
            },
        ]

    /// HELLO is refused with the code and blamed for it.
    static func hello(_ trial: Trial, _ code: ErrorCode, _ change: (inout Hello) -> Void) async throws {
        let link = try await trial.conversation()
        try await link.exchangePrefaces()
        var hello = Identity.client().hello()
        change(&hello)
        link.send(hello)
        try (try await link.expectClose(code)).blames(.hello, 0)
    }
}
