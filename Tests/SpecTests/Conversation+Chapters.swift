import ClusterModel
import WireFormat

/// The examples in their order.
extension Conversation {
    private static let origin = Origin(node: dialer, incarnation: 3)
    private static let stamp = Stamp(milliseconds: clock, counter: 1)

    private static func name(_ text: String) -> NodeName {
        guard let name = NodeName(text) else { preconditionFailure("the examples use valid names") }
        return name
    }

    private static func address(_ text: String) -> Address {
        guard let address = Address(text) else { preconditionFailure("the examples use valid addresses") }
        return address
    }

    private static func table(_ text: String) -> TableName {
        guard let table = TableName(text) else { preconditionFailure("the examples use valid table names") }
        return table
    }

    mutating func introduce() {
        say("# 18. Examples")
        say(
            """
            Whole conversations in bytes. Each line gives the offset in preface, header or body, the bytes, and the field with its
            value. A test makes this chapter with the encoder of this project and compares: the bytes are what a node sends. This
            chapter binds nobody.
            """)
        say(
            """
            All examples use these values. The dialer n1 has the lower node id.

            | | |
            |---|---|
            | cluster id | `\(Self.cluster)` |
            | node id of n1, the dialer | `\(Self.dialer)`, incarnation 3 |
            | node id of n2, the acceptor | `\(Self.acceptor)`, incarnation 5 |
            | secret, key id 1 | `\(hexadecimal(Self.secret))` |
            | nonces | `a0a1…bf` of the dialer, `c0c1…df` of the acceptor |
            """)
    }

    private static func hello(isDialer: Bool) -> Hello {
        Hello(
            role: .core, cluster: cluster, node: isDialer ? dialer : acceptor, incarnation: isDialer ? 3 : 5,
            clock: clock + (isDialer ? 0 : 4), nonce: isDialer ? [UInt8](0xA0...0xBF) : [UInt8](0xC0...0xDF),
            heartbeatInterval: 250,
            heartbeatDeadline: 750, name: name(isDialer ? "n1@10.0.0.1" : "n2@10.0.0.2"),
            address: address(isDialer ? "10.0.0.1:7400" : "10.0.0.2:7400"), features: [isDialer ? 0xFA31 : 0xFA71],
            extensions: isDialer ? [Extension(type: 0xFAD1, value: [0xFA])] : [])
    }

    mutating func handshake() {
        say("## Handshake")
        say("The prefaces. Both nodes speak version 1 only.")
        let prefaces = (Preface().encode(), Preface().encode())
        show(["dialer sends its preface"] + preface(prefaces.0))
        show(["acceptor sends its preface"] + preface(prefaces.1))
        let dialerHello = send(.hello(Self.hello(isDialer: true)), fromDialer: true)
        let acceptorHello = send(.hello(Self.hello(isDialer: false)), fromDialer: false)
        let first = prefaces.0 + prefaces.1 + dialerHello + acceptorHello
        let pseudorandom = SHA256.authenticationCode(Self.secret, key: [UInt8](0xA0...0xBF) + [UInt8](0xC0...0xDF))
        let keys = (
            SHA256.expand(pseudorandom, info: Array("tablewire 1 dialer".utf8)),
            SHA256.expand(pseudorandom, info: Array("tablewire 1 acceptor".utf8))
        )
        let dialerMAC = SHA256.authenticationCode(SHA256.hash(first), key: keys.0)
        say("The dialer's proof. T1 is the two prefaces and the two HELLO frames, \(first.count) bytes.")
        show([
            "SHA-256(T1)   \(hexadecimal(SHA256.hash(first)))", "PRK           \(hexadecimal(pseudorandom))",
            "dialer key    \(hexadecimal(keys.0))", "dialer's mac  \(hexadecimal(dialerMAC))",
        ])
        let auth = send(.auth(Auth(key: 1, mac: dialerMAC)), fromDialer: true)
        let second = first + auth
        let acceptorMAC = SHA256.authenticationCode(SHA256.hash(second), key: keys.1)
        say("The acceptor checks it, and proves itself over T2, which is T1 and the dialer's AUTH frame, \(second.count) bytes.")
        show([
            "SHA-256(T2)     \(hexadecimal(SHA256.hash(second)))", "acceptor key    \(hexadecimal(keys.1))",
            "acceptor's mac  \(hexadecimal(acceptorMAC))",
        ])
        send(.auth(Auth(key: 1, mac: acceptorMAC)), fromDialer: false)
        say("The acceptor takes the link, so it sends its member records at once.")
        send(.members(Members([Self.record(isDialer: true), Self.record(isDialer: false)])), fromDialer: false)
    }

    private static func record(isDialer: Bool) -> MemberRecord {
        MemberRecord(
            node: isDialer ? dialer : acceptor, joined: Stamp(milliseconds: clock - (isDialer ? 86_400_000 : 3_600_000)),
            incarnation: isDialer ? 3 : 5, state: .up, name: name(isDialer ? "n1@10.0.0.1" : "n2@10.0.0.2"),
            address: address(isDialer ? "10.0.0.1:7400" : "10.0.0.2:7400"))
    }

    mutating func heartbeat() {
        say("## Heartbeat")
        beginLink(after: 6)
        send(
            .ping(
                Ping(
                    number: 1, clock: Self.clock + 12, received: [2, 4, 6, 0], viewHash: 0x0123_4567_89AB_CDEF,
                    tables: [Ping.TableHash(table: Self.table("routes"), vectorHash: Self.vector.hash64)])), fromDialer: true)
        send(.pong(Pong(number: 1, echo: Self.clock + 12, clock: Self.clock + 16)), fromDialer: false)
    }

