internal import ClusterModel
internal import PacketCapture

/// What one end of a link sent, as far as it is counted.
final class DirectionStatistics {
    struct Count {
        var frames = 0
        /// Headers included.
        var bytes = 0
    }

    /// A pause between two PINGs that is longer than the peer's deadline.
    struct Gap {
        var start: Timestamp
        var nanoseconds: Int64
        /// Bytes that the same end sent meanwhile, by lane.
        var bytesByLane: [Int]
        var label: [UInt8] = []
    }

    /// By message of the schema; the last one is for types that are not registered.
    var counts: [Count]
    var first: Timestamp?
    var last: Timestamp?
    var bytesByLane = [Int](repeating: 0, count: 4)

    // Heartbeats
    var pings = 0
    var intervals = DurationHistogram()
    var roundTrips = DurationHistogram()
    /// The longest ones, at most `mostGaps`.
    var gaps: [Gap] = []
    var gapCount = 0
    private var lastPing: Timestamp?
    private var bytesAtLastPing = [Int](repeating: 0, count: 4)
    private var openPings = [(number: UInt64, time: Timestamp)](repeating: (0, Timestamp(nanoseconds: 0)), count: 16)

    // Replication
    var applied = DurationHistogram()
    var durable = DurationHistogram()
    private var tables: [TableLag] = []

    // Snapshots and credit
    var packedBytes = 0
    var rawBytes = 0
    var stalls = 0
    var stalledTime: Int64 = 0
    private var shortSince = [Timestamp?](repeating: nil, count: 4)

    static let mostGaps = 10
    /// Tables of one link that are followed, and unacknowledged messages of each.
    private static let mostTables = 64
    private static let mostOpen = 4096
    /// With less credit than this a lane cannot send a frame of the usual size.
    private static let shortCredit: UInt64 = UInt64(Limits.frameBodyDefault)

    init(messages: Int) { counts = [Count](repeating: Count(), count: messages + 1) }

    func count(_ message: Int, _ header: CapturedHeader, at time: Timestamp) {
        let size = CapturedHeader.size + Int(header.bodyLength)
        counts[message].frames += 1
        counts[message].bytes += size
        bytesByLane[Int(header.lane & 3)] += size
        if first == nil { first = time }
        last = time
    }

    // MARK: Heartbeats

    /// - Parameter deadline: silence after which the peer suspects, nanoseconds.
    func ping(_ number: UInt64, deadline: Int64, at time: Timestamp) {
        pings += 1
        openPings[Int(number & 15)] = (number, time)
        defer {
            lastPing = time
            bytesAtLastPing = bytesByLane
        }
        guard let lastPing else { return }
        let interval = time.nanoseconds - lastPing.nanoseconds
        intervals.add(interval)
        guard interval > deadline else { return }
        gapCount += 1
        gaps.append(
            Gap(start: lastPing, nanoseconds: interval, bytesByLane: zip(bytesByLane, bytesAtLastPing).map { $0.0 - $0.1 }))
        gaps.sort { $0.nanoseconds > $1.nanoseconds }
        if gaps.count > Self.mostGaps { gaps.removeLast() }
    }

    /// The answer to a PING of this end came.
    func pong(_ number: UInt64, at time: Timestamp) {
        let open = openPings[Int(number & 15)]
        guard open.number == number, number > 0 else { return }
        roundTrips.add(time.nanoseconds - open.time.nanoseconds)
        openPings[Int(number & 15)].number = 0
    }

    // MARK: Replication

    /// Operations on one table that the peer has not acknowledged; oldest first.
    private struct TableLag {
        var name: [UInt8]
        var open: [(last: UInt64, time: Timestamp)] = []
        var nextApplied = 0
        var nextDurable = 0

        func isOf(_ table: Span<UInt8>) -> Bool { name.span.equals(table) }

        /// Forgets what was acknowledged in both ways.
        mutating func compact() {
            let settled = min(nextApplied, nextDurable)
            guard settled > 64 || settled == open.count else { return }
            open.removeFirst(settled)
            nextApplied -= settled
            nextDurable -= settled
        }
    }

    func sent(_ table: Span<UInt8>, through last: UInt64, at time: Timestamp) {
        guard let index = lag(of: table) else { return }
        if tables[index].open.count >= Self.mostOpen { tables[index] = TableLag(name: tables[index].name) }
        tables[index].open.append((last, time))
    }

    func acknowledged(_ table: Span<UInt8>, applied: UInt64, durable: UInt64, at time: Timestamp) {
        guard let index = lag(of: table) else { return }
        while tables[index].nextApplied < tables[index].open.count,
            tables[index].open[tables[index].nextApplied].last <= applied
        {
            self.applied.add(time.nanoseconds - tables[index].open[tables[index].nextApplied].time.nanoseconds)
            tables[index].nextApplied += 1
        }
        while tables[index].nextDurable < tables[index].open.count,
            tables[index].open[tables[index].nextDurable].last <= durable
        {
            self.durable.add(time.nanoseconds - tables[index].open[tables[index].nextDurable].time.nanoseconds)
            tables[index].nextDurable += 1
        }
        tables[index].compact()
    }

    private func lag(of table: Span<UInt8>) -> Int? {
        for index in tables.indices where tables[index].isOf(table) { return index }
        guard tables.count < Self.mostTables else { return nil }
        tables.append(TableLag(name: [UInt8](copying: table)))
        return tables.count - 1
    }

    // MARK: Credit

    /// After a frame on a lane, with the credit that is left to it.
    func used(_ lane: Int, left: UInt64, at time: Timestamp) {
        shortSince[lane] = left < Self.shortCredit ? time : nil
    }

    /// More credit came for a lane.
    func granted(_ lane: Int, at time: Timestamp) {
        guard let since = shortSince[lane] else { return }
        stalls += 1
        stalledTime += time.nanoseconds - since.nanoseconds
        shortSince[lane] = nil
    }

    func add(_ other: DirectionStatistics) {
        for index in counts.indices {
            counts[index].frames += other.counts[index].frames
            counts[index].bytes += other.counts[index].bytes
        }
        first = [first, other.first].compactMap { $0 }.min()
        last = [last, other.last].compactMap { $0 }.max()
        for lane in bytesByLane.indices { bytesByLane[lane] += other.bytesByLane[lane] }
        pings += other.pings
        intervals.add(other.intervals)
        roundTrips.add(other.roundTrips)
        gapCount += other.gapCount
        gaps = Array((gaps + other.gaps).sorted { $0.nanoseconds > $1.nanoseconds }.prefix(Self.mostGaps))
        applied.add(other.applied)
        durable.add(other.durable)
        packedBytes += other.packedBytes
        rawBytes += other.rawBytes
        stalls += other.stalls
        stalledTime += other.stalledTime
    }
}
