import ClusterModel
import LinkTransport
import NIOCore

/// One run of one case: opens connections, and cleans up behind itself.
final class Trial {
    let target: Target
    /// Of all connections, in the order in which they were opened.
    private(set) var records: [WireRecord] = []
    private var connections: [Connection] = []
    private var listeners: [Listener] = []
    private var removals: [NodeName] = []
    private var tables: [TableName] = []
    private var admin: Conversation?
    let caseID: String

    init(_ target: Target, caseID: String) {
        self.target = target
        self.caseID = caseID
    }

    var timing: Timing { target.timing }

    // MARK: Links

    func connect() async throws -> Connection {
        let connection: Connection
        do {
            connection = try await .open(to: target.address, within: target.timing.reaction, on: target.group)
        } catch {
            throw Inconclusive("cannot connect to \(target.address): \(error)")
        }
        note(connection)
        return connection
    }

    private func note(_ connection: Connection) {
        connections.append(connection)
        records.append(connection.record)
    }

    /// A connection on which nothing has been sent.
    func conversation() async throws -> Conversation {
        Conversation(try await connect(), keys: target.keys, timing: timing)
    }

    /// An established link on which the node has just answered: so that what follows is the answer to what follows.
    func link(_ identity: Identity = .client(), _ change: (inout Hello) -> Void = { _ in }) async throws -> Conversation {
        let link = try await conversation()
        var hello = identity.hello()
        change(&hello)
        try await link.introduce(hello)
        try await link.fence()
        return link
    }

    /// A client's link for what a case needs besides: kept to the end of the case.
    func client() async throws -> Conversation {
        if let admin, admin.end == nil { return admin }
        let link = try await link()
        admin = link
        return link
    }

    /// The node has begun a new life on the suite's word, and its links with it.
    func noteLife(_ incarnation: Incarnation) {
        target.incarnation = incarnation
        admin = nil
    }

    func listen() async throws -> Listener {
        let listener = try await Listener.open(on: target.listenHost, target.group)
        listeners.append(listener)
        return listener
    }

    /// The next connection that the node opens to the suite.
    func accepted(by listener: Listener, within time: Duration? = nil) async throws -> Conversation {
        guard let connection = try await listener.accept(within: time ?? timing.reaction) else {
            throw CaseFailure("a connection from the node to \(listener.address)", got: "none")
        }
        note(connection)
        return Conversation(connection, keys: target.keys, timing: timing, isDialer: false)
    }

    // MARK: Tables

    /// A table of this case alone; a case that needs several names them.
    func table(
        _ word: String = "", type: TableType = .set, storage: StorageKind = .ram, merge: MergeRule = .lww, replicas: [NodeID] = []
    ) async throws -> TableName {
        let slug = caseID.lowercased().map { $0.isLetter || $0.isNumber ? $0 : "-" }
        let name = Names.table(String(("c-" + String(slug)).prefix(56)) + (word.isEmpty ? "" : "-\(word)"))
        let definition = TableDefinition(
            name: name, type: type, storage: storage, merge: merge, replicas: replicas, version: .zero)
        tables.append(name)
        let client = try await client()
        _ = try await client.call(.tableDrop(name))
        _ = try await client.succeed(.tableCreate(definition))
        return name
    }

    // MARK: Members

    /// The member is removed at the end of the case.
    func removeAtEnd(_ name: NodeName) { removals.append(name) }

    // MARK: The end

    /// Ends every link and takes back what the case did to the node.
    func cleanUp() async {
        if !tables.isEmpty || !removals.isEmpty, let client = try? await client() {
            for table in tables { _ = try? await client.call(.tableDrop(table)) }
            for name in removals { _ = try? await client.call(.clusterRemove(name: name)) }
        }
        for connection in connections { connection.close() }
        for listener in listeners { await listener.close() }
    }
}

extension RowVersion {
    /// What a definition to be created carries: nothing.
    static let zero = RowVersion(stamp: .zero, dot: Dot(origin: Origin(node: NodeID(0), incarnation: 0), sequence: 0))
}
