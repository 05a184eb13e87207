import Testing

/// What every target may import, by the name of its folder in `Sources`. A trailing `*` stands for any ending.
///
/// This is the arrow table of the design. A new arrow is a decision: change the table only together with its reason.
private let arrows: [String: Set<String>] = [
    // The core: no Foundation, no NIO, no logging, no clock.
    "ClusterModel": [],
    "WireFormat": ["ClusterModel", "CZlib"],
    "ClusterStateMachine": ["ClusterModel"],
    // The spec makes the disk format the wire format (DSK-001), so storage reads and writes row blocks of WireFormat.
    "TableStorage": ["ClusterModel", "WireFormat", "CMemory"],

    // C: system headers only, no Swift in it.
    "CZlib": [],
    "CMemory": [],
    "CKernel": [],

    // The shells and what they stand on.
    "Discovery": foundation.union(["ClusterModel", "NIO*", "AsyncHTTPClient", "Logging"]),
    // Connections of both the node and the client: framing, lanes, credit, proofs. No decisions.
    "LinkTransport": ["ClusterModel", "WireFormat", "NIO*", "Crypto", "Glibc"],
    "TablewireClient": foundation.union(["ClusterModel", "WireFormat", "LinkTransport", "NIO*", "Glibc"]),
    // A node writes captures of its links.
    "NodeRuntime": core.union(foundation).union(nodeLibraries).union([
        "Discovery", "LinkTransport", "PacketCapture", "CKernel", "Glibc",
    ]),
    "ClusterSimulator": core,
    // System calls and zlib, nothing else: so that it builds and is fuzzed with the core.
    "PacketCapture": ["CZlib", "CKernel", "Glibc"],
    "TrafficDecoder": ["ClusterModel", "WireFormat", "PacketCapture", "ProgramTerminal", "Glibc"],
    // It computes proofs by itself; of LinkTransport it takes the file format of the secret only.
    "ConformanceSuite": foundation.union([
        "ClusterModel", "WireFormat", "LinkTransport", "PacketCapture", "TrafficDecoder", "NIO*", "Crypto", "Glibc",
    ]),

    // The programs: arguments and exit codes.
    // Output, tables and errors of programs; the entry that all of them have.
    "ProgramTerminal": ["Glibc"],
    "ProgramEntry": ["ProgramTerminal", "ArgumentParser", "Glibc"],
    "tablewire": program.union(core).union([
        "NodeRuntime", "Discovery", "LinkTransport", "TablewireClient", "NIO*", "ServiceLifecycle", "UnixSignals", "Dispatch",
        "Yams",
    ]),
    "wiredump": program.union(["TrafficDecoder", "PacketCapture"]),
    "conform": program.union(["ClusterModel", "ConformanceSuite", "LinkTransport", "PacketCapture", "NIO*"]),
    // It measures every layer by itself, and compares zlib's levels.
    "tablewire-bench": program.union(core).union([
        "NodeRuntime", "LinkTransport", "TablewireClient", "NIO*", "Histogram", "Dispatch", "CZlib", "CKernel",
    ]),
    "CoreFuzzer": program.union(["ClusterModel", "WireFormat", "TableStorage", "PacketCapture", "TrafficDecoder"]),
    "tablewire-simulate": program.union(["ClusterModel", "ClusterSimulator"]),
]

private let core: Set<String> = ["ClusterModel", "WireFormat", "ClusterStateMachine", "TableStorage"]
private let foundation: Set<String> = ["Foundation", "FoundationEssentials"]
private let nodeLibraries: Set<String> = [
    "NIO*", "Logging", "Metrics", "ServiceLifecycle", "UnixSignals", "Crypto", "Hummingbird", "Collections", "DequeModule",
]
private let program: Set<String> = foundation.union(["ArgumentParser", "Logging", "Glibc", "ProgramTerminal", "ProgramEntry"])

/// Parts of the language that every target may import: `Swift` itself and its locks and atomics.
private let language: Set<String> = ["Swift", "Synchronization"]

@Suite struct ImportArrowTests {
    @Test func everyImportFollowsAnArrow() {
        SourceTree.working.wrongImports().report()
    }

    @Test func everyTargetIsInTheTable() {
        SourceTree.working.unknownTargets().report()
    }

    /// The core gets time and randomness from its shell; the imports alone would not show it.
    @Test func theCoreHasNoClockAndNoDice() {
        SourceTree.working.clocksAndDiceInTheCore().report()
    }

