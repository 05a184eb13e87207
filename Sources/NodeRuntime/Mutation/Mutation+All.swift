import ClusterModel
import WireFormat

extension Mutation {
    /// Every fault that there is, by what it is about.
    public static let all: [Mutation] = closing + frames + overlooked + greetings

    private static let closing: [Mutation] = [
        Mutation(
            "close-wrong-code", "says INTERNAL_ERROR for every reason",
            .sends { message in
                guard case .close(var close) = message else { return }
                close.code = ErrorCode.internalError.rawValue
                message = .close(close)
            }),
        Mutation("close-untold", "ends links without CLOSE", .withholds(.close)),
        Mutation(
            "close-names-no-frame", "leaves the offending frame out of CLOSE",
            .sends { message in
                guard case .close(var close) = message else { return }
                (close.offendingType, close.offendingSequence) = (0, 0)
                message = .close(close)
            }),
        Mutation(
            "close-with-more", "sends a PING after CLOSE",
            {
                var rules = MutationRules()
                rules.outgoing = { frame, _ in
                    frame.messageType == .close ? [frame, MutableFrame(.ping(Ping(number: 1, clock: 1)))] : [frame]
                }
                return rules
            }()),
        Mutation(
            "close-stays-open", "does not shut down its direction after CLOSE",
            {
                var rules = MutationRules()
                rules.finishes = false
                return rules
            }()),
    ]

    private static let frames: [Mutation] = [
        Mutation(
            "header-crc", "writes wrong header checksums",
            .writes { frame, _ in
                if frame.messageType == .pong { frame.headerCRC = 1 }
            }),
        Mutation(
            "body-crc", "writes wrong body checksums",
            .writes { frame, _ in
                if frame.messageType == .pong { frame.bodyCRC = 1 }
            }),
        Mutation(
            "sequence-repeated", "gives two frames the same number",
            .writes { frame, _ in
                if frame.messageType == .pong { frame.sequence = 1 }
            }),
        Mutation(
            "lane-wrong", "sends PONG on the bulk lane",
            .writes { frame, _ in
                if frame.messageType == .pong { (frame.lane, frame.headerCRC) = (3, nil) }
            }),
        Mutation("pong-missing", "does not answer PING", .withholds(.pong)),
        Mutation(
            "pong-wrong-number", "answers PING with another number",
            .sends { message in
                guard case .pong(var pong) = message else { return }
                pong.number += 1
                message = .pong(pong)
            }),
        Mutation(
            "pong-wrong-echo", "answers PING with another clock",
            .sends { message in
                guard case .pong(var pong) = message else { return }
                pong.echo += 1
                message = .pong(pong)
            }),
    ]

    private static let overlooked: [Mutation] = [
        Mutation("overlooks-header-crc", "takes headers with wrong checksums", .overlooks { frame, _ in frame.headerCRC = nil }),
        Mutation(
            "overlooks-body-crc", "takes bodies with wrong checksums",
            .overlooks { frame, _ in
                (frame.bodyCRC, frame.headerCRC) = (nil, nil)
            }),
        Mutation(
            "overlooks-magic", "takes headers without the magic",
            .overlooks { frame, _ in
                (frame.magic, frame.headerCRC) = (FrameHeader.magic, nil)
            }),
        Mutation(
            "overlooks-reserved", "takes headers whose reserved bytes are set",
            .overlooks { frame, _ in
                (frame.reserved, frame.headerCRC) = (0, nil)
            }),
        Mutation(
            "overlooks-flags", "takes undefined flags",
            .overlooks { frame, _ in
                (frame.flags, frame.headerCRC) = (frame.flags & FrameHeader.more, nil)
            }),
        Mutation(
            "overlooks-sequence", "takes frames of any number",
            .overlooks { frame, _ in (frame.sequence, frame.headerCRC) = (nil, nil) }),
        Mutation(
            "overlooks-lane", "takes types on any lane",
            .overlooks { frame, _ in
                guard let type = frame.messageType else { return }
                (frame.lane, frame.headerCRC) = (type.lane.rawValue, nil)
            }),
        Mutation("overlooks-malformed", "skips bodies that cannot be read", .ignores { frame, _ in !frame.isReadable }),
        Mutation(
            "overlooks-critical", "skips frames of unknown even types",
            .ignores { frame, _ in
                frame.messageType == nil && frame.type & 1 == 0
            }),
        Mutation(
            "refuses-ignorable", "takes unknown odd types for critical ones",
            .overlooks { frame, _ in
                guard frame.messageType == nil, frame.type & 1 == 1 else { return }
                (frame.type, frame.headerCRC) = (frame.type - 1, nil)
            }),
    ]

    private static let greetings: [Mutation] = [
        Mutation(
            "preface-unasked", "sends its preface before it has read one",
            {
                var rules = MutationRules()
                rules.greeting = Preface().encode()
                rules.preface = { _ in [] }
                return rules
            }()),
        Mutation(
            "proof-forged", "sends a wrong proof",
            {
                var rules = MutationRules.sends { message in
                    guard case .auth(var auth) = message else { return }
                    auth.mac[0] ^= 1
                    message = .auth(auth)
                }
                rules.forgesProofs = true
                return rules
            }()),
        Mutation(
            "proof-believed", "believes every proof with a known key",
            {
                var rules = MutationRules()
                rules.believesProofs = true
                return rules
            }()),
        Mutation(
            "hello-without-grease", "sends no GREASE in HELLO",
            .sends { message in
                guard case .hello(var hello) = message else { return }
                hello.features.removeAll(where: Grease.isGrease)
                hello.codecs.removeAll(where: Grease.isGrease)
                hello.extensions.removeAll { Grease.isGrease($0.type) }
                message = .hello(hello)
            }),
        Mutation(
            "hello-same-nonce", "uses one nonce for all links",
            .sends { message in
                guard case .hello(var hello) = message else { return }
                hello.nonce = [UInt8](repeating: 7, count: 32)
                message = .hello(hello)
            }),
    ]
}
