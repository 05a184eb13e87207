import ClusterModel
import LinkTransport
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import TablewireClient

private let keys = secret(1)

private func secret(_ seed: UInt8) -> SecretKeys {
    struct Constant: RandomNumberGenerator {
        var seed: UInt64
        mutating func next() -> UInt64 {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return seed
        }
    }
    var random = Constant(seed: UInt64(seed))
    return SecretKeys.generate(using: &random)
}

private func table(_ text: String) throws -> TableName { try #require(TableName(text)) }

@Suite(.timeLimit(.minutes(1))) struct ClientTests {
    @Test func greetsAsAClientWithGrease() async throws {
        let hellos = AsyncStream.makeStream(of: Hello.self)
        let node = try await ScriptedNode.start(keys: keys) { _, stream, link in
            if let hello = link.hello { hellos.continuation.yield(hello) }
            link.reply(Reply(.done), to: stream)
        }
        let client = try await TablewireClient.connect(to: node.address, keys: keys)
        try await client.leave()
        let hello = try #require(await hellos.stream.first { _ in true })
        #expect(client.peer.name.text == "scripted@127.0.0.1")
        #expect(hello.role == .client)
        #expect(hello.cluster == .any)
        #expect(hello.address == nil)
        #expect(hello.name.text.hasPrefix("client@"))
        #expect(hello.features.contains(where: Grease.isGrease))
        #expect(hello.codecs.contains(where: Grease.isGrease))
        #expect(hello.extensions.contains { Grease.isGrease($0.type) })
        await client.close()
    }

    @Test func aWrongSecretIsToldAsSuch() async throws {
        let node = try await ScriptedNode.start(keys: secret(2)) { _, _, _ in }
        let error = await #expect(throws: ClientError.self) {
            try await TablewireClient.connect(to: node.address, keys: keys)
        }
        #expect(error?.code == .authenticationFailed)
        #expect(error?.description.contains("does not know our secret") == true)
    }

    @Test func nothingListens() async throws {
        let node = try await ScriptedNode.start(keys: keys) { _, _, _ in }
        let address = node.address
        try await node.stop()
        let error = await #expect(throws: ClientError.self) {
            try await TablewireClient.connect(to: address, keys: keys)
        }
        #expect(error == .refused(address, reason: "connection refused"))
        #expect(
            error?.description
                == "cannot reach \(address) (connection refused): is the node running? start it with 'tablewire node'")
    }

    @Test func anUnknownHost() async throws {
        let address = Address(host: "no-such-host.invalid", port: 7400)
        let error = await #expect(throws: ClientError.self) {
            try await TablewireClient.connect(to: address, keys: keys)
        }
        #expect(error == .refused(address, reason: "the host name 'no-such-host.invalid' is unknown"))
    }

    @Test func aMuteAcceptorRunsIntoTheTimeout() async throws {
        let mute = try await ForeignServer.start(says: nil)
        let error = await #expect(throws: ClientError.self) {
            try await TablewireClient.connect(to: mute.address, keys: keys, timeout: .seconds(3))
        }
        #expect(error == .timedOut(mute.address, activity: "greeting"))
    }

    @Test func anotherProtocolIsNamed() async throws {
        let web = try await ForeignServer.start(says: "HTTP/1.1 400 Bad Request\r\n\r\n")
        let error = await #expect(throws: ClientError.self) {
            try await TablewireClient.connect(to: web.address, keys: keys)
        }
        guard case .wire(_, let text) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(text.contains("HTTP/1.1"))
    }

    @Test func aHangUpInTheGreetingIsALostLink() async throws {
        let rude = try await ForeignServer.start(says: "")
        let error = await #expect(throws: ClientError.self) {
            try await TablewireClient.connect(to: rude.address, keys: keys)
        }
        guard case .lost = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct CallTests {
    /// More calls than a link may have in progress, answered in the wrong order: each caller gets its own answer, and the node
    /// never sees more than the limit at once (LIM-023).
    @Test func manyCallsAtOnceInAnyOrder() async throws {
        let inProgress = Mutex<[(UInt32, UInt64)]>([])
        let most = Mutex(0)
        let node = try await ScriptedNode.start(keys: keys) { message, stream, link in
            switch message {
            case .call(.clusterConflicts(let number, _)):
                let count = inProgress.withLock { list in
                    list.append((stream, number))
                    return list.count
                }
                most.withLock { $0 = max($0, count) }
                // The answer to this PING comes behind every call that the client thinks it may still send.
                if count == Limits.callsInProgress || number == 3000 { link.handler?.send(.ping(Ping(number: 1, clock: 0))) }
            case .pong:
                let answered = inProgress.withLock { list in
                    defer { list.removeAll() }
                    return list
                }
                for (stream, number) in answered.reversed() {
                    link.reply(Reply(.conflicts(Self.conflict(number))), to: stream)
                }
            default: break
            }
        }
        let client = try await TablewireClient.connect(to: node.address, keys: keys)
        let pending = try (1...3000).map { try client.begin(.clusterConflicts(after: UInt64($0), limit: 1)) }
        for (index, reply) in pending.enumerated() {
            guard case .conflicts(let conflicts) = try await reply.result() else {
                Issue.record("another kind of reply")
                continue
            }
            #expect(conflicts.map(\.number) == [UInt64(index + 1)])
        }
        #expect(most.withLock { $0 } == Limits.callsInProgress)
        await client.close()
    }

    private static func conflict(_ number: UInt64) -> [Conflict] {
        let dot = Dot(origin: Origin(node: NodeID(1), incarnation: 1), sequence: 1)
        let row = Row(key: [1], value: [2], version: RowVersion(stamp: Stamp(1), dot: dot))
        guard let table = TableName("t") else { return [] }
        return [Conflict(number: number, table: table, winner: row, loser: row)]
    }

    @Test func aRefusalIsThrownAndTheLinkLives() async throws {
        let node = try await ScriptedNode.start(keys: keys) { message, stream, link in
            if case .call(.clusterLeave) = message {
                link.reply(Reply(failure: .busy, "a join is under way"), to: stream)
            } else {
                link.reply(Reply(.done), to: stream)
            }
        }
        let client = try await TablewireClient.connect(to: node.address, keys: keys)
        await #expect(throws: ClientError.failed(code: .busy, text: "a join is under way")) { try await client.leave() }
        try await client.resume()
        await client.close()
    }

    @Test func aReplyOfAnotherKindIsAnError() async throws {
        let node = try await ScriptedNode.start(keys: keys) { _, stream, link in link.reply(Reply(.done), to: stream) }
        let client = try await TablewireClient.connect(to: node.address, keys: keys)
        await #expect(throws: ClientError.self) { try await client.status() }
        await client.close()
    }

    @Test func closeFailsTheCallsInProgressWithItsReason() async throws {
        let node = try await ScriptedNode.start(keys: keys) { _, _, link in
            link.handler?.close(Close(.shuttingDown, text: "maintenance"))
        }
        let client = try await TablewireClient.connect(to: node.address, keys: keys)
        let error = await #expect(throws: ClientError.self) { try await client.status() }
        #expect(error?.code == .shuttingDown)
        let later = await #expect(throws: ClientError.self) { try await client.status() }
        #expect(later == error)
    }

    @Test func aBrokenConnectionFailsTheCallsInProgress() async throws {
        let node = try await ScriptedNode.start(keys: keys) { _, _, link in link.handler?.drop() }
        let client = try await TablewireClient.connect(to: node.address, keys: keys)
        let error = await #expect(throws: ClientError.self) { try await client.status() }
        guard case .lost = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func cancellingATaskCancelsItsCall() async throws {
        let seen = AsyncStream.makeStream(of: Message.self)
        let node = try await ScriptedNode.start(keys: keys) { message, _, _ in seen.continuation.yield(message) }
        let client = try await TablewireClient.connect(to: node.address, keys: keys)
        let task = Task { try await client.status() }
        var messages = seen.stream.makeAsyncIterator()
        #expect(await messages.next() == .call(.clusterStatus))
        task.cancel()
        #expect(await messages.next() == .cancel)
        await #expect(throws: ClientError.cancelled) { try await task.value }
        await client.close()
    }

    @Test func aCallTooLargeForAMessageIsNotSent() async throws {
        let node = try await ScriptedNode.start(keys: keys) { _, _, _ in Issue.record("nothing should arrive") }
        let client = try await TablewireClient.connect(to: node.address, keys: keys)
        let value = [UInt8](repeating: 1, count: Limits.value)
        let operations = [Operation(.put, key: [1], value: value), Operation(.put, key: [2], value: value)]
        let error = await #expect(throws: ClientError.self) {
            try await client.write(RowWrite(table: try table("t"), operations: operations))
        }
        #expect(error?.code == .batchTooLarge)
        await client.close()
    }
}

