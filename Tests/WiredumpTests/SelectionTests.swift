import Foundation
import Testing

extension Wiredump {
    /// Which frames are shown: compared with the same question asked of the JSON of all frames.
    @Suite struct SelectionTests {
        private struct Frame {
            let all: [String: Any]
            var number: Int { all["number"] as? Int ?? 0 }
            var type: String { all["type"] as? String ?? "" }
            var lane: String { all["lane"] as? String ?? "" }
            var sequence: Int { all["sequence"] as? Int ?? -1 }
            var size: Int { all["bodyLength"] as? Int ?? -1 }
            var link: Int { all["link"] as? Int ?? 0 }
            var stream: Int { all["stream"] as? Int ?? 0 }
            var fields: [String: Any] { all["fields"] as? [String: Any] ?? [:] }
            func isEnd(_ name: String) -> Bool {
                ["from", "to", "fromName", "toName"].contains { all[$0] as? String == name }
            }
            /// Whether a field of this name, wherever it stands, has this text.
            func has(_ name: String, _ text: String) -> Bool { Self.has(fields, name, text) }

            private static func has(_ value: Any, _ name: String, _ text: String) -> Bool {
                if let object = value as? [String: Any] {
                    return object.contains { $0.key == name && $0.value as? String == text || has($0.value, name, text) }
                }
                return (value as? [Any])?.contains { has($0, name, text) } ?? false
            }
        }

        private func frames(_ name: String) throws -> [Frame] {
            let run = try Wiredump.run(["--json", "--filter", "size >= 0", Repository.capture(name)])
            #expect(run.code == 0, "\(run.errors)")
            return try run.lines.map { Frame(all: try object($0)) }
        }

        private func select(_ expression: String, in name: String = "replication.pcapng", _ isWanted: (Frame) -> Bool) throws {
            let expected = try frames(name).filter(isWanted).map(\.number)
            #expect(!expected.isEmpty, "nothing is to be found by \(expression)")
            let run = try Wiredump.run(["--filter", expression, Repository.capture(name)])
            #expect(run.code == 0)
            #expect(numbers(run.frames) == expected, "\(expression)")
            #expect(run.lines.count == run.frames.count, "more than frames: \(run.text)")
            let count = try Wiredump.run(["--count", "--filter", expression, Repository.capture(name)])
            #expect(count.text == "\(expected.count)\n")
        }

        private func numbers(_ lines: [String]) -> [Int] {
            lines.compactMap { $0.split(separator: " ").first.flatMap { Int($0) } }
        }

        @Test func partsOfFramesAreCompared() throws {
            try select("type = PING") { $0.type == "PING" }
            try select("type != PING") { $0.type != "PING" }
            try select("type ~ TABLE") { $0.type.contains("TABLE") }
            try select("type = 8") { $0.type == "PING" }
            try select("lane = replication") { $0.lane == "replication" }
            try select("lane = 2") { $0.lane == "replication" }
            try select("sequence in 10..20") { (10...20).contains($0.sequence) }
            try select("sequence in 40..") { $0.sequence >= 40 }
            try select("sequence <= 3") { $0.sequence <= 3 }
            try select("size > 200") { $0.size > 200 }
            try select("size in ..30") { $0.size <= 30 }
            try select("stream = 1") { $0.stream == 1 }
            try select("link = 3") { $0.link == 3 }
        }

        @Test func nodesAreComparedByNameAndByAddress() throws {
            try select("node = n1@10.77.0.1", in: "join.pcap") { $0.isEnd("n1@10.77.0.1") }
            try select("node != n1@10.77.0.1", in: "join.pcap") { !$0.isEnd("n1@10.77.0.1") }
            try select("node = 10.77.0.2:7400", in: "join.pcap") { $0.isEnd("10.77.0.2:7400") }
            try select("from = client", in: "join.pcap") { $0.all["fromName"] as? String == "client" }
            try select("to = client", in: "join.pcap") { $0.all["toName"] as? String == "client" }
        }

        @Test func fieldsAreComparedWhereverTheyStand() throws {
            try select("table = devices") { $0.has("table", "devices") }
            try select("key = \"device/00001\"") { $0.has("key", "device/00001") }
            try select("key = device/00001 and type = OPERATIONS") { $0.has("key", "device/00001") && $0.type == "OPERATIONS" }
            try select("first = 301") { $0.fields["first"] as? Int == 301 }
            try select("viewHash") { $0.fields["viewHash"] != nil }
        }

