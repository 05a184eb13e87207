import ClusterModel
import LinkTransport
import WireFormat

// Unknown values, GREASE and floods (EXT, LIM-021).
extension Catalogue {
    static let extensibility: [Case] = unknownTypes + helloExtensions + floods

    // MARK: Frames

    private static let unknownTypes: [Case] =
        [UInt16(0x0000), 0x000E, 0x0110, 0x0216, 0x030A, 0x7FFE, 0x8000, 0xF9FE, 0xFA00, 0xFFFE].map { type in
            Case(
                "EXT-002/type-\(type)",
                "A frame of the unknown even type \(type) is answered with UNKNOWN_CRITICAL on every lane."
            ) { trial in
                for lane in UInt8(0)..<4 {
                    let link = try await trial.link()
                    link.send(OutgoingFrame(type: type, lane: lane, body: [1, 2, 3]))
                    try await link.isRefused(.unknownCritical, "lane \(lane)")
                }
            }
        }
        + [
            ("odd", [UInt16(0x0001), 0x0003, 0x0007, 0x0101, 0x0203, 0x0301, 0x7FFF]), ("private", [0x8001, 0xF9FF]),
            ("reserved", [0xFB01, 0xFFFF]), ("grease", (0..<16).map { Grease.value($0) }),
        ].map { (word: String, types: [UInt16]) in
            Case("EXT-001/\(word)", "Frames of unknown odd types are skipped on every lane, whatever is in them.") { trial in
                let link = try await trial.link()
                for type in types {
                    for lane in UInt8(0)..<4 {
                        link.send(
                            OutgoingFrame(
                                type: type, lane: lane, stream: UInt32(lane), body: Array(repeating: 0xFF, count: Int(lane) * 50))
                        )
                    }
                    try await link.fence()
                }
            }
        } + [
            Case("EXT-001/long", also: ["EXT-007"], "A message of an unknown odd type in several frames is skipped.") { trial in
                let link = try await trial.link()
                for lane in UInt8(0)..<4 {
                    let whole = OutgoingFrame(type: Grease.value(2), lane: lane, body: Array(repeating: 9, count: 1000))
                    link.send(whole.cut([1, 400, 400]))
                }
                try await link.fence()
            },
            Case("EXT-001/before-hello", "A frame of an unknown odd type before HELLO is skipped.") { trial in
                let link = try await trial.conversation()
                try await link.exchangePrefaces()
                link.send(OutgoingFrame(type: Grease.value(2), lane: 0, body: [1]))
                link.send(Identity.client().hello())
                _ = try await link.expectHello()
                link.send(OutgoingFrame(type: Grease.value(2), lane: 1, body: [1]))
                link.send(link.auth())
                try await link.expectProof()
                try await link.fence()
            },
            Case("EXT-002/before-hello", "A frame of an unknown even type before HELLO is answered with UNKNOWN_CRITICAL.") {
                trial in
                let link = try await trial.conversation()
                try await link.exchangePrefaces()
                link.send(OutgoingFrame(type: 0x7F00, lane: 0, body: [1]))
                try await link.expectClose(.unknownCritical)
            },
            Case("EXT-001/joiner", "A frame of an unknown odd type of a joiner is skipped.") { trial in
                let link = try await trial.joinLink(.node())
                link.send(OutgoingFrame(type: Grease.value(2), lane: 3, body: [1]))
                try await link.fence()
            },
            Case(
                "EXT-001/member", "A frame of an unknown odd type of a member is skipped.", profile: .tables,
                isolation: .membership
            ) { trial in
                let link = try await trial.member().link
                link.send(OutgoingFrame(type: Grease.value(2), lane: 2, body: [1]))
                try await link.fence()
            },
            joinDialer("EXT-001/dialer", "A frame of an unknown odd type of an acceptor is skipped.") { _, link in
                try await link.greet(.node())
                try await link.expectProof()
                link.send(OutgoingFrame(type: Grease.value(2), lane: 0, body: [1]))
                link.send(link.auth())
                try await link.fence()
            },
        ]

