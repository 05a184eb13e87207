import Foundation
import Testing

extension Wiredump {
    /// Files of a data directory, written here byte by byte as chapter 13 says.
    @Suite struct DiskTests {
        private static let id: [UInt8] = (0..<16).map { 0xA0 + $0 }
        private static let none = Written.bytes(UInt32(0))
        /// One vector entry would need more: an empty one is a list of none.
        private static let emptyVector = none
        private static let table = Written.text("zones")
        private static let value = "a value that nobody may see"

        /// OPERATIONS with one group of one put.
        private static let operations: [UInt8] = {
            let operation =
                [1] + Written.bytes(UInt32(13)) + Written.bytes(UInt32(value.utf8.count)) + Array("Europe/Berlin".utf8)
                + Array(value.utf8)
            let groups = Written.bytes(UInt64(1) << 16) + Written.bytes(UInt32(1)) + operation
            let origin = id + Written.bytes(UInt64(3))
            return table + origin + Written.bytes(UInt64(9)) + Written.bytes(UInt32(1)) + Written.bytes(UInt32(groups.count))
                + groups
        }()

        private struct Sample {
            var name: String
            var kind: UInt16
            var title: String
            var records: [(type: UInt8, body: [UInt8])]
            /// What each record is called.
            var types: [String]
            /// What the lines have of it.
            var words: [String]

            var bytes: [UInt8] { Written.dataFile(kind: kind, records) }
        }

        private static let samples: [Sample] = [
            Sample(
                name: "MANIFEST", kind: 1, title: "MANIFEST",
                records: [(1, Written.bytes(UInt64(2)) + id + Written.bytes(UInt64(77)))],
                types: ["manifest"], words: ["generation=2"]),
            Sample(
                name: "node", kind: 2, title: "node",
                records: [(2, id + Written.bytes(UInt64(5)) + Written.text("n1@127.0.0.1"))],
                types: ["node"], words: ["n1@127.0.0.1"]),
            Sample(
                name: "clock", kind: 3, title: "clock", records: [(3, Written.bytes(UInt64(1) << 40))], types: ["clock"],
                words: ["bound="]),
            Sample(name: "members", kind: 4, title: "members", records: [(4, id + none)], types: ["members"], words: []),
            Sample(name: "catalogue", kind: 5, title: "catalogue", records: [(5, none)], types: ["catalogue"], words: []),
            Sample(
                name: "log-start", kind: 6, title: "log-start", records: [(6, Written.bytes(UInt64(4)))], types: ["logStart"],
                words: ["segment=4"]),
            Sample(
                name: "log-4", kind: 7, title: "log-S",
                records: [
                    (16, Written.bytes(UInt64(16)) + Written.bytes(UInt64(16))), (17, operations), (19, table + emptyVector),
                    (20, table + emptyVector + emptyVector + none), (21, table + id + Written.bytes(UInt64(3))),
                    (22, table + id + Written.bytes(UInt64(3))), (23, table),
                    (25, table + Written.bytes(UInt16(1)) + Written.bytes(UInt16(8)) + emptyVector),
                    (26, table + emptyVector + emptyVector + none), (99, [1, 2, 3]),
                ],
                types: [
                    "barrier", "operations", "vector", "removals", "purge", "forget", "reset", "collection", "progress",
                    "type 99",
                ],
                words: ["table=zones", "key=\"Europe/Berlin\"", "first=9", "0x010203"]),
            Sample(
                name: "table-zones.ckpt", kind: 8, title: "table-NAME.ckpt",
                records: [
                    (
                        32,
                        Written.bytes(UInt32(4)) + none + Written.bytes(UInt64(0)) + Written.bytes(UInt64(4)) + emptyVector + none
                    ),
                    (33, Written.bytes(UInt64(0)) + emptyVector),
                ], types: ["checkpointBegin", "checkpointEnd"], words: ["segment=4"]),
            // REPLY has another layout: what does not fit is said.
            Sample(
                name: "conflicts-1", kind: 9, title: "conflicts-P", records: [(48, [0xFF])], types: ["conflict"],
                words: ["do not fill"]),
        ]

