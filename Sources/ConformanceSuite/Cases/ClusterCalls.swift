import ClusterModel

// clusterStatus, clusterJoin, clusterLeave, clusterRemove, clusterConflicts.
extension Catalogue {
    static let clusterCalls: [Case] = [
        Case(
            "CAL-010/alone", also: ["MBR-030"],
            "clusterStatus shows the node itself as a reachable member, and the tables that exist.", profile: .client
        ) {
            trial in
            let table = try await trial.ownTable()
            let status = try await trial.client().status()
            guard status.node == trial.target.node, let own = status.members.first(where: { $0.record.node == status.node }),
                own.isReachable, own.record.state == .up, own.record.role == .core,
                own.record.incarnation == trial.target.incarnation
            else { throw CaseFailure("its own record, up and reachable", got: "\(status.members)") }
            guard status.tables.contains(where: { $0.definition.name == table }), status.tables.allSatisfy(\.definition.exists)
            else {
                throw CaseFailure("the tables that exist", got: "\(status.tables.map(\.definition.name))")
            }
        },
        Case("CAL-010/gone-member", "clusterStatus shows a member that was removed.", profile: .client, isolation: .membership) {
            trial in
            let member = try await trial.member()
            let link = try await trial.client()
            let before = try await link.status().members.first { $0.record.node == member.identity.node }
            guard before?.record.state == .up, before?.isReachable == true else {
                throw CaseFailure("the member, up and reachable", got: "\(String(describing: before))")
            }
            _ = try await link.succeed(.clusterRemove(name: member.identity.name))
            let after = try await link.status().members.first { $0.record.node == member.identity.node }
            guard after?.record.state == .removed, after?.isReachable == false else {
                throw CaseFailure("the member, removed and not reachable", got: "\(String(describing: after))")
            }
        },
        Case(
            "CAL-011/nobody-there",
            "clusterJoin of an address where nobody listens is answered with UNREACHABLE, and changes nothing.", profile: .client,
            isolation: .alone
        ) {
            trial in
            let listener = try await trial.listen()
            await listener.close()
            let link = try await trial.link()
            let before = try await link.status().cluster
            try await link.expectRefusal(
                .unreachable, of: .clusterJoin(address: listener.address, mode: .refuse, isDryRun: false), within: .seconds(15))
            guard try await link.status().cluster == before else { throw CaseFailure("the same cluster", got: "another") }
        },
        Case(
            "CAL-012/alone", "clusterLeave of a node that is alone is answered with NO_SUCH_MEMBER.", profile: .client,
            isolation: .membership
        ) { trial in
            let link = try await trial.link()
            guard try await link.status().members.allSatisfy({ $0.record.node == trial.target.node || $0.record.state.isGone })
            else {
                throw Inconclusive("the node has other members, which are not the suite's to remove")
            }
            try await link.expectRefusal(.noSuchMember, of: .clusterLeave)
        },
        Case("CAL-013/nobody", "clusterRemove of a name that no member has is answered with NO_SUCH_MEMBER.", profile: .client) {
            trial in
            try await trial.link().expectRefusal(.noSuchMember, of: .clusterRemove(name: Names.node("nobody", host: "nowhere")))
        },
        Case("CAL-013/itself", "clusterRemove of the node's own name is answered with INVALID_ARGUMENT.", profile: .client) {
            trial in
            let link = try await trial.link()
            guard let name = link.peerHello?.name else { throw CaseFailure("a name", got: "none") }
            try await link.expectRefusal(.invalidArgument, of: .clusterRemove(name: name))
        },
        Case(
            "CAL-013/twice", "clusterRemove of a member that is gone is answered with NO_SUCH_MEMBER.", profile: .client,
            isolation: .membership
        ) { trial in
            let member = try await trial.member()
            let link = try await trial.client()
            _ = try await link.succeed(.clusterRemove(name: member.identity.name))
            try await link.expectRefusal(.noSuchMember, of: .clusterRemove(name: member.identity.name))
        },
        Case(
            "CAL-014/limit", "clusterConflicts gives at most as many entries as asked for, ascending, behind a number.",
            profile: .client, isolation: .membership, run: conflicts),
    ]

    private static func conflicts(_ trial: Trial) async throws {
        let member = try await trial.member()
        let table = try await trial.table()
        member.announce(table)
        _ = try await member.expectState(table)
        let link = try await trial.client()
        let keys = (0..<5).map { [UInt8($0)] }
        try await trial.put(keys.map { ($0, [1]) }, into: table)
        // The member has not acknowledged: its writes were made without knowledge of the node's.
        try await member.write(table, keys.map { Operation(.put, key: $0, value: [2]) })
        let all = try await link.conflicts(after: 0, limit: 1000)
        guard all.count >= keys.count else { throw LenientPass("no conflicts are kept, so there is nothing to page through") }
        let numbers = all.map(\.number)
        guard numbers == numbers.sorted(), Set(numbers).count == numbers.count else {
            throw CaseFailure("ascending numbers", got: "\(numbers)")
        }
        guard try await link.conflicts(after: numbers[1], limit: 2).map(\.number) == Array(numbers[2..<4]) else {
            throw CaseFailure("two entries behind \(numbers[1])", got: "others")
        }
        guard try await link.conflicts(after: numbers[numbers.count - 1], limit: 10).isEmpty else {
            throw CaseFailure("nothing behind the last", got: "entries")
        }
    }
}

extension Conversation {
    func status() async throws -> ClusterStatus {
        let result = try await succeed(.clusterStatus)
        guard case .clusterStatus(let status) = result else { throw CaseFailure("clusterStatus", got: "\(result.kind)") }
        return status
    }

    fileprivate func conflicts(after: UInt64, limit: UInt32) async throws -> [Conflict] {
        let result = try await succeed(.clusterConflicts(after: after, limit: limit))
        guard case .conflicts(let conflicts) = result else { throw CaseFailure("conflicts", got: "\(result.kind)") }
        return conflicts
    }
}
