import ClusterModel
import Testing

@testable import ClusterStateMachine

/// The member list on its own: what replaces what, who is coordinator, what fits.
@Suite struct MembershipTests {
    @Test func anOrderOfArrivalMakesNoDifference() {
        var random = SplitMix64(seed: 5)
        let states = MemberState.allCases
        var records: [MemberRecord] = []
        for _ in 0..<60 {
            var record = Sample.record(
                Int.random(in: 1...3, using: &random), states.randomElement(using: &random) ?? .up,
                incarnation: .random(in: 1...2, using: &random), refutation: .random(in: 0...1, using: &random),
                joined: .random(in: 1...2, using: &random))
            record.downSince = .random(in: 0...2, using: &random)
            record.address = Sample.address(.random(in: 1...2, using: &random))
            records.append(record)
        }
        let expected = Membership(records)
        for _ in 0..<50 {
            records.shuffle(using: &random)
            #expect(Membership(records) == expected)
        }
    }

    @Test func theCoordinatorIsTheUpMemberThatJoinedFirst() {
        let records = [Sample.record(1, joined: 30), Sample.record(2, .down, joined: 10), Sample.record(3, joined: 20)]
        #expect(Membership(records).coordinator == Sample.node(3))
        #expect(Membership([Sample.record(2, joined: 7), Sample.record(1, joined: 7)]).coordinator == Sample.node(1))
        #expect(Membership([Sample.record(1, .down)]).coordinator == nil)
    }

    @Test func beyondTheLimitTheOldestGoneRecordMakesRoom() {
        var membership = Membership((1...Limits.members).map { Sample.record($0, $0 <= 2 ? .removed : .up) })
        let merged = membership.merge(Sample.record(5000))
        #expect(merged)
        #expect(membership.records.count == Limits.members)
        #expect(membership[Sample.node(1)] == nil && membership[Sample.node(2)] != nil)
        var full = Membership((1...Limits.members).map { Sample.record($0) })
        let refused = full.merge(Sample.record(5000))
        #expect(!refused)
        #expect(full.records.count == Limits.members)
    }

    @Test(arguments: JoinCase.all) func joinRejections(_ row: JoinCase) {
        let request = JoinRequest(mode: row.mode, isDryRun: false, tables: row.tables)
        let reject = Membership(row.members).joinRejection(request, Sample.hello(4, intent: .join))
        #expect(reject?.code == row.code?.rawValue)
        if row.code == .notEmpty { #expect(reject?.tables == row.tables.filter { $0.rows > 0 }) }
    }
}

/// A row of the table of JOIN_REJECTs (JON-003).
struct JoinCase: Sendable {
    var members = [Sample.record(1), Sample.record(2)]
    var mode = JoinMode.refuse
    var tables: [TableCount] = []
    var code: ErrorCode?

    static let all: [JoinCase] = [
        JoinCase(code: nil),
        JoinCase(members: [Sample.record(1), Sample.record(4)], code: .alreadyMember),
        JoinCase(members: [Sample.record(1), Sample.record(4, .down)], code: .alreadyMember),
        JoinCase(members: [Sample.record(1), Sample.record(4, .joining)], code: nil),
        JoinCase(members: [Sample.record(1), Sample.record(4, .removed)], code: nil),
        JoinCase(members: [Sample.record(1), named4], code: .nameConflict),
        JoinCase(members: (10..<10 + Limits.members).map { Sample.record($0) }, code: .tooManyMembers),
        JoinCase(tables: filled, code: .notEmpty),
        JoinCase(mode: .merge, tables: filled, code: nil),
        JoinCase(mode: .replace, tables: filled, code: nil),
        JoinCase(tables: filled.filter { $0.rows == 0 }, code: nil),
    ]

    private static let named4: MemberRecord = {
        var record = Sample.record(2)
        record.name = Sample.name(4)
        return record
    }()

    private static let filled: [TableCount] = [("empty", 0), ("users", 3)].compactMap { text, rows in
        TableName(text).map { TableCount(table: $0, rows: rows) }
    }
}
