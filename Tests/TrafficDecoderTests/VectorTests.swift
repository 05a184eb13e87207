import ClusterModel
import Foundation
import PacketCapture
import Testing

@testable import TrafficDecoder

/// `conformance/vectors` through the decoder: what is right is shown as the vectors say and extracted to the same vector, what is
/// wrong is marked with their error and their requirement.
@Suite struct VectorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var type: MessageType
        var requirement: String
        var body: [UInt8]
        /// JSON text of what it means; nil of a negative one.
        var decoded: String?
        var error: String
        var reason: String
        var offset: Int
        var field: String
        var testDescription: String { name }
    }

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("conformance/vectors")

    /// Every vector of one message's body.
    static func cases() throws -> [Case] {
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        return try files.sorted { $0.path < $1.path }.flatMap { file -> [Case] in
            let document = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
            let vectors = document?["vectors"] as? [[String: Any]] ?? []
            return try vectors.compactMap { vector in
                guard vector["kind"] as? String == "message", vector["role"] as? String == "decode",
                    let type = MessageType.allCases.first(where: { $0.name == vector["type"] as? String })
                else { return nil }
                let decoded = try vector["decoded"].map { try canonical($0) }
                return Case(
                    name: vector["name"] as? String ?? "", type: type, requirement: vector["req"] as? String ?? "",
                    body: bytes(vector["hex"] as? String ?? ""), decoded: decoded, error: vector["error"] as? String ?? "",
                    reason: vector["reason"] as? String ?? "", offset: vector["offset"] as? Int ?? 0,
                    field: vector["field"] as? String ?? "")
            }
        }
    }

    private static func canonical(_ json: Any) throws -> String {
        let data = try JSONSerialization.data(withJSONObject: json, options: [.sortedKeys, .fragmentsAllowed])
        return String(decoding: data, as: UTF8.self)
    }

    private static func bytes(_ hex: String) -> [UInt8] {
        let digits = Array(hex)
        return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0..<($0 + 2)]), radix: 16) }
    }

    /// The frame of a vector on a link whose beginning nobody saw, so that only the body is judged. One that may be ignored goes
    /// before: of the first one on a lane nobody knows whether its message began earlier.
    private func play(_ vector: Case, _ observer: any TrafficObserver) {
        var conversation = Conversation()
        conversation.send(type: 0x0F01, lane: vector.type.lane.rawValue, body: [], .forward)
        let needsStream = [.call, .reply, .cancel].contains(vector.type)
        conversation.send(
            type: vector.type.rawValue, lane: vector.type.lane.rawValue, stream: needsStream ? 1 : 0, body: vector.body, .forward)
        var flow = Conversation.flow
        flow.isFromStart = false
        conversation.play(into: TrafficDecoder(.everything, observer), flow: flow)
    }

    @Test func everyPositiveVectorComesOutAsItWentIn() throws {
        // The chunk's data are no row block, which the vector does not ask and the decoder does.
        let positive = try Self.cases().filter { $0.decoded != nil && $0.type != .snapChunk }
        #expect(positive.count > 55)
        for vector in positive {
            let extractor = VectorExtractor(frame: 2)
            play(vector, extractor)
            let line = try #require(extractor.vector, "\(vector.name): \(extractor.problem ?? "")")
            let made = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
            let decoded = try made["decoded"].map { try Self.canonical($0) }
            #expect(decoded == vector.decoded, "\(vector.name)")
            #expect(made["type"] as? String == vector.type.name)
            #expect(Self.bytes(made["hex"] as? String ?? "") == vector.body)
        }
    }

    /// Where a vector is about a rule that only the value in the field shows, its requirement is narrower than what the error says.
    private static let narrower: [String: String] = [
        "snap-request/range-descending": "SNP-001", "snap-chunk/raw-length-not-the-data's": "SNP-003",
        "members/none/one-byte-short": "ENC-007", "operations/first-zero": "VER-002",
        // Which length reaches beyond the body, the error does not say.
        "call/row-write/operations-beyond-the-body": "ENC-005", "call/row-write/key-beyond-the-body": "ENC-004",
        "call/row-write/value-beyond-the-body": "ENC-004", "call/row-get/key-beyond-the-body": "ENC-004",
        "reply/row-key-beyond-the-body": "ENC-004",
    ]

    @Test func everyNegativeVectorIsMarkedWithItsErrorAndRequirement() throws {
        let negative = try Self.cases().filter { $0.decoded == nil }
        #expect(negative.count > 150)
        for vector in negative {
            let recording = Recording()
            play(vector, recording)
            let violation = try #require(recording.frames.last?.violations.first, "\(vector.name) is not marked")
            #expect(violation.error.name == vector.error, "\(vector.name)")
            #expect(violation.reasonName == vector.reason, "\(vector.name)")
            #expect(violation.field == vector.field, "\(vector.name)")
            #expect(violation.offset == vector.offset, "\(vector.name)")
            let isSame = violation.requirement == vector.requirement || Self.narrower[vector.name] == vector.requirement
            #expect(isSame, "\(vector.name): \(violation.requirement) is not \(vector.requirement)")
        }
    }

    /// Whatever bytes come, each view says something and none stops.
    @Test(arguments: [FrameForm.lines, .fields, .bytes, .json]) func everyVectorIsShown(_ form: FrameForm) throws {
        for vector in try Self.cases() {
            var text: [UInt8] = []
            let output = form.output(ViewOptions(), FrameSelection()) { part in
                text.append(part)
                return true
            }
            play(vector, output)
            output.finish()
            let shown = String(decoding: text, as: UTF8.self)
            #expect(shown.contains(vector.type.name), "\(vector.name): \(shown)")
            guard form == .json else { continue }
            for line in shown.split(separator: "\n") {
                #expect(throws: Never.self, "\(vector.name): \(line)") {
                    try JSONSerialization.jsonObject(with: Data(line.utf8))
                }
            }
        }
    }
}