        @Test func timesAreRelativeOrDates() throws {
            let all = try frames("join.pcap")
            let times = try all.map { try #require($0.all["time"] as? String) }
            let date = try #require(times.dropFirst(times.count / 2).first)
            try select("time >= \(date)", in: "join.pcap") { $0.all["time"] as? String ?? "" >= date }
            let lines = try Wiredump.run(["--filter", "time in 0.15..0.2", Repository.capture("join.pcap")]).frames
            let seconds = lines.compactMap { $0.split(separator: " ").dropFirst().first.flatMap { Double($0) } }
            #expect(!seconds.isEmpty && seconds.count == lines.count && seconds.allSatisfy { (0.15...0.2).contains($0) })
            #expect(lines.count < all.count)
        }

        @Test func expressionsCombine() throws {
            try select("type = PING or type = PONG") { $0.type == "PING" || $0.type == "PONG" }
            try select("not (type = PING or type = PONG)") { $0.type != "PING" && $0.type != "PONG" }
            try select("! type = PING and size < 50") { $0.type != "PING" && $0.size < 50 }
            // "and" binds stronger.
            try select("type = PING or type = PONG and link = 3") { $0.type == "PING" || $0.type == "PONG" && $0.link == 3 }
            try select("(type = PING or type = PONG) and link = 3") { ($0.type == "PING" || $0.type == "PONG") && $0.link == 3 }
        }

        @Test func errorsAreFound() throws {
            try withFolder { folder in
                let bytes =
                    Written.preface + Written.pong(sequence: 0) + Written.pong(sequence: 1, bodyCRC: 5)
                    + Written.pong(sequence: 2)
                let file = try folder.file("wrong.pcap", Written.pcap([bytes]))
                for expression in ["error", "error = FRM-011", "error = BAD_BODY", "type = PONG and error ~ BODY"] {
                    #expect(numbers(try Wiredump.run(["--filter", expression, file]).frames).contains(2), "\(expression)")
                }
                #expect(numbers(try Wiredump.run(["--filter", "error = FRM-011", file]).frames) == [2])
                #expect(try Wiredump.run(["--filter", "error = FRM-008", "--count", file]).text == "0\n")
            }
        }

        @Test func theFirstTheLastAndTheirNumber() throws {
            let file = Repository.capture("partition.pcap")
            let all = try Wiredump.run(["--filter", "size >= 0", file]).frames
            for count in [1, 7, all.count, all.count + 10] {
                let first = try Wiredump.run(["--first", "\(count)", file])
                #expect(first.code == 0)
                // Columns may be wider there: what counts is which frames.
                #expect(numbers(first.frames) == numbers(Array(all.prefix(count))))
                let last = try Wiredump.run(["--last", "\(count)", file])
                #expect(last.code == 0)
                #expect(numbers(last.lines) == numbers(Array(all.suffix(count))))
            }
            #expect(try Wiredump.run(["--count", file]).text == "\(all.count)\n")
            let chosen = try Wiredump.run(["--first", "3", "--filter", "type = PONG", file]).frames
            #expect(chosen.count == 3 && chosen.allSatisfy { $0.contains("PONG") })
            let lastOnes = try Wiredump.run(["--last", "2", "--json", "--filter", "type = PONG", file]).lines
            #expect(try lastOnes.map { try object($0)["type"] as? String } == ["PONG", "PONG"])
        }

        @Test func oneLinkStreamOrRowIsFollowed() throws {
            let all = try frames("replication.pcapng")
            let file = Repository.capture("replication.pcapng")
            let link = try Wiredump.run(["--follow", "link=3", file])
            #expect(numbers(link.frames) == all.filter { $0.link == 3 }.map(\.number))
            let call = try #require(all.first { $0.type == "CALL" })
            let stream = try Wiredump.run(["--follow", "stream=\(call.link)/\(call.stream)", file])
            let expected = all.filter { $0.link == call.link && $0.stream == call.stream }
            #expect(numbers(stream.frames) == expected.map(\.number))
            #expect(expected.contains { $0.type == "REPLY" })
            let key = try Wiredump.run(["--follow", "key=devices/device/00002", file])
            #expect(numbers(key.frames) == all.filter { $0.has("key", "device/00002") }.map(\.number))
            let both = try Wiredump.run(["--follow", "key=devices/device/00002", "--filter", "type = OPERATIONS", file])
            #expect(numbers(both.frames) == all.filter { $0.has("key", "device/00002") && $0.type == "OPERATIONS" }.map(\.number))
            // A reply names no table.
            let others = try Wiredump.run(["--follow", "key=tags/device/00002", "--filter", "type != REPLY", "--count", file])
            #expect(others.text == "0\n")
        }
    }
}
