/// Which case finds which fault.
struct MutantMatrix {
    private let cases: [String]
    private var rows: [(mutant: Mutant, killed: Set<String>)] = []

    init(cases: [String]) { self.cases = cases }

    mutating func add(_ mutant: Mutant, killed: Set<String>) { rows.append((mutant, killed)) }

    /// Faults that no case finds.
    var missed: [String] { rows.filter { $0.killed.isEmpty }.map(\.mutant.id) }

    /// Cases that no fault makes fail.
    var unkilled: [String] {
        let killed = rows.reduce(into: Set<String>()) { $0.formUnion($1.killed) }
        return cases.filter { !killed.contains($0) }
    }

    func summary(isWhole: Bool) -> String {
        let found = rows.count - missed.count
        var text = "\(found) of \(rows.count) faults found"
        if isWhole { text += ", \(cases.count - unkilled.count) of \(cases.count) cases found one" }
        if !missed.isEmpty { text += "\nfaults that no case finds: \(missed.joined(separator: ", "))" }
        if isWhole, !unkilled.isEmpty { text += "\ncases that no fault makes fail: \(unkilled.joined(separator: ", "))" }
        return text
    }

    /// A line a fault. Faults that stop every link fail nearly all cases; the others name theirs.
    var markdown: String {
        let many = 12
        let lines = rows.map { mutant, killed in
            let names = killed.sorted()
            let shown = names.prefix(many).joined(separator: ", ") + (names.count > many ? " and \(names.count - many) more" : "")
            return "| `\(mutant.id)` | \(mutant.fault) | \(killed.count) | \(shown) |"
        }
        return """
            # Mutants

            Each line is a node with one deliberate fault (`tablewire node --mutate ID`) and the cases that fail against it. Written by
            `conform mutants PROGRAM --write conformance/MUTANTS.md`.

            \(summary(isWhole: true).split(separator: "\n").first.map(String.init) ?? "").

            | Mutant | Fault | Cases | Found by |
            |---|---|---|---|
            \(lines.joined(separator: "\n"))

            """
    }
}
