import ClusterModel
import Logging
import ProgramTerminal
import Synchronization
import Testing

@testable import tablewire

@Suite struct TerminalTests {
    @Test func columnsAreAsWideAsTheirWidestCell() {
        var table = TextTable(["NAME", "", "ROWS", "NOTE"])
        table.append(["a", "", .init(number: 7), ""])
        table.append([.init("long name", .good), "", .init(number: 1_234_567), "x"])
        #expect(
            table.lines(colored: false) == [
                "NAME            ROWS  NOTE",
                "a                  7",
                "long name  1 234 567  x",
            ])
        #expect(table.lines(colored: true)[2] == "\u{1B}[32mlong name\u{1B}[0m  1 234 567  x")
    }

    @Test func numbersForPeople() {
        #expect(Quantity.grouped(0) == "0")
        #expect(Quantity.grouped(999) == "999")
        #expect(Quantity.grouped(1000) == "1 000")
        #expect(Quantity.grouped(-1_234_567) == "-1 234 567")
        #expect(Quantity.grouped(UInt64.max) == "18 446 744 073 709 551 615")
        #expect(Quantity.bytes(1023) == "1023 B")
        #expect(Quantity.bytes(1024) == "1.0 KiB")
        #expect(Quantity.bytes(23_500_000) == "22.4 MiB")
        #expect(Quantity.count(1, "row") == "1 row")
        #expect(Quantity.count(0, "row") == "0 rows")
    }

    @Test func controlCharactersDoNotReachTheTerminal() {
        #expect(BytesText.line(Array("a\u{1B}[2Jb\n\\".utf8)) == "a\\u{1b}[2Jb\\n\\\\")
        #expect(BytesText.line([0xFF]) == "base64:/w==")
        #expect(BytesText.line(Array("Zürich".utf8)) == "Zürich")
        #expect(BytesText.short(Array(String(repeating: "x", count: 41).utf8)) == String(repeating: "x", count: 39) + "…")
    }

    @Test(arguments: [
        ("5", Duration.seconds(5)), ("0.5", .milliseconds(500)), ("500ms", .milliseconds(500)), ("2s", .seconds(2)),
        ("1m", .seconds(60)), ("0", .zero),
    ])
    func times(text: String, duration: Duration) throws {
        #expect(try Arguments.duration(text) == duration)
    }

    @Test(arguments: ["", "s", "-1", "5x", "1e400", "nan", "inf", "5 s", "ms"])
    func textsThatAreNoTimes(text: String) {
        #expect(throws: (any Error).self) { try Arguments.duration(text) }
    }

    @Test func positions() throws {
        #expect(try Arguments.position("3:1042") == WatchPosition(incarnation: 3, number: 1042))
        for text in ["", "3", "3:", ":1", "3:1:2", "a:1", "-3:1"] {
            #expect(throws: (any Error).self) { try Arguments.position(text) }
        }
    }
}

@Suite struct LogTests {
    /// Collects what a log writes.
    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        func put(_ bytes: [UInt8]) { lines.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) } }
        var all: [String] { lines.withLock { $0 } }
    }

    private func line(json: Bool = false, colored: Bool = false, _ body: (Logger) -> Void) -> String {
        let lines = Lines()
        body(
            Logger(label: "test") { _ in
                if json { JSONLog(put: lines.put) } else { TextLog(usesColor: colored, put: lines.put) }
            })
        #expect(lines.all.count == 1)
        // The time comes first and has a fixed width.
        return String(lines.all.first?.dropFirst(json ? #"{"time": "2026-11-21T16:31:26.123Z", "#.count : 25) ?? "")
    }

    @Test func textHasItsPairsInOrder() {
        let text = line { $0.info("link is up", metadata: ["peer": "n2@h", "count": "2", "why": "two words", "empty": ""]) }
        #expect(text == "info     link is up count=2 empty=\"\" peer=n2@h why=\"two words\"\n")
    }

    @Test func textCannotBeFaked() {
        let text = line { $0.warning("a\nfake line \u{1B}[31m", metadata: ["b": "x\ny", "c": "a=b\"c"]) }
        #expect(text == #"warning  a\nfake line \u{1b}[31m b="x\\ny" c="a=b\"c""# + "\n")
    }

    @Test func jsonIsOneObject() {
        let text = line(json: true) {
            $0.error("broken\n", metadata: ["level": "mine", "list": ["a", "b"], "map": ["z": "1", "y": "2"]])
        }
        #expect(
            text
                == #""level": "error", "message": "broken\n", "_level": "mine", "list": ["a", "b"], "map": {"y": "2", "z": "1"}}"#
                + "\n")
    }

    @Test func colorIsOnlyWhereItWasAskedFor() {
        let plain = line { $0.error("x") }
        let colored = line(colored: true) { $0.error("x") }
        #expect(!plain.contains("\u{1B}"))
        #expect(colored.contains("\u{1B}[31merror\u{1B}[0m"))
    }
}
