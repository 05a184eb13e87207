import ClusterModel

/// Who the suite says it is on one link.
struct Identity {
    var role: Role
    var intent: Hello.Intent = .member
    var cluster: ClusterID
    var node: NodeID
    var incarnation: Incarnation
    var name: NodeName
    var address: Address?

    /// A client that takes any cluster.
    static func client() -> Identity {
        Identity(
            role: .client, cluster: .any, node: .random(), incarnation: 1, name: Names.node("client", host: "127.0.0.1"),
            address: nil)
    }

    /// A node of a cluster of its own. Nobody listens at its address unless the case gives another.
    static func node(_ word: String = "peer", address: Address = Address(host: "127.0.0.1", port: 1)) -> Identity {
        let node = NodeID.random()
        return Identity(
            role: .core, cluster: ClusterID(.random(in: 1 ... .max)), node: node, incarnation: Clock.milliseconds,
            name: Names.node("\(word)-\(node.value.hexadecimal.prefix(8))", host: "127.0.0.1"), address: address)
    }

    /// The HELLO of this identity, with intervals so long that the suite need not answer in time, and credit without end.
    func hello() -> Hello {
        Hello(
            role: role, intent: intent, cluster: cluster, node: node, incarnation: incarnation, clock: Clock.milliseconds,
            nonce: (0..<32).map { _ in UInt8.random(in: 0...255) }, heartbeatInterval: 10_000, heartbeatDeadline: 60_000,
            maximumFrameBody: UInt32(Limits.frameBodyDefault), replicationCredit: .max, bulkCredit: .max, name: name,
            address: address, features: [Grease.value(.random(in: 0..<16))])
    }
}

extension NodeID {
    static func random() -> NodeID { NodeID(.random(in: 1 ... .max)) }
}

/// Names that follow the grammar whatever they are made of.
enum Names {
    static func node(_ word: String, host: String) -> NodeName {
        guard let name = NodeName("\(word)@\(host)") else { preconditionFailure("'\(word)' is no word of a name") }
        return name
    }

    static func table(_ text: String) -> TableName {
        guard let name = TableName(text) else { preconditionFailure("'\(text)' is no table name") }
        return name
    }
}