    // MARK: HELLO

    private static let helloExtensions: [Case] =
        [UInt16(0x0000), 0x0002, 0x7FFE, 0x8000, 0xFA00, 0xFFFE].map { feature in
            Case(
                "EXT-004/feature-\(feature)", "HELLO with the unknown even feature \(feature) is answered with UNKNOWN_CRITICAL."
            ) { trial in
                try await hello(trial, .unknownCritical) { $0.features = [feature] }
            }
        }
        + [UInt16(0x0000), 0x0002, 0x7FFE, 0x8000, 0xFA00, 0xFFFE].map { type in
            Case("EXT-005/type-\(type)", "HELLO with the unknown even extension \(type) is answered with UNKNOWN_CRITICAL.") {
                trial in
                try await hello(trial, .unknownCritical) { $0.extensions = [Extension(type: type, value: [1])] }
            }
        } + [
            Case("EXT-004/odd", "Unknown odd features in HELLO are taken no notice of.") { trial in
                _ = try await trial.link { $0.features = [0x0001, 0x7FFF, 0x8001, 0xFA01, 0xFFFF] }
            },
            Case("EXT-004/even-behind-odd", "An unknown even feature behind odd ones is found.") { trial in
                try await hello(trial, .unknownCritical) { $0.features = [0x0001, 0x0003, 0x0004] }
            },
            Case("EXT-005/odd", "Unknown odd extensions in HELLO are skipped, empty and long ones too.") { trial in
                _ = try await trial.link {
                    $0.extensions = [
                        Extension(type: 0x0001, value: []), Extension(type: 0x7FFF, value: Array(repeating: 1, count: 300)),
                        Extension(type: 0xFFFF, value: [0]),
                    ]
                }
            },
            Case("EXT-005/even-behind-odd", "An unknown even extension behind odd ones is found.") { trial in
                try await hello(trial, .unknownCritical) {
                    $0.extensions = [Extension(type: 0x0001, value: [1]), Extension(type: 0x0002, value: [])]
                }
            },
            Case("EXT-006/codecs", "Codecs that the node does not know, even ones too, are taken no notice of.") { trial in
                _ = try await trial.link { $0.codecs = [1, 2, 3, 4, 0x7FFF, 0x8000, 0xFFFE] }
            },
            Case("EXT-006/none-known", "A HELLO without a codec that the node knows is taken from a client.") { trial in
                _ = try await trial.link { $0.codecs = [0x7FFF] }
            },
            Case("EXT-008/descending", also: ["ERR-001"], "A TLV area that descends is malformed.") { trial in
                try await hello(trial, .malformed) {
                    $0.extensions = [Extension(type: 5, value: []), Extension(type: 3, value: [])]
                }
            },
            Case("EXT-008/twice", also: ["ERR-001"], "A TLV area with a type twice is malformed.") { trial in
                try await hello(trial, .malformed) {
                    $0.extensions = [Extension(type: 5, value: []), Extension(type: 5, value: [])]
                }
            },
            cutArea("type", [0x7F]), cutArea("length", [0x7F, 0x01, 0]), cutArea("length-missing", [0x7F, 0x01]),
            cutArea("value", [0x7F, 0x01, 0, 4, 1, 2, 3]), cutArea("length-65535", [0x7F, 0x01, 0xFF, 0xFF, 1]),
        ]

    private static func cutArea(_ word: String, _ tail: [UInt8]) -> Case {
        Case("EXT-008/cut-\(word)", also: ["ERR-001"], "A TLV area whose last element is cut off is malformed.") { trial in
            var hello = Identity.client().hello()
            hello.extensions = []
            let body = MessageCodec.encode(.hello(hello)) + tail
            try await trial.refuses(.malformed, body: SampleBody.Spoiled(how: "\(tail)", bytes: body), of: .hello, stream: 0)
        }
    }

