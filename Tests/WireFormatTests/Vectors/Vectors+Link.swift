import ClusterModel
import WireFormat

/// HELLO, AUTH, CLOSE, PING, PONG, CREDIT.
extension VectorList {
    static var link: VectorList {
        var list = VectorList()
        list.addHello()
        list.addBrokenHello()
        list.addClosing()
        list.addHeartbeats()
        return list
    }

    /// A HELLO without address, features, codecs and extensions; each part may be replaced.
    static func hello(
        role: [UInt8] = u8(1), intent: [UInt8] = u8(1), maximumFrameBody: UInt32 = 65536, name: [UInt8] = text("a@h"),
        address: [UInt8] = text(""), features: [UInt8] = list(), codecs: [UInt8] = list(), extensions: [UInt8] = []
    ) -> [UInt8] {
        body(
            role, intent, u128(Sample.cluster), u128(Sample.nodeA), u64(3), u64(1_732_000_000_000), Sample.nonce, u32(250),
            u32(750), u32(maximumFrameBody), u32(1_048_576), u32(1_048_576), name, address, features, codecs, extensions)
    }

    private static func helloValue(_ name: String = "a@h") -> Hello {
        Hello(
            role: .core, cluster: ClusterID(Sample.cluster), node: NodeID(Sample.nodeA), incarnation: 3,
            clock: 1_732_000_000_000, nonce: Sample.nonce, heartbeatInterval: 250, heartbeatDeadline: 750,
            name: Sample.node(name), address: nil, codecs: [])
    }

    private mutating func addHello() {
        good("hello/minimal", .hello(Self.helloValue()), req: "LNK-010", Self.hello())
        var full = Self.helloValue(Sample.name)
        full.intent = .join
        full.maximumFrameBody = 262_144
        full.address = Address(Sample.address)
        full.features = [0x0001, 0xFA11]
        full.codecs = [1, 2, 0xFA21]
        full.extensions = [Extension(type: 0x0101, value: []), Extension(type: 0xFA31, value: [1, 2, 3])]
        good(
            "hello/everything", .hello(full), req: "EXT-010",
            Self.hello(
                intent: u8(2), maximumFrameBody: 262_144, name: text(Sample.name), address: text(Sample.address),
                features: codes(0x0001, 0xFA11), codecs: codes(1, 2, 0xFA21),
                extensions: tlv(0x0101, []) + tlv(0xFA31, [1, 2, 3])))
        var client = Self.helloValue()
        client.role = .client
        client.cluster = .any
        client.address = Address("[::1]:7401")
        var bytes = Self.hello(role: u8(3), address: text("[::1]:7401"))
        bytes.replaceSubrange(2..<18, with: u128(0))
        good("hello/client-of-any-cluster", .hello(client), req: "LNK-020", bytes)
    }

