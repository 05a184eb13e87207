internal import ClusterModel

/// A row id in borrowed bytes. In a table whose ids lack an owner or a value these are not looked at.
struct RowKey {
    var key: Bytes
    var owner: NodeID = NodeID(0)
    var value: Bytes = .empty
}
