import Foundation
import Testing

extension Wiredump {
    @Suite struct OutputTests {
        /// Values that the captures hold, as text, hex and base64 would show them.
        private static let values: [String: [String]] = [
            "replication.pcapng": ["Grüße ☂", "kitchen"], "gap.pcapng": ["Grüße ☂", "kitchen"],
            "partition.pcap": ["said by one", "said by two"], "leave.pcapng": ["while two was away"],
            "join.pcap": ["on since day", "kept"], "cut.pcap": ["on since day"],
            "packed.pcap.gz": ["the same words in each of the rows"],
            "middle.pcap": ["the same words in each of the rows"], "watch.pcap": ["seen"],
        ]
        private static let forms: [[String]] = [[], ["-v"], ["-x"], ["--json"]]

        /// In any form: as it is, as hex without its lines, as base64 at any of three places.
        private func holds(_ output: String, _ value: String) -> Bool {
            if output.contains(value) { return true }
            let bytes = Array(value.utf8)
            // A line of -x has 16 bytes: what is found of a longer value is half of one.
            let hex = bytes.prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            if value.utf8.count >= 8, output.contains(hex) { return true }
            return (0..<3).contains { shift in
                let rest = bytes.dropFirst(shift)
                let whole = rest.prefix(rest.count / 3 * 3)
                return whole.count >= 6 && output.contains(Data(whole).base64EncodedString())
            }
        }