    @Test func aWrongArrowIsFound() {
        let tree = SourceTree([
            "Sources/ClusterModel/A.swift": "import Synchronization\nimport Foundation\n",
            "Sources/WireFormat/A.swift": "internal import CZlib\npackage import ClusterModel\n@testable import TableStorage\n",
            "Sources/ClusterStateMachine/A.swift": "/* import A */\n// import B\nlet a = \"import C\"\n",
            "Sources/TablewireClient/A.swift": "public import NIOCore\n@preconcurrency private import struct NodeRuntime.Node\n",
            "Sources/TableStorage/A.swift": "@_spi(Rows) import WireFormat; import Logging.Logger\n",
        ])
        #expect(
            tree.wrongImports().places == [
                "Sources/ClusterModel/A.swift:2", "Sources/TableStorage/A.swift:1", "Sources/TablewireClient/A.swift:2",
                "Sources/WireFormat/A.swift:3",
            ])
    }

    @Test func aTargetThatNobodyDeclaredIsFound() {
        let tree = SourceTree(["Sources/Extras/A.swift": "", "Sources/WireFormat/A.swift": ""])
        #expect(tree.unknownTargets().places == ["Sources/Extras/A.swift:1"])
    }

    @Test func aClockInTheCoreIsFound() {
        let tree = SourceTree([
            "Sources/ClusterStateMachine/A.swift": "let a = 1\nlet b = ContinuousClock.now\n",
            "Sources/NodeRuntime/A.swift": "let b = ContinuousClock.now\n",
            "Sources/WireFormat/A.swift": "var c = SystemRandomNumberGenerator()\n",
        ])
        #expect(
            tree.clocksAndDiceInTheCore().places == ["Sources/ClusterStateMachine/A.swift:2", "Sources/WireFormat/A.swift:1"])
    }
}

extension SourceTree {
    func wrongImports() -> [Finding] {
        swiftFiles.flatMap { file -> [Finding] in
            guard let target = file.target, let allowed = arrows[target] else { return [] }
            return file.imports().filter { !allows(allowed.union(language), $0.module) }.map { line, module in
                let list = allowed.isEmpty ? "nothing" : allowed.sorted().joined(separator: ", ")
                return Finding(path: file.path, line: line, message: "\(target) may not import \(module); it may import \(list)")
            }
        }
    }

    func unknownTargets() -> [Finding] {
        var seen: Set<String> = []
        return paths.compactMap { path in
            guard let target = targetFolder(of: path), arrows[target] == nil, seen.insert(target).inserted else { return nil }
            return Finding(path: path, line: 1, message: "the target \(target) is missing in the arrow table")
        }
    }

    func clocksAndDiceInTheCore() -> [Finding] {
        let sources = ["ContinuousClock", "SuspendingClock", "SystemRandomNumberGenerator"]
        return swiftFiles.filter { core.contains($0.target ?? "") }.flatMap { file in
            file.codeLines.enumerated().compactMap { index, line in
                guard let word = sources.first(where: { line.contains($0) }) else { return nil }
                return Finding(
                    path: file.path, line: index + 1, message: "\(word) in the core: the shell passes time and dice in")
            }
        }
    }

    private func allows(_ allowed: Set<String>, _ module: String) -> Bool {
        allowed.contains(module) || allowed.contains { $0.hasSuffix("*") && module.hasPrefix($0.dropLast()) }
    }
}

extension SwiftText {
    /// The folder below `Sources` that this file belongs to.
    fileprivate var target: String? { targetFolder(of: path) }

    /// Every import with its line, whatever attributes and access level stand before it.
    fileprivate func imports() -> [(line: Int, module: String)] {
        codeLines.enumerated().filter { $0.element.contains("import") }.flatMap { index, line in
            line.split(separator: ";").compactMap { statement in
                importedModule(statement).map { (line: index + 1, module: $0) }
            }
        }
    }
}

private func targetFolder(of path: String) -> String? {
    let parts = path.split(separator: "/")
    return parts.count > 1 && parts[0] == "Sources" ? String(parts[1]) : nil
}

/// The module that a line of code imports. `import struct A.B` and `import A.B` import `A`.
private func importedModule(_ statement: Substring) -> String? {
    let prefix = #/\s*(?:@\w+(?:\([^)]*\))?\s+|(?:public|package|internal|fileprivate|private)\s+)*import\s+/#
    let kind = #/(?:typealias|struct|class|enum|protocol|let|var|func)\s+/#
    guard let start = statement.prefixMatch(of: prefix) else { return nil }
    var rest = statement[start.range.upperBound...]
    if let match = rest.prefixMatch(of: kind) { rest = rest[match.range.upperBound...] }
    return rest.prefixMatch(of: #/`?(\w+)/#).map { String($0.1) }
}
