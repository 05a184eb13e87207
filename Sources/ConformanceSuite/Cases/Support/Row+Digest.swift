import ClusterModel
import WireFormat

extension Row {
    /// The hash of the row id (SNP-006). An owner is there in tables with the rule `owner` only.
    func hash(isBag: Bool) -> UInt64 {
        RowHash.row(
            type: isBag ? .bag : .set, merge: owner == nil ? .lww : .owner, key: key.span, owner: owner, value: value.span)
    }

    /// DIG-001.
    func digest(isBag: Bool) -> UInt64 { RowHash.digest(hash(isBag: isBag), version: version) }

    func bucket(isBag: Bool) -> Int { RowHash.bucket(hash(isBag: isBag)) }
}
