import Foundation
import Glibc
import Testing

extension Wiredump {
    /// What scripts rely on: the exit code, and one line on standard error that says what to do.
    @Suite struct ExitCodeTests {
        @Test(arguments: [
            "join.pcap", "leave.pcapng", "packed.pcap.gz", "partition.pcap", "replication.pcapng", "secret.pcap", "watch.pcap",
        ])
        func aWholeCaptureIsFine(_ name: String) throws {
            let run = try Wiredump.run(["--check", Repository.capture(name)])
            #expect(run.code == 0)
            #expect(run.errors.isEmpty, "\(run.errors)")
            #expect(!run.frames.isEmpty)
        }

        @Test func aBrokenRuleIsOneOnlyWithCheck() throws {
            try withFolder { folder in
                let bytes =
                    Written.preface + Written.pong(sequence: 0) + Written.pong(sequence: 1, bodyCRC: 5)
                    + Written.pong(sequence: 2)
                let file = try folder.file("wrong.pcap", Written.pcap([bytes]))
                let plain = try Wiredump.run([file])
                #expect(plain.code == 0)
                #expect(plain.frames.filter { $0.contains("! FRM-011 BAD_BODY") }.count == 1, "\(plain.text)")
                for options in [["--check"], ["--check", "--count"], ["--check", "--stats"], ["--check", "--json"]] {
                    let checked = try Wiredump.run(options + [file])
                    #expect(checked.code == 1, "\(options): \(checked.errors)")
                    #expect(checked.errors.isEmpty, "\(checked.errors)")
                    #expect(!checked.output.isEmpty)
                }
            }
        }

        @Test(arguments: [
            (["--bogus"], "--bogus"), (["--first", "0"], "--first"), (["--last", "-1"], "--last"), (["--first", "x"], "x"),
            (["--first", "1", "--last", "1"], "exclude each other"), (["--json", "-v"], "-v"), (["--json", "-x"], "-x"),
            (["--stats", "--filter", "type = PING"], "--stats"), (["--stats", "--count"], "--stats"),
            (["--time", "noon"], "noon"),
            (["--color", "pink"], "pink"), (["--follow", "key=nothing"], "--follow"),
            (["--follow", "stream=1"], "stream=LINK/STREAM"),
            (["--filter", ""], "column 1"), (["--filter", "type=="], "column 7"),
            (["--filter", "tabel = zones"], "'table'?), at column 1"),
            (["--filter", "type = PING and (lane = control"], "column 32"), (["--filter", "type = PINGG"], "column 8"),
            (["--filter", "size > big"], "column 8"), (["--filter", "key = \"open"], "column 7"),
            (["--filter", "size in 3"], "column 9"),
            (["--filter", "time > noon"], "column 8"), (["--filter", "lane = fast"], "column 8"),
            (["--filter", "type PING"], "column 6"),
        ])
        func wrongUsageIsTwo(_ options: [String], _ words: String) throws {
            let run = try Wiredump.run(options + [Repository.capture("secret.pcap")])
            #expect(run.code == 2)
            #expect(run.complainsOnce && run.errors.contains(words), "\(run.errors)")
            #expect(run.output.isEmpty)
        }

        @Test(arguments: [
            [], ["disk"], ["live"], ["proxy"], ["proxy", "--listen", "nowhere", "--to", "127.0.0.1:1"],
            ["disk", "--json", "-v", "file"],
            ["proxy", "--listen", "127.0.0.1:0", "--to", "nowhere"], ["live", "lo", "--port", "70000"],
        ])
        func aCommandWithoutWhatItNeedsIsTwo(_ arguments: [String]) throws {
            let run = try Wiredump.run(arguments)
            #expect(run.code == 2)
            #expect(run.complainsOnce, "\(run.errors)")
        }

        @Test func whatCannotBeReadIsThree() throws {
            try withFolder { folder in
                let empty = try folder.file("empty", [])
                let text = try folder.file("text", "These are words, and no packets.\n".utf8)
                let cases = [
                    (folder / "missing", "no such file"), (folder.path, "is a directory"), (empty, "empty file"),
                    (text, "not a capture"),
                    (Repository.root.appending(path: "README.md").path, "not a capture"),
                ]
                for (file, words) in cases {
                    for options in [[], ["--stats"], ["--json"], ["--count"]] {
                        let run = try Wiredump.run(options + [file])
                        #expect(run.code == 3, "\(file)")
                        #expect(run.complainsOnce && run.errors.contains(file) && run.errors.contains(words), "\(run.errors)")
                        #expect(run.output.isEmpty)
                    }
                }
            }
        }

        @Test(.enabled(if: geteuid() != 0, "root may read every file"))
        func aFileThatMayNotBeReadIsThree() throws {
            try withFolder { folder in
                let file = try folder.file("mine.pcap", Written.pcap([]))
                unsafe chmod(file, 0)
                let run = try Wiredump.run([file])
                #expect(run.code == 3)
                #expect(run.complainsOnce && run.errors.contains("permission denied"), "\(run.errors)")
            }
        }

