import ClusterModel
import WireFormat

// Bodies that say something in another way than the one that the text describes (ENC): every message, every field.
extension Catalogue {
    static let encoding: [Case] = encodingLengths + encodingFields

    /// Every message, and the calls whose arguments have what the others have not.
    private static let samples: [(word: String, body: SampleBody)] =
        MessageType.allCases.map { ($0.slug, Samples.of($0)) } + [
            ("call-table-create", Samples.tableCreate), ("call-cluster-join", Samples.clusterJoin),
            ("call-cluster-watch", Samples.clusterWatch), ("call-row-scan", Samples.rowScan),
        ]

    /// What a node has to be to be asked about the message.
    private static func profile(_ type: MessageType) -> Profile {
        switch type {
        case .hello, .auth, .close, .ping, .pong, .credit: .link
        case .call, .cancel: .client
        default: .tables
        }
    }

    private static func refusing(
        _ id: String, also others: [String] = ["ERR-001"], _ summary: String, _ sample: SampleBody,
        _ values: [SampleBody.Spoiled]
    ) -> Case {
        Case(id, also: others, summary, profile: profile(sample.type)) { trial in
            for value in values { try await trial.refuses(.malformed, body: value, of: sample.type, stream: sample.stream) }
        }
    }

    // MARK: Lengths

    private static let encodingLengths: [Case] = samples.flatMap { word, sample in
        let name = sample.type.name
        // Cut between two extensions a HELLO is whole.
        let cuts = sample.cuts.filter { !$0.how.contains("end after 0 bytes of extensions.type") }
        let longer = SampleBody.Spoiled(how: "a byte behind the last field", bytes: sample.bytes + [0])
        return [
            refusing("ENC-007/\(word)-cut", "\(name) that ends before or within any of its fields is malformed.", sample, cuts),
            refusing("ENC-007/\(word)-longer", "\(name) with a byte behind its last field is malformed.", sample, [longer]),
        ].filter { sample.type != .cancel || $0.id.hasSuffix("longer") }
    }

    // MARK: Fields

    private static let encodingFields: [Case] = samples.flatMap { word, sample -> [Case] in
        // What a name of a CALL breaks is answered (CAL-004), and an unregistered method too.
        let name = sample.type.name
        func cases(
            _ requirement: String, _ what: String, _ wrong: (SampleBody.Part, Int) -> [(how: String, bytes: [UInt8])]
        ) -> [Case] {
            sample.spoiled(wrong).map { field, values in
                refusing("\(requirement)/\(word)-\(field.slug)", "\(name) whose \(field) \(what) is malformed.", sample, values)
            }
        }
        return cases("ENC-002", "is neither 0 nor 1", wrongBooleans) + cases("ENC-003", "is not UTF-8", wrongTexts)
            + cases("ENC-004", "reaches beyond the body", wrongLengths)
            + cases("ENC-005", "announces more than the body holds", wrongCounts)
            + cases("ENC-006", "is not registered", wrongChoices) + cases("ENC-011", "begins with neither 0 nor 1", wrongMarks)
    }

    private static func wrongBooleans(_ part: SampleBody.Part, _ rest: Int) -> [(how: String, bytes: [UInt8])] {
        guard case .boolean = part.kind else { return [] }
        return [2, 0x80, 0xFF].map { ("= \($0)", [$0]) }
    }

    private static func wrongMarks(_ part: SampleBody.Part, _ rest: Int) -> [(how: String, bytes: [UInt8])] {
        guard case .mark = part.kind else { return [] }
        return [2, 0x81, 0xFF].map { ("begins with \($0)", [$0]) }
    }

    private static func wrongTexts(_ part: SampleBody.Part, _ rest: Int) -> [(how: String, bytes: [UInt8])] {
        // The value of an extension is no text, though it is built like one.
        guard case .text = part.kind, part.name != "extensions.value" else { return [] }
        return [
            ("with a lone continuation byte", [0, 1, 0x80]), ("with a cut character", [0, 2, 0x61, 0xC3]),
            ("with a wrong second byte", [0, 2, 0xC3, 0x28]), ("with an overlong character", [0, 2, 0xC1, 0xA1]),
            ("with a surrogate", [0, 3, 0xED, 0xA0, 0x80]), ("beyond the last character", [0, 4, 0xF4, 0x90, 0x80, 0x80]),
        ]
    }

    private static func wrongLengths(_ part: SampleBody.Part, _ rest: Int) -> [(how: String, bytes: [UInt8])] {
        switch part.kind {
        case .text:
            let one = part.bytes.count - 2 + rest + 1
            return [
                ("one byte longer than the body", [UInt8(one >> 8), UInt8(one & 0xFF)] + part.bytes.dropFirst(2)),
                ("of 65535 bytes", [0xFF, 0xFF] + part.bytes.dropFirst(2)),
            ]
        case .bytes:
            let one = part.bytes.count - 4 + rest + 1
            return [
                ("one byte longer than the body", [0, 0, UInt8(one >> 8), UInt8(one & 0xFF)] + part.bytes.dropFirst(4)),
                ("of 4294967295 bytes", [0xFF, 0xFF, 0xFF, 0xFF] + part.bytes.dropFirst(4)),
                ("of 2147483648 bytes", [0x80, 0, 0, 0] + part.bytes.dropFirst(4)),
            ]
        default: return []
        }
    }

    private static func wrongCounts(_ part: SampleBody.Part, _ rest: Int) -> [(how: String, bytes: [UInt8])] {
        guard case .count = part.kind else { return [] }
        return [
            ("of 4294967295", [0xFF, 0xFF, 0xFF, 0xFF]), ("of 2147483648", [0x80, 0, 0, 0]), ("of 16777216", [1, 0, 0, 0]),
        ]
    }

    private static func wrongChoices(_ part: SampleBody.Part, _ rest: Int) -> [(how: String, bytes: [UInt8])] {
        guard case .choice(let range) = part.kind else { return [] }
        var values: [UInt16] = [range.upperBound + 1, part.bytes.count == 1 ? 0xFF : 0xFFFF]
        if range.lowerBound > 0 { values.append(range.lowerBound - 1) }
        // Another kind of reply or another lane has other rules of its own.
        return values.map { value in
            ("= \(value)", part.bytes.count == 1 ? [UInt8(value)] : [UInt8(value >> 8), UInt8(value & 0xFF)])
        }
    }
}
