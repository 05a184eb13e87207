import Testing

@testable import tablewire_bench

@Suite struct FigureTests {
    @Test func theMedianIsTheMiddleOrBetweenTheMiddleTwo() throws {
        #expect(try #require(Spread([3, 1, 2])).median == 2)
        #expect(try #require(Spread([4, 1, 3, 2])).median == 2.5)
        let spread = try #require(Spread([5, 1, 9]))
        #expect(spread.least == 1)
        #expect(spread.most == 9)
        #expect(Spread([]) == nil)
    }

    @Test(arguments: [
        (1_234_567.8, "1 234 568"), (100, "100"), (99.95, "100"), (12.34, "12.3"), (1.234, "1.23"), (0.0123, "0.012"),
        (0.001234, "0.001234"), (0, "0"), (.nan, "?"),
    ])
    func threeDigitsThatMeanSomething(number: Double, text: String) {
        #expect(Figure.short(number) == text)
    }

    @Test func columnsAreAsWideAsTheirWidestCell() {
        var columns = Columns(["", "rows/s", "note"])
        columns.append(["insert", "5", ""])
        columns.append(["get missing", "1 000", "x"])
        #expect(
            columns.text == """
                             rows/s  note
                insert            5
                get missing   1 000  x
                """)
        #expect(
            columns.markdown == """
                |  | rows/s | note |
                | --- | ---: | --- |
                | insert | 5 |  |
                | get missing | 1 000 | x |
                """)
    }

    @Test func stepsHaveRatesInRowsAndMegabytes() {
        var steps = StepTable()
        steps.add("pack chunks, zlib", rows: 1000, bytes: 2_000_000, seconds: 0.5)
        steps.add("digests", rows: 10, seconds: 0.001)
        var line = ResultLine("codec")
        steps.add(to: &line)
        #expect(line.number("pack_chunks_zlib_rate") == 2000)
        #expect(line.number("pack_chunks_zlib_mb_per_s") == 4)
        #expect(line.number("digests_rate") == 10_000)
        #expect(line.number("digests_mb_per_s") == nil)
        #expect(
            steps.table.text == """
                                   rows/s   ns/row  MB/s
                pack chunks, zlib   2 000  500 000     4
                digests            10 000  100 000
                """)
    }
}