        /// Everything before the cut is shown, as much as of the whole file.
        @Test(arguments: ["join.pcap", "replication.pcapng", "packed.pcap.gz"])
        func aCaptureThatIsCutShortIsThree(_ name: String) throws {
            let bytes = try Data(contentsOf: URL(filePath: Repository.capture(name)))
            let whole = try Wiredump.run([Repository.capture(name)])
            try withFolder { folder in
                let file = try folder.file(name, bytes.prefix(bytes.count * 3 / 4 + 3))
                let cut = try Wiredump.run([file])
                #expect(cut.code == 3)
                #expect(cut.complainsOnce && cut.errors.contains("cut short") && cut.errors.contains(file), "\(cut.errors)")
                #expect(cut.frames.count > whole.frames.count / 4)
                // The last frame may be one that the cut went through.
                let shown = cut.frames.dropLast()
                #expect(Array(shown) == Array(whole.frames.prefix(shown.count)))
                let statistics = try Wiredump.run(["--stats", "--json", file])
                #expect(statistics.code == 3)
                #expect(try object(statistics.text)["frames"] as? Int == cut.frames.count)
            }
        }

        @Test(arguments: ["gap.pcapng", "cut.pcap", "middle.pcap"])
        func aCaptureThatLacksPacketsIsFour(_ name: String) throws {
            for options in [[], ["--stats"], ["--json"], ["-x"], ["--check"]] {
                let run = try Wiredump.run(options + [Repository.capture(name)])
                #expect(run.code == 4)
                #expect(run.complainsOnce && run.errors.contains("not in the capture"), "\(run.errors)")
                #expect(!run.output.isEmpty)
            }
        }

        @Test func aClosedPipeEndsQuietly() throws {
            for options in [
                [], ["-v"], ["-x"], ["--json"], ["--count"], ["--stats"], ["--stats", "--json"], ["--last", "3"],
                ["--extract-vector", "2"],
            ] {
                let run = try Wiredump.runIntoClosedPipe(options + [Repository.capture("replication.pcapng")])
                #expect(run.code == 141, "\(options)")
                #expect(run.errors.isEmpty, "\(options): \(run.errors)")
            }
            let disk = try withFolder { folder in
                try Wiredump.runIntoClosedPipe([
                    "disk", folder.file("clock", Written.dataFile(kind: 3, [(3, Written.bytes(UInt64(7)))])),
                ])
            }
            #expect(disk.code == 141 && disk.errors.isEmpty)
            let help = try Wiredump.runIntoClosedPipe(["--help"])
            #expect(help.code == 141 && help.errors.isEmpty)
        }

        @Test func headSeesOneLine() throws {
            let run = try Wiredump.shell(
                "\"$0\" -x \"$1\" | head -n 1; exit ${PIPESTATUS[0]}", [Repository.capture("packed.pcap.gz")])
            #expect(run.code == 141)
            #expect(run.lines.count == 1)
            #expect(run.errors.isEmpty, "\(run.errors)")
        }

        @Test(arguments: ["join.pcap", "replication.pcapng", "packed.pcap.gz"])
        func standardInputIsTheSame(_ name: String) throws {
            let bytes = try Data(contentsOf: URL(filePath: Repository.capture(name)))
            let fromFile = try Wiredump.run([Repository.capture(name)])
            let fromInput = try Wiredump.run(["-"], input: bytes)
            let fromPipe = try Wiredump.shell("cat \"$1\" | \"$0\" -", [Repository.capture(name)])
            #expect(fromInput.code == 0 && fromPipe.code == 0)
            #expect(fromInput.output == fromFile.output && fromPipe.output == fromFile.output)
            let nothing = try Wiredump.run(["-"])
            #expect(nothing.code == 3 && nothing.complainsOnce && nothing.errors.contains("standard input"), "\(nothing.errors)")
        }

        @Test func anotherProtocolIsNamed() throws {
            try withFolder { folder in
                let file = try folder.file("web.pcap", Written.pcap([Array("GET / HTTP/1.1\r\nHost: here\r\n\r\n".utf8)]))
                let run = try Wiredump.run([file])
                #expect(run.code == 0)
                #expect(run.frames.isEmpty)
                #expect(
                    run.complainsOnce && run.errors.contains("no Tablewire") && run.errors.contains("HTTP request"),
                    "\(run.errors)")
                let datagrams = try folder.file("udp.pcap", Written.pcap([[1, 2, 3]], protocolNumber: 17))
                let none = try Wiredump.run([datagrams])
                #expect(none.code == 0 && none.complainsOnce && none.errors.contains("no TCP"), "\(none.errors)")
            }
        }

        /// What to do about it too: nothing can be shown without the keys.
        @Test func aCaptureOfTLSIsNamed() throws {
            let run = try Wiredump.run([Repository.capture("tls.pcap")])
            #expect(run.code == 0 && run.frames.isEmpty && run.complainsOnce)
            #expect(run.errors.contains("the first begins with TLS: a link in it is shown from the node's own --capture"))
            #expect(try Wiredump.run(["--check", Repository.capture("tls-node.pcapng")]).code == 0)
        }

        @Test func theManualIsOnStandardOutput() throws {
            for arguments in [["--help"], ["read", "--help"], ["live", "--help"], ["proxy", "--help"], ["disk", "--help"]] {
                let run = try Wiredump.run(arguments)
                #expect(run.code == 0 && run.errors.isEmpty)
                #expect(run.text.contains("USAGE: wiredump"), "\(run.text)")
            }
            let manual = try Wiredump.run(["--help"]).text
            for part in ["EXAMPLES", "THREE WAYS TO CAPTURE", "FILTERS", "EXIT CODES", "NO_COLOR"] {
                #expect(manual.contains(part))
            }
        }
    }
}
