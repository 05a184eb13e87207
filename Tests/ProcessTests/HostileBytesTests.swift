import ClusterModel
import Foundation
import LinkTransport
import NIOCore
import Synchronization
import TablewireClient
import Testing
import WireFormat

extension Scenarios {
    /// Whatever arrives on the port: a clear line in the log, bounded memory, and calls are answered meanwhile.
    @Suite struct HostileBytesTests {
        private static let mebibyte = 1024 * 1024

        private func withNode(_ body: (Testbed, NodeProcess, TableDefinition) async throws -> Void) async throws {
            try await withTestbed { testbed in
                let node = try await testbed.startNodes(1)[0]
                let table = try TableDefinition.named("rows")
                try await node.create(table)
                try await node.put("key", "value", in: table)
                try await body(testbed, node, table)
                #expect(try await node.value("key", in: table) == "value")
                #expect(node.process?.isRunning == true)
            }
        }

        /// What speaks another protocol is named in the log and hung up on.
        @Test(arguments: [
            (Array("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n".utf8), "HTTP"),
            ([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03] + [UInt8](repeating: 0x55, count: 64), "TLS"),
            (Array("SSH-2.0-OpenSSH_9.2p1\r\n".utf8), "SSH"),
            (Array("*1\r\n$4\r\nPING\r\n".utf8), "PING"),
        ])
        func anotherProtocolIsNamedInTheLog(bytes: [UInt8], name: String) async throws {
            try await withNode { _, node, _ in
                let connection = try await RawConnection.open(to: node.address)
                try await connection.send(bytes)
                try await connection.waitUntilClosed()
                try await node.waitForLog(name)
            }
        }

        @Test func randomBytesAreRefusedAndMemoryStaysBounded() async throws {
            try await withNode { _, node, table in
                let before = try #require(node.process?.peakMemory)
                var random = SplitMix(seed: 7)
                for round in 0..<200 {
                    let connection = try await RawConnection.open(to: node.address)
                    var bytes = (0..<2000).map { _ in UInt8.random(in: 0...255, using: &random) }
                    // Every other time what follows a correct preface is random.
                    if round.isMultiple(of: 2) { bytes = Preface().encode() + bytes }
                    await connection.throwAt(bytes)
                    try await connection.waitUntilClosed()
                    if round.isMultiple(of: 50) { #expect(try await node.value("key", in: table) == "value") }
                }
                let after = try #require(node.process?.peakMemory)
                #expect(after - before < 32 * Self.mebibyte)
            }
        }

        @Test func aLengthOfFourGiBIsRefusedBeforeAnythingIsAllocated() async throws {
            try await withNode { _, node, _ in
                let before = try #require(node.process?.peakMemory)
                for _ in 0..<20 {
                    let connection = try await RawConnection.open(to: node.address)
                    let header = FrameHeader(
                        type: MessageType.hello.rawValue, lane: Lane.control.rawValue, bodyLength: .max, sequence: 0, bodyCRC: 0)
                    try await connection.send(Preface().encode() + header.encode())
                    try await connection.waitUntilClosed()
                    #expect(try closeCode(in: connection.received) == .frameTooLarge)
                }
                try await node.waitForLog("FRAME_TOO_LARGE")
                let after = try #require(node.process?.peakMemory)
                #expect(after - before < 16 * Self.mebibyte)
            }
        }

        /// The code of the CLOSE that came after the preface.
        private func closeCode(in bytes: [UInt8]) throws -> ErrorCode? {
            let frame = Array(bytes.dropFirst(Preface.size))
            try #require(frame.count > FrameHeader.size, "no frame came: \(bytes)")
            let body = Array(frame.dropFirst(FrameHeader.size))
            guard case .close(let close) = try MessageCodec.decode(type: .close, body: body.span) else { return nil }
            return ErrorCode(rawValue: close.code)
        }

        /// One chunk of a few kilobytes that says it is small and inflates to a gigabyte.
        @Test(arguments: [UInt32(64 * 1024), .max])
        func aDecompressionBombFailsTheJoinAndNothingElse(claimedLength: UInt32) async throws {
            try await withNode { testbed, node, table in
                let fake = try await FakeNode.listen(keys: testbed.keys) { arrival in
                    Bomber.answer(arrival, claimedLength: claimedLength)
                }
                defer { fake.close() }
                let before = try #require(node.process?.peakMemory)
                await #expect(throws: ClientError.self) {
                    try await node.call { try await $0.join(fake.address, mode: .replace) }
                }
                let after = try #require(node.process?.peakMemory)
                #expect(after - before < 64 * Self.mebibyte)
                #expect(try await node.status().members.count == 1)
            }
        }

