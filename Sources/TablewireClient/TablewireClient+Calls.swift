public import ClusterModel

/// One method a call: what to give, what comes back. All throw as `call` does.
extension TablewireClient {
    // MARK: Cluster and node

    /// Members and tables as this node sees them (CAL-010).
    public func status() async throws(ClientError) -> ClusterStatus {
        let result = try await call(.clusterStatus)
        guard case .clusterStatus(let status) = result else { throw unexpected(result) }
        return status
    }

    /// Makes the node join the cluster of the node at `address` (CAL-011). Returns when the copy is complete.
    public func join(_ address: Address, mode: JoinMode = .refuse, isDryRun: Bool = false) async throws(ClientError) -> JoinResult
    {
        let result = try await call(.clusterJoin(address: address, mode: mode, isDryRun: isDryRun))
        guard case .joined(let joined) = result else { throw unexpected(result) }
        return joined
    }

    /// Makes the node leave; it keeps its data as the only member of a new cluster (CAL-012).
    public func leave() async throws(ClientError) { try await done(.clusterLeave) }

    /// Removes a member, reachable or not (CAL-013).
    public func remove(_ name: NodeName) async throws(ClientError) { try await done(.clusterRemove(name: name)) }

    /// Entries of the node's conflict journal with numbers above `after` (CAL-014).
    public func conflicts(after number: UInt64 = 0, limit: UInt32 = 100) async throws(ClientError) -> [Conflict] {
        let result = try await call(.clusterConflicts(after: number, limit: limit))
        guard case .conflicts(let conflicts) = result else { throw unexpected(result) }
        return conflicts
    }

    public func nodeInfo() async throws(ClientError) -> NodeInfo {
        let result = try await call(.nodeInfo)
        guard case .nodeInfo(let info) = result else { throw unexpected(result) }
        return info
    }

    /// Makes the node take no more writes and write a checkpoint (CAL-021).
    public func prepare() async throws(ClientError) { try await done(.nodePrepare) }

    /// Ends what `prepare` began (CAL-022).
    public func resume() async throws(ClientError) { try await done(.nodeResume) }

    /// Cuts the node off from these members, from nobody when empty (CAL-023). Only a node started for tests allows it.
    public func block(_ names: [NodeName]) async throws(ClientError) { try await done(.nodeBlock(names: names)) }

    // MARK: Tables

    /// Creates a table (CAL-015). The definition's version and floor are filled in by the node.
    /// - Returns: the table; the one that exists when it has the same properties.
    @discardableResult
    public func create(_ table: TableDefinition) async throws(ClientError) -> TableInfo {
        try await oneTable(.tableCreate(table))
    }

    public func drop(_ table: TableName) async throws(ClientError) { try await done(.tableDrop(table)) }

    /// Every table, ascending by name (CAL-017).
    public func tables() async throws(ClientError) -> [TableInfo] {
        let result = try await call(.tableList)
        guard case .tables(let tables) = result else { throw unexpected(result) }
        return tables
    }

    public func table(_ name: TableName) async throws(ClientError) -> TableInfo { try await oneTable(.tableInfo(name)) }

    private func oneTable(_ request: Call) async throws(ClientError) -> TableInfo {
        let result = try await call(request)
        guard case .tables(let tables) = result, let table = tables.first, tables.count == 1 else { throw unexpected(result) }
        return table
    }

    // MARK: Rows

    /// Applies operations on one table, all or none (CAL-018).
    /// - Returns: how many replicas have it; fewer than wanted when the time was over first.
    public func write(_ write: RowWrite) async throws(ClientError) -> WriteResult {
        let result = try await call(.rowWrite(write))
        guard case .written(let written) = result else { throw unexpected(result) }
        return written
    }

    /// The live rows with one key: at most one in a `set`, any number in a `bag` or an owner table (CAL-019).
    public func get(_ key: [UInt8], from table: TableName) async throws(ClientError) -> [Row] {
        let result = try await call(.rowGet(table: table, key: key))
        guard case .rows(let page) = result else { throw unexpected(result) }
        return page.rows
    }

    /// One page of rows (CAL-050). `rows(of:prefix:)` walks all of them.
    public func scan(_ scan: RowScan) async throws(ClientError) -> RowPage {
        let result = try await call(.rowScan(scan))
        guard case .rows(let page) = result else { throw unexpected(result) }
        return page
    }

    /// The rows of a table whose keys begin with `prefix`, page by page.
    public func pages(of table: TableName, prefix: [UInt8] = []) -> RowPages {
        RowPages(client: self, scan: RowScan(table: table, prefix: prefix))
    }

    /// Changes of rows from `position` on, or from now (CAL-041). Replies are `.rowEvents`.
    public func watchRows(of table: TableName, from position: WatchPosition? = nil) -> ReplyStream {
        watch(.rowWatch(table: table, position: position))
    }

    /// Changes of members from `position` on, or from now (CAL-040). Replies are `.memberEvent`.
    public func watchMembers(from position: WatchPosition? = nil) -> ReplyStream {
        watch(.clusterWatch(position: position))
    }

    // MARK: Details

    private func done(_ call: Call) async throws(ClientError) {
        let result = try await self.call(call)
        guard case .done = result else { throw unexpected(result) }
    }

    private func unexpected(_ result: Reply.Result) -> ClientError {
        .wire(address, "the reply is of a kind that does not belong to the call")
    }
}

/// The pages of a scan, each at most `Limits.scanReply` bytes of rows. The next page is fetched while one is being used.
public struct RowPages: AsyncSequence, Sendable {
    public typealias Element = [Row]
    public typealias Failure = ClientError

    let client: TablewireClient
    let scan: RowScan

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(client: client, scan: scan) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        private let client: TablewireClient
        private var scan: RowScan
        private var next: Task<Result<RowPage, ClientError>, Never>?

        init(client: TablewireClient, scan: RowScan) {
            self.client = client
            self.scan = scan
            next = Self.fetch(scan, client)
        }

        public mutating func next() async throws(ClientError) -> [Row]? {
            try await next(isolation: #isolation)
        }

        public mutating func next(isolation actor: isolated (any Actor)?) async throws(ClientError) -> [Row]? {
            guard let fetching = next else { return nil }
            let outcome = await withTaskCancellationHandler {
                await fetching.value
            } onCancel: {
                fetching.cancel()
            }
            next = nil
            let page = try outcome.get()
            if !page.next.isEmpty {
                scan.cursor = page.next
                next = Self.fetch(scan, client)
            }
            return page.rows
        }

        private static func fetch(_ scan: RowScan, _ client: TablewireClient) -> Task<Result<RowPage, ClientError>, Never> {
            Task {
                do throws(ClientError) { return .success(try await client.scan(scan)) } catch { return .failure(error) }
            }
        }
    }
}
