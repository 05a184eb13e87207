import ClusterModel
import ClusterStateMachine
import Testing

@testable import NodeRuntime

@Suite struct TableCopyTests {
    private let table: TableName
    private let first = LinkID(1)
    private let second = LinkID(2)

    init() throws { table = try #require(TableName("rows")) }

    private func copy(parts: Int) -> TableCopy {
        TableCopy(table: table, have: VersionVector(), hadRows: false, parts: parts)
    }

    private func begin(_ sequence: UInt64) -> SnapBegin {
        var vector = VersionVector()
        vector.raise(Origin(node: NodeID(7), incarnation: 1), to: sequence)
        return SnapBegin(table: table, vector: vector, isComplete: true, rows: 0)
    }

    @Test(arguments: [1, 2, 16]) func partsCoverEveryBucketOnce(parts: Int) {
        var copy = copy(parts: parts)
        var buckets: [UInt16] = []
        while let range = copy.next(on: first, limit: .max) { buckets += Array(range) }
        #expect(buckets == (0..<UInt16(Limits.buckets)).map { $0 })
    }

    @Test func aLinkHasAtMostSoManyPartsUnderWay() throws {
        var copy = copy(parts: 4)
        for stream in 1...2 {
            let next = copy.next(on: first, limit: 2)
            let range = try #require(next)
            copy.begin(TableCopy.PartID(link: first, stream: UInt32(stream)), range)
        }
        let (third, other) = (copy.next(on: first, limit: 2), copy.next(on: second, limit: 2))
        #expect(third == nil)
        #expect(other == 512...767)
    }

    @Test func whatALostMemberOwesIsAskedForAgain() throws {
        var copy = copy(parts: 2)
        let lost = TableCopy.PartID(link: second, stream: 1)
        let next = copy.next(on: second, limit: 1)
        let range = try #require(next)
        copy.begin(lost, range)
        copy.giveUp(second)
        #expect(copy[lost] == nil)
        let again = copy.next(on: first, limit: 1)
        #expect(again == range)
    }

    /// A whole copy claims what all of its parts can claim (SNP-014).
    @Test func theVectorIsTheMeetOfAllParts() throws {
        var copy = copy(parts: 2)
        for (stream, sequence) in [(UInt32(1), UInt64(30)), (2, 20)] {
            let id = TableCopy.PartID(link: first, stream: stream)
            let next = copy.next(on: first, limit: 2)
            copy.begin(id, try #require(next))
            #expect(!copy.isComplete)
            copy[id]?.begin = begin(sequence)
            copy[id]?.rows = 5
            copy.finish(id)
        }
        #expect(copy.isComplete)
        #expect(copy.rows == 10)
        #expect(copy.vector == begin(20).vector)
    }
}
