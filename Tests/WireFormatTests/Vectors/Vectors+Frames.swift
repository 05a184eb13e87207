import ClusterModel
import WireFormat

/// Prefaces, frame headers and messages over several frames.
extension VectorList {
    static var frames: VectorList {
        var list = VectorList()
        list.addPrefaces()
        list.addLinks()
        list.addBrokenHeaders()
        list.addBrokenOrder()
        return list
    }

    private static let magic: [UInt8] = [0xD4, 0x54, 0x57, 0x52, 0x0D, 0x0A, 0x00, 0x0A]

    private mutating func addPrefaces() {
        func good(_ name: String, _ bytes: [UInt8], _ minimum: Int, _ maximum: Int) {
            let versions: JSON = .object([("minimumVersion", .number(minimum)), ("maximumVersion", .number(maximum))])
            add(Vector("preface/\(name)", .preface, req: "FRM-001", bytes, .decoded(versions)))
        }
        func bad(_ name: String, _ bytes: [UInt8], _ reason: DecodingError.Reason, _ offset: Int, _ field: String) {
            add(
                Vector(
                    "preface/\(name)", .preface, req: "FRM-003", bytes,
                    .error(.badHeader, reason, offset: offset, field: "preface.\(field)")))
        }
        good("version-1", body(Self.magic, u16(1), u16(1), u32(0)), 1, 1)
        good("versions-1-to-65535", body(Self.magic, u16(1), u16(65535), u32(0)), 1, 65535)
        bad("http", Array("GET / HTTP/1.1\r\n".utf8), .wrongMagic, 0, "magic")
        bad("tls", [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3, 0, 0, 0, 0, 0], .wrongMagic, 0, "magic")
        bad("high-bit-lost", body([0x54], Array(Self.magic.dropFirst()), u16(1), u16(1), u32(0)), .wrongMagic, 0, "magic")
        bad("line-end-translated", [0xD4, 0x54, 0x57, 0x52, 0x0A, 0, 0x0A, 0, 1, 0, 1, 0, 0, 0, 0, 0], .wrongMagic, 4, "magic")
        bad("cut", Array(Self.magic) + u16(1) + u16(1) + [0, 0, 0], .truncated, 15, "magic")
        bad("version-zero", body(Self.magic, u16(0), u16(1), u32(0)), .outOfRange, 8, "minimumVersion")
        bad("versions-swapped", body(Self.magic, u16(2), u16(1), u32(0)), .contradiction, 10, "maximumVersion")
        bad("reserved", body(Self.magic, u16(1), u16(1), u32(1)), .reservedNotZero, 12, "reserved")
    }

    static let pong = body(u64(1), u64(2), u64(3))
    private static let pongFrame = frame(type: 0x0A, lane: 0, sequence: 0, body: pong)

    /// A frame as it comes out of the assembler.
    static func describe(_ frame: Frame) -> JSON {
        let content: (String, JSON) =
            switch frame.content {
            case .message(let message): ("message", JSON(message))
            case .ignorable: ("ignored", .bool(true))
            case .refusedCall(let error): ("refused", .string(error.code.name))
            }
        return .object([
            ("type", .number(Int(frame.header.type))), ("lane", .number(Int(frame.header.lane))),
            ("stream", .number(Int(frame.header.stream))), ("sequence", .string(String(frame.header.sequence))),
            ("bodyBytes", .number(frame.bodyBytes)), content,
        ])
    }

    private static func expected(
        _ type: UInt16, lane: Int, stream: Int = 0, sequence: Int, bodyBytes: Int, _ content: (String, JSON)
    ) -> JSON {
        .object([
            ("type", .number(Int(type))), ("lane", .number(lane)), ("stream", .number(stream)),
            ("sequence", .string(String(sequence))), ("bodyBytes", .number(bodyBytes)), content,
        ])
    }

    private static func bounds(_ frameBody: Int, _ message: Int) -> JSON {
        .object([("frameBody", .number(frameBody)), ("message", .number(message))])
    }

    private static let pongContent = ("message", JSON(.pong(Pong(number: 1, echo: 2, clock: 3))))

