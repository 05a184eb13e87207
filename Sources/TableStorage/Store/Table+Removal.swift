internal import ClusterModel

extension Table {
    /// Removes a row that was missing in a complete snapshot, unless it has a version that the sender did not know (SNP-010).
    func remove(_ id: RowID, coveredBy vector: VersionVector) {
        Bytes.of(id.key.span) { key in
            Bytes.of(id.value.span) { value in
                let key = RowKey(key: key, owner: id.owner ?? NodeID(0), value: value)
                guard let place = store.find(key, store.records.hash(key)) else { return }
                let record = store.records[place.reference]
                guard !record.isTombstone, vector.covers(store.records.version(of: record).dot) else { return }
                store.remove(place)
            }
        }
    }
}