    private mutating func addBrokenHello() {
        bad("hello/empty", .hello, [], .truncated, at: 0, "hello.role", req: "ENC-007")
        bad("hello/role-unknown", .hello, Self.hello(role: u8(4)), .unknownValue, at: 0, "hello.role", req: "ENC-006")
        bad("hello/role-zero", .hello, Self.hello(role: u8(0)), .unknownValue, at: 0, "hello.role", req: "ENC-006")
        bad("hello/intent-unknown", .hello, Self.hello(intent: u8(3)), .unknownValue, at: 1, "hello.intent", req: "ENC-006")
        bad("hello/nonce-cut", .hello, Array(Self.hello().prefix(81)), .truncated, at: 50, "hello.nonce", req: "LNK-010")
        bad(
            "hello/frame-body-below-default", .hello, Self.hello(maximumFrameBody: 65535), .outOfRange, at: 90,
            "hello.maximumFrameBody", req: "LNK-012")
        bad(
            "hello/frame-body-above-maximum", .hello, Self.hello(maximumFrameBody: 262_145), .outOfRange, at: 90,
            "hello.maximumFrameBody", req: "LNK-012")
        bad("hello/name-without-host", .hello, Self.hello(name: text("abc")), .invalidName, at: 102, "hello.name", req: "MBR-005")
        bad("hello/name-empty", .hello, Self.hello(name: text("")), .invalidName, at: 102, "hello.name", req: "MBR-005")
        bad(
            "hello/name-too-long", .hello, Self.hello(name: text(String(repeating: "a", count: 254) + "@h")), .limitExceeded,
            at: 102, "hello.name", req: "LIM-006")
        bad(
            "hello/name-not-unicode", .hello, Self.hello(name: [0, 3, 0x61, 0xC3, 0x28]), .notUnicode, at: 102, "hello.name",
            req: "ENC-003")
        bad(
            "hello/name-overlong-unicode", .hello, Self.hello(name: [0, 4, 0xC1, 0xA1, 0x40, 0x68]), .notUnicode, at: 102,
            "hello.name", req: "ENC-003")
        bad(
            "hello/address-port-zero", .hello, Self.hello(address: text("h:0")), .invalidName, at: 107, "hello.address",
            req: "MBR-006")
        bad(
            "hello/address-leading-zero", .hello, Self.hello(address: text("h:07401")), .invalidName, at: 107, "hello.address",
            req: "MBR-006")
        bad(
            "hello/address-ipv6-without-brackets", .hello, Self.hello(address: text("::1:7401")), .invalidName, at: 107,
            "hello.address", req: "MBR-006")
        addBrokenHelloLists()
    }

    private mutating func addBrokenHelloLists() {
        bad(
            "hello/feature-even", .hello, Self.hello(features: codes(1, 2)), .unknownCritical, at: 115,
            "hello.features", req: "EXT-004", code: .unknownCritical)
        bad(
            "hello/features-equal", .hello, Self.hello(features: codes(1, 1)), .notAscending, at: 115,
            "hello.features", req: "ENC-008")
        bad(
            "hello/codecs-descending", .hello, Self.hello(codecs: codes(2, 1)), .notAscending, at: 119,
            "hello.codecs", req: "ENC-008")
        bad(
            "hello/features-33", .hello, Self.hello(features: oddCodes(33)), .limitExceeded, at: 109, "hello.features",
            req: "LIM-025")
        bad(
            "hello/features-count-beyond-the-body", .hello, Self.hello(features: u32(6), codecs: list()), .truncated, at: 109,
            "hello.features", req: "ENC-005")
        bad(
            "hello/tlv-not-increasing", .hello, Self.hello(extensions: tlv(5, []) + tlv(5, [])), .notAscending, at: 121,
            "hello.extensions.type", req: "EXT-008")
        bad(
            "hello/tlv-even", .hello, Self.hello(extensions: tlv(5, []) + tlv(6, [])), .unknownCritical, at: 121,
            "hello.extensions.type", req: "EXT-005", code: .unknownCritical)
        bad(
            "hello/tlv-longer-than-the-body", .hello, Self.hello(extensions: u16(5) + u16(2) + [0]), .truncated, at: 119,
            "hello.extensions.length", req: "EXT-008")
        bad(
            "hello/tlv-cut-in-the-type", .hello, Self.hello(extensions: [5]), .truncated, at: 117, "hello.extensions.type",
            req: "EXT-008")
        let many = (0..<33).flatMap { tlv(UInt16($0) * 2 + 1, []) }
        bad(
            "hello/tlv-33", .hello, Self.hello(extensions: many), .limitExceeded, at: 117 + 32 * 4, "hello.extensions",
            req: "LIM-025")
    }