    private mutating func addLinks() {
        func good(_ name: String, _ frames: [UInt8]..., req: String, input: JSON? = nil, _ messages: JSON...) {
            add(Vector("frames/\(name)", .frames, req: req, Array(frames.joined()), input: input, .decoded(.array(messages))))
        }
        let pong = Self.expected(0x0A, lane: 0, sequence: 0, bodyBytes: 24, Self.pongContent)
        good("one", Self.pongFrame, req: "FRM-005", pong)
        good(
            "one-and-a-half", Self.pongFrame, Array(frame(type: 0x0A, lane: 0, sequence: 1, body: Self.pong).prefix(50)),
            req: "FRM-005", pong)
        let parts = stride(from: 0, to: 24, by: 10).map { Array(Self.pong[$0..<min($0 + 10, 24)]) }
        good(
            "message-over-three-frames", frame(type: 0x0A, flags: 1, lane: 0, sequence: 0, body: parts[0]),
            frame(type: 0x0A, flags: 1, lane: 0, sequence: 1, body: parts[1]),
            frame(type: 0x0A, lane: 0, sequence: 2, body: parts[2]),
            req: "FRM-012", input: Self.bounds(10, 24), Self.expected(0x0A, lane: 0, sequence: 2, bodyBytes: 24, Self.pongContent)
        )
        let cancel = ("message", JSON(.cancel))
        good(
            "other-lane-in-between", frame(type: 0x0A, flags: 1, lane: 0, sequence: 0, body: Array(Self.pong.prefix(9))),
            frame(type: 0x0214, lane: 2, stream: 7, sequence: 1, body: []),
            frame(type: 0x0A, lane: 0, sequence: 2, body: Array(Self.pong.dropFirst(9))), req: "FRM-012",
            Self.expected(0x0214, lane: 2, stream: 7, sequence: 1, bodyBytes: 0, cancel),
            Self.expected(0x0A, lane: 0, sequence: 2, bodyBytes: 24, Self.pongContent))
        let ignored = ("ignored", JSON.bool(true))
        good(
            "unknown-odd-type", frame(type: 0xFA01, lane: 3, stream: 9, sequence: 0, body: [1, 2, 3]),
            frame(type: 0x0A, lane: 0, sequence: 1, body: Self.pong), req: "EXT-001",
            Self.expected(0xFA01, lane: 3, stream: 9, sequence: 0, bodyBytes: 3, ignored),
            Self.expected(0x0A, lane: 0, sequence: 1, bodyBytes: 24, Self.pongContent))
        good(
            "unknown-odd-type-over-two-frames", frame(type: 0xFA11, flags: 1, lane: 1, sequence: 0, body: [1]),
            frame(type: 0xFA11, lane: 1, sequence: 1, body: [2]), req: "EXT-001",
            Self.expected(0xFA11, lane: 1, sequence: 1, bodyBytes: 2, ignored))
        good(
            "unknown-method-keeps-the-link", frame(type: 0x0210, lane: 2, stream: 4, sequence: 0, body: u16(0x0999)),
            frame(type: 0x0A, lane: 0, sequence: 1, body: Self.pong), req: "CAL-007",
            Self.expected(0x0210, lane: 2, stream: 4, sequence: 0, bodyBytes: 2, ("refused", .string("UNKNOWN_METHOD"))),
            Self.expected(0x0A, lane: 0, sequence: 1, bodyBytes: 24, Self.pongContent))
        good("body-at-the-limit", Self.pongFrame, req: "FRM-010", input: Self.bounds(24, 24), pong)
    }

    private mutating func bad(
        _ name: String, _ frames: [UInt8]..., req: String, input: JSON? = nil, _ code: ErrorCode, _ reason: DecodingError.Reason,
        at offset: Int, _ field: String
    ) {
        let bytes = Array(frames.joined())
        add(Vector("frames/\(name)", .frames, req: req, bytes, input: input, .error(code, reason, offset: offset, field: field)))
    }