        @Test(arguments: values.keys.sorted())
        func valuesAreNotShownUnlessAskedFor(_ name: String) throws {
            for form in Self.forms + [["--stats"], ["--stats", "--json"]] {
                let output = try Wiredump.run(form + [Repository.capture(name)]).text
                for value in Self.values[name] ?? [] { #expect(!holds(output, value), "\(form) shows '\(value)'") }
            }
        }

        @Test func valuesAreShownWhenAskedFor() throws {
            for (name, values) in Self.values where !["cut.pcap", "middle.pcap", "watch.pcap"].contains(name) {
                // A line shows no rows of a block.
                let areInBlocks = ["join.pcap", "packed.pcap.gz"].contains(name)
                for form in Self.forms where !form.isEmpty || !areInBlocks {
                    let output = try Wiredump.run(form + ["--show-values", Repository.capture(name)]).text
                    for value in values { #expect(holds(output, value), "\(name) \(form) lacks '\(value)'") }
                }
            }
            let chunk = try Wiredump.run([
                "--json", "--show-values", "--filter", "type = SNAP_CHUNK", Repository.capture("join.pcap"),
            ])
            #expect(chunk.text.contains("on since day"))
        }

        @Test(arguments: Repository.captures)
        func linesOfJSONFollowTheSchema(_ name: String) throws {
            let checker = try SchemaChecker(Data(contentsOf: Repository.root.appending(path: "spec/wiredump.schema.json")))
            for options in [["--json"], ["--json", "--show-values"], ["--stats", "--json"]] {
                let run = try Wiredump.run(options + [Repository.capture(name)])
                #expect(!run.lines.isEmpty)
                for line in run.lines {
                    let problems = checker.problems(try object(line))
                    #expect(problems.isEmpty, "\(problems) in \(line.prefix(400))")
                }
            }
        }

        @Test func linesOfJSONWithFaultsFollowTheSchema() throws {
            let checker = try SchemaChecker(Data(contentsOf: Repository.root.appending(path: "spec/wiredump.schema.json")))
            let odd =
                Written.preface + Written.pong(sequence: 0, bodyCRC: 1)
                + Written.frame(type: 0x7ABC, sequence: 1, lane: 7, body: [1, 2])
                + Written.frame(type: 2, sequence: 2, body: [0xFF, 0xFE]) + Array("between frames".utf8)
                + Written.pong(sequence: 9)
            try withFolder { folder in
                let run = try Wiredump.run(["--json", folder.file("odd.pcap", Written.pcap([odd]))])
                let objects = try run.lines.map { try object($0) }
                #expect(objects.flatMap { checker.problems($0) } == [])
                #expect(objects.contains { $0["kind"] as? String == "skipped" })
                #expect(objects.contains { $0["body"] as? String == "0102" })
                #expect(objects.contains { ($0["violations"] as? [Any])?.isEmpty == false })
            }
        }

        @Test(arguments: ["join.pcap", "partition.pcap", "packed.pcap.gz", "gap.pcapng"])
        func statisticsHaveTheirSections(_ name: String) throws {
            let run = try Wiredump.run(["--stats", Repository.capture(name)])
            for title in ["TRAFFIC", "HEARTBEATS"] { #expect(run.lines.contains(title), "no \(title): \(run.text)") }
            #expect(run.lines.first?.contains("frames") == true)
            let json = try object(Wiredump.run(["--stats", "--json", Repository.capture(name)]).text)
            #expect(json["frames"] as? Int == Int(try Wiredump.run(["--count", Repository.capture(name)]).text.dropLast()))
            if name == "packed.pcap.gz" || name == "join.pcap" { #expect(run.lines.contains("SNAPSHOTS AND CREDIT")) }
            if name == "gap.pcapng" { #expect((json["gapBytes"] as? Int ?? 0) > 0) }
            #expect(try run.lines.contains("REPLICATION LAG") == !(pairs(json).allSatisfy { count($0, "applied") == 0 }))
        }

        private func pairs(_ json: [String: Any]) throws -> [[String: Any]] { try #require(json["pairs"] as? [[String: Any]]) }
        private func count(_ pair: [String: Any], _ name: String) -> Int { (pair[name] as? [String: Any])?["count"] as? Int ?? 0 }

        @Test func colourIsForTerminalsOnly() throws {
            let file = Repository.capture("secret.pcap")
            func isColoured(_ options: [String], _ environment: [String: String] = [:]) throws -> Bool {
                try Wiredump.run(options + [file], environment: environment).text.contains("\u{1B}[")
            }
            #expect(try isColoured(["--color", "always"]))
            #expect(try isColoured(["--color", "always"], ["NO_COLOR": "1"]))
            #expect(try !isColoured([]) && !isColoured(["--color", "auto"]) && !isColoured(["--color", "never"]))
            #expect(try !isColoured(["--color", "auto"], ["NO_COLOR": "1", "TERM": "xterm"]))
            #expect(try !isColoured(["--color", "always", "--json"]), "JSON has no colour")
            let plain = try Wiredump.run([file]).text
            let coloured = try Wiredump.run(["--color", "always", file]).text
            #expect(coloured.replacing(#/\u{1B}\[[0-9;]*m/#, with: "") == plain)
        }

        @Test(
            .enabled(
                if: FileManager.default.isExecutableFile(atPath: "/usr/bin/script"), "needs script(1), which makes a terminal"))
        func aTerminalIsColoured() throws {
            let command = "script -qec \"'$0' '$1'\" /dev/null"
            let file = Repository.capture("secret.pcap")
            let coloured = try Wiredump.shell("TERM=xterm \(command)", [file])
            #expect(coloured.text.contains("\u{1B}["))
            let plain = try Wiredump.shell("TERM=xterm NO_COLOR=1 \(command)", [file])
            #expect(plain.text.contains("HELLO") && !plain.text.contains("\u{1B}["))
        }

        @Test func aFrameBecomesAVector() throws {
            try withFolder { folder in
                let bytes =
                    Written.pong(sequence: 7) + Written.pong(sequence: 8, bodyCRC: 5)
                    + Written.frame(type: 0x7ABC, sequence: 9, body: [1, 2])
                let file = try folder.file("some.pcap", Written.pcap([bytes], isFromStart: false))
                let vector = try object(Wiredump.run(["--extract-vector", "1", file]).text)
                #expect(vector["type"] as? String == "PONG" && vector["kind"] as? String == "message")
                #expect(vector["hex"] as? String == "000102030405060708090a0b0c0d0e0f1011121314151617")
                #expect((vector["decoded"] as? [String: Any])?["number"] as? String == "283686952306183")
                let wrong = try object(Wiredump.run(["--extract-vector", "2", file]).text)
                #expect(wrong["error"] as? String == "BAD_BODY" && wrong["req"] as? String == "FRM-011")
                let unknown = try object(Wiredump.run(["--extract-vector", "3", file]).text)
                #expect((unknown["hex"] as? String)?.hasSuffix("0102") == true)
                let missing = try Wiredump.run(["--extract-vector", "4", file])
                #expect(missing.code == 1 && missing.complainsOnce && missing.errors.contains("has 3"), "\(missing.errors)")
            }
        }
    }

    /// The interpreter itself: that it can fail.
    @Suite struct SchemaCheckerTests {
        private func problems(_ schema: String, _ value: String) throws -> Int {
            let value = try JSONSerialization.jsonObject(with: Data(value.utf8), options: .fragmentsAllowed)
            return try SchemaChecker(Data(schema.utf8)).problems(value).count
        }

        @Test(arguments: [
            (#"{"type":"integer"}"#, "1", "1.5"), (#"{"type":"integer"}"#, "0", "true"),
            (#"{"type":["string","null"]}"#, "null", "3"),
            (#"{"type":"boolean"}"#, "false", "0"), (#"{"type":"array"}"#, "[]", "{}"), (#"{"const":true}"#, "true", "1"),
            (#"{"const":"a"}"#, #""a""#, #""b""#), (#"{"enum":["a","b"]}"#, #""b""#, #""c""#),
            (#"{"pattern":"^a+$"}"#, #""aa""#, #""ab""#),
            (#"{"required":["a"]}"#, #"{"a":1}"#, "{}"),
            (#"{"properties":{"a":{"type":"string"}}}"#, #"{"a":"x","b":1}"#, #"{"a":1}"#),
            (#"{"properties":{"a":{}},"additionalProperties":false}"#, #"{"a":1}"#, #"{"b":1}"#),
            (#"{"additionalProperties":{"type":"integer"}}"#, #"{"a":1}"#, #"{"a":"x"}"#),
            (#"{"items":{"type":"integer"},"minItems":1,"maxItems":2}"#, "[1]", "[]"), (#"{"maxItems":1}"#, "[1]", "[1,2]"),
            (#"{"items":{"type":"integer"}}"#, "[1]", "[true]"), (#"{"oneOf":[{"const":1},{"type":"integer"}]}"#, "2", "1"),
            (#"{"allOf":[{"properties":{"a":{}}}],"unevaluatedProperties":false}"#, #"{"a":1}"#, #"{"a":1,"b":1}"#),
            (##"{"$ref":"#/$defs/x","$defs":{"x":{"type":"string"}}}"##, #""a""#, "1"),
        ])
        func aWrongValueIsFound(_ schema: String, _ right: String, _ wrong: String) throws {
            #expect(try problems(schema, right) == 0)
            #expect(try problems(schema, wrong) > 0)
        }

        @Test func anUnknownKeywordIsRefusedWhereverItStands() {
            for schema in [
                #"{"minimum":1}"#, #"{"properties":{"a":{"format":"date"}}}"#, #"{"$defs":{"a":{"items":{"uniqueItems":true}}}}"#,
                #"{"allOf":[{"if":{}}]}"#, #"{"additionalProperties":{"not":{}}}"#,
            ] {
                #expect(throws: SchemaChecker.UnknownKeyword.self) { try SchemaChecker(Data(schema.utf8)) }
            }
        }
    }
}
