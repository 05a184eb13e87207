import ClusterModel
import Foundation
import Testing
import WireFormat

/// The constants of the Swift sources are those of `protocol.json`.
@Suite struct ConstantTests {
    let document: ProtocolDocument

    init() throws { document = try ProtocolDocument.load() }

    private func expect<T: CaseIterable & RawRepresentable>(
        _ name: String, is type: T.Type
    ) throws where T.RawValue: FixedWidthInteger {
        let listed = try #require(document.enums.first { $0.name == name }, "\(name) is missing")
        let names = T.allCases.map { "\($0) = \($0.rawValue)" }
        #expect(names == listed.cases.map { "\($0.name) = \($0.value)" }, "\(name)")
        #expect(listed.width == "u\(T.RawValue.bitWidth)", "\(name)")
    }

    @Test func enumerations() throws {
        try expect("Lane", is: Lane.self)
        try expect("Role", is: Role.self)
        try expect("Intent", is: Hello.Intent.self)
        try expect("MemberState", is: MemberState.self)
        try expect("JoinMode", is: JoinMode.self)
        try expect("TableType", is: TableType.self)
        try expect("StorageKind", is: StorageKind.self)
        try expect("MergeRule", is: MergeRule.self)
        try expect("OperationKind", is: ClusterModel.Operation.Kind.self)
        try expect("AckLevel", is: AckLevel.self)
        try expect("TableReadiness", is: TableReadiness.self)
        try expect("Codec", is: Codec.self)
        #expect(document.enums.count == 12)
    }

    @Test func messages() {
        let swift = MessageType.allCases.map { "\($0.name) \($0.rawValue) \($0.lane.rawValue)" }
        #expect(swift == document.messages.map { "\($0.name) \($0.code) \($0.lane)" })
    }

    @Test func methodsAndReplies() {
        #expect(Call.Method.allCases.map { "\($0) \($0.rawValue)" } == document.calls.map { "\($0.name) \($0.code)" })
        #expect(Reply.Result.Kind.allCases.map { "\($0) \($0.rawValue)" } == document.replies.map { "\($0.name) \($0.code)" })
        let kinds = Set(document.replies.map(\.name))
        for call in document.calls { #expect(kinds.contains(call.reply), "\(call.name)") }
    }

    @Test func errors() {
        #expect(ErrorCode.allCases.map { "\($0.name) \($0.rawValue)" } == document.errors.map { "\($0.name) \($0.code)" })
        let carriers: Set<String> = ["CLOSE", "JOIN_REJECT", "SNAP_CANCEL", "REPLY"]
        for error in document.errors { #expect(carriers.isSuperset(of: error.sentIn), "\(error.name)") }
        let inReplies = document.errors.filter { $0.sentIn.contains("REPLY") }.map(\.name)
        #expect(ErrorCode.allCases.filter(\.fitsReply).map(\.name) == inReplies)
    }

    @Test func magicNumbers() {
        #expect(document.version == Limits.protocolVersion)
        #expect(document.magic.preface == Preface.magic.map { String(format: "%02x", Int($0)) }.joined())
        #expect(document.magic.prefaceSize == Preface.size)
        #expect(document.magic.frame == FrameHeader.magic)
        #expect(document.magic.frameHeaderSize == FrameHeader.size)
        #expect(document.magic.more == FrameHeader.more)
        #expect(document.crc.check == CRC32.checksum(Array("123456789".utf8).span))
        #expect(document.grease == (0..<16).map(Grease.value))
        #expect(document.grease.allSatisfy(Grease.isGrease))
        for lane in document.lanes { #expect(Lane(rawValue: lane.code)?.needsCredit == lane.credit, "\(lane.name)") }
    }

    /// The value that `protocol.json` gives as default, by the name of the constant.
    private static let limits: [String: Int] = [
        "frameBodyBeforeAuthentication": Limits.frameBodyBeforeAuthentication, "frameBodyDefault": Limits.frameBodyDefault,
        "frameBodyMaximum": Limits.frameBodyMaximum, "message": Limits.message, "key": Limits.key, "value": Limits.value,
        "tableName": Limits.tableName, "nodeName": Limits.nodeName, "address": Limits.address, "closeText": Limits.closeText,
        "handshakeTime": milliseconds(Limits.handshakeTime), "pendingLinks": Limits.pendingLinks, "chunkRaw": Limits.chunkRaw,
        "buckets": Limits.buckets, "members": Limits.members, "tables": Limits.tables,
        "batchOperations": Limits.batchOperations, "vectorEntries": Limits.vectorEntries,
        "clockSkew": milliseconds(Limits.clockSkew), "peerQueue": Limits.peerQueue,
        "recentOperations": Limits.recentOperations, "initialCredit": Int(Limits.initialCredit),
        "probeHelpers": Limits.probeHelpers, "drainTime": milliseconds(Limits.drainTime),
        "unknownFramesPerSecond": Limits.unknownFramesPerSecond, "conflictJournal": Limits.conflictJournal,
        "callsInProgress": Limits.callsInProgress, "scanReply": Limits.scanReply, "helloList": Limits.helloList,
        "snapshotsPerLink": Limits.snapshotsPerLink, "joiningTime": milliseconds(Limits.joiningTime),
        "clientIdleTime": milliseconds(Limits.clientIdleTime), "pingTables": Limits.pingTables,
        "diskBacklog": Limits.diskBacklog, "linkBacklog": Limits.linkBacklog,
    ]

    private static func milliseconds(_ duration: Duration) -> Int { Int(duration / .milliseconds(1)) }

    @Test func limits() throws {
        for limit in document.limits {
            #expect(Self.limits[limit.name] == limit.default, "\(limit.name)")
            #expect(limit.minimum <= limit.default && limit.default <= limit.maximum, "\(limit.name)")
        }
        let source = try String(
            contentsOf: SpecDirectory.root.appendingPathComponent("Sources/ClusterModel/Limits.swift"), encoding: .utf8)
        let declared = source.matches(of: #/static let (\w+)/#).map { String($0.1) }.filter { $0 != "protocolVersion" }
        #expect(Set(declared) == Set(document.limits.map(\.name)))
    }
}
