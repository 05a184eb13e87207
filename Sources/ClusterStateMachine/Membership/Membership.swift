import ClusterModel

/// The member records of one node, ascending by node (MBR). At most `Limits.members`.
struct Membership: Hashable, Sendable {
    private(set) var records: [MemberRecord] = []

    /// - Parameter records: in any order; of several for one node the superseding one stays.
    init(_ records: [MemberRecord]) {
        for record in records { merge(record) }
    }

    subscript(node: NodeID) -> MemberRecord? {
        let index = firstIndex(notBelow: node)
        return index < records.count && records[index].node == node ? records[index] : nil
    }

    /// Not gone: what dials, asks and waits are about.
    var current: [MemberRecord] { records.filter { !$0.state.isGone } }

    func named(_ name: NodeName) -> MemberRecord? { records.first { $0.name == name && !$0.state.isGone } }

    /// The `up` member that joined first (MBR-030).
    var coordinator: NodeID? {
        records.filter { $0.state == .up }.min { ($0.joined, $0.node) < ($1.joined, $1.node) }?.node
    }

    /// Puts a record in when it supersedes what is there.
    /// - Returns: whether it did. A new one beyond the limit displaces the gone record that joined first, or stays out.
    @discardableResult
    mutating func merge(_ record: MemberRecord) -> Bool {
        let index = firstIndex(notBelow: record.node)
        if index < records.count, records[index].node == record.node {
            guard record.supersedes(records[index]) else { return false }
            records[index] = record
            return true
        }
        if records.count >= Limits.members {
            guard let oldest = records.filter({ $0.state.isGone }).min(by: Self.joinedBefore) else { return false }
            guard !record.state.isGone || Self.joinedBefore(oldest, record) else { return false }
            records.removeAll { $0.node == oldest.node }
        }
        records.insert(record, at: firstIndex(notBelow: record.node))
        return true
    }

    static func joinedBefore(_ a: MemberRecord, _ b: MemberRecord) -> Bool { (a.joined, a.node) < (b.joined, b.node) }

    private func firstIndex(notBelow node: NodeID) -> Int {
        var low = 0
        var high = records.count
        while low < high {
            let middle = (low + high) / 2
            if records[middle].node < node { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
