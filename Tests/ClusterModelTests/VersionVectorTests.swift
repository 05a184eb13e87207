import ClusterModel
import Testing

private func origin(_ node: UInt128, _ incarnation: Incarnation) -> Origin {
    Origin(node: NodeID(node), incarnation: incarnation)
}

private func vector(_ entries: (Origin, UInt64)...) -> VersionVector {
    var vector = VersionVector()
    for (origin, sequence) in entries { vector.raise(origin, to: sequence) }
    return vector
}

@Suite struct VersionVectorTests {
    @Test func raisingNeverLowers() {
        var known = vector((origin(1, 1), 5))
        known.raise(origin(1, 1), to: 3)
        #expect(known.sequence(of: origin(1, 1)) == 5)
        known.raise(origin(1, 1), to: 6)
        #expect(known.sequence(of: origin(1, 1)) == 6)
        #expect(known.sequence(of: origin(1, 2)) == 0)
        #expect(known.sequence(of: origin(2, 1)) == 0)
    }

    @Test func aFloorCoversItsIncarnationAndAllBefore() {
        let known = vector((origin(1, 1), 5), (origin(1, 4), 2), (origin(1, 3), VersionVector.whole))
        #expect(known.sequence(of: origin(1, 1)) == VersionVector.whole)
        #expect(known.sequence(of: origin(1, 3)) == VersionVector.whole)
        #expect(known.sequence(of: origin(1, 4)) == 2)
        #expect(known.entries.map(\.origin) == [origin(1, 3), origin(1, 4)])
    }

    @Test func mergingCoversBoth() {
        let a = vector((origin(1, 1), 5), (origin(2, 1), 1))
        let b = vector((origin(1, 1), 3), (origin(3, 1), 7))
        var both = a
        both.merge(b)
        #expect(both.covers(a) && both.covers(b))
        #expect(both == vector((origin(1, 1), 5), (origin(2, 1), 1), (origin(3, 1), 7)))
        #expect(!a.covers(b))
    }

    @Test func meetingIsCoveredByBoth() {
        let a = vector((origin(1, 1), 5), (origin(2, 3), VersionVector.whole))
        let b = vector((origin(1, 1), 3), (origin(2, 2), 4), (origin(2, 3), 2), (origin(3, 1), 7))
        let meet = a.meet(b)
        #expect(a.covers(meet) && b.covers(meet))
        #expect(meet == vector((origin(1, 1), 3), (origin(2, 2), 4), (origin(2, 3), 2)))
        #expect(meet == b.meet(a))
    }

    @Test func onlyCanonicalEntriesMakeAVector() {
        typealias Entry = VersionVector.Entry
        let first = Entry(origin: origin(1, 1), sequence: 2)
        let second = Entry(origin: origin(1, 2), sequence: 2)
        #expect(VersionVector(canonical: [first, second])?.entries == [first, second])
        #expect(VersionVector(canonical: [second, first]) == nil)
        #expect(VersionVector(canonical: [first, first]) == nil)
        #expect(VersionVector(canonical: [Entry(origin: origin(1, 1), sequence: 0)]) == nil)
        let floor = Entry(origin: origin(1, 2), sequence: VersionVector.whole)
        #expect(VersionVector(canonical: [first, floor]) == nil, "an entry below a floor")
        #expect(VersionVector(canonical: [floor, Entry(origin: origin(1, 3), sequence: 1)]) != nil)
    }

    @Test func forgettingTouchesOneOriginOnly() {
        var known = vector((origin(1, 1), 5), (origin(1, 2), 6))
        known.forget(origin(1, 2))
        #expect(known == vector((origin(1, 1), 5)))
    }
}

@Suite struct HybridClockTests {
    @Test func stampsRiseAlsoWhenTheSystemClockDoesNot() {
        var clock = HybridClock(bound: Stamp(milliseconds: 100))
        let first = clock.issue(at: 50)
        let second = clock.issue(at: 50)
        let third = clock.issue(at: 200)
        #expect(Stamp(milliseconds: 100) < first && first < second && second < third)
        #expect(third == Stamp(milliseconds: 200))
    }

    @Test func whatWasObservedIsExceeded() {
        var clock = HybridClock()
        clock.observe(Stamp(milliseconds: 500, counter: 9))
        #expect(clock.issue(at: 10) == Stamp(milliseconds: 500, counter: 10))
    }

    /// A member that makes up the last stamp there is stops nobody.
    @Test func theLastStampIsNoEnd() {
        var clock = HybridClock()
        clock.observe(Stamp(.max))
        #expect(clock.issue(at: 10) == Stamp(.max))
    }
}