@Suite(.timeLimit(.minutes(1))) struct WatchTests {
    private static func events(_ number: UInt64, bytes: Int = 1) -> Reply {
        let dot = Dot(origin: Origin(node: NodeID(1), incarnation: 1), sequence: number)
        let row = Row(
            key: [1], value: [UInt8](repeating: 2, count: bytes), version: RowVersion(stamp: Stamp(number), dot: dot))
        return Reply(
            .rowEvents([RowEvent(position: WatchPosition(incarnation: 1, number: number), row: row)]), isLast: false)
    }

    private static func number(_ result: Reply.Result) -> UInt64? {
        guard case .rowEvents(let events) = result else { return nil }
        return events.first?.position.number
    }

    @Test func eventsComeInOrderAndLeavingTheLoopCancels() async throws {
        let cancelled = AsyncStream.makeStream(of: UInt32.self)
        let node = try await ScriptedNode.start(keys: keys) { message, stream, link in
            switch message {
            case .call(.rowWatch): for number in 1...10 { link.reply(Self.events(UInt64(number)), to: stream) }
            case .cancel: cancelled.continuation.yield(stream)
            case .ping: break
            default: Issue.record("unexpected \(message.type)")
            }
        }
        let client = try await TablewireClient.connect(to: node.address, keys: keys)
        var numbers: [UInt64?] = []
        for try await result in client.watchRows(of: try table("t")) {
            numbers.append(Self.number(result))
            if numbers.count == 10 { break }
        }
        #expect(numbers == (1...10).map { UInt64($0) })
        #expect(await cancelled.stream.first { _ in true } == 1)
        await client.close()
    }

    @Test func aRefusedWatchThrows() async throws {
        let node = try await ScriptedNode.start(keys: keys) { _, stream, link in
            link.reply(Self.events(1), to: stream)
            link.reply(Reply(failure: .positionTooOld, "gone"), to: stream)
        }
        let client = try await TablewireClient.connect(to: node.address, keys: keys)
        var iterator = client.watchRows(of: try table("t")).makeAsyncIterator()
        #expect(try await iterator.next().flatMap(Self.number) == 1)
        await #expect(throws: ClientError.failed(code: .positionTooOld, text: "gone")) { _ = try await iterator.next() }
        await client.close()
    }

    /// A reader that does not read stops the node, not only itself; nothing is lost when it goes on (FRM-030).
    @Test func aSlowReaderHoldsBackCredit() async throws {
        let total = 400
        let queued = AsyncStream.makeStream(of: Int.self)
        let isWatched = Mutex(false)
        let node = try await ScriptedNode.start(keys: keys) { message, stream, link in
            switch message {
            case .call(.rowWatch):
                isWatched.withLock { $0 = true }
                for number in 1...total { link.reply(Self.events(UInt64(number), bytes: 16_000), to: stream) }
            case .ping where isWatched.withLock({ $0 }):
                queued.continuation.yield(link.handler?.waitingBytes(on: .replication) ?? 0)
            default: break
            }
        }
        let client = try await TablewireClient.connect(
            to: node.address, keys: keys, heartbeat: .init(interval: .milliseconds(20)))
        let stream = client.watchRows(of: try table("t"))
        // The node has sent what it may when nothing more of it leaves from one PING to the next.
        var (waiting, repeated) = (-1, 0)
        for await count in queued.stream {
            repeated = count == waiting ? repeated + 1 : 0
            waiting = count
            if repeated == 3 { break }
        }
        #expect(waiting > 16_000 * (total - ReplyStream.waitingReplies) - 3 * Int(Limits.initialCredit))
        var numbers: [UInt64?] = []
        for try await result in stream {
            numbers.append(Self.number(result))
            if numbers.count == total { break }
        }
        #expect(numbers == (1...total).map { UInt64($0) })
        await client.close()
    }
}

