internal import ClusterModel

/// What a row id consists of besides the key: the owner in an `owner` table, the value in a `bag` (TAB-003, MRG-010).
struct RowShape: Equatable {
    let type: TableType
    let merge: MergeRule
    let hasOwner: Bool
    let hasValue: Bool
    let isUniqueByKey: Bool
    /// Whether there is an order to keep, or several rows of a key to find; else the hash index does it all.
    let isOrdered: Bool

    init(type: TableType, merge: MergeRule) {
        self.type = type
        self.merge = merge
        hasOwner = merge == .owner
        hasValue = type == .bag
        isUniqueByKey = !hasOwner && !hasValue
        isOrdered = type != .set || hasOwner
    }
}