    // MARK: Floods

    private static let floods: [Case] = [
        Case("LIM-021/1001", also: ["EXT-007"], "The 1001st ignorable frame within a second is answered with FLOOD.") { trial in
            try await trial.refuses(.flood) { link in link.send(Array(repeating: ignorable(0), count: 1001)) }
        },
        Case(
            "LIM-021/1000", also: ["EXT-007"],
            "A thousand ignorable frames a second are skipped, and a second later a thousand more."
        ) { trial in
            let link = try await trial.link()
            for round in 0..<2 {
                if round > 0 { try await Clock.letPass(.milliseconds(1100)) }
                link.send(Array(repeating: ignorable(UInt8(round)), count: 1000))
                try await link.fence()
            }
        },
        Case("LIM-021/lanes-and-types", also: ["EXT-007"], "Ignorable frames of all lanes and types count together.") { trial in
            try await trial.refuses(.flood) { link in
                link.send((0..<1001).map { OutgoingFrame(type: Grease.value($0), lane: UInt8($0 % 4)) })
            }
        },
        Case("LIM-021/before-auth", also: ["EXT-007"], "A stranger that sends 1001 ignorable frames within a second gets FLOOD.")
        { trial in
            let link = try await trial.conversation()
            try await link.exchangePrefaces()
            link.send(Identity.client().hello())
            _ = try await link.expectHello()
            link.send(Array(repeating: ignorable(0), count: 1001))
            try await link.expectClose(.flood)
        },
        Case("LIM-021/known-types", "A thousand and one PINGs within a second are no flood.") { trial in
            let link = try await trial.link()
            let pings = (0..<1001).map { _ in OutgoingFrame(.ping(link.makePing())) }
            link.send(pings)
            try await link.fence()
        },
        Case(
            "EXT-007/credit", also: ["FRM-031", "FRM-035"],
            "The bodies of skipped frames use up credit of lanes 2 and 3, which is raised again."
        ) { trial in
            for lane in [Lane.replication, .bulk] {
                let link = try await trial.link()
                let first = UInt64(lane == .bulk ? link.peerHello?.bulkCredit ?? 0 : link.peerHello?.replicationCredit ?? 0)
                try await link.pour(lane, bytes: first + first / 2)
                guard link.granted(lane) > first else { throw CaseFailure("CREDIT above \(first) on lane \(lane)", got: "none") }
                link.connection.close()
            }
        },
    ]

    private static func ignorable(_ lane: UInt8) -> OutgoingFrame { OutgoingFrame(type: Grease.value(5), lane: lane) }
}

extension Conversation {
    /// What the node has granted on a lane so far.
    func granted(_ lane: Lane) -> UInt64 {
        let first = UInt64((lane == .bulk ? peerHello?.bulkCredit : peerHello?.replicationCredit) ?? 0)
        return heard.reduce(first) { most, entry in
            if case .credit(let credit) = entry.message, credit.lane == lane { credit.limit } else { most }
        }
    }

    /// Sends ignorable frames on the lane until so many bytes have gone, and never beyond the credit: waits for more instead.
    func pour(_ lane: Lane, bytes: UInt64) async throws {
        let size = UInt64(peerHello?.maximumFrameBody ?? 65_536)
        var sent: UInt64 = 0
        while sent < bytes {
            let count = min(size, bytes - sent)
            while granted(lane) < sent + count {
                _ = try await expect("CREDIT on lane \(lane) above \(granted(lane)) after \(sent) bytes") { message, _ -> Bool? in
                    if case .credit(let credit) = message, credit.lane == lane { true } else { nil }
                }
            }
            let body = [UInt8](repeating: 4, count: Int(count))
            send(OutgoingFrame(type: Grease.value(11), lane: lane.rawValue, body: body))
            sent += count
        }
        try await fence()
    }
}