@Suite(.timeLimit(.minutes(1))) struct HeartbeatTests {
    @Test func anIdleLinkIsPinged() async throws {
        let pings = AsyncStream.makeStream(of: Ping.self)
        let node = try await ScriptedNode.start(keys: keys) { message, _, link in
            guard case .ping(let ping) = message else { return }
            link.handler?.send(.pong(Pong(number: ping.number, echo: ping.clock, clock: 0)))
            pings.continuation.yield(ping)
        }
        let client = try await TablewireClient.connect(to: node.address, keys: keys, heartbeat: .init(interval: .milliseconds(5)))
        var iterator = pings.stream.makeAsyncIterator()
        for number in 1...10 { #expect(await iterator.next()?.number == UInt64(number)) }
        await client.close()
    }

    @Test func whateverIsHeardEndsTheSilence() {
        var silence = Silence()
        #expect(silence.tick() == nil)
        #expect(silence.tick() == 1)
        #expect(silence.tick() == 2)
        #expect(silence.ticks == 3)
        silence.heard()
        #expect(silence.ticks == 0)
        #expect(silence.tick() == nil)
        #expect(silence.tick() == 3)
    }

    @Test func aSilentNodeEndsTheLink() async throws {
        let node = try await ScriptedNode.start(keys: keys) { _, _, _ in }
        let client = try await TablewireClient.connect(
            to: node.address, keys: keys, heartbeat: .init(interval: .milliseconds(5), deadline: .milliseconds(20)))
        let error = await #expect(throws: ClientError.self) { try await client.status() }
        // Whether the call was sent before the silence was too long, or found a link that had ended, depends on the machine.
        guard case .timedOut(node.address, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func aPingIsAnswered() async throws {
        let pongs = AsyncStream.makeStream(of: Pong.self)
        let node = try await ScriptedNode.start(keys: keys) { message, stream, link in
            switch message {
            case .pong(let pong): pongs.continuation.yield(pong)
            case .call: link.handler?.send(.ping(Ping(number: 41, clock: 42)))
            default: break
            }
        }
        let client = try await TablewireClient.connect(to: node.address, keys: keys)
        let call = try client.begin(.nodeInfo)
        let pong = try #require(await pongs.stream.first { _ in true })
        #expect(pong.number == 41)
        #expect(pong.echo == 42)
        await client.close()
        await #expect(throws: ClientError.self) { try await call.result() }
    }
}

@Suite(.timeLimit(.minutes(1))) struct PageTests {
    @Test func pagesFollowTheCursorToTheEnd() async throws {
        let node = try await ScriptedNode.start(keys: keys) { message, stream, link in
            guard case .call(.rowScan(let scan)) = message else { return }
            let page = scan.cursor.first ?? 0
            let dot = Dot(origin: Origin(node: NodeID(1), incarnation: 1), sequence: 1)
            let row = Row(key: scan.prefix + [page], value: [], version: RowVersion(stamp: Stamp(1), dot: dot))
            // The second page is empty and has a next one all the same (CAL-054).
            link.reply(Reply(.rows(RowPage(rows: page == 1 ? [] : [row], next: page < 3 ? [page + 1] : []))), to: stream)
        }
        let client = try await TablewireClient.connect(to: node.address, keys: keys)
        var found: [[UInt8]] = []
        for try await page in client.pages(of: try table("t"), prefix: [7]) { found += page.map(\.key) }
        #expect(found == [[7, 0], [7, 2], [7, 3]])
        await client.close()
    }

    @Test func aRefusedPageEndsTheScan() async throws {
        let node = try await ScriptedNode.start(keys: keys) { _, stream, link in
            link.reply(Reply(failure: .noSuchTable, "no"), to: stream)
        }
        let client = try await TablewireClient.connect(to: node.address, keys: keys)
        let pages = client.pages(of: try table("t"))
        await #expect(throws: ClientError.failed(code: .noSuchTable, text: "no")) { for try await _ in pages {} }
        await client.close()
    }
}
