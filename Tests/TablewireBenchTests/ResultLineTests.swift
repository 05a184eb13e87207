import Foundation
import Testing

@testable import tablewire_bench

@Suite struct ResultLineTests {
    @Test func theLineIsInTheFormatOfThePeers() {
        var line = ResultLine(
            "join", rows: 1000, valueBytes: 64, seconds: 0.5, peakMemory: 12.34567891, bytesOnWire: 110_000)
        line["table"] = .text("ram")
        line["load1"] = .number(0.25)
        #expect(
            line.json == """
                {"peer": "tablewire", "benchmark": "join", "rows": 1000, "value_bytes": 64, "seconds": 0.5, "rate": 2000, \
                "rss_mb": 12.345679, "bytes_on_wire": 110000, "table": "ram", "load1": 0.25}
                """)
    }

    @Test func aRateThatIsGivenIsKept() {
        #expect(ResultLine("read", rows: 10, seconds: 2, rate: 7).number("rate") == 7)
        #expect(ResultLine("failure").number("rate") == 0)
    }

    @Test func textsAreQuoted() throws {
        var line = ResultLine("x")
        line["error"] = .text("a \"b\" \\ c\n\u{1B}[2Jd")
        let object = try #require(JSONSerialization.jsonObject(with: Data(line.json.utf8)) as? [String: Any])
        #expect(object["error"] as? String == "a \"b\" \\ c\n [2Jd")
    }

    @Test(arguments: [
        (0.0, "0"), (1.0, "1"), (1.5, "1.5"), (0.000001, "0.000001"), (0.0000001, "0"), (-0.0000001, "0"), (1e9, "1000000000"),
        (123.456, "123.456"),
    ])
    func numbersHaveNoExponentAndNoTail(number: Double, text: String) {
        #expect(ResultLine.decimal(number, places: 6) == text)
    }

    @Test func whatIsNoNumberIsNull() {
        var line = ResultLine("x")
        line["rate"] = .number(.infinity)
        #expect(line.json.contains("\"rate\": null"))
    }

    @Test func aLineOfAPeerIsRead() throws {
        let text = #"{"peer": "redis", "benchmark": "join", "rows": 100, "seconds": 0.25, "mode": "aof", "aof_rewrite": ""}"#
        let line = try #require(ResultLine(parsing: text))
        #expect(line["peer"] == .text("redis"))
        #expect(line.number("seconds") == 0.25)
        #expect(line.number("rows") == 100)
        #expect(line["nothing"] == nil)
        #expect(ResultLine(parsing: "[1]") == nil)
        #expect(ResultLine(parsing: "error") == nil)
        #expect(ResultLine(parsing: #"{"a": [1]}"#) == nil)
    }

    @Test func aSecondValueOfAFieldReplacesTheFirst() {
        var line = ResultLine("x", rows: 1)
        line["rows"] = .integer(2)
        #expect(line.fields.count(where: { $0.name == "rows" }) == 1)
        #expect(line.number("rows") == 2)
        line["rows"] = nil
        #expect(line["rows"] == nil)
    }

    @Test func forPeopleThereIsATable() {
        var line = ResultLine("write", rows: 1_234_567, valueBytes: 64, seconds: 4.25)
        line["p50_us"] = .number(99.25)
        line["cpu_client_s"] = .number(0.5)
        line["in_process"] = .flag(true)
        #expect(
            line.table.text == """
                peer           tablewire
                benchmark      write
                rows           1 234 567
                value bytes    64
                seconds        4.25
                rate           290 486
                p50, µs        99.2
                cpu client, s  0.5
                in process     yes
                """)
    }
}
