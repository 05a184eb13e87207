internal import ClusterModel
package import PacketCapture

/// Counts and measures what passes: frames and bytes by pair and type, heartbeats, handshakes, replication lag, credit.
package final class TrafficStatistics: TrafficObserver {
    /// Who sends to whom, by the labels that the ends had when their link ended.
    struct Pair: Hashable {
        var from: [UInt8]
        var to: [UInt8]
    }

    /// Pairs that are kept apart; further ones are counted together.
    static let mostPairs = 512

    let schema = Schema.current
    private var open: [Int: LinkStatistics] = [:]
    private var lastLink: Link?
    private var lastStatistics: LinkStatistics?
    private var settled: [Pair: DirectionStatistics] = [:]

    package private(set) var links = 0
    package private(set) var frames = 0
    private(set) var gaps = 0
    private(set) var gapBytes = 0
    private(set) var missingFrames: UInt64 = 0
    private(set) var skippedBytes = 0
    private(set) var handshakes = DurationHistogram()
    private(set) var violations: [String: Int] = [:]
    private(set) var start: Timestamp?
    private(set) var end: Timestamp?

    package init() {}

    /// Both directions of a link that is open.
    private final class LinkStatistics {
        let link: Link
        let forward: DirectionStatistics
        let backward: DirectionStatistics
        var isEstablished = false

        init(_ link: Link, messages: Int) {
            self.link = link
            forward = DirectionStatistics(messages: messages)
            backward = DirectionStatistics(messages: messages)
        }

        func side(_ direction: Direction) -> DirectionStatistics { direction == .forward ? forward : backward }

        /// Silence after which the receiver suspects, nanoseconds; without its HELLO that of the preset `lan`.
        func deadline(for direction: Direction) -> Int64 {
            link.end(direction.opposite).hello.map { Int64($0.heartbeatDeadline) * 1_000_000 } ?? 750_000_000
        }
    }

    // MARK: What the decoder tells

    package func began(_ link: Link, at time: Timestamp) {
        links += 1
        open[link.number] = LinkStatistics(link, messages: schema.messages.count)
    }

    package func event(_ event: TrafficEvent, _ direction: Direction, of link: Link, at time: Timestamp) {
        end = time
        switch event {
        case .gap(let bytes):
            gaps += 1
            gapBytes += bytes ?? 0
        case .skipped(let bytes, let missing, _, let violation):
            skippedBytes += bytes
            // Sequences are what somebody wrote: their differences know no bounds.
            let (sum, isTooMuch) = missingFrames.addingReportingOverflow(missing)
            missingFrames = isTooMuch ? .max : sum
            if let violation { violations[violation.description, default: 0] += 1 }
        case .preface(_, _, let violation):
            if let violation { violations[violation.description, default: 0] += 1 }
        case .ended:
            guard link.isOver, let statistics = open.removeValue(forKey: link.number) else { return }
            settle(statistics)
            lastLink = nil
            lastStatistics = nil
        }
    }

    package func frame(_ frame: borrowing CapturedFrame, body: Span<UInt8>, of link: Link) {
        let time = frame.time
        if start == nil { start = time }
        end = time
        frames += 1
        for violation in frame.violations { violations[violation.description, default: 0] += 1 }
        guard let statistics = statistics(of: link) else { return }
        let sent = statistics.side(frame.direction)
        let header = frame.header
        let message = schema.message(header.type)
        sent.count(message ?? schema.messages.count, header, at: time)
        if !statistics.isEstablished, link.isEstablished {
            statistics.isEstablished = true
            if link.flow.isFromStart { handshakes.add(time.nanoseconds - link.began.nanoseconds) }
        }
        if header.lane >= 2, header.lane < 4 {
            let sender = link.end(frame.direction)
            if let used = sender.lanes[Int(header.lane)].used, let limit = sender.lanes[Int(header.lane)].limit {
                sent.used(Int(header.lane), left: limit >= used ? limit - used : 0, at: time)
            }
        }
        guard frame.isWhole, let type = MessageType(rawValue: header.type) else { return }
        look(type, body, statistics, frame.direction, time)
    }

    private func statistics(of link: Link) -> LinkStatistics? {
        if lastLink === link { return lastStatistics }
        lastLink = link
        lastStatistics = open[link.number]
        return lastStatistics
    }

    /// Reads the few fields that are measured, where the layout has them.
    private func look(
        _ type: MessageType, _ body: Span<UInt8>, _ statistics: LinkStatistics, _ direction: Direction, _ time: Timestamp
    ) {
        let sent = statistics.side(direction)
        let answered = statistics.side(direction.opposite)
        switch type {
        case .ping where body.count >= 8:
            let deadline = statistics.deadline(for: direction)
            sent.ping(body.load(at: 0, as: UInt64.self), deadline: deadline, at: time)
        case .pong where body.count >= 8:
            answered.pong(body.load(at: 0, as: UInt64.self), at: time)
        case .credit where body.count >= 1 && body[0] < 4:
            answered.granted(Int(body[0]), at: time)
        case .operations:
            guard let (table, rest) = Self.table(body), body.count - rest >= 36 else { return }
            let last = body.load(at: rest + 24, as: UInt64.self) &+ UInt64(body.load(at: rest + 32, as: UInt32.self)) &- 1
            sent.sent(body.extracting(table), through: last, at: time)
        case .ack:
            guard let (table, rest) = Self.table(body), body.count - rest >= 48 else { return }
            answered.acknowledged(
                body.extracting(table), applied: body.load(at: rest + 32, as: UInt64.self),
                durable: body.load(at: rest + 40, as: UInt64.self), at: time)
        case .snapChunk where body.count >= 20:
            sent.rawBytes += Int(body.load(at: 8, as: UInt32.self))
            sent.packedBytes += body.count - 20
        default: break
        }
    }

    /// The name that a body begins with, and what follows it.
    private static func table(_ body: Span<UInt8>) -> (name: Range<Int>, rest: Int)? {
        guard body.count >= 2 else { return nil }
        let end = 2 + Int(body.load(at: 0, as: UInt16.self))
        return end <= body.count ? (2..<end, end) : nil
    }
}

// MARK: Pairs

extension TrafficStatistics {
    private func settle(_ statistics: LinkStatistics) {
        for direction in Direction.allCases { add(statistics, direction, to: &settled) }
    }

    private func add(
        _ statistics: LinkStatistics, _ direction: Direction, to pairs: inout [Pair: DirectionStatistics]
    ) {
        let link = statistics.link
        var pair = Pair(from: link.end(direction).label, to: link.end(direction.opposite).label)
        if pairs[pair] == nil, pairs.count >= Self.mostPairs { pair = Pair(from: Array("others".utf8), to: Array("others".utf8)) }
        let sum = DirectionStatistics(messages: schema.messages.count)
        if let before = pairs[pair] { sum.add(before) }
        sum.add(statistics.side(direction))
        for index in sum.gaps.indices where sum.gaps[index].label.isEmpty { sum.gaps[index].label = pair.from + [0x3E] + pair.to }
        pairs[pair] = sum
    }

    /// Everything so far, by pair, in the order of their names.
    var pairs: [(pair: Pair, statistics: DirectionStatistics)] {
        var all = settled
        for statistics in open.values { for direction in Direction.allCases { add(statistics, direction, to: &all) } }
        return all.map { ($0.key, $0.value) }.filter { $0.1.first != nil }.sorted { left, right in
            left.0.from == right.0.from
                ? left.0.to.lexicographicallyPrecedes(right.0.to) : left.0.from.lexicographicallyPrecedes(right.0.from)
        }
    }
}
