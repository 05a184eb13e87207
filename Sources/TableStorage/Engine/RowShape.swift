internal import ClusterModel

/// What a row id consists of besides the key: the owner in an `owner` table, the value in a `bag` (TAB-003, MRG-010).
struct RowShape: Equatable {
    let type: TableType
    let merge: MergeRule

    var hasOwner: Bool { merge == .owner }
    var hasValue: Bool { type == .bag }
    var isUniqueByKey: Bool { !hasOwner && !hasValue }
    /// Whether there is an order to keep, or several rows of a key to find; else the hash index does it all.
    var isOrdered: Bool { type != .set || hasOwner }
}
