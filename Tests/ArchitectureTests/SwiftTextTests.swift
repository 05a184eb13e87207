import Testing

@Suite struct SwiftTextTests {
    @Test(arguments: [
        ("a // b", "a     "),
        ("a /* b /* c */ d */ e", "a                   e"),
        ("f(\"}\") {", "f(   ) {"),
        ("\"a \\\" b\" c", "         c"),
        ("\"a \\(b + \"c\") d\" e", "    (b +    )    e"),
        ("#\"a \" \\(b)\"# c", "             c"),
        ("#\"\\#(b)\"# c", "    (b)   c"),
        ("\"\" + a", "   + a"),
        ("\"\"\"\n a \" {\n\"\"\" b", "   \n      \n    b"),
        ("#/\" {/# a", "        a"),
        ("#if a\n#endif", "#if a\n#endif"),
        ("a / b / c", "a / b / c"),
    ])
    func commentsAndStringsAreBlanked(text: String, code: String) {
        let file = SwiftText(path: "A.swift", text: text)
        #expect(file.codeLines.joined(separator: "\n") == code)
        #expect(file.unterminatedLine == nil)
    }

    @Test(arguments: ["a\n\"b\nc", "a\n/* b", "a\n\"\"\"\nb", "a\n#/b"])
    func whatDoesNotEndIsSaid(_ text: String) {
        #expect(SwiftText(path: "A.swift", text: text).unterminatedLine == 2)
    }

    @Test func functionsAreMeasuredBetweenTheirBraces() {
        let text = "struct A {\n    func f() {\n        func g() {}\n        // }\n    }\n}\n"
        let functions = SwiftText(path: "A.swift", text: text).functions()
        #expect(functions.map(\.head) == ["func f() {", "func g() {}"])
        #expect(functions.map(\.length) == [2, 0])
    }
}
