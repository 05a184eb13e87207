import Testing

/// Files that may wait for wall-clock time, each with its reason. Keep it short: a test waits for an event, not for a while.
private let sleepers: [String: String] = [
    "Sources/tablewire/Demo/Patience.swift":
        "asks other processes again until something holds; they tell nobody when they are done",
    "Sources/ConformanceSuite/Wire/Clock.swift": "cases about what happens after a time, or does not, let it pass",
    "Sources/conform/Commands/FaultyNode.swift": "asks a node that starts again until it listens",
    "Sources/tablewire-bench/Nodes/Waiting.swift": "the same, and lets the machine become quiet before it is measured",
    "Tests/ProcessTests/Harness/Eventually.swift": "the same for the scenarios with real processes",
]

@Suite struct WordingTests {
    @Test func sourcesHoldNoUnfinishedWork() {
        SourceTree.working.unfinishedWork().report()
    }

    @Test func nothingSleeps() {
        SourceTree.working.sleeps(allowing: sleepers).report()
    }

    @Test func unfinishedWorkIsFound() {
        let tree = SourceTree([
            "Sources/A/A.swift": "// TODO: later\nlet todo = 1\nfatalError(\"a\")\nlet a = try! b()\n",
            "Sources/A/b.c": "/* FIXME */\n\n// XXX\n",
            "Sources/A/C.swift": "let template = \"XXXXXX\"\nthrow Problem(\"Not implemented\")\n",
            "Tests/A/A.swift": "// TODO: tests may\n",
        ])
        #expect(
            tree.unfinishedWork().places == [
                "Sources/A/A.swift:1", "Sources/A/A.swift:3", "Sources/A/A.swift:4", "Sources/A/C.swift:2", "Sources/A/b.c:1",
                "Sources/A/b.c:3",
            ])
    }

    @Test func aSleepIsFound() {
        let tree = SourceTree([
            "Sources/A/A.swift": "// sleep(1)\ntry await Task.sleep(for: .seconds(1))\nThread.sleep(forTimeInterval: 1)\n",
            "Tests/A/A.swift": "let asleep = 1\nusleep(3)\n",
            "Tests/A/Allowed.swift": "usleep(3)\n",
        ])
        let findings = tree.sleeps(allowing: ["Tests/A/Allowed.swift": "a reason", "Tests/A/Gone.swift": "a reason"])
        #expect(
            findings.places == ["Sources/A/A.swift:2", "Sources/A/A.swift:3", "Tests/A/A.swift:2", "Tests/A/Gone.swift:1"])
    }
}

extension SourceTree {
    func unfinishedWork() -> [Finding] {
        let marks = #/\b(?:TODO|FIXME|XXX)\b|\b[Nn]ot implemented\b|\bfatalError\s*\(|\btry!/#
            .wordBoundaryKind(.simple).matchingSemantics(.unicodeScalar)
        return files(under: ["Sources"], extensions: ["swift", "c", "h"]).flatMap { path, text in
            text.textLines.enumerated().compactMap { index, line in
                guard let match = line.firstMatch(of: marks) else { return nil }
                return Finding(path: path, line: index + 1, message: "“\(match.0)” has no place in Sources")
            }
        }
    }

    /// Sleeps outside of the allowed files, and allowed files that no longer sleep.
    func sleeps(allowing allowed: [String: String]) -> [Finding] {
        let sleep = #/\b(?:u|nano)?sleep\s*\(/#.wordBoundaryKind(.simple)
        let found = swiftFiles.flatMap { file in
            file.codeLines.enumerated().filter { $0.element.contains(sleep) }.map { index, _ in
                Finding(path: file.path, line: index + 1, message: "sleeps; wait for an event, or use the shell's timer")
            }
        }
        let idle = Set(allowed.keys).subtracting(found.map(\.path)).sorted().map {
            Finding(path: $0, line: 1, message: "is allowed to sleep and does not; take it off the list")
        }
        return found.filter { allowed[$0.path] == nil } + idle
    }
}
