import ClusterModel
import Testing
import WireFormat

/// SNP-022: rows by columns, and every way in which a block can be wrong.
@Suite struct RowBlockTests {
    static let a = Origin(node: NodeID(1), incarnation: 9)
    static let b = Origin(node: NodeID(1), incarnation: 10)

    static func row(
        _ key: String, _ value: String = "", owner: NodeID? = nil, gone: Bool = false, stamp: UInt64 = 5, _ origin: Origin = a,
        _ sequence: UInt64 = 1
    ) -> Row {
        Row(
            key: Array(key.utf8), owner: owner, value: Array(value.utf8), isTombstone: gone,
            version: RowVersion(stamp: Stamp(stamp), dot: Dot(origin: origin, sequence: sequence)))
    }

    @Test func rowsComeBackAsTheyWent() throws {
        let rows = [
            Self.row("", "empty key"), Self.row("a", "", gone: true, stamp: .max), Self.row("ab", "1", owner: nil, Self.b, 7),
            Self.row("ab", "2"), Self.row("ab", "2", owner: NodeID(1), stamp: 0, Self.b, .max - 1),
            Self.row("ac", String(repeating: "v", count: 300)),
        ]
        let block = RowBlock.encode(rows)
        #expect(try RowBlock.rows(block.span) == rows)
        #expect(try RowBlock.validate(block.span) == rows.count)
    }
}
