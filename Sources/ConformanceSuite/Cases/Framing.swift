import ClusterModel
import WireFormat

// Prefaces, headers and sequence (FRM-001 to FRM-009).
extension Catalogue {
    static let framing: [Case] = prefaces + wrongPrefaces + headers + sequences + splits

    private static let prefaces: [Case] = [
        Case("FRM-001/acceptor", "The acceptor's first bytes are a preface, and its first frame follows it.") { trial in
            let link = try await trial.link()
            guard let preface = link.preface, preface.minimumVersion >= 1 else { throw CaseFailure("a preface", got: "none") }
            guard let first = link.rawFrames().first, first.header.type == MessageType.hello.rawValue else {
                throw CaseFailure("HELLO behind the preface", got: "another frame")
            }
        },
        Case("FRM-002/silence", "The acceptor says nothing before a whole preface has come.") { trial in
            let link = try await trial.conversation()
            await link.connection.send(pieces: Preface().encode().dropLast().map { [$0] })
            if let event = await link.connection.next(within: .milliseconds(300)) {
                throw CaseFailure("silence before the sixteenth byte", got: "\(event)")
            }
            link.connection.send([Preface().encode()[15]])
            _ = try await link.readPreface()
        },
    ]

    // MARK: What is no preface

    /// What other programs send to a port, and prefaces that something on the way has changed.
    private static let strangers: [(word: String, what: String, bytes: [UInt8])] =
        [
            ("http", "An HTTP request", Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)),
            ("tls", "A TLS hello", [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3, 0, 0, 0, 0, 0]),
            ("first-byte", "A wrong first byte alone", [0x54]),
            ("last-magic-byte", "A magic with a wrong last byte", [0xD4, 0x54, 0x57, 0x52, 0x0D, 0x0A, 0x00, 0x0D]),
            ("seven-bits", "A preface whose high bits were stripped", [0x54] + Preface().encode().dropFirst()),
            (
                "line-ends", "A preface whose line ends were changed",
                [0xD4, 0x54, 0x57, 0x52, 0x0A, 0, 0x0A, 0, 1, 0, 1, 0, 0, 0, 0, 0]
            ),
            ("minimum-zero", "A preface whose minimum is 0", Preface(minimumVersion: 0, maximumVersion: 1).encode()),
            ("both-zero", "A preface of version 0 alone", Preface(minimumVersion: 0, maximumVersion: 0).encode()),
            (
                "maximum-below", "A preface whose maximum is below its minimum",
                Preface(minimumVersion: 2, maximumVersion: 1).encode()
            ),
        ]
        + (12..<16).map { offset in
            var bytes = Preface().encode()
            bytes[offset] = 1
            return ("zero-\(offset)", "A preface whose byte \(offset) is not zero", bytes)
        }

    private static let wrongPrefaces: [Case] = strangers.map { word, what, bytes in
        Case("FRM-003/\(word)", also: ["FRM-002"], "\(what) is answered with the end of the connection and no byte.") { trial in
            try await endsSilently(trial, bytes)
        }
    }

    private static func endsSilently(_ trial: Trial, _ bytes: [UInt8]) async throws {
        let connection = try await trial.connect()
        connection.send(bytes)
        // Well before the time that a link has for its handshake: a node that only waits does not pass.
        switch await connection.next(within: min(trial.timing.reaction, .seconds(4))) {
        case .ended?: break
        case .bytes(let bytes)?: throw CaseFailure("the end of the connection without a byte", got: "\(bytes.count) bytes")
        case nil: throw CaseFailure("the end of the connection", got: "a connection that stays open")
        }
    }

    // MARK: Headers

    private static let headers: [Case] =
        (0..<28).map { offset in
            Case("FRM-007/byte-\(offset)", "A header whose byte \(offset) was changed on the way is answered with BAD_HEADER.") {
                trial in
                let link = try await trial.link()
                var bytes = link.encode(OutgoingFrame(.ping(link.makePing())))
                bytes[offset] ^= 0x10
                link.connection.send(bytes)
                try await link.expectClose(.badHeader)
            }
        }
        + (28..<32).map { offset in
            Case(
                "FRM-007/crc-byte-\(offset)", also: ["FRM-006"],
                "A wrong byte \(offset) of the header's CRC is answered with BAD_HEADER."
            ) {
                trial in
                let link = try await trial.link()
                var bytes = link.encode(OutgoingFrame(.ping(link.makePing())))
                bytes[offset] ^= 0x01
                link.connection.send(bytes)
                try await link.expectClose(.badHeader)
            }
        }
        + (1..<8).map { bit in
            wrongHeader("flag-\(bit)", "flag bit \(bit) set") { $0.flags |= 1 << UInt8(bit) }
        } + [
            wrongHeader("reserved-low", "1 in its reserved field") { $0.reserved = 1 },
            wrongHeader("reserved-high", "the highest bit of its reserved field set") { $0.reserved = 0x8000 },
            wrongHeader("magic", "another magic") { $0.magic = 0xD458 },
            wrongHeader("magic-swapped", "the bytes of its magic swapped") { $0.magic = 0x57D4 },
            Case("FRM-006/own", "Both checksums of every frame that the node sends are CRC-32/ISO-HDLC.") { trial in
                let link = try await trial.link()
                for frame in link.rawFrames() {
                    guard CRC32.checksum(frame.body.span) == frame.header.bodyCRC else {
                        throw CaseFailure("the CRC of the body", got: "\(frame.header.bodyCRC)")
                    }
                }
                guard link.rawFrames().count >= 4 else { throw CaseFailure("HELLO, AUTH and two PONG", got: "fewer frames") }
            },
            Case("FRM-005/empty", "A frame without a body is a whole frame: CANCEL is taken as one.", profile: .client) { trial in
                let link = try await trial.link()
                link.send(OutgoingFrame(.cancel, stream: 77))
                try await link.fence()
            },
        ]

    /// With a CRC that is right, so that only the field can be the reason.
    private static func wrongHeader(
        _ word: String, _ what: String, _ change: @escaping @Sendable (inout OutgoingFrame) -> Void
    ) -> Case {
        Case("FRM-007/\(word)", "A header with \(what), and the CRC that belongs to it, is answered with BAD_HEADER.") { trial in
            try await trial.refuses(.badHeader) { link in
                var frame = OutgoingFrame(.ping(link.makePing()))
                change(&frame)
                link.send(frame)
            }
        }
    }

    // MARK: Sequence

    private static let sequences: [Case] = [
        wrongSequence("skipped", "one too high") { $0 + 1 },
        wrongSequence("repeated", "that of the frame before") { $0 - 1 },
        wrongSequence("zero", "0 again") { _ in 0 },
        wrongSequence("last", "2^64-1") { _ in .max },
        wrongSequence("upper-half", "right in its lower 32 bits only") { $0 + 1 << 32 },
        Case("FRM-009/hello", "A HELLO whose sequence is 1 is answered with SEQUENCE_GAP.") { trial in
            let link = try await trial.conversation()
            try await link.exchangePrefaces()
            link.sequence = 1
            link.send(Identity.client().hello())
            try await link.expectClose(.sequenceGap)
        },
        Case("FRM-009/per-lane", "Frames that are numbered by lane are answered with SEQUENCE_GAP.", profile: .client) { trial in
            try await trial.refuses(.sequenceGap) { link in
                var call = OutgoingFrame(.call(.nodeInfo), stream: 1)
                call.sequence = 0
                link.send(call)
            }
        },
        Case("FRM-008/own", "The node numbers its frames 0, 1, 2 and so on over all lanes.", profile: .client) { trial in
            let link = try await trial.link()
            for _ in 0..<5 {
                _ = try await link.succeed(.nodeInfo)
                try await link.fence()
            }
            let sequences = link.rawFrames().map(\.header.sequence)
            guard sequences == Array(0..<UInt64(sequences.count)), sequences.count >= 15 else {
                throw CaseFailure("0, 1, 2 and so on", got: "\(sequences)")
            }
        },
    ]

    private static func wrongSequence(_ word: String, _ what: String, _ make: @escaping @Sendable (UInt64) -> UInt64) -> Case {
        Case("FRM-009/\(word)", "A frame whose sequence is \(what) is answered with SEQUENCE_GAP.") { trial in
            try await trial.refuses(.sequenceGap) { link in
                var frame = OutgoingFrame(.ping(link.makePing()))
                frame.sequence = make(link.sequence)
                link.send(frame)
            }
        }
    }

    // MARK: Where TCP cuts

    private static let splits: [Case] = [
        Case("FRM-005/byte-by-byte", "A handshake and a PING that come one byte at a time are taken like any others.") { trial in
            let link = try await trial.conversation()
            let hello = Identity.client().hello()
            await link.connection.send(pieces: Preface().encode().map { [$0] })
            link.proofs.dialerPreface = Preface().encode()
            _ = try await link.readPreface()
            let raw = link.encode(OutgoingFrame(.hello(hello)))
            (link.ownHello, link.proofs.dialerHello, link.proofs.dialerNonce) = (hello, raw, hello.nonce)
            await link.connection.send(pieces: raw.map { [$0] })
            _ = try await link.expectHello()
            let auth = link.encode(OutgoingFrame(.auth(link.auth())))
            link.proofs.dialerAuth = auth
            await link.connection.send(pieces: auth.map { [$0] })
            try await link.expectProof()
            let ping = link.makePing()
            await link.connection.send(pieces: link.encode(OutgoingFrame(.ping(ping))).map { [$0] })
            _ = try await link.expect("PONG") { message, _ -> Bool? in if case .pong = message { true } else { nil } }
        },
        Case("FRM-005/every-split", "A PING that is cut in two anywhere is answered.") { trial in
            let link = try await trial.link()
            for position in 1..<(FrameHeader.size + 60) {
                let ping = link.makePing()
                let bytes = link.encode(OutgoingFrame(.ping(ping)))
                await link.connection.send(pieces: [Array(bytes[..<position]), Array(bytes[position...])])
                _ = try await link.expect("PONG to a PING cut at \(position)") { message, _ -> Bool? in
                    if case .pong(let pong) = message, pong.number == ping.number { true } else { nil }
                }
            }
        },
        Case("FRM-005/coalesced", "Three hundred PINGs that come at once are answered, each one.") { trial in
            let link = try await trial.link()
            let pings = (0..<300).map { _ in link.makePing() }
            link.send(pings.map { OutgoingFrame(.ping($0)) })
            for ping in pings {
                _ = try await link.expect("PONG \(ping.number)") { message, _ -> Bool? in
                    if case .pong(let pong) = message { pong.number == ping.number ? true : nil } else { nil }
                }
            }
        },
        Case("FRM-005/handshake-at-once", "Preface and HELLO that come in one segment are taken one after the other.") { trial in
            let link = try await trial.conversation()
            let hello = Identity.client().hello()
            link.ownHello = hello
            let raw = link.encode(OutgoingFrame(.hello(hello)))
            (link.proofs.dialerPreface, link.proofs.dialerHello, link.proofs.dialerNonce) = (Preface().encode(), raw, hello.nonce)
            link.connection.send(Preface().encode() + raw)
            _ = try await link.readPreface()
            _ = try await link.expectHello()
            link.send(link.auth())
            try await link.expectProof()
            try await link.fence()
        },
    ]
}
