import ClusterModel
import LinkTransport
import WireFormat

// Error codes and their texts (ERR), and the keys of the secret (SEC-010).
extension Catalogue {
    static let errors: [Case] = unknownCodes + ownCodes + secretTexts + secretKeys

    // MARK: Codes that the node does not know

    private static let unknownCodes: [Case] = [
        Case(
            "ERR-003/join-reject", also: ["JON-013"], "A JOIN_REJECT of an unknown code counts as INTERNAL_ERROR.",
            profile: .tables,
            role: .dialer, isolation: .alone
        ) { trial in
            let listener = try await trial.listen()
            let client = try await trial.link()
            client.send(.call(.clusterJoin(address: listener.address, mode: .refuse, isDryRun: true)), stream: 1)
            let link = try await trial.accepted(by: listener)
            try await link.accept(.node())
            _ = try await link.expect("JOIN_REQUEST") { message, _ -> Bool? in
                if case .joinRequest = message { true } else { nil }
            }
            var reject = JoinReject(.busy, text: "for a reason of its own")
            reject.code = 0x7A7A
            link.send(.joinReject(reject))
            try await link.expectClose(.joined)
            let reply = try await client.reply(to: 1, of: "clusterJoin")
            guard reply.code == ErrorCode.internalError.rawValue else {
                throw CaseFailure("REPLY(INTERNAL_ERROR) to clusterJoin", got: reply.report)
            }
        },
        Case(
            "ERR-003/snap-cancel", "A SNAP_CANCEL of an unknown code ends the snapshot, and the link goes on.", profile: .tables,
            isolation: .membership
        ) { trial in
            let table = try await trial.table()
            let member = try await trial.member()
            let stream = try await trial.requested(table, of: member)
            var cancel = SnapCancel(.cancelled, text: "for a reason of its own")
            cancel.code = 0x7A7A
            member.link.send(.snapCancel(cancel), stream: stream)
            try await member.link.fence()
            // It is asked for again, under another stream.
            let again = try await member.link.expect("another SNAP_REQUEST") { message, header in
                if case .snapRequest(let request) = message, request.table == table { header.stream } else { nil }
            }
            guard again != stream else { throw CaseFailure("a new stream", got: "\(stream) again") }
        },
    ]

    // MARK: Codes that the node gives

    private static let ownCodes: [Case] = [
        Case("ERR-004/replies", "The codes of replies are those that the registry has for REPLY.", profile: .client) { trial in
            let link = try await trial.link()
            let nobody = Names.table("no-such-table")
            let refused: [(Call, ErrorCode)] = [
                (.tableInfo(nobody), .noSuchTable), (.tableDrop(nobody), .noSuchTable),
                (.rowGet(table: nobody, key: [1]), .noSuchTable),
                (.clusterRemove(name: Names.node("nobody", host: "h")), .noSuchMember),
                (.rowScan(RowScan(table: nobody)), .noSuchTable), (.clusterLeave, .noSuchMember),
            ]
            for (call, code) in refused.dropLast() { try await link.expectRefusal(code, of: call) }
            link.send(OutgoingFrame(.call, body: [0x7F, 0xFF], stream: 99))
            let reply = try await link.reply(to: 99)
            guard reply.code == ErrorCode.unknownMethod.rawValue else { throw CaseFailure("UNKNOWN_METHOD", got: reply.report) }
        },
        Case("ERR-004/snap-cancel", "SNAP_CANCEL for a table that nobody has gives NO_SUCH_TABLE.", profile: .tables) { trial in
            let link = try await trial.joinLink(.node())
            link.send(.snapRequest(SnapRequest(table: Names.table("no-such-table"), have: VersionVector())), stream: 3)
            let cancel = try await link.expect("SNAP_CANCEL") { message, _ in
                if case .snapCancel(let cancel) = message { cancel } else { nil }
            }
            guard cancel.code == ErrorCode.noSuchTable.rawValue else {
                throw CaseFailure("NO_SUCH_TABLE", got: "code \(cancel.code)")
            }
        },
    ]

    // MARK: Texts

