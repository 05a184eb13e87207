internal import ClusterModel

/// A version of a row on its way into the table, its bytes borrowed from the message.
struct IncomingRow {
    var key: Bytes
    var value: Bytes
    var isTombstone: Bool
    var version: RowVersion

    static var none: IncomingRow {
        let origin = Origin(node: NodeID(0), incarnation: 0)
        return IncomingRow(
            key: .empty, value: .empty, isTombstone: false,
            version: RowVersion(stamp: .zero, dot: Dot(origin: origin, sequence: 0)))
    }
}
