public import ClusterModel

/// The hashes by which rows are placed in buckets and copies are compared (DIG-001, SNP-006).
public enum RowHash {
    /// The hash of a row id: what the key hashes to, seeded by the value in a `bag` and by the owner in an `owner` table.
    public static func row(
        type: TableType, merge: MergeRule, key: Span<UInt8>, owner: NodeID?, value: Span<UInt8>
    ) -> UInt64 {
        var seed: UInt64 = 0
        if type == .bag { seed = XXH64.hash(value, seed: seed) }
        if merge == .owner, let owner { seed = XXH64.hash(owner.value, seed: seed) }
        return XXH64.hash(key, seed: seed)
    }

    /// The bucket, 0...1023, of a row hash: its upper 10 bits (SNP-006).
    public static func bucket(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash &>> 54) }

    /// The row digest: the hash of 48 bytes, row hash and version (DIG-001).
    public static func digest(_ hash: UInt64, version: RowVersion) -> UInt64 {
        let node = version.dot.origin.node.value
        return XXH64.hash(
            hash, version.stamp.value, UInt64(truncatingIfNeeded: node &>> 64), UInt64(truncatingIfNeeded: node),
            version.dot.origin.incarnation, version.dot.sequence)
    }
}

extension VersionVector {
    /// XXH64 of the encoded entries, without their count: what PING carries (VER-012).
    public var hash64: UInt64 {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entries.count * Entry.leastSize)
        for entry in entries { entry.write(to: &bytes) }
        return XXH64.hash(bytes.span)
    }
}

/// The hash of what a node knows of members and catalogue: equal hashes, equal views (HRT-012).
public enum ViewHash {
    /// XXH64 of the body of a MEMBERS message with all records, followed by that of a DEFINITIONS message with all definitions.
    /// - Parameters: both ascending, as those messages want them.
    public static func hash(members: [MemberRecord], definitions: [TableDefinition]) -> UInt64 {
        var bytes: [UInt8] = []
        Members(members).write(to: &bytes)
        Definitions(definitions).write(to: &bytes)
        return XXH64.hash(bytes.span)
    }
}
