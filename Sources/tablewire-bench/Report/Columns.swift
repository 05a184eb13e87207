/// Lines of columns, each as wide as its widest cell; numbers stand right.
struct Columns {
    private let headings: [String]
    private var rows: [[String]] = []

    init(_ headings: [String]) { self.headings = headings }

    /// - Precondition: as many cells as headings.
    mutating func append(_ cells: [String]) {
        precondition(cells.count == headings.count, "a row has \(cells.count) cells for \(headings.count) headings")
        rows.append(cells)
    }

    var isEmpty: Bool { rows.isEmpty }

    /// For terminals: no trailing blanks.
    var text: String {
        let widths = headings.indices.map { column in rows.reduce(headings[column].count) { max($0, $1[column].count) } }
        return ([headings] + rows).filter { $0.contains { !$0.isEmpty } }.map { line($0, widths) }.joined(separator: "\n")
    }

    /// For documents.
    var markdown: String {
        let ruler = headings.indices.map { isNumeric($0) ? "---:" : "---" }
        return ([headings, ruler] + rows).map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
    }

    private func isNumeric(_ column: Int) -> Bool {
        let cells = rows.map { $0[column] }.filter { !$0.isEmpty }
        return !cells.isEmpty && cells.allSatisfy { $0.first?.isNumber == true && !$0.contains(":") }
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        var text = ""
        for (column, cell) in cells.enumerated() {
            let blanks = String(repeating: " ", count: widths[column] - cell.count)
            text += isNumeric(column) ? blanks + cell : cell + blanks
            if column < cells.count - 1 { text += "  " }
        }
        while text.last == " " { text.removeLast() }
        return text
    }
}