        @Test func everyKindOfFileIsShown() throws {
            let checker = try SchemaChecker(Data(contentsOf: Repository.root.appending(path: "spec/wiredump.schema.json")))
            for sample in Self.samples {
                try withFolder { folder in
                    let file = try folder.file(sample.name, sample.bytes)
                    let plain = try Wiredump.run(["disk", file])
                    #expect(plain.code == 0 && plain.errors.isEmpty, "\(sample.name): \(plain.errors)")
                    #expect(plain.lines.first == "-- \(sample.title)")
                    #expect(plain.lines.count == sample.types.count + 1)
                    for (line, type) in zip(plain.lines.dropFirst(), sample.types) {
                        #expect(line.contains("  \(type)"), "\(line)")
                    }
                    for word in sample.words { #expect(plain.text.contains(word), "no \(word) in \(plain.text)") }
                    for form in ["-v", "-x"] {
                        let more = try Wiredump.run(["disk", form, file])
                        #expect(more.code == 0 && more.lines.count >= plain.lines.count)
                    }
                    let json = try Wiredump.run(["disk", "--json", file]).lines.map { try object($0) }
                    #expect(json.flatMap { checker.problems($0) } == [], "\(sample.name)")
                    #expect(json.first?["file"] as? String == sample.title)
                    #expect(json.dropFirst().map { $0["type"] as? String ?? "type \($0["type"] ?? "")" } == sample.types)
                }
            }
        }

        @Test func valuesAreNotShownUnlessAskedFor() throws {
            try withFolder { folder in
                let file = try folder.file(
                    "log-1", Written.dataFile(kind: 7, [(17, Self.operations), (17, Self.operations.dropLast(4))]))
                let hex = Self.value.utf8.prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
                for form in [[], ["-v"], ["-x"], ["--json"]] {
                    let hidden = try Wiredump.run(["disk"] + form + [file]).text
                    #expect(!hidden.contains("nobody may see") && !hidden.contains(hex), "\(form): \(hidden)")
                    let shown = try Wiredump.run(["disk", "--show-values"] + form + [file]).text
                    #expect(shown.contains("nobody may see"), "\(form): \(shown)")
                }
            }
        }

        /// As after a crash: what is whole is shown, and where the rest begins is said.
        @Test func aTornEndIsThree() throws {
            let clock = Written.record(type: 3, Written.bytes(UInt64(7)))
            let whole = Written.dataFile(kind: 3, []) + clock + clock
            try withFolder { folder in
                for missing in 1..<clock.count {
                    let file = try folder.file("clock", whole.dropLast(missing))
                    let run = try Wiredump.run(["disk", file])
                    #expect(run.code == 3)
                    let words = run.errors.contains("cut short at byte \(16 + clock.count)")
                    #expect(run.complainsOnce && words && run.errors.contains(file), "\(run.errors)")
                    #expect(run.lines.count == 2)
                }
            }
        }

        @Test func aWrongChecksumNamesFileAndPlace() throws {
            let clock = Written.record(type: 3, Written.bytes(UInt64(7)))
            let whole = Written.dataFile(kind: 3, []) + clock + clock
            try withFolder { folder in
                for place in [20, 24, 30] {
                    var bytes = whole
                    bytes[clock.count + place] ^= 1
                    let file = try folder.file("clock", bytes)
                    let run = try Wiredump.run(["disk", file])
                    #expect(run.code == 3)
                    let words = run.errors.contains("damaged at byte \(16 + clock.count)") && run.errors.contains("checksum")
                    #expect(run.complainsOnce && words && run.errors.contains(file), "\(run.errors)")
                    #expect(run.lines.count == 2)
                }
                var header = whole
                header[9] ^= 1
                let damaged = try Wiredump.run(["disk", folder.file("header", header)])
                #expect(damaged.code == 3 && damaged.complainsOnce && damaged.errors.contains("header"), "\(damaged.errors)")
                let long = try folder.file("long", Written.dataFile(kind: 3, []) + [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 3])
                let refused = try Wiredump.run(["disk", long])
                #expect(refused.code == 3 && refused.complainsOnce && refused.errors.contains("byte 16"), "\(refused.errors)")
            }
        }

        @Test func whatIsNoFileOfADataDirectoryIsThree() throws {
            try withFolder { folder in
                let text = try folder.file("text", "These are words, and no records.\n".utf8)
                let empty = try folder.file("empty", [])
                let newer = try folder.file("newer", Self.newer)
                let cases = [
                    (text, "not a file of a node's data directory"), (folder.path, "is a directory"), (empty, "empty file"),
                    (folder / "missing", "no such file"), (newer, "version 2"),
                    (Repository.capture("join.pcap"), "not a file of"),
                ]
                for (file, words) in cases {
                    let run = try Wiredump.run(["disk", file])
                    #expect(run.code == 3, "\(file)")
                    #expect(run.complainsOnce && run.errors.contains(file) && run.errors.contains(words), "\(run.errors)")
                    #expect(run.output.isEmpty)
                }
            }
        }

        private static let newer: [UInt8] = {
            let header = Array(Written.dataFile(kind: 3, []).prefix(10)) + [0, 2]
            return header + Written.bytes(Written.crc32(header))
        }()
    }
}