    /// Rows and proofs that a text might repeat.
    private static let word = "zebra-in-the-garden"

    private static let secretTexts: [Case] = [
        Case("ERR-006/replies", "The text of a refused call holds neither its keys nor its values.", profile: .client) { trial in
            let link = try await trial.link()
            let nobody = Names.table("no-such-table")
            let secret = Array(word.utf8)
            let long = Array(String(repeating: word, count: 4000).utf8)
            let calls: [Call] = [
                .rowGet(table: nobody, key: secret), .rowGet(table: nobody, key: long),
                .rowScan(RowScan(table: nobody, prefix: secret, cursor: secret)),
                .rowWrite(RowWrite(table: nobody, level: .local, operations: [Operation(.put, key: secret, value: secret)])),
                .rowWrite(RowWrite(table: nobody, level: .local, operations: [Operation(.put, key: long, value: secret)])),
            ]
            for call in calls {
                let reply = try await link.call(call)
                guard case .failure(let text) = reply.result else { throw CaseFailure("a failure", got: reply.report) }
                try holdsNoRow(text)
            }
        },
        Case(
            "ERR-006/close", "The text of a CLOSE because of a malformed write holds neither its keys nor its values.",
            profile: .client
        ) {
            trial in
            let write = RowWrite(
                table: Names.table("no-such-table"), level: .local,
                operations: [Operation(.put, key: Array(word.utf8), value: Array(word.utf8))])
            for cut in 1...4 {
                let link = try await trial.link()
                link.send(OutgoingFrame(.call, body: MessageCodec.encode(.call(.rowWrite(write))).dropLast(cut), stream: 1))
                try holdsNoRow(try await link.expectClose(.malformed).text)
                link.connection.close()
            }
        },
        Case("ERR-006/proof", "The text of CLOSE(AUTHENTICATION_FAILED) holds no proof and no key.") { trial in
            let link = try await trial.conversation()
            try await link.exchangePrefaces()
            link.send(Identity.client().hello())
            _ = try await link.expectHello()
            let right = link.auth()
            link.send(Auth(key: right.key, mac: right.mac.dropLast() + [right.mac[31] ^ 1]))
            let text = try await link.expectClose(.authenticationFailed).text.lowercased()
            for secret in [right.mac, link.keys.keys[0].bytes] {
                for start in 0..<28 where text.contains(hexadecimal(secret[start..<(start + 4)])) {
                    throw CaseFailure("a text without proofs and keys", got: "four bytes of one")
                }
            }
        },
    ]

    private static func holdsNoRow(_ text: String) throws {
        let digits = hexadecimal(Array(word.utf8)[...])
        guard !text.contains("zebra"), !text.lowercased().contains(digits.prefix(12)) else {
            throw CaseFailure("a text without keys and values", got: text)
        }
    }

    private static func hexadecimal(_ bytes: ArraySlice<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    // MARK: Keys of the secret

    private static let secretKeys: [Case] = [
        Case("SEC-010/every-key", also: ["LNK-031"], "A proof with each key of the secret is accepted.") { trial in
            for key in trial.target.keys.keys {
                let link = try await trial.conversation()
                try await link.exchangePrefaces()
                link.send(Identity.client().hello())
                _ = try await link.expectHello()
                link.send(Auth(key: key.id, mac: link.proofs.mac(key: key.bytes, fromDialer: true)))
                try await link.expectProof()
                try await link.fence()
            }
        }
    ]
}

extension Trial {
    /// Makes the node ask a member for a snapshot: the member says that it has an operation of an origin that nobody streams.
    /// - Returns: the stream of SNAP_REQUEST.
    func requested(
        _ table: TableName, of member: Member, origin: Origin = Origin(node: .random(), incarnation: 1)
    ) async throws -> UInt32 {
        var vector = VersionVector()
        vector.raise(origin, to: 1)
        member.announce(table, vector: vector)
        return try await member.link.expect("SNAP_REQUEST for \(table)") { message, header in
            if case .snapRequest(let request) = message, request.table == table { header.stream } else { nil }
        }
    }
}
