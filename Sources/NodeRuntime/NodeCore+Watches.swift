import ClusterModel
import ClusterStateMachine
import LinkTransport
import NIOCore
import TableStorage

/// The last events of one kind, numbered, so that a watch can resume (CAL-040).
struct EventRing<Event> {
    /// Events kept; older ones are gone and a watch that asks for them is told so.
    static var capacity: Int { 10_000 }

    private(set) var events: CircularBuffer<Event> = CircularBuffer(initialCapacity: 16)
    /// Number of the newest event; events count from 1.
    private(set) var newest: UInt64 = 0

    mutating func append(_ make: (UInt64) -> Event) -> Event {
        newest += 1
        let event = make(newest)
        events.append(event)
        if events.count > Self.capacity { events.removeFirst() }
        return event
    }

    /// The events after `number`, or nil when some of them are gone.
    func events(after number: UInt64) -> [Event]? {
        let oldest = newest - UInt64(events.count)
        guard number >= oldest, number <= newest else { return nil }
        return Array(events.dropFirst(Int(number - oldest)))
    }
}

extension NodeCore {
    /// Bytes of events that may wait for one watcher to read them (LIM-030).
    private static let watchBacklog = 32 * 1024 * 1024

    private var here: Incarnation { store.origin.incarnation }

    // MARK: Members

    func watchMembers(from position: WatchPosition?, for caller: Caller) throws(CallFailure) {
        for event in try events(in: memberEvents, after: position) {
            caller.reply(Reply(.memberEvent(event), isLast: false))
        }
        memberWatchers.append(caller)
    }

    func memberChanged(_ old: MemberRecord?, _ new: MemberRecord, _ isReachable: Bool) {
        let incarnation = here
        let event = memberEvents.append { number in
            MemberEvent(
                position: WatchPosition(incarnation: incarnation, number: number), record: new, isReachable: isReachable)
        }
        for watcher in memberWatchers { watcher.reply(Reply(.memberEvent(event), isLast: false)) }
        if old?.state != new.state || old?.incarnation != new.incarnation {
            for definition in data.definitions where definition.merge == .owner { configureTable(definition.name) }
        }
        if new.state == .down, old?.state != .down { counters.membersDeclaredDown += 1 }
        run(replication.members(machine.members, elapsed: clock.elapsed))
        viewChanged()
    }

    // MARK: Rows

    func watchRows(of name: TableName, from position: WatchPosition?, for caller: Caller) throws(CallFailure) {
        let table = try readable(name)
        if rowEvents[name] == nil { rowEvents[name] = EventRing() }
        table.recordsChanges = true
        let missed = try events(in: rowEvents[name] ?? EventRing(), after: position)
        if !missed.isEmpty { caller.reply(Reply(.rowEvents(missed), isLast: false)) }
        rowWatchers[name, default: []].append(caller)
    }

    /// Once watched, a table goes on recording for the node's life, so that a watch can resume.
    func publishRowChanges() {
        for name in rowEvents.keys.sorted() {
            guard let changes = data.table(named: name)?.takeChanges(), !changes.isEmpty else { continue }
            let incarnation = here
            let events = changes.compactMap { row in
                rowEvents[name]?.append { number in
                    RowEvent(position: WatchPosition(incarnation: incarnation, number: number), row: row)
                }
            }
            endSlowWatches(of: name)
            for watcher in rowWatchers[name] ?? [] { watcher.reply(Reply(.rowEvents(events), isLast: false)) }
        }
    }

    /// A watcher that does not read is told where it stopped instead of being kept in memory.
    private func endSlowWatches(of name: TableName) {
        let isSlow: (Caller) -> Bool = { watcher in
            guard let watch = watcher.watch, let link = self.links[LinkID(watch.link)] else { return false }
            return link.handler.waitingBytes > Self.watchBacklog
        }
        let slow = rowWatchers[name]?.filter(isSlow) ?? []
        rowWatchers[name]?.removeAll(where: isSlow)
        for watcher in slow {
            watcher.fail(
                .positionTooOld, "the watch was ended because its events were not read; watch again from your last position")
        }
    }

    // MARK: Both

    private func events<Event>(in ring: EventRing<Event>, after position: WatchPosition?) throws(CallFailure) -> [Event] {
        guard let position else { return [] }
        guard position.incarnation == here, let missed = ring.events(after: position.number) else {
            throw CallFailure(
                .positionTooOld,
                "events after position \(position.incarnation):\(position.number) are gone; read again, then watch from now")
        }
        return missed
    }

    func cancelCall(stream: UInt32, on link: Link) {
        let key = WatchKey(link: link.id.value, stream: stream)
        let watchers = takeWatchers { $0.watch == key }
        for watcher in watchers { watcher.fail(.cancelled, "the watch was cancelled") }
    }

    func endWatches(of id: LinkID) {
        _ = takeWatchers { $0.watch?.link == id.value }
    }

    private func takeWatchers(_ isMeant: (Caller) -> Bool) -> [Caller] {
        var taken = memberWatchers.filter(isMeant)
        memberWatchers.removeAll(where: isMeant)
        for name in rowWatchers.keys.sorted() {
            taken += rowWatchers[name]?.filter(isMeant) ?? []
            rowWatchers[name]?.removeAll(where: isMeant)
        }
        return taken
    }
}
