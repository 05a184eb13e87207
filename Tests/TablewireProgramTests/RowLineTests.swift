import ClusterModel
import Testing

@testable import tablewire

@Suite struct RowLineTests {
    private func written(_ row: RowLine) -> String {
        var buffer: [UInt8] = []
        row.append(to: &buffer)
        return String(decoding: buffer, as: UTF8.self)
    }

    private func parsed(_ text: String) throws -> RowLine { try RowLine(parsing: Array(text.utf8)[...]) }

    @Test(arguments: [
        (Array("a".utf8), Array("b".utf8), #"{"key": "a", "value": "b"}"#),
        ([], [], #"{"key": "", "value": ""}"#),
        (Array("quote\" back\\ slash/".utf8), [], #"{"key": "quote\" back\\ slash/", "value": ""}"#),
        (Array("\n\r\t\u{8}\u{C}\u{0}\u{1F}\u{7F}".utf8), [], #"{"key": "\n\r\t\b\f\u0000\u001f\#u{7F}", "value": ""}"#),
        (Array("Zürich 🚀".utf8), [], #"{"key": "Zürich 🚀", "value": ""}"#),
        ([0xFF], [0xC0, 0x80], #"{"key": {"base64": "/w=="}, "value": {"base64": "wIA="}}"#),
        // A surrogate in UTF-8 is not UTF-8.
        ([0xED, 0xA0, 0x80], [], #"{"key": {"base64": "7aCA"}, "value": ""}"#),
    ])
    func bytesHaveOneText(key: [UInt8], value: [UInt8], text: String) throws {
        #expect(written(RowLine(key: key, value: value)) == text + "\n")
        #expect(try parsed(text) == RowLine(key: key, value: value))
    }

    @Test func everyByteGoesThereAndBack() throws {
        for byte in UInt8.min...UInt8.max {
            let row = RowLine(key: [byte], value: [byte, 0x41, byte], owner: "0123")
            #expect(try parsed(String(written(row).dropLast())) == row)
        }
    }

    @Test func randomBytesGoThereAndBack() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            // Half of them near ASCII, so that text, escapes and broken sequences all occur.
            let limit: UInt8 = Bool.random(using: &random) ? 0x7F : 0xFF
            let bytes = (0..<Int.random(in: 0..<20, using: &random)).map { _ in UInt8.random(in: 0...limit, using: &random) }
            let row = RowLine(key: bytes, value: bytes.reversed())
            #expect(try parsed(String(written(row).dropLast())) == row)
        }
    }

    @Test(arguments: [
        (#"{"key":"a","value":"b"}"#, "a", "b"),
        ("\t {  \"value\" :\"b\" ,\"key\":\"a\" } \r", "a", "b"),
        (#"{"key":"\u0041\/\ud83d\uDE80","value":"\"\\\b\f\n\r\t"}"#, "A/🚀", "\"\\\u{8}\u{C}\n\r\t"),
        (#"{"key":{ "base64" : "QQ==" },"value":""}"#, "A", ""),
        (#"{"\u006bey":"a","value":"b","owner":"ff"}"#, "a", "b"),
    ])
    func otherTextsOfTheSameRow(text: String, key: String, value: String) throws {
        let row = try parsed(text)
        #expect(row.key == Array(key.utf8))
        #expect(row.value == Array(value.utf8))
    }

    @Test(arguments: [
        ("", "a row is an object", 1),
        ("[]", "a row is an object", 1),
        ("\"a\"", "a row is an object", 1),
        ("{", "the row ends too early", 2),
        ("{}", "the row has no key", 3),
        (#"{"key":"a"}"#, "the row has no value", 12),
        (#"{"value":"a"}"#, "the row has no key", 14),
        (#"{"key":"a","key":"b"}"#, "'key' stands twice", 12),
        (#"{"key":"a","val":"b"}"#, "unknown member 'val'", 12),
        (#"{"key":"a","value":"b",}"#, "expected a string", 24),
        (#"{,"key":"a","value":"b"}"#, "expected a string", 2),
        (#"{"key" "a"}"#, "expected ':'", 8),
        (#"{"key":"a" "value":"b"}"#, "expected ',' or '}'", 12),
        (#"{"key":"a","value":"b"} {"#, "something follows", 25),
        (#"{"key":1,"value":"b"}"#, "expected a string", 8),
        (#"{"key":null,"value":"b"}"#, "expected a string", 8),
        (#"{"key":"a"#, "the string does not end", 10),
        (#"{"key":"a\"#, "the string does not end", 11),
        (#"{"key":"a\x","value":""}"#, "unknown escape", 11),
        (#"{"key":"\u12G4","value":""}"#, "expected four hex digits", 13),
        (#"{"key":"\ud83d","value":""}"#, "a surrogate without its other half", 15),
        (#"{"key":"\ud83d\u0041","value":""}"#, "a surrogate without its other half", 21),
        (#"{"key":"\ude80\ud83d","value":""}"#, "a surrogate without its other half", 15),
        ("{\"key\":\"a\u{1}\",\"value\":\"\"}", "a control character has to be escaped", 10),
        ("{\"key\":\"\\n\t\",\"value\":\"\"}", "a control character has to be escaped", 11),
        (#"{"key":{"base64":"Q"},"value":""}"#, "the text is not base64", 21),
        (#"{"key":{"base65":"QQ=="},"value":""}"#, "expected \"base64\"", 9),
        (#"{"key":{"base64":"QQ==","x":""},"value":""}"#, "expected '}'", 24),
        (#"{"key":{},"value":""}"#, "expected a string", 9),
        (#"{"key":{"key":{}},"value":""}"#, "expected \"base64\"", 9),
    ])
    func hostileText(text: String, problem: String, column: Int) {
        let error = #expect(throws: RowLineError.self) { try parsed(text) }
        #expect(error?.problem.hasPrefix(problem) == true, "\(String(describing: error))")
        #expect(error?.column == column)
    }

    @Test(arguments: [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82]] as [[UInt8]])
    func stringsThatAreNotUnicode(bytes: [UInt8]) {
        for before in ["", "\\n"] {
            let line = Array(#"{"key":""#.utf8) + Array(before.utf8) + bytes + Array(#"","value":""}"#.utf8)
            let error = #expect(throws: RowLineError.self) { try RowLine(parsing: line[...]) }
            #expect(error?.problem.hasPrefix("the string is not UTF-8") == true)
        }
    }

    /// Whatever is cut off or changed in a row: an error or a row, never a trap.
    @Test func everyDamageIsSurvived() {
        let line = Array(#"{"key":"a\ud83d\uDE80b","value":{"base64":"QUJD"},"owner":"00"}"#.utf8)
        for cut in line.indices { #expect(throws: RowLineError.self) { try RowLine(parsing: line[..<cut]) } }
        var rows = 0
        for index in line.indices {
            for byte in UInt8.min...UInt8.max {
                var damaged = line
                damaged[index] = byte
                if (try? RowLine(parsing: damaged[...])) != nil { rows += 1 }
            }
        }
        #expect(rows > line.count)
    }

    @Test func slicesAreReadFromWhereTheyBegin() {
        let text = Array(#"xx{"key":"a","val":"b"}yy"#.utf8)
        let error = #expect(throws: RowLineError.self) { try RowLine(parsing: text[2..<(text.count - 2)]) }
        #expect(error?.column == 12)
    }

    @Test func ownersAreWrittenLast() {
        let dot = Dot(origin: Origin(node: NodeID(1), incarnation: 1), sequence: 1)
        let row = Row(key: [0x61], owner: NodeID(15), value: [0x62], version: RowVersion(stamp: Stamp(1), dot: dot))
        #expect(
            written(RowLine(row)) == #"{"key": "a", "value": "b", "owner": "0000000000000000000000000000000f"}"# + "\n")
    }
}

@Suite struct JSONTests {
    @Test func membersKeepTheirOrder() {
        let value = JSON.object([
            "z": .number(-1), "a": .unsigned(.max), "n": .null, "list": .array([.bool(true), .string("x\n"), .bytes([0xFF])]),
            "empty": .object([]), "d": .decimal(0.5), "bad": .decimal(.infinity),
        ])
        var buffer: [UInt8] = []
        value.append(to: &buffer)
        #expect(
            String(decoding: buffer, as: UTF8.self)
                == #"{"z": -1, "a": 18446744073709551615, "n": null, "list": [true, "x\n", {"base64": "/w=="}], "#
                + #""empty": {}, "d": 0.5, "bad": null}"#)
    }
}