    private mutating func addBrokenHeaders() {
        let pong = Self.pong
        bad(
            "wrong-magic", frame(magic: 0xD557, type: 0x0A, lane: 0, sequence: 0, body: pong), req: "FRM-007", .badHeader,
            .wrongMagic, at: 0, "header.magic")
        bad(
            "wrong-header-crc", frame(type: 0x0A, lane: 0, sequence: 0, body: pong, headerCRC: 1), req: "FRM-007", .badHeader,
            .wrongChecksum, at: 28, "header.headerCRC")
        bad(
            "wrong-body-crc", frame(type: 0x0A, lane: 0, sequence: 0, body: pong, bodyCRC: 1), req: "FRM-011", .badBody,
            .wrongChecksum, at: 24, "header.bodyCRC")
        bad(
            "unknown-flag", frame(type: 0x0A, flags: 2, lane: 0, sequence: 0, body: pong), req: "FRM-007", .badHeader,
            .reservedNotZero, at: 4, "header.flags")
        bad(
            "reserved", frame(type: 0x0A, lane: 0, reserved: 1, sequence: 0, body: pong), req: "FRM-007", .badHeader,
            .reservedNotZero, at: 6, "header.reserved")
        bad(
            "body-over-the-limit", Self.pongFrame, req: "FRM-010", input: Self.bounds(23, 100), .frameTooLarge, .limitExceeded,
            at: 8, "header.bodyLength")
        bad(
            "body-length-largest", frame(type: 0x0A, lane: 0, length: .max, sequence: 0, body: []), req: "FRM-010",
            .frameTooLarge,
            .limitExceeded, at: 8, "header.bodyLength")
        bad(
            "unauthenticated-1025", frame(type: 0x02, lane: 0, length: 1025, sequence: 0, body: []), req: "LIM-001",
            input: Self.bounds(1024, 1024), .frameTooLarge, .limitExceeded, at: 8, "header.bodyLength")
        bad(
            "sequence-begins-with-1", frame(type: 0x0A, lane: 0, sequence: 1, body: pong), req: "FRM-009", .sequenceGap,
            .wrongSequence, at: 16, "header.sequence")
        bad(
            "sequence-repeated", Self.pongFrame, Self.pongFrame, req: "FRM-009", .sequenceGap, .wrongSequence, at: 16,
            "header.sequence")
        bad(
            "sequence-gap", Self.pongFrame, frame(type: 0x0A, lane: 0, sequence: 2, body: pong), req: "FRM-009", .sequenceGap,
            .wrongSequence, at: 16, "header.sequence")
        bad(
            "lane-4", frame(type: 0x0A, lane: 4, sequence: 0, body: pong), req: "FRM-024", .wrongLane, .wrongLane, at: 5,
            "header.lane")
        bad(
            "pong-on-lane-3", frame(type: 0x0A, lane: 3, sequence: 0, body: pong), req: "FRM-024", .wrongLane, .wrongLane, at: 5,
            "header.lane")
        bad(
            "unknown-even-type", frame(type: 0xFA02, lane: 0, sequence: 0, body: []), req: "EXT-002", .unknownCritical,
            .unknownCritical, at: 2, "header.type")
        bad(
            "pong-with-a-stream", frame(type: 0x0A, lane: 0, stream: 1, sequence: 0, body: pong), req: "FRM-015", .malformed,
            .reservedNotZero, at: 12, "header.stream")
        bad(
            "call-without-a-stream", frame(type: 0x0210, lane: 2, sequence: 0, body: u16(1)), req: "FRM-015", .malformed,
            .outOfRange, at: 12, "header.stream")
    }

    private mutating func addBrokenOrder() {
        let first = frame(type: 0x0A, flags: 1, lane: 0, sequence: 0, body: [1])
        bad(
            "other-type-before-the-end", first, frame(type: 0x08, lane: 0, sequence: 1, body: [1]), req: "FRM-014", .malformed,
            .wrongContinuation, at: 2, "header.type")
        bad(
            "other-stream-before-the-end", frame(type: 0x0210, flags: 1, lane: 2, stream: 1, sequence: 0, body: [0]),
            frame(type: 0x0210, lane: 2, stream: 2, sequence: 1, body: [1]), req: "FRM-014", .malformed, .wrongContinuation,
            at: 12,
            "header.stream")
        bad(
            "empty-part", frame(type: 0x0A, flags: 1, lane: 0, sequence: 0, body: []), req: "FRM-016", .malformed,
            .wrongContinuation, at: 8, "header.bodyLength")
        bad(
            "empty-last-part", first, frame(type: 0x0A, lane: 0, sequence: 1, body: []), req: "FRM-016", .malformed,
            .wrongContinuation, at: 8, "header.bodyLength")
        bad(
            "message-over-the-limit", frame(type: 0x0A, flags: 1, lane: 0, sequence: 0, body: Array(Self.pong.prefix(12))),
            frame(type: 0x0A, lane: 0, sequence: 1, body: Array(Self.pong.dropFirst(12))), req: "FRM-017",
            input: Self.bounds(12, 23), .messageTooLarge, .limitExceeded, at: 8, "header.bodyLength")
        bad(
            "malformed-second-message", Self.pongFrame, frame(type: 0x0A, lane: 0, sequence: 1, body: Self.pong + [0]),
            req: "ENC-007",
            .malformed, .leftover, at: 24, "pong.end")
    }
}
