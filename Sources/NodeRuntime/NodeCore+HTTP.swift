import ClusterModel
import NIOCore
import NIOPosix
import TableStorage

// The pages of the HTTP address.
extension NodeCore {
    func listenForHTTP() -> EventLoopFuture<Void> {
        guard let http = configuration.http else { return loop.makeSucceededVoidFuture() }
        let pages = AdminPages(
            status: { [unowned self] in statusPage() }, metrics: { [unowned self] in metricsPage() },
            notReady: { [unowned self] in notReadyReason() })
        let bound = NIOLoopBound(self, eventLoop: loop)
        return AdminServer.bind(
            host: http.host, port: Int(http.port), loop: loop, pages: NIOLoopBound(pages, eventLoop: loop)
        )
        .map { bound.value.httpListener = $0 }
        .flatMapErrorThrowing { error in
            throw NodeError("cannot serve HTTP on \(http): \(error.errnoText); choose another address with --http")
        }
    }

    private func notReadyReason() -> String? {
        if let failure = store.failure { return "storage failed: \(failure)" }
        if joining != nil { return "joining a cluster" }
        return tableInfos().first { $0.readiness != .ready }.map { "table \($0.definition.name): \($0.reason)" }
    }

    private func statusPage() -> String {
        let status = clusterStatus()
        let members = status.members.map { member in
            "{\"name\":\"\(member.record.name)\",\"node\":\"\(member.record.node)\",\"state\":\"\(member.record.state)\","
                + "\"reachable\":\(member.isReachable),\"address\":\"\(member.record.address)\",\"behind\":\(member.behind)}"
        }
        let tables = status.tables.map { table in
            "{\"name\":\"\(table.definition.name)\",\"rows\":\(table.rows),\"readiness\":\"\(table.readiness)\","
                + "\"digest\":\"\(String(table.digest, radix: 16))\"}"
        }
        return "{\"cluster\":\"\(status.cluster)\",\"node\":\"\(status.node)\",\"coordinator\":\"\(status.coordinator)\","
            + "\"members\":[\(members.joined(separator: ","))],\"tables\":[\(tables.joined(separator: ","))]}\n"
    }

    private func metricsPage() -> String {
        var lines: [String] = []
        for counter in counters.all {
            lines.append("tablewire_\(counter.name.replacingDots) \(counter.value)")
        }
        for table in tableInfos() {
            let label = "{table=\"\(table.definition.name)\"}"
            lines.append("tablewire_table_rows\(label) \(table.rows)")
            lines.append("tablewire_table_tombstones\(label) \(table.tombstones)")
            lines.append("tablewire_table_memory_bytes\(label) \(table.memory)")
        }
        for member in clusterStatus().members {
            let label = "{member=\"\(member.record.name)\"}"
            lines.append("tablewire_member_reachable\(label) \(member.isReachable ? 1 : 0)")
            lines.append("tablewire_member_behind_operations\(label) \(member.behind)")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension String {
    fileprivate var replacingDots: String { String(map { $0 == "." ? "_" : $0 }) }
}
