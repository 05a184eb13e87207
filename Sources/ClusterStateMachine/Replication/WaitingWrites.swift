internal import ClusterModel

/// The writes on one table that wait for replicas (REP-030): for each level a queue in the order of their sequences.
///
/// What satisfies a write satisfies every earlier one of its level, so an acknowledgement looks at the front only. The exception
/// are writes that a peer can only get by snapshot, because the stream to it skipped them: those are held apart.
struct WaitingWrites: Sendable {
    struct Wait: Hashable, Sendable {
        var id: UInt64
        /// Sequence of the write's last operation.
        var last: UInt64
        var level: AckLevel
        var deadline: Duration
    }

    private var local = WaitQueue()
    private var majority = WaitQueue()
    private var all = WaitQueue()
    /// Writes that some peer's stream skipped; looked at on TABLE_STATE, membership changes and ticks only.
    var held: [Wait] = []
    /// No wait has a deadline before this; nil when nothing waits.
    private(set) var earliest: Duration?

    var count: Int { local.count + majority.count + all.count + held.count }

    subscript(level: AckLevel) -> WaitQueue {
        get {
            switch level {
            case .local: local
            case .majority: majority
            case .all: all
            }
        }
        _modify {
            switch level {
            case .local: yield &local
            case .majority: yield &majority
            case .all: yield &all
            }
        }
    }

    mutating func append(_ wait: Wait) {
        self[wait.level].append(wait)
        earliest = earliest.map { min($0, wait.deadline) } ?? wait.deadline
    }

    /// Sets the writes below `base` apart: a peer's stream continues there.
    mutating func hold(before base: UInt64) {
        for level in [AckLevel.majority, .all] {
            while let wait = self[level].first, wait.last < base {
                self[level].removeFirst()
                held.append(wait)
            }
        }
    }

    /// Removes and returns the waits whose deadline has come, in the order of their sequences.
    mutating func expire(elapsed: Duration) -> [Wait] {
        guard let earliest, earliest <= elapsed else { return [] }
        var expired: [Wait] = []
        self.earliest = nil
        for level in AckLevel.allCases {
            let kept = take(self[level].contents, dueAt: elapsed, into: &expired)
            if kept.count < self[level].count { self[level] = WaitQueue(kept) }
        }
        held = take(held[...], dueAt: elapsed, into: &expired)
        return expired.sorted { ($0.last, $0.id) < ($1.last, $1.id) }
    }

    mutating func removeAll() -> [Wait] {
        let waits = AckLevel.allCases.flatMap { self[$0].contents } + held
        self = WaitingWrites()
        return waits.sorted { ($0.last, $0.id) < ($1.last, $1.id) }
    }

    private mutating func take(_ waits: ArraySlice<Wait>, dueAt elapsed: Duration, into expired: inout [Wait]) -> [Wait] {
        waits.filter { wait in
            if wait.deadline <= elapsed {
                expired.append(wait)
                return false
            }
            earliest = earliest.map { min($0, wait.deadline) } ?? wait.deadline
            return true
        }
    }
}

/// First in, first out; the space of removed elements is reclaimed in bulk.
struct WaitQueue: Sendable {
    private var elements: [WaitingWrites.Wait]
    private var head = 0

    init(_ elements: [WaitingWrites.Wait] = []) { self.elements = elements }

    var count: Int { elements.count - head }
    var first: WaitingWrites.Wait? { head < elements.count ? elements[head] : nil }
    var contents: ArraySlice<WaitingWrites.Wait> { elements[head...] }

    mutating func append(_ wait: WaitingWrites.Wait) { elements.append(wait) }

    mutating func removeFirst() {
        head += 1
        if head == elements.count {
            elements.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 1024, head * 2 >= elements.count {
            elements.removeFirst(head)
            head = 0
        }
    }
}