    private static var vector: VersionVector {
        var vector = VersionVector()
        vector.raise(Origin(node: dialer, incarnation: 2), to: VersionVector.whole)
        vector.raise(origin, to: 41)
        vector.raise(Origin(node: acceptor, incarnation: 5), to: 7)
        return vector
    }

    mutating func operations() {
        say("## Operations and acknowledgement")
        say("Two groups of n1: two puts written together, then a delete. Their sequences are 42 to 44.")
        let groups = [
            OperationGroup(
                stamp: Self.stamp,
                operations: [
                    Operation(.put, key: Array("a/1".utf8), value: Array("one".utf8)),
                    Operation(.put, key: Array("a/2".utf8), value: Array("two".utf8)),
                ]),
            OperationGroup(stamp: Stamp(Self.stamp.value + 1), operations: [Operation(.delete, key: Array("a/1".utf8))]),
        ]
        send(
            .operations(
                Operations(
                    table: Self.table("routes"), origin: Self.origin, first: 42, count: 3, groups: OperationGroups.encode(groups))
            ),
            fromDialer: true)
        send(
            .ack(Ack(table: Self.table("routes"), origin: Self.origin, received: 44, applied: 44, durable: 44)), fromDialer: false
        )
    }

    mutating func snapshot() {
        say("## Snapshot")
        say("n2 has nothing of the table `routes` and asks for all of it. Its node id is the higher one, so its stream is even.")
        let table = Self.table("routes")
        send(.snapRequest(SnapRequest(table: table, have: VersionVector())), fromDialer: false, stream: 2)
        send(.snapBegin(SnapBegin(table: table, vector: Self.vector, isComplete: true, rows: 2)), fromDialer: true, stream: 2)
        var encoder = RowBlockEncoder()
        var digest: UInt64 = 0
        for (key, value, sequence) in [("a/1", "", 44), ("a/2", "two", 43), ("b", "three", 40)] as [(String, String, UInt64)] {
            let version = RowVersion(
                stamp: Stamp(Self.stamp.value + (sequence == 44 ? 1 : 0)), dot: Dot(origin: Self.origin, sequence: sequence))
            encoder.append(
                key: Array(key.utf8).span, value: Array(value.utf8).span, isTombstone: value.isEmpty, isOwned: false,
                version: version)
            let hash = RowHash.row(type: .set, merge: .lww, key: Array(key.utf8).span, owner: nil, value: Array(value.utf8).span)
            digest &+= RowHash.digest(hash, version: version)
        }
        let block = encoder.finish()
        let chunk = ChunkCodec.chunk(number: 0, nextBucket: 1024, codec: .none, raw: block)
        send(.snapChunk(chunk), fromDialer: true, stream: 2)
        say("The row block of that chunk: a tombstone of `a/1` and the rows `a/2` and `b`.")
        show(rowBlock(block))
        send(.snapEnd(SnapEnd(chunks: 1, rows: 3, digest: digest)), fromDialer: true, stream: 2)
    }

    mutating func call() {
        say("## Call")
        say("A client reads a key. Its link has had its handshake, so its first CALL has sequence 2.")
        beginLink(after: 2)
        let table = Self.table("routes")
        send(.call(.rowGet(table: table, key: Array("a/2".utf8))), fromDialer: true, stream: 1)
        let version = RowVersion(stamp: Self.stamp, dot: Dot(origin: Self.origin, sequence: 43))
        let row = Row(key: Array("a/2".utf8), value: Array("two".utf8), version: version)
        send(.reply(Reply(.rows(RowPage(rows: [row])))), fromDialer: false, stream: 1)
        send(.call(.tableInfo(Self.table("nothing"))), fromDialer: true, stream: 2)
        send(.reply(Reply(failure: .noSuchTable, "there is no table 'nothing'")), fromDialer: false, stream: 2)
    }

    mutating func close() {
        say("## Close")
        say("The acceptor refuses a message that a client may not send, here a PROBE_REQUEST of sequence 4.")
        send(
            .close(
                Close(
                    .unexpectedMessage, offendingType: MessageType.probeRequest.rawValue, offendingSequence: 4,
                    text: "PROBE_REQUEST does not belong on this link")), fromDialer: false)
    }

    mutating func join() {
        say("## Join")
        say("On another link, with the intent `join`, n1 first asks as it is, and is refused because it holds rows.")
        beginLink(after: 2)
        let count = TableCount(table: Self.table("notes"), rows: 12)
        send(.joinRequest(JoinRequest(mode: .refuse, isDryRun: false, tables: [count])), fromDialer: true)
        send(.joinReject(JoinReject(.notEmpty, text: "say merge or replace", tables: [count])), fromDialer: false)
        say("On a third link it asks to join without them.")
        beginLink(after: 2)
        send(.joinRequest(JoinRequest(mode: .replace, isDryRun: false, tables: [count])), fromDialer: true)
        let joined = Stamp(milliseconds: Self.clock + 1000)
        var joiner = Self.record(isDialer: true)
        joiner.joined = joined
        joiner.state = .joining
        let version = RowVersion(
            stamp: Stamp(milliseconds: Self.clock - 1000),
            dot: Dot(origin: Origin(node: Self.acceptor, incarnation: 5), sequence: Stamp(milliseconds: Self.clock - 1000).value))
        let definition = TableDefinition(name: Self.table("routes"), version: version)
        send(
            .joinAccept(
                JoinAccept(
                    cluster: Self.cluster, joined: joined, members: [joiner, Self.record(isDialer: false)],
                    definitions: [definition],
                    tables: [TableCount(table: Self.table("routes"), rows: 2)])), fromDialer: false)
        say("When everything is copied and its generation switched, n1 closes this link.")
        send(.close(Close(.joined, text: "the join link has done its work")), fromDialer: true)
    }
}
