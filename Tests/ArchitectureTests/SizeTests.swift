import Testing

private let longestSource = 400
private let longestTest = 600
private let longestFunction = 70

@Suite struct SizeTests {
    /// Were the root looked for in the wrong place, every check of the working copy would pass.
    @Test func theWorkingCopyIsRead() {
        #expect(SourceTree.working.paths.contains("Package.swift"))
        #expect(SourceTree.working.swiftFiles.contains { $0.path == "Tests/ArchitectureTests/SizeTests.swift" })
    }

    @Test func filesStayShort() {
        SourceTree.working.longFiles().report()
    }

    @Test func functionsStayShort() {
        SourceTree.working.longFunctions().report()
    }

    /// Where the scanner loses its way, every other check is blind.
    @Test func theScannerReadsEveryFileToItsEnd() {
        SourceTree.working.unreadableFiles().report()
    }

    @Test func aLongFileIsFound() {
        func lines(_ count: Int) -> String { String(repeating: "\n", count: count) }
        let tree = SourceTree([
            "Sources/A/Fits.swift": lines(400), "Sources/A/Long.swift": lines(401), "Sources/C/long.c": lines(401),
            "Tests/A/Fits.swift": lines(600), "Tests/A/Long.swift": lines(601),
        ])
        #expect(tree.longFiles().places == ["Sources/A/Long.swift:401", "Sources/C/long.c:401", "Tests/A/Long.swift:601"])
    }

    @Test(arguments: [
        "func f() {", "func f<T>(_ a: T = { 1 }()) where T: P {", "init() {", "init?(a: Int) {", "deinit {",
        "var a: Int {", "subscript(a: Int) -> Int {", "func f(\n    a: Int\n) -> String {",
    ])
    func aLongFunctionIsFound(_ head: String) {
        let body = "    let a = \"}\" // }\n"
        let fits = SourceTree(["Sources/A.swift": "// one\n" + head + "\n" + String(repeating: body, count: 70) + "}\n"])
        let long = SourceTree(["Sources/A.swift": "// one\n" + head + "\n" + String(repeating: body, count: 71) + "}\n"])
        #expect(fits.longFunctions().isEmpty)
        #expect(long.longFunctions().places == ["Sources/A.swift:2"])
    }

    @Test func aTypeOrACallMayBeLong() {
        let body = String(repeating: "    self.init(a)\n", count: 90)
        let tree = SourceTree(["Sources/A.swift": "protocol P { func f() }\nstruct A {\n" + body + "}\nrun {\n" + body + "}\n"])
        #expect(tree.longFunctions().isEmpty)
    }

    @Test func anUnreadableFileIsFound() {
        let tree = SourceTree(["Sources/A.swift": "let a = 1\nlet b = \"\n", "Sources/B.swift": "func f() {\n"])
        #expect(tree.unreadableFiles().places == ["Sources/A.swift:2", "Sources/B.swift:1"])
    }
}

extension SourceTree {
    func longFiles() -> [Finding] {
        files(under: ["Sources", "Tests"], extensions: ["swift", "c", "h"]).compactMap { path, text in
            let limit = path.hasPrefix("Tests/") ? longestTest : longestSource
            let count = text.textLines.count
            guard count > limit else { return nil }
            return Finding(path: path, line: count, message: "\(count) lines; the limit is \(limit)")
        }
    }

    func longFunctions() -> [Finding] {
        swiftFiles.flatMap { file in
            file.functions().filter { $0.length ?? 0 > longestFunction }.map { function in
                let message = "`\(function.head)` has a body of \(function.length ?? 0) lines; the limit is \(longestFunction)"
                return Finding(path: file.path, line: function.line, message: message)
            }
        }
    }

    func unreadableFiles() -> [Finding] {
        swiftFiles.flatMap { file -> [Finding] in
            if let line = file.unterminatedLine {
                return [Finding(path: file.path, line: line, message: "no end in sight; write a regular expression as #/…/#")]
            }
            return file.functions().filter { $0.length == nil }.map {
                Finding(path: file.path, line: $0.line, message: "the braces of `\($0.head)` do not close")
            }
        }
    }
}
