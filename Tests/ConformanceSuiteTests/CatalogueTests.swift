import Testing

@testable import ConformanceSuite

@Suite struct CatalogueTests {
    @Test func idsAreUnique() {
        let ids = Catalogue.all.map(\.id)
        #expect(Set(ids).count == ids.count, "\(Dictionary(grouping: ids) { $0 }.filter { $0.value.count > 1 }.keys)")
    }

    @Test func idsFollowTheForm() {
        for entry in Catalogue.all {
            #expect(entry.id.wholeMatch(of: /[A-Z]{3}-[0-9]{3}\/[0-9a-zA-Z-]+/) != nil, "\(entry.id)")
            #expect(entry.summary.hasSuffix("."), "\(entry.id): \(entry.summary)")
        }
    }

    @Test func everyCaseCitesRequirementsOfTheSpec() {
        let known = Set(Requirement.all.map(\.id))
        for entry in Catalogue.all {
            #expect(known.isSuperset(of: entry.requirements), "\(entry.id): \(entry.requirements)")
        }
    }

    /// Whatever a peer can see on the wire has a case, or a reason.
    @Test func nothingIsUncovered() {
        let coverage = Coverage()
        #expect(coverage.gaps.map(\.requirement.id) == [])
    }

    @Test func onlyWhatHasNoCaseHasAReason() {
        let covered = Set(Coverage().covered.map(\.requirement.id))
        for (requirement, _) in Catalogue.uncovered { #expect(!covered.contains(requirement), "\(requirement)") }
    }
}