    private mutating func addClosing() {
        let mac: [UInt8] = Array(0x40...0x5F)
        good("auth", .auth(Auth(key: 7, mac: mac)), req: "LNK-030", body(u32(7), mac), tail: ("mac", 32))
        good(
            "close",
            .close(
                Close(
                    .staleIncarnation, offendingType: 2, offendingSequence: 9, retry: Close.never, detail: 12,
                    text: "Gr\u{FC}\u{DF}e")),
            req: "LNK-040",
            body(u16(0x0204), u16(2), u64(9), u32(0xFFFF_FFFF), u64(12), u16(7), [0x47, 0x72, 0xC3, 0xBC, 0xC3, 0x9F, 0x65]),
            tail: ("text", 9))
        var unknown = Close(.none)
        unknown.code = 0xBEEF
        good(
            "close/unregistered-code", .close(unknown), req: "LNK-048",
            body(u16(0xBEEF), u16(0), u64(0), u32(0), u64(0), u16(0)))
        bad(
            "close/text-257", .close, body(u16(0), u16(0), u64(0), u32(0), u64(0), text(String(repeating: "x", count: 257))),
            .limitExceeded, at: 24, "close.text", req: "LIM-006")
        bad(
            "close/text-cut-in-a-character", .close, body(u16(0), u16(0), u64(0), u32(0), u64(0), [0, 1, 0xC3]), .notUnicode,
            at: 24, "close.text", req: "ENC-003")
        bad(
            "close/surrogate-in-text", .close, body(u16(0), u16(0), u64(0), u32(0), u64(0), [0, 3, 0xED, 0xA0, 0x80]),
            .notUnicode, at: 24, "close.text", req: "ENC-003")
    }

    private mutating func addHeartbeats() {
        let head = body(u64(41), u64(1_732_000_000_000), u64(5), u64(0), u64(18), u64(1), u64(0xFEED))
        let ping = Ping(
            number: 41, clock: 1_732_000_000_000, received: [5, 0, 18, 1], viewHash: 0xFEED,
            tables: [
                .init(table: Sample.table("route"), vectorHash: 0x0102_0304_0506_0708),
                .init(table: Sample.table("x"), vectorHash: 9),
            ])
        good(
            "ping", .ping(ping), req: "HRT-001",
            body(head, Self.tables((text("route"), u64(0x0102_0304_0506_0708)), (text("x"), u64(9)))),
            tail: ("tables.vectorHash", 8))
        good(
            "ping/no-tables", .ping(Ping(number: 1, clock: 2)), req: "HRT-001",
            body(u64(1), u64(2), u64(0), u64(0), u64(0), u64(0), u64(0), u32(0)), tail: ("tables", 4))
        bad(
            "ping/tables-descending", .ping, body(head, Self.tables((text("x"), u64(9)), (text("route"), u64(1)))),
            .notAscending, at: 71, "ping.tables", req: "ENC-008")
        bad(
            "ping/tables-129", .ping, body(head, u32(129), [UInt8](repeating: 0, count: 129 * 10)), .limitExceeded, at: 56,
            "ping.tables", req: "LIM-029")
        bad(
            "ping/table-name-empty", .ping, body(head, Self.tables((text(""), u64(9)))), .invalidName, at: 60,
            "ping.tables.table", req: "TAB-001")
        good(
            "pong", .pong(Pong(number: 41, echo: 1_732_000_000_000, clock: 1_732_000_000_017)), req: "HRT-002",
            body(u64(41), u64(1_732_000_000_000), u64(1_732_000_000_017)), tail: ("clock", 8))
        good(
            "credit", .credit(Credit(lane: .bulk, limit: 1 << 40)), req: "FRM-031", body(u8(3), u64(1 << 40)), tail: ("limit", 8))
        bad("credit/lane-without-credit", .credit, body(u8(1), u64(7)), .outOfRange, at: 0, "credit.lane", req: "FRM-033")
        bad("credit/lane-unknown", .credit, body(u8(4), u64(7)), .unknownValue, at: 0, "credit.lane", req: "ENC-006")
    }

    private static func tables(_ tables: ([UInt8], [UInt8])...) -> [UInt8] {
        u32(UInt32(tables.count)) + tables.flatMap { $0.0 + $0.1 }
    }
}
