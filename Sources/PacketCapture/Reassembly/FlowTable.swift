/// Which flows are known, in the order in which they were heard last.
///
/// A flow has a slot, which another gets when it is removed.
struct FlowTable {
    struct Entry {
        let key: FlowKey
        let number: Int
        let isFromStart: Bool
        /// Whether the end that `FlowKey` puts first is `Flow.second`.
        let isSwapped: Bool
        /// Neighbours in the order of hearing; -1 for none.
        fileprivate var newer: Int32 = -1
        fileprivate var older: Int32 = -1

        init(key: FlowKey, number: Int, isFromStart: Bool, isSwapped: Bool) {
            self.key = key
            self.number = number
            self.isFromStart = isFromStart
            self.isSwapped = isSwapped
        }
    }

    private var slots: [FlowKey: Int32] = [:]
    private var entries: [Entry] = []
    private var free: [Int32] = []
    private var newest: Int32 = -1
    private var oldestSlot: Int32 = -1
    /// Of each `FlowKey.glance` the slot that was found last, or -1: the dictionary's hash, which nobody can foresee, takes as long
    /// as everything else a packet needs.
    private var recent = [Int32](repeating: -1, count: 256)

    var count: Int { slots.count }

    /// The flow that has not been heard for longest.
    var oldest: Int? { oldestSlot < 0 ? nil : Int(oldestSlot) }

    subscript(slot: Int) -> Entry { entries[slot] }

    /// The slots of all flows in the order of their numbers.
    var inOrder: [Int] { slots.values.map(Int.init).sorted { entries[$0].number < entries[$1].number } }

    /// The slot of a flow, which from now on is the newest.
    @inline(__always)
    mutating func hear(_ key: FlowKey) -> Int? {
        if newest >= 0, entries[Int(newest)].key == key { return Int(newest) }
        return find(key)
    }

    private mutating func find(_ key: FlowKey) -> Int? {
        let glance = key.glance
        var slot = recent[glance]
        if slot < 0 || entries[Int(slot)].key != key {
            guard let found = slots[key] else { return nil }
            slot = found
            recent[glance] = found
        }
        unlink(Int(slot))
        link(Int(slot))
        return Int(slot)
    }

    /// - Returns: its slot; when that is new, it follows the last one.
    mutating func insert(_ entry: Entry) -> Int {
        let slot = free.popLast() ?? Int32(entries.count)
        if Int(slot) == entries.count { entries.append(entry) } else { entries[Int(slot)] = entry }
        slots[entry.key] = slot
        link(Int(slot))
        return Int(slot)
    }

    mutating func remove(_ slot: Int) {
        unlink(slot)
        let key = entries[slot].key
        slots[key] = nil
        if recent[key.glance] == slot { recent[key.glance] = -1 }
        free.append(Int32(slot))
    }

    private mutating func link(_ slot: Int) {
        entries[slot].older = newest
        entries[slot].newer = -1
        if newest >= 0 { entries[Int(newest)].newer = Int32(slot) } else { oldestSlot = Int32(slot) }
        newest = Int32(slot)
    }

    private mutating func unlink(_ slot: Int) {
        let (newer, older) = (entries[slot].newer, entries[slot].older)
        if newer >= 0 { entries[Int(newer)].older = older } else { newest = older }
        if older >= 0 { entries[Int(older)].newer = newer } else { oldestSlot = newer }
    }
}
