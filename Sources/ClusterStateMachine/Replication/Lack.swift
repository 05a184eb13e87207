internal import ClusterModel

/// Something that a linked peer has and this node can get from it by snapshot only.
struct Lack: Hashable, Sendable {
    /// Index of the peer in its table.
    var index: Int
    /// How many operations the peer has of what is missing, as far as they can be counted.
    var operations: UInt64
    /// Equal for no two peers and different from node to node, so that not all ask the same one.
    var tieBreak: UInt128
}

extension TableProgress {
    /// What linked peers have that does not come by a stream (REP-023).
    func lacks(_ local: LocalTable, own: Origin) -> [Lack] {
        let streamed = peers.compactMap { peer -> Origin? in
            guard let link = peer.link, link.isStreamed(have: local.vector.sequence(of: link.origin)) else { return nil }
            return link.origin
        }
        return peers.indices.compactMap { index in
            guard peers[index].link?.greeting != nil, let known = peers[index].known else { return nil }
            var operations: UInt64 = 0
            for entry in known.entries where entry.origin != own && !streamed.contains(entry.origin) {
                operations += Self.missing(entry, local.vector)
            }
            guard operations > 0 else { return nil }
            return Lack(index: index, operations: operations, tieBreak: peers[index].node.value &- own.node.value)
        }
    }

    /// Operations of one entry that the vector does not cover; a floor counts as one, for nobody knows how many it stands for.
    static func missing(_ entry: VersionVector.Entry, _ vector: VersionVector) -> UInt64 {
        let have = vector.sequence(of: entry.origin)
        guard have < entry.sequence else { return 0 }
        return entry.sequence == VersionVector.whole ? 1 : min(entry.sequence - have, 1 << 40)
    }

    /// Operations that are known to exist at linked peers and not here, streamed ones included.
    func behind(_ local: LocalTable, own: Origin) -> UInt64 {
        var best: [Origin: UInt64] = [:]
        for peer in peers {
            guard let link = peer.link, link.greeting != nil, let known = peer.known else { continue }
            for entry in known.entries where entry.origin != own {
                best[entry.origin] = max(best[entry.origin] ?? 0, Self.missing(entry, local.vector))
            }
        }
        return best.values.reduce(0) { min($0 + $1, 1 << 50) }
    }
}
