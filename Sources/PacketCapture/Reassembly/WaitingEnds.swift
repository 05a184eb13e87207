/// Which directions hold something back, in the order in which they began to; linked through `StreamEnd`.
struct WaitingEnds {
    private var first: Int32 = -1
    private var last: Int32 = -1

    /// The one that has waited longest.
    var longest: Int? { first < 0 ? nil : Int(first) }

    mutating func append(_ end: Int, _ ends: inout [StreamEnd]) {
        ends[end].waitsAfter = last
        ends[end].waitsBefore = -1
        if last >= 0 { ends[Int(last)].waitsBefore = Int32(end) } else { first = Int32(end) }
        last = Int32(end)
    }

    mutating func remove(_ end: Int, _ ends: inout [StreamEnd]) {
        let (after, before) = (ends[end].waitsAfter, ends[end].waitsBefore)
        if after >= 0 { ends[Int(after)].waitsBefore = before } else { first = before }
        if before >= 0 { ends[Int(before)].waitsAfter = after } else { last = after }
    }
}

extension Reassembler {
    mutating func startWaiting(_ end: Int) {
        guard !ends[end].state.contains(.holding) else { return }
        ends[end].state.insert(.holding)
        waiting.append(end, &ends)
    }

    mutating func stopWaiting(_ end: Int) {
        guard ends[end].state.contains(.holding) else { return }
        ends[end].state.remove(.holding)
        waiting.remove(end, &ends)
    }
}
