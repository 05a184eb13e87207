import ProgramTerminal

/// Several pieces of work on rows, each timed: what the measurements inside this process are made of.
struct StepTable {
    struct Step: Hashable, Sendable {
        var name: String
        var rows: Int
        var bytes: Int
        var seconds: Double
    }

    private(set) var steps: [Step] = []
    /// What else came out, below the steps.
    private var facts = Columns(["", ""])

    /// Runs and times one step.
    /// - Parameters:
    ///   - rows, bytes: what the work goes through, for the rates.
    ///   - repeating: runs it again until this much time has gone by, and takes the fastest.
    mutating func measure(
        _ name: String, rows: Int, bytes: Int = 0, repeating: Double = 0, _ work: () throws -> Void
    ) rethrows {
        Progress.show(name)
        let all = Stopwatch()
        var best = Double.infinity
        repeat {
            let watch = Stopwatch()
            try work()
            best = min(best, watch.seconds)
        } while all.seconds < repeating
        add(name, rows: rows, bytes: bytes, seconds: best)
    }

    mutating func add(_ name: String, rows: Int, bytes: Int = 0, seconds: Double) {
        steps.append(Step(name: name, rows: rows, bytes: bytes, seconds: seconds))
    }

    /// Something that is no step: bytes a row.
    mutating func note(_ name: String, _ value: Double) { facts.append([name, Figure.short(value)]) }

    var seconds: Double { steps.reduce(0) { $0 + $1.seconds } }

    /// For people: a line for each step, then what was noted.
    var text: String { table.text + (facts.isEmpty ? "" : "\n\n" + facts.text) }

    /// One line a step.
    var table: Columns {
        let hasBytes = steps.contains { $0.bytes > 0 }
        var columns = Columns(["", "rows/s", "ns/row"] + (hasBytes ? ["MB/s"] : []))
        for step in steps {
            let time = max(step.seconds, 1e-9)
            var cells = [step.name, Figure.short(Double(step.rows) / time), Figure.short(time * 1e9 / Double(max(step.rows, 1)))]
            if hasBytes { cells.append(step.bytes > 0 ? Figure.short(Double(step.bytes) / time / 1e6) : "") }
            columns.append(cells)
        }
        return columns
    }

    /// `insert_rate` in rows a second, `crc_mb_s` in megabytes a second, for each step.
    func add(to line: inout ResultLine) {
        for step in steps {
            let name = step.name.replacing(", ", with: "_").replacing(" ", with: "_")
            let time = max(step.seconds, 1e-9)
            line["\(name)_rate"] = .number(Double(step.rows) / time)
            if step.bytes > 0 { line["\(name)_mb_per_s"] = .number(Double(step.bytes) / time / 1e6) }
        }
    }
}
