import ClusterModel
import ClusterStateMachine
import LinkTransport
import TableStorage
import WireFormat

extension NodeCore {
    static let version = "0.1.0"

    func clusterStatus() -> ClusterStatus {
        let members = machine.members.compactMap { record -> MemberStatus? in
            guard !record.state.isGone, var status = machine.status(of: record.node) else { return nil }
            if record.node != store.identity.node { status.behind = replication.behind(record.node) }
            return status
        }
        return ClusterStatus(
            cluster: machine.identity.cluster, node: store.identity.node, coordinator: machine.coordinator, members: members,
            tables: tableInfos())
    }

    func tableInfos() -> [TableInfo] {
        data.definitions.filter(\.exists).map(tableInfo)
    }

    func tableInfo(_ definition: TableDefinition) -> TableInfo {
        let table = data.table(named: definition.name)
        let report = localTable(definition.name).map { replication.readiness($0) }
        return TableInfo(
            definition: definition, readiness: report?.readiness ?? .ready, rows: UInt64(table?.rowCount ?? 0),
            tombstones: UInt64(table?.tombstoneCount ?? 0), memory: UInt64(table?.memory ?? 0), digest: table?.digest ?? 0,
            vector: table?.vector ?? VersionVector(), reason: report?.reason ?? "")
    }

    func nodeInfo() -> NodeInfo {
        NodeInfo(
            node: store.identity.node, name: configuration.name, incarnation: store.origin.incarnation,
            cluster: machine.identity.cluster, version: Self.version, uptime: UInt64(clock.elapsed.nanoseconds / 1_000_000),
            links: UInt32(links.count), counters: counters.all)
    }

    /// What PING carries so that both ends notice when their views differ (HRT-012).
    func viewChanged() {
        let hash = ViewHash.hash(members: machine.members, definitions: data.definitions)
        guard hash != viewHash else { return }
        viewHash = hash
        handle(.viewChanged(hash: hash))
    }
}