        /// A thousand connections say nothing: they are hung up on in time, and links that exist are served as before.
        @Test func aThousandSilentConnectionsDoNotKeepOthersFromTheirCalls() async throws {
            try await withNode { testbed, node, table in
                let before = try #require(node.process?.peakMemory)
                var connections: [RawConnection] = []
                for number in 0..<1000 {
                    connections.append(try await RawConnection.open(to: node.address))
                    if number.isMultiple(of: 100) { #expect(try await node.value("key", in: table) == "value") }
                }
                // A new link gets through at the latest when the silent ones have had their five seconds.
                try await eventually("a new client to be served", within: .seconds(10)) {
                    try await testbed.run("table", "get", "rows", "key", at: node).code == 0
                }
                try await eventually("the node to hang up on all", within: .seconds(15)) { !connections.contains { $0.isOpen } }
                let after = try #require(node.process?.peakMemory)
                #expect(after - before < 32 * Self.mebibyte)
                #expect(node.logLines.count < 200, "a thousand connections shall not be a thousand lines")
            }
        }
    }
}

/// Takes a joiner in and sends it a bomb for a first copy.
private enum Bomber {
    static func answer(_ arrival: FakeNode.Arrival, claimedLength: UInt32) {
        switch arrival.message {
        case .joinRequest:
            arrival.link.send(.joinAccept(accept(arrival)))
        case .snapRequest(let request):
            let begin = SnapBegin(table: request.table, vector: vector(arrival.own), isComplete: true, rows: 1)
            arrival.link.send(.snapBegin(begin), stream: arrival.stream)
            let chunk = SnapChunk(
                number: 0, nextBucket: 1, codec: .zlib, rawLength: claimedLength, rawCRC: 0, data: bomb)
            arrival.link.send(.snapChunk(chunk), stream: arrival.stream)
        default: break
        }
    }

    private static func accept(_ arrival: FakeNode.Arrival) -> JoinAccept {
        let (own, peer) = (arrival.own, arrival.peer)
        let joined = Stamp(milliseconds: own.clock, counter: 1)
        let members = [
            MemberRecord(
                node: own.node, joined: Stamp(milliseconds: own.clock), incarnation: own.incarnation, state: .up, name: own.name,
                address: own.address ?? Address(host: "127.0.0.1", port: 1)),
            MemberRecord(
                node: peer.node, joined: joined, incarnation: peer.incarnation, state: .joining, name: peer.name,
                address: peer.address ?? Address(host: "127.0.0.1", port: 1)),
        ].sorted { $0.node < $1.node }
        let dot = Dot(origin: Origin(node: own.node, incarnation: own.incarnation), sequence: 1)
        let definitions = TableName("rows").map {
            [TableDefinition(name: $0, storage: .disc, version: RowVersion(stamp: joined, dot: dot))]
        }
        let counts = TableName("rows").map { [TableCount(table: $0, rows: 1)] }
        return JoinAccept(
            cluster: own.cluster, joined: joined, members: members, definitions: definitions ?? [], tables: counts ?? [])
    }

    private static func vector(_ own: Hello) -> VersionVector {
        var vector = VersionVector()
        vector.raise(Origin(node: own.node, incarnation: own.incarnation), to: 1)
        return vector
    }

    /// 32 MiB of zeros, deflated in the way of the protocol: what a small chunk can hide.
    private static let bomb = ChunkCodec.pack([UInt8](repeating: 0, count: 32 * 1024 * 1024), codec: .zlib)
}
