internal import ClusterModel

/// A version of a row on its way into the table, its bytes borrowed from the message.
struct IncomingRow {
    var key: Bytes
    var value: Bytes
    var isTombstone: Bool
    var version: RowVersion
}
